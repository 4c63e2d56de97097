import type { ChangeSet, Fence, LinkUpsert } from '../../../src/domain/changes.ts';
import { AppError, storeReplaced } from '../../../src/domain/errors.ts';
import type { LinkKey, SourceRef } from '../../../src/domain/graph.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { nodeKindCode, nodeKindOf } from '../../../src/domain/node-kinds.ts';
import { ABSENT, BodyWriter, linkStateText, nodeStateText, packBody } from '../shared/change-body.ts';
import type { ChangeRow } from '../shared/change-row.ts';
import { seqMoved } from '../shared/errors.ts';
import { type NodePlan, planNodes } from './commit-plan.ts';
import {
  byHub,
  grouped,
  linkText,
  readLinkStates,
  readLinksOf,
  readLiving,
  readNodeStates,
  type StoredLink,
} from './commit-state.ts';
import type { Parameter, Parameters, Transaction } from './driver.ts';
import { CHANGE_FIELDS } from './log-reader.ts';
import { linkProperties, nodeProperties, tombstoneProperties } from './model.ts';
import { checkSideRows, writeSideRows } from './side-rows.ts';

/** Change sets without effect leave no row; so many of their ids are remembered, for a repeat. */
const QUIET_IDS_KEPT = 1_000;

/**
 * What the server grants a commit: other gateways wait so long for one that froze with the lock. 5,000 rows of a first
 * sync take a second on a quiet machine with two cores, and three on a server that has just started; they get 20.
 */
export function commitTimeoutMs(change: ChangeSet): number {
  const { nodes, removedNodes, links, removedLinks, addPending, removePending, redirects } = change;
  const rows = [nodes, removedNodes, links, removedLinks, addPending, removePending, redirects];
  return 10_000 + 2 * rows.reduce((sum, list) => sum + (list?.length ?? 0), 0);
}

export interface CommitContext {
  readonly sources: ReadonlyMap<number, SourceRef>;
  /** The second label of a connector's nodes, checked: it becomes part of statements. */
  readonly labelOf: (connector: string) => string | undefined;
  readonly now: () => number;
  /** Of the store that was opened. */
  readonly storeId: string;
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
  const head = await readHead(tx, change, context.now());
  // Nothing is written into a copy that was put there since, not even a part of one.
  if (head?.storeId !== context.storeId) throw storeReplaced();
  if (head.known !== null) return head.known;
  if (head.isQuiet) return null;
  if (change.fence !== undefined && !head.holdsLease) throw leaseLost(change.fence);
  if (head.seq < (change.knownSeq ?? 0)) throw storeReplaced();
  if (change.expectedSeq !== undefined && change.expectedSeq !== head.seq) throw seqMoved(head.seq);
  const isSource = (id: number): boolean => context.sources.has(id);
  const plan = planNodes(change, await readNodeStates(tx, change), { nextId: head.nextId, isSource });
  checkSideRows(change, { isSource });
  const writes: Promise<unknown>[] = [];
  const body = new BodyWriter();
  const seq = head.seq + 1;
  const at = Math.max(context.now(), head.at);
  const links = await planLinks(tx, plan);
  writeNodes(tx, plan, { seq, at, hasRedirects: head.hasRedirects }, context, body, writes);
  writeLinks(tx, links, context, body, writes);
  writeSideRows(tx, change, writes);

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
    await underLease(tx, change.fence, context.now(), writes);
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
  await underLease(tx, change.fence, context.now(), writes);
  return [seq, changeId, at, cause, connector, runId, actor, text];
}

/**
 * Waits for `writes`, and sees to it that the lease is held when they count: from here to the end of the commit the lock
 * on it lets nobody take it over. Before, it can be renewed, however long the commit takes. Sent right behind the
 * writes, it costs no further round trip.
 */
async function underLease(
  tx: Transaction,
  fence: Fence | undefined,
  now: number,
  writes: readonly Promise<unknown>[],
): Promise<void> {
  if (fence === undefined) {
    await Promise.all(writes);
    return;
  }
  const locked = tx.run('MATCH (l:_Lease {name: $lease}) SET l.lock = true', { lease: fence.lease });
  const held = tx.run('MATCH (l:_Lease {name: $lease}) WHERE l.token = $token AND l.expiresAt > $now RETURN true', {
    lease: fence.lease,
    token: fence.token,
    now,
  });
  await Promise.all([...writes, locked]);
  if ((await held).length === 0) throw leaseLost(fence);
}

function leaseLost({ lease }: Fence): AppError {
  return new AppError('LEASE_LOST', `The lease ${lease} has been lost; nothing was written.`);
}

interface Head {
  readonly seq: number;
  readonly at: number;
  readonly nextId: number;
  readonly known: ChangeRow | null;
  readonly isQuiet: boolean;
  /** As seen now; {@link underLease} makes sure. */
  readonly holdsLease: boolean;
  readonly hasRedirects: boolean;
  readonly storeId: string;
}

/** Takes the lock, then reads: what is read before could be of the time before the last commit. */
async function readHead(tx: Transaction, { changeId, fence }: ChangeSet, now: number): Promise<Head | null> {
  const { lease = '', token = 0 } = fence ?? {};
  const [, [head], [known]] = await Promise.all([
    tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
    tx.run<[number, number, number, boolean, boolean, boolean, string]>(
      `MATCH (m:_Meta {name: 'graph'}) MATCH (i:_Meta {name: 'ids'})
       RETURN m.seq, m.at, i.nextId, EXISTS { (:_QuietChange {changeId: $changeId}) },
         EXISTS { MATCH (l:_Lease {name: $lease}) WHERE l.token = $token AND l.expiresAt > $now },
         EXISTS { (:_Redirect) }, m.storeId`,
      { changeId, lease, token, now },
    ),
    tx.run<ChangeRow>(`MATCH (c:_Change {changeId: $changeId}) RETURN ${CHANGE_FIELDS}`, { changeId }),
  ]);
  if (head === undefined) return null;
  const [seq, at, nextId, isQuiet, holdsLease, hasRedirects, storeId] = head;
  return { seq, at, nextId, isQuiet, holdsLease, hasRedirects, storeId, known: known ?? null };
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
  const fresh = new Set(upserts.filter(({ stored }) => stored === undefined).map(({ id }) => id));
  const ends = new Set(links.flatMap(({ from, to }) => [from, to]).filter((id) => !made.has(id) && !gone.has(id)));
  const [states, removedStates, touching, living] = await Promise.all([
    readLinkStates(tx, links, fresh),
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
  { seq, at, hasRedirects }: { readonly seq: number; readonly at: number; readonly hasRedirects: boolean },
  { labelOf }: CommitContext,
  body: BodyWriter,
  writes: Promise<unknown>[],
): void {
  const created: Parameter[] = [];
  const changed: Parameter[] = [];
  const renewed: string[] = [];
  for (const { id, node, stored } of upserts) {
    const properties = nodeProperties(id, node, { seq, at, firstSeenAt: stored?.firstSeenAt ?? at });
    const provider = labelOf(node.key.slice(0, node.key.indexOf('/')));
    const labels = ['_Node', nodeKindOf(nodeKindCode(node.kind))!, ...(provider === undefined ? [] : [provider])];
    (stored === undefined ? created : changed).push([labels, properties]);
    if (stored === undefined || stored.removed) renewed.push(node.key);
    const after = nodeStateText(node.name, node.flags, node.hash, JSON.stringify(node.properties));
    const before =
      stored === undefined || stored.removed
        ? ABSENT
        : nodeStateText(stored.name, stored.flags, stored.hash, stored.properties);
    body.node(id, node.key, nodeKindCode(node.kind), node.source, before, after);
  }
  // Labels as values: one text, so one plan, for the nodes of all kinds and providers.
  if (created.length > 0) {
    writes.push(tx.run('UNWIND $rows AS r CREATE (n:$(r[0])) SET n = r[1]', { rows: created }));
  }
  if (changed.length > 0) {
    writes.push(
      tx.run('UNWIND $rows AS r MATCH (n:_Node {_id: r[1]._id}) SET n = r[1] SET n:$(r[0]) REMOVE n:_Removed', {
        rows: changed,
      }),
    );
  }
  if (renewed.length > 0 && hasRedirects) {
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

/**
 * Hub by hub, with the type as a value: two statements for the links of all kinds. Those without properties of their
 * own, nearly all, differ in an id only.
 */
export function createLinks(
  tx: Transaction,
  links: readonly LinkUpsert[],
  propertiesOf: (link: LinkUpsert) => Parameters,
  writes: Promise<unknown>[],
): void {
  const isPlain = ({ properties, qualifier, hash }: LinkUpsert): boolean =>
    properties === null && qualifier === '' && hash === 0;
  const alike = grouped(links, (link) => (isPlain(link) ? `${link.kind},${link.source},${link.flags}` : link.kind));
  const plain = { from: [] as Parameter[], to: [] as Parameter[] };
  const rich = { from: [] as Parameter[], to: [] as Parameter[] };
  for (const group of alike.values()) {
    const { hub, other, groups } = byHub(group);
    for (const [id, members] of groups) {
      const first = members[0]!;
      if (isPlain(first)) plain[hub].push([id, first.kind, members.map((link) => link[other]), propertiesOf(first)]);
      else rich[hub].push([id, first.kind, members.map((link) => [link[other], propertiesOf(link)])]);
    }
  }
  for (const hub of ['from', 'to'] as const) {
    const create = hub === 'from' ? 'CREATE (hub)-[l:$(g[1])]->(end)' : 'CREATE (hub)<-[l:$(g[1])]-(end)';
    const each = 'UNWIND $groups AS g MATCH (hub:_Node {_id: g[0]}) UNWIND g[2] AS e';
    if (plain[hub].length > 0) {
      const cypher = `${each} MATCH (end:_Node {_id: e}) ${create} SET l = g[3]`;
      writes.push(tx.run(cypher, { groups: plain[hub] }));
    }
    if (rich[hub].length > 0) {
      const cypher = `${each} MATCH (end:_Node {_id: e[0]}) ${create} SET l = e[1]`;
      writes.push(tx.run(cypher, { groups: rich[hub] }));
    }
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
  createLinks(tx, created, propertiesOf, writes);
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
