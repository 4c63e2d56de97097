import type { NodeUpsert } from '../../../src/domain/changes.ts';
import { NOT_LIVE_NODE } from '../../../src/domain/flags.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { nodeKindCode } from '../../../src/domain/node-kinds.ts';
import { ABSENT, nodeStateText } from '../shared/change-body.ts';
import { documentOf, listedOf, termsOf } from '../shared/extract.ts';
import { type CommitContext, checkSource, invalidChange } from './commit-context.ts';
import type { Connection } from './driver.ts';

/** A row of `node`, living or not. */
export interface StoredState {
  readonly id: number;
  readonly flags: number;
  readonly source: number;
  readonly hash: number;
  readonly removed: boolean;
  readonly name: string;
  /** JSON text. */
  readonly properties: string;
}

export function readNode(db: Connection, key: string): StoredState | undefined {
  const row = db.get<readonly [number, number, number, number, number, string, string]>(
    'select id, flags, source, hash, removed, name, properties from node where key = ?',
    key,
  );
  if (row === undefined) return undefined;
  const [id, flags, source, hash, removed, name, properties] = row;
  return { id, flags, source, hash, removed: removed === 1, name, properties };
}

/** Creates, changes or brings back a node, by what is stored under its key. */
export function upsertNode(context: CommitContext, node: NodeUpsert, stored: StoredState | undefined): void {
  const { db, body, seq, at } = context;
  checkNode(context, node, stored === undefined);

  const kind = nodeKindCode(node.kind);
  const properties = JSON.stringify(node.properties);
  const after = nodeStateText(node.name, node.flags, node.hash, properties);
  if (stored === undefined) {
    db.run(
      'insert into node (id, key, kind, flags, source, hash, removed, seq, first_seen_at, changed_at, name, properties) values (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)',
      ...[node.id, node.key, kind, node.flags, node.source, node.hash, seq, at, at, node.name, properties],
    );
    db.run('delete from redirect where from_key = ?', node.key);
    body.node(node.id, node.key, kind, node.source, ABSENT, after);
    writeListed(context, node.id, node);
    writeTerms(db, node.id, documentOf(node.key, node.name, node.properties));
    return;
  }
  const { id, removed } = stored;
  if (!removed && isSame(stored, node)) return;
  db.run(
    'update node set flags = ?, source = ?, hash = ?, removed = 0, seq = ?, changed_at = ?, name = ?, properties = ? where id = ?',
    ...[node.flags, node.source, node.hash, seq, at, node.name, properties, id],
  );
  if (removed) db.run('delete from redirect where from_key = ?', node.key);
  const before = nodeStateText(stored.name, stored.flags, stored.hash, stored.properties);
  body.node(id, node.key, kind, node.source, removed ? ABSENT : before, after);
  writeListed(context, id, node);
  writeTerms(db, id, documentOf(node.key, node.name, node.properties));
}

/** Turns a living node into a tombstone; anything else is left as it is. */
export function removeNode(context: CommitContext, id: number): void {
  const { db, body, seq, at } = context;
  const row = db.get<readonly [string, number, number, number, number, string, string]>(
    'select key, kind, flags, source, hash, name, properties from node where id = ? and removed = 0',
    id,
  );
  if (row === undefined) return;
  const [key, kind, flags, source, hash, name, properties] = row;
  db.run('update node set removed = 1, seq = ?, changed_at = ? where id = ?', seq, at, id);
  db.run('delete from listed where id = ?', id);
  writeTerms(db, id, null);
  body.node(id, key, kind, source, nodeStateText(name, flags, hash, properties), ABSENT);
}

function isSame(a: StoredState, b: NodeUpsert): boolean {
  return a.name === b.name && a.flags === b.flags && a.hash === b.hash && a.source === b.source;
}

function checkNode(context: CommitContext, node: NodeUpsert, isNew: boolean): void {
  checkSource(context.sources, node.source);
  if (parseKey(node.key)?.kind !== node.kind) throw invalidChange(`The key of node ${node.id} is not one of its kind.`);
  if (!isNew) return;
  if (!Number.isInteger(node.id) || node.id < 1 || node.id >= context.nextId) {
    throw invalidChange(`The node id ${node.id} was never handed out; ask allocateIds() for it.`);
  }
  if (context.db.get('select 1 from node where id = ?', node.id) !== undefined) {
    throw invalidChange(`The node id ${node.id} belongs to another key.`);
  }
}

/** What lists of living nodes find; `at` is when the node was changed. */
export function writeListed(
  { db, at }: Pick<CommitContext, 'db' | 'at'>,
  id: number,
  node: Pick<NodeUpsert, 'key' | 'kind' | 'name' | 'flags' | 'properties'>,
): void {
  const row = listedOf(node.key, node.name, node.properties);
  const live = node.flags & NOT_LIVE_NODE ? 0 : 1;
  db.run(
    'insert or replace into listed (id, kind, connector, live, type, status, entry, mfa, department, name, created_at, last_login_at, changed_at, connectors) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ...[id, nodeKindCode(node.kind), row.connector, live, row.type, row.status, row.entry, row.mfa, row.department],
    ...[row.name, row.createdAt, row.lastLoginAt, at, row.connectors],
  );
}

/** Brings the search to `document`, or takes the node out of it. Most changes leave the document as it was. */
export function writeTerms(db: Connection, id: number, document: string | null): void {
  const old = db.get<[string]>('select text from searched where id = ?', id)?.[0];
  if (old === document) return;
  if (old !== undefined) {
    for (const { field, term } of termsOf(old)) {
      db.run('delete from term where field = ? and term = ? and id = ?', field, term, id);
    }
    db.run('delete from search where rowid = ?', id);
    db.run('delete from searched where id = ?', id);
  }
  if (document === null) return;
  db.run('insert into searched (id, text) values (?, ?)', id, document);
  db.run('insert into search (rowid, text) values (?, ?)', id, document);
  for (const { field, term } of termsOf(document)) {
    db.run('insert or ignore into term (field, term, id) values (?, ?, ?)', field, term, id);
  }
}
