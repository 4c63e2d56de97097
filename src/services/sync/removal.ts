import type { LinkKey, LinkRecord } from '../../domain/graph.ts';
import { linkKindOf } from '../../domain/link-kinds.ts';
import { nodeKindOf } from '../../domain/node-kinds.ts';
import type { ChangeDraft } from '../graph/graph.ts';
import type { ListingState } from './listing-state.ts';
import type { RunContext } from './run-context.ts';
import type { SyncGraph } from './sync-graph.ts';
import type { ListingRemovalPreview, RemovalGuardConfig } from './types.ts';

const PREVIEW_NAMES = 20;
/** Pairs in one question to the store. */
const PAIRS_PER_READ = 2_000;

/** What a complete listing did not contain. Nothing of it is removed yet. */
export interface StagedRemoval {
  readonly listing: string;
  readonly source: number;
  readonly nodes: readonly number[];
  /** Links between nodes that stay; those of removed nodes go with them. */
  readonly links: readonly LinkKey[];
  readonly counts: readonly { readonly kind: string; readonly removed: number; readonly before: number }[];
  readonly isEmptyAnswer: boolean;
}

/** Compares what the graph has of a listing with what its run named. Call at the end of a complete listing only. */
export function stageRemoval(run: RunContext, listing: ListingState): StagedRemoval {
  const { index } = run.graph;
  const nodes: number[] = [];
  const gone = new Map<string, number>();
  const goneIds = new Set<number>();
  const count = (kind: string): void => {
    gone.set(kind, (gone.get(kind) ?? 0) + 1);
  };
  index.eachNodeOfSource(listing.source, (id) => {
    if (listing.seen.has(id) || run.alsoListed.has(id)) return;
    nodes.push(id);
    goneIds.add(id);
    count(nodeKindOf(index.kindCodeOf(id)) ?? 'Unknown');
  });
  const links: LinkKey[] = [];
  listing.table.eachUnseen((row, from, kindCode, to) => {
    const kind = linkKindOf(kindCode);
    if (kind === null || goneIds.has(from) || goneIds.has(to)) return;
    if (index.linkFlags(listing.source, from, kind, to) < 0) return;
    links.push({ source: listing.source, from, kind, to, qualifier: listing.table.qualifier(row) });
    count(kind);
  });
  const counts = [...gone].map(([kind, removed]) => ({ kind, removed, before: before(listing, kind, removed) }));
  return {
    listing: listing.listing,
    source: listing.source,
    nodes,
    links,
    counts,
    isEmptyAnswer: listing.isEmpty,
  };
}

function before(listing: ListingState, kind: string, atLeast: number): number {
  for (const [code, count] of listing.nodesBefore) if (nodeKindOf(code) === kind) return Math.max(count, atLeast);
  for (let code = 1; code < listing.linksBefore.length; code++) {
    if (linkKindOf(code) === kind) return Math.max(listing.linksBefore[code]!, atLeast);
  }
  return atLeast;
}

/** Removals by kind that somebody has agreed to for a listing. */
export type ApprovedRemoval = Readonly<Record<string, number>>;
/** By listing. */
export type ApprovedRemovals = ReadonlyMap<string, ApprovedRemoval>;
export const NOTHING_APPROVED: ApprovedRemovals = new Map();

/** @returns why the removal needs a confirmation, or `null` when it may happen */
export function judgeRemoval(
  staged: StagedRemoval,
  guard: RemovalGuardConfig,
  approved: ApprovedRemoval | null,
): ListingRemovalPreview['cause'] | null {
  if (staged.counts.length === 0) return null;
  if (approved !== null && staged.counts.every(({ kind, removed }) => removed <= (approved[kind] ?? 0))) return null;
  if (staged.isEmptyAnswer) return 'EMPTY_ANSWER';
  const isMass = staged.counts.some(
    ({ removed, before: all }) => removed >= guard.minimum && removed > guard.share * all,
  );
  return isMass ? 'MASS_REMOVAL' : null;
}

/** What a person needs to see to decide. */
export async function describeRemoval(
  graph: SyncGraph,
  staged: StagedRemoval,
  cause: ListingRemovalPreview['cause'],
  title: string,
): Promise<ListingRemovalPreview> {
  const shown = await graph.store.nodes(staged.nodes.slice(0, PREVIEW_NAMES));
  return {
    listing: staged.listing,
    title,
    cause,
    kinds: [...staged.counts].sort((a, b) => b.removed - a.removed),
    names: shown.flatMap((node) => (node === null ? [] : [node.name])),
  };
}

type RemovalDraft = Pick<ChangeDraft, 'removedLinks' | 'removedNodes'>;

/**
 * Change sets that carry out a removal, each to be built while nobody else commits. Links first; a node goes together
 * with every link that touches it, whoever asserts that link.
 */
export async function* removalSteps(
  graph: SyncGraph,
  nodes: readonly number[],
  links: readonly LinkKey[],
  rowsPerCommit: number,
): AsyncGenerator<() => Promise<RemovalDraft | null>, void, void> {
  for (let at = 0; at < links.length; at += rowsPerCommit) {
    const removedLinks = links.slice(at, at + rowsPerCommit);
    yield async () => ({ removedLinks });
  }
  let batch: number[] = [];
  let rows = 0;
  for (const id of nodes) {
    batch.push(id);
    rows += 1 + degree(graph, id);
    if (rows < rowsPerCommit) continue;
    const full = batch;
    yield () => removeNodes(graph, full);
    batch = [];
    rows = 0;
  }
  if (batch.length > 0) {
    const rest = batch;
    yield () => removeNodes(graph, rest);
  }
}

async function removeNodes(graph: SyncGraph, ids: readonly number[]): Promise<RemovalDraft | null> {
  const removedNodes = ids.filter((id) => graph.index.isAlive(id));
  if (removedNodes.length === 0) return null;
  return { removedNodes, removedLinks: await touchingLinks(graph, removedNodes) };
}

/** Every link that begins or ends at one of these nodes; the index knows the ends, the store the qualifiers. */
async function touchingLinks(graph: SyncGraph, ids: readonly number[]): Promise<LinkKey[]> {
  const pairs = new Map<string, { from: number; to: number }>();
  for (const id of ids) {
    graph.index.eachLinkFrom(id, (to) => {
      pairs.set(`${id} ${to}`, { from: id, to });
    });
    graph.index.eachLinkTo(id, (from) => {
      pairs.set(`${from} ${id}`, { from, to: id });
    });
  }
  const asked = [...pairs.values()];
  const found: LinkKey[] = [];
  for (let at = 0; at < asked.length; at += PAIRS_PER_READ) {
    const answers = await graph.store.links(asked.slice(at, at + PAIRS_PER_READ));
    for (const records of answers) for (const record of records) found.push(keyOf(record));
  }
  return found;
}

function keyOf({ source, from, kind, to, qualifier }: LinkRecord): LinkKey {
  return { source, from, kind, to, qualifier };
}

function degree(graph: SyncGraph, id: number): number {
  let links = 0;
  const count = (): void => {
    links++;
  };
  graph.index.eachLinkFrom(id, count);
  graph.index.eachLinkTo(id, count);
  return links;
}
