import type { ChangeSet, NodeUpsert } from '../../../src/domain/changes.ts';
import { AppError, storeReplaced } from '../../../src/domain/errors.ts';
import type { LinkKey } from '../../../src/domain/graph.ts';
import { BodyWriter, packBody } from '../shared/change-body.ts';
import type { ChangeRow } from '../shared/change-row.ts';
import { seqMoved } from '../shared/errors.ts';
import { CHANGE_COLUMNS } from './change-columns.ts';
import type { CommitContext } from './commit-context.ts';
import type { Connection } from './driver.ts';
import { removeLink, upsertLink } from './link-rows.ts';
import { readMeta, writeMeta } from './meta.ts';
import { readNode, removeNode, type StoredState, upsertNode } from './node-rows.ts';
import { writeSideRows } from './side-rows.ts';

/** Change sets without effect leave no row; so many of their ids are remembered, for a repeat. */
const QUIET_IDS_KEPT = 1_000;

interface StoredUpsert {
  readonly node: NodeUpsert;
  readonly stored: StoredState | undefined;
}

/**
 * Applies one change set inside the caller's transaction.
 * @returns the row of the log, body perhaps packed, or `null` when no node or link changed
 */
export function applyChange(db: Connection, change: ChangeSet, now: number): ChangeRow | null {
  const known = db.get<ChangeRow>(`select ${CHANGE_COLUMNS} from change where change_id = ?`, change.changeId);
  if (known !== undefined) return known;
  if (db.get('select 1 from quiet_change where change_id = ?', change.changeId) !== undefined) return null;
  checkFence(db, change, now);
  const newest = Number(readMeta(db, 'seq'));
  if (newest < (change.knownSeq ?? 0)) throw storeReplaced();
  if (change.expectedSeq !== undefined && change.expectedSeq !== newest) throw seqMoved(newest);

  const context: CommitContext = {
    db,
    body: new BodyWriter(),
    seq: newest + 1,
    at: Math.max(now, Number(readMeta(db, 'at'))),
    nextId: Number(readMeta(db, 'nextId')),
    sources: new Set(db.all<[number]>('select id from source').map(([id]) => id)),
    ids: new Map(),
  };
  writeGraph(context, change);
  writeSideRows(db, context.sources, change);
  if (context.body.isEmpty) {
    db.run('insert into quiet_change (change_id) values (?)', change.changeId);
    db.run('delete from quiet_change where n <= (select max(n) from quiet_change) - ?', QUIET_IDS_KEPT);
    return null;
  }
  const { seq, at } = context;
  const { changeId, cause, connector, runId = null, actor = null } = change;
  const text = context.body.toString();
  db.run(
    `insert into change (${CHANGE_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[seq, changeId, at, cause, connector, runId, actor, packBody(text)],
  );
  writeMeta(db, 'seq', seq);
  writeMeta(db, 'at', at);
  return [seq, changeId, at, cause, connector, runId, actor, text];
}

/**
 * Who comes last wins, and a removal wins over an upsert: each node and link is written once, so that its row in
 * the log tells the states before and after the whole change set.
 */
function writeGraph(context: CommitContext, change: ChangeSet): void {
  const upserts = findNodes(context, change.nodes);
  const removedNodes = new Set(change.removedNodes?.map((id) => context.ids.get(id) ?? id));
  for (const { node, stored } of upserts) {
    if (!removedNodes.has(stored?.id ?? node.id)) upsertNode(context, node, stored);
  }
  const settled = <Link extends LinkKey>(links: readonly Link[] = []): Map<string, Link> =>
    new Map(links.map((link) => settle(context, link)).map((link) => [linkText(link), link]));
  const removedLinks = settled(change.removedLinks);
  for (const [text, link] of settled(change.links)) if (!removedLinks.has(text)) upsertLink(context, link);
  for (const link of removedLinks.values()) removeLink(context, link);
  for (const id of removedNodes) removeNode(context, id);
}

/** The last upsert of each key with what is stored under it; `context.ids` learns which ids mean another one. */
function findNodes({ db, ids }: CommitContext, nodes: readonly NodeUpsert[] = []): StoredUpsert[] {
  const upserts = new Map<string, StoredUpsert>();
  for (const node of nodes) {
    upserts.set(node.key, { node, stored: upserts.get(node.key)?.stored ?? readNode(db, node.key) });
  }
  for (const { id, key } of nodes) {
    const { node, stored } = upserts.get(key)!;
    const settled = stored?.id ?? node.id;
    if (id !== settled) ids.set(id, settled);
  }
  return [...upserts.values()];
}

/** The link with the ids under which its ends are stored. */
function settle<Link extends LinkKey>({ ids }: CommitContext, link: Link): Link {
  if (ids.size === 0) return link;
  return { ...link, from: ids.get(link.from) ?? link.from, to: ids.get(link.to) ?? link.to };
}

function checkFence(db: Connection, { fence }: ChangeSet, now: number): void {
  if (fence === undefined) return;
  const sql = 'select 1 from lease where name = ? and token = ? and expires_at > ?';
  if (db.get(sql, fence.lease, fence.token, now) === undefined) {
    throw new AppError('LEASE_LOST', `The lease ${fence.lease} has been lost; nothing was written.`);
  }
}

function linkText(link: LinkKey): string {
  return `${link.source},${link.from},${link.kind},${link.to},${link.qualifier}`;
}
