import type { ChangeSet, LinkUpsert } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { LinkKey, SourceRef } from '../../../src/domain/graph.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { nodeKindCode, nodeKindOf } from '../../../src/domain/node-kinds.ts';
import { ABSENT, BodyWriter, linkStateText, nodeStateText, packBody } from '../shared/change-body.ts';
import type { ChangeRow } from '../shared/change-row.ts';
import { seqMoved } from '../shared/errors.ts';
import { linkText, type NodePlan, planNodes } from './commit-plan.ts';
import { byKind, readLinkStates, readLinksOf, readLiving, readNodeStates, type StoredLink } from './commit-state.ts';
import type { Parameters, Transaction } from './driver.ts';
import { CHANGE_FIELDS } from './log-reader.ts';
import { linkProperties, nodeProperties, tombstoneProperties } from './model.ts';
import { writeSideRows } from './side-rows.ts';

/** Change sets without effect leave no row; so many of their ids are remembered, for a repeat. */
const QUIET_IDS_KEPT = 1_000;

export interface CommitContext {
  readonly sources: ReadonlyMap<number, SourceRef>;
  /** The second label of a connector's nodes, checked: it becomes part of statements. */
  readonly labelOf: (connector: string) => string | undefined;
  readonly now: number;
}

/**
 * Applies one change set inside the caller's transaction, which may be tried again. The lock on the one `graph` node
 * makes commits take turns, also those of other gateways, so the next number is ours.
 * @returns the row of the log, or `null` when no node or link changed
 */
export async function applyChange(
  tx: Transaction,
  change: ChangeSet,
  context: CommitContext,
): Promise<ChangeRow | null> {
  const head = await readHead(tx, change, context.now);
  if (head.known !== null) return head.known;
  if (head.isQuiet) return null;
  if (change.fence !== undefined && !head.holdsLease) {
    throw new AppError('LEASE_LOST', `The lease ${change.fence.lease} has been lost; nothing was written.`);
  }
  if (change.expectedSeq !== undefined && change.expectedSeq !== head.seq) throw seqMoved(head.seq);
  const isSource = (id: number): boolean => context.sources.has(id);
  const plan = planNodes(change, await readNodeStates(tx, change), { nextId: head.nextId, isSource });
  const writes: Promise<unknown>[] = [];
  const body = new BodyWriter();
  const seq = head.seq + 1;
  const at = Math.max(context.now, head.at);
  const links = await planLinks(tx, plan);
  writeNodes(tx, plan, { seq, at }, context, body, writes);
  writeLinks(tx, links, context, body, writes);
  writeSideRows(tx, change, { isSource }, writes);

  const { changeId, cause, connector, runId = null, actor = null } = change;
  if (body.isEmpty) {
    writes.push(
      tx.run(
        `MATCH (m:_Meta {name: 'graph'}) SET m.quiet = m.quiet + 1 CREATE (:_QuietChange {changeId: $changeId, n: m.quiet})`,
        { changeId },
      ),
      tx.run(
        `MATCH (m:_Meta {name: 'graph'}) WITH m.quiet - $kept AS last MATCH (q:_QuietChange) WHERE q.n <= last DELETE q`,
        { kept: QUIET_IDS_KEPT },
      ),
    );
    await Promise.all(writes);
    return null;
  }
  const text = body.toString();
  const row = { seq, changeId, at, cause, connector, runId, actor };
  writes.push(
    tx.run(`CREATE (c:_Change) SET c = $row WITH c MATCH (m:_Meta {name: 'graph'}) SET m.seq = $seq, m.at = $at`, {
      row: { ...row, body: packBody(text) },
      seq,
      at,
    }),
  );
  await Promise.all(writes);
  return [seq, changeId, at, cause, connector, runId, actor, text];
}

interface Head {
  readonly seq: number;
  readonly at: number;
  readonly nextId: number;
  readonly known: ChangeRow | null;
  readonly isQuiet: boolean;
  readonly holdsLease: boolean;
}

/** Takes the lock, then reads: what is read before could be of the time before the last commit. */
async function readHead(tx: Transaction, { changeId, fence }: ChangeSet, now: number): Promise<Head> {
  const { lease = '', token = 0 } = fence ?? {};
  const [, , [head], [known]] = await Promise.all([
    tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
    // Nobody takes the lease over while its holder writes.
    fence === undefined ? [] : tx.run('MATCH (l:_Lease {name: $lease}) SET l.lock = true', { lease }),
    tx.run<[number, number, number, boolean, boolean]>(
      `MATCH (m:_Meta {name: 'graph'}) MATCH (i:_Meta {name: 'ids'})
       RETURN m.seq, m.at, i.nextId, EXISTS { (:_QuietChange {changeId: $changeId}) },
         EXISTS { MATCH (l:_Lease {name: $lease}) WHERE l.token = $token AND l.expiresAt > $now }`,
      { changeId, lease, token, now },
    ),
    tx.run<ChangeRow>(`MATCH (c:_Change {changeId: $changeId}) RETURN ${CHANGE_FIELDS}`, { changeId }),
  ]);
  const [seq, at, nextId, isQuiet, holdsLease] = head!;
  return { seq, at, nextId, isQuiet, holdsLease, known: known ?? null };
}

interface LinkPlan {
  readonly created: readonly LinkUpsert[];
  readonly changed: readonly { readonly link: LinkUpsert; readonly stored: StoredLink }[];
  readonly removed: readonly { readonly link: LinkKey; readonly stored: StoredLink }[];
}

/**
 * The store is shared, so it settles what the writer could not know: a removed node takes all its links along, and a
 * link without its ends is left out.
 */
async function planLinks(tx: Transaction, { links, removedLinks, upserts, removals }: NodePlan): Promise<LinkPlan> {
  const gone = new Set(removals.map(({ id }) => id));
  const made = new Set(upserts.map(({ id }) => id));
  const ends = new Set(links.flatMap(({ from, to }) => [from, to]).filter((id) => !made.has(id) && !gone.has(id)));
  const [states, removedStates, touching, living] = await Promise.all([
    readLinkStates(tx, links),
    readLinkStates(tx, removedLinks),
    readLinksOf(tx, [...gone]),
    readLiving(tx, [...ends]),
  ]);
  const isThere = (id: number): boolean => made.has(id) || living.has(id);
  const removed = new Map(touching.map((entry) => [linkText(entry.link), entry]));
  for (const [n, link] of removedLinks.entries()) {
    const stored = removedStates[n];
    if (stored !== undefined) removed.set(linkText(link), { link, stored });
  }
  const created: LinkUpsert[] = [];
  const changed: { link: LinkUpsert; stored: StoredLink }[] = [];
  for (const [n, link] of links.entries()) {
    if (!isThere(link.from) || !isThere(link.to)) continue;
    const stored = states[n];
    if (stored === undefined) created.push(link);
    else if (stored.flags !== link.flags || stored.hash !== link.hash) changed.push({ link, stored });
  }
  return { created, changed, removed: [...removed.values()] };
}

function writeNodes(
  tx: Transaction,
  { upserts, removals }: NodePlan,
  { seq, at }: { readonly seq: number; readonly at: number },
  { labelOf }: CommitContext,
  body: BodyWriter,
  writes: Promise<unknown>[],
): void {
  const groups = new Map<string, Parameters[]>();
  const renewed: string[] = [];
  for (const { id, node, stored } of upserts) {
    const properties = nodeProperties(id, node, { seq, at, firstSeenAt: stored?.firstSeenAt ?? at });
    const provider = labelOf(node.key.slice(0, node.key.indexOf('/')));
    const labels = `${nodeKindOf(nodeKindCode(node.kind))}${provider === undefined ? '' : `:${provider}`}`;
    const group = groups.get(labels);
    if (group === undefined) groups.set(labels, [properties]);
    else group.push(properties);
    if (stored === undefined || stored.removed) renewed.push(node.key);
    const after = nodeStateText(node.name, node.flags, node.hash, JSON.stringify(node.properties));
    const before =
      stored === undefined || stored.removed
        ? ABSENT
        : nodeStateText(stored.name, stored.flags, stored.hash, stored.properties);
    body.node(id, node.key, nodeKindCode(node.kind), node.source, before, after);
  }
  for (const [labels, rows] of groups) {
    writes.push(
      tx.run(`UNWIND $rows AS r MERGE (n:_Node {_id: r._id}) SET n = r SET n:${labels} REMOVE n:_Removed`, { rows }),
    );
  }
  if (renewed.length > 0) {
    writes.push(tx.run('UNWIND $keys AS key MATCH (r:_Redirect {from: key}) DELETE r', { keys: renewed }));
  }
  if (removals.length === 0) return;
  writes.push(
    tx.run(
      `UNWIND $rows AS r MATCH (n:_Node {_id: r._id}) SET n = r
       REMOVE n:$([label IN labels(n) WHERE label <> '_Node']) SET n:_Removed`,
      { rows: removals.map((state) => tombstoneProperties(state.id, state, { ...state, seq, at })) },
    ),
  );
  for (const { id, key, source, name, flags, hash, properties } of removals) {
    body.node(id, key, nodeKindCode(parseKey(key)!.kind), source, nodeStateText(name, flags, hash, properties), ABSENT);
  }
}

function writeLinks(
  tx: Transaction,
  { created, changed, removed }: LinkPlan,
  { sources }: CommitContext,
  body: BodyWriter,
  writes: Promise<unknown>[],
): void {
  const propertiesOf = (link: LinkUpsert): Parameters => linkProperties(link, sources.get(link.source)!.connector);
  for (const [kind, group] of byKind(created)) {
    writes.push(
      tx.run(
        `UNWIND $rows AS r MATCH (a:_Node {_id: r.from}) MATCH (b:_Node {_id: r.to})
         CREATE (a)-[l:${kind}]->(b) SET l = r.properties`,
        { rows: group.map(({ item }) => ({ from: item.from, to: item.to, properties: propertiesOf(item) })) },
      ),
    );
  }
  if (changed.length > 0) {
    writes.push(
      tx.run('UNWIND $rows AS r MATCH ()-[l]->() WHERE elementId(l) = r.id SET l = r.properties', {
        rows: changed.map(({ link, stored }) => ({ id: stored.elementId, properties: propertiesOf(link) })),
      }),
    );
  }
  if (removed.length > 0) {
    writes.push(
      tx.run('UNWIND $ids AS id MATCH ()-[l]->() WHERE elementId(l) = id DELETE l', {
        ids: removed.map(({ stored }) => stored.elementId),
      }),
    );
  }
  const tell = (link: LinkKey, before: StoredLink | null, after: LinkUpsert | null): void => {
    const { source, from, kind, to, qualifier } = link;
    body.link(
      source,
      from,
      linkKindCode(kind),
      to,
      qualifier,
      before === null ? ABSENT : linkStateText(before.flags, before.hash, before.properties),
      after === null
        ? ABSENT
        : linkStateText(after.flags, after.hash, after.properties && JSON.stringify(after.properties)),
    );
  };
  for (const link of created) tell(link, null, link);
  for (const { link, stored } of changed) tell(link, stored, link);
  for (const { link, stored } of removed) tell(link, stored, null);
}
