import { randomUUID } from 'node:crypto';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { nodeKindCode } from '../../../src/domain/node-kinds.ts';
import type { DumpedNode, StoreChunk, StoreRows, StoreSection } from '../../../src/ports/store-dump.ts';
import { encodeChange } from '../shared/change-row.ts';
import { storeIncomplete, storeNotEmpty } from '../shared/errors.ts';
import { documentOf } from '../shared/extract.ts';
import { CHANGE_COLUMNS } from './change-columns.ts';
import type { Connection } from './driver.ts';
import { writeMeta } from './meta.ts';
import { writeListed, writeTerms } from './node-rows.ts';

/** All tables with content; leases stay, because their tokens must grow for ever. `search` has a way of its own. */
const TABLES = [
  ...['node', 'redirect', 'listed', 'term', 'searched', 'link', 'link_body', 'pending', 'change', 'quiet_change'],
  ...['checkpoint', 'record', 'consumer', 'source'],
];

/** @throws AppError `STORE_INCOMPLETE` when a restore has begun and not finished */
export function refuseIncomplete(db: Connection, path: string): void {
  if (db.get("select 1 from meta where name = 'restoring'") !== undefined) throw storeIncomplete(path);
}

/**
 * Marks the store, empties it and gives it a new id, in one transaction.
 * @throws AppError `STORE_INCOMPLETE`, `STORE_NOT_EMPTY` without `replace`
 */
export function beginRestore(db: Connection, path: string, { replace }: { readonly replace: boolean }): void {
  db.transaction(() => {
    if (!replace) {
      refuseIncomplete(db, path);
      if (TABLES.some((table) => db.get(`select 1 from ${table} limit 1`) !== undefined)) throw storeNotEmpty(path);
    }
    db.run("insert or replace into meta (name, value) values ('restoring', 1)");
    for (const table of TABLES) db.exec(`delete from ${table}`);
    db.exec("insert into search (search) values ('delete-all')");
    writeMeta(db, 'storeId', randomUUID());
    for (const name of ['seq', 'at', 'horizon'] as const) writeMeta(db, name, 0);
    writeMeta(db, 'nextId', 1);
  });
  // Nobody can open a store with the mark, so a power cut in the middle may cost its newest rows.
  db.exec('pragma synchronous = normal');
}

/** Rows of a dump, in one transaction. */
export function restoreRows(db: Connection, chunk: StoreChunk): void {
  db.transaction(() => writeChunk(db, chunk));
}

/** Takes the mark away, with everything before it on the disk. */
export function endRestore(db: Connection): void {
  db.exec('pragma synchronous = full');
  db.run("delete from meta where name = 'restoring'");
}

function writeChunk<S extends StoreSection>(
  db: Connection,
  { section, rows }: { section: S; rows: readonly StoreRows[S][] },
): void {
  const write: (db: Connection, row: StoreRows[S]) => void = WRITERS[section];
  for (const row of rows) write(db, row);
}

const WRITERS: { readonly [S in StoreSection]: (db: Connection, row: StoreRows[S]) => void } = {
  meta(db, { seq, horizon, at, nextId }) {
    for (const [name, value] of Object.entries({ seq, horizon, at, nextId })) {
      writeMeta(db, name as 'seq' | 'horizon' | 'at' | 'nextId', value);
    }
  },
  sources(db, { id, source }) {
    db.run('insert into source (id, connector, listing) values (?, ?, ?)', id, source.connector, source.listing);
  },
  nodes: writeNode,
  redirects(db, { from, to }) {
    db.run('insert into redirect (from_key, to_key) values (?, ?)', from, to);
  },
  links(db, { from, to, kind, source, qualifier, flags, hash, properties }) {
    const code = linkKindCode(kind);
    db.run(
      'insert into link (from_id, to_id, kind, source, qualifier, flags) values (?, ?, ?, ?, ?, ?)',
      ...[from, to, code, source, qualifier, flags],
    );
    if (hash === 0 && properties === null) return;
    db.run(
      'insert into link_body (source, from_id, to_id, kind, qualifier, hash, properties) values (?, ?, ?, ?, ?, ?, ?)',
      ...[source, from, to, code, qualifier, hash, properties && JSON.stringify(properties)],
    );
  },
  changes(db, change) {
    db.run(`insert into change (${CHANGE_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)`, ...encodeChange(change));
  },
  quietChanges(db, { changeId }) {
    db.run('insert into quiet_change (change_id) values (?)', changeId);
  },
  pending(db, { fromKey, toKey, kind, source, qualifier, flags, properties }) {
    db.run(
      'insert into pending (from_key, to_key, kind, source, qualifier, flags, properties) values (?, ?, ?, ?, ?, ?, ?)',
      ...[fromKey, toKey, linkKindCode(kind), source, qualifier, flags, properties && JSON.stringify(properties)],
    );
  },
  checkpoints(db, { source, state }) {
    const sql = 'insert into checkpoint (connector, listing, state) values (?, ?, ?)';
    db.run(sql, source.connector, source.listing, JSON.stringify(state));
  },
  records(db, { type, id, value }) {
    db.run('insert into record (type, id, value) values (?, ?, ?)', type, id, JSON.stringify(value));
  },
  cursors(db, { consumer, seq }) {
    db.run('insert into consumer (name, seq) values (?, ?)', consumer, seq);
  },
};

function writeNode(db: Connection, node: DumpedNode): void {
  const { id, key, name, flags, source, hash, removed, seq, firstSeenAt, changedAt, properties } = node;
  const { kind } = parseKey(key)!;
  db.run(
    'insert into node (id, key, kind, flags, source, hash, removed, seq, first_seen_at, changed_at, name, properties) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ...[id, key, nodeKindCode(kind), flags, source, hash, Number(removed), seq, firstSeenAt, changedAt, name],
    JSON.stringify(properties),
  );
  if (removed) return;
  writeListed({ db, at: changedAt }, id, { key, kind, name, flags, properties });
  writeTerms(db, id, documentOf(key, name, properties));
}
