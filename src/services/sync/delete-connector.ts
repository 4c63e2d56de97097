import { AppError } from '../../domain/errors.ts';
import type { LinkKey } from '../../domain/graph.ts';
import type { ChangeDraft } from '../graph/graph.ts';
import { fenced } from '../leases/fenced.ts';
import type { HeldLease } from '../leases/leases.ts';
import type { SyncDeps } from './deps.ts';
import { PendingBook, pendingKeyOf } from './pending-book.ts';
import { removalSteps } from './removal.ts';
import type { Slot } from './slot.ts';
import type { SyncGraph } from './sync-graph.ts';

const ROWS_PER_COMMIT = 1_000;

/** Deletes what a connector has brought and everything known of it, and gives the lease back. Call in its turn. */
export async function deleteConnector(
  deps: SyncDeps,
  slot: Slot,
  lease: HeldLease,
  actor: string | undefined,
): Promise<void> {
  const { book, runs, graph, stop } = deps;
  const connector = slot.id;
  try {
    // Another gateway may have done it already.
    if (book.get(connector) === null) return;
    const message = 'Its data is being taken out of the graph.';
    await book.update(connector, { state: 'DELETING', reasonCode: null, message, activeRunId: null });
    await deleteFromGraph(fenced(graph, lease), connector, actor, AbortSignal.any([stop, lease.lost]));
    await runs.forgetAll(connector);
    slot.forget();
    await book.forget(connector);
  } finally {
    await lease.release();
  }
}

/**
 * Takes everything of a connector out of the graph, in batches: its nodes with every link that touches them, links it
 * asserts elsewhere, waiting links, checkpoints. Safe to repeat after an interruption.
 * @throws AppError `ABORTED`
 */
async function deleteFromGraph(
  graph: SyncGraph,
  connector: string,
  actor: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const commit = async (build: () => Promise<Partial<ChangeDraft> | null>): Promise<void> => {
    if (signal.aborted) throw new AppError('ABORTED', 'The deletion was stopped; it goes on at the next start.');
    await graph.commit(async () => {
      const draft = await build();
      return draft === null ? null : { ...draft, cause: 'CONNECTOR', connector, actor };
    });
  };
  const sources = [...graph.index.countsBySource().keys()].filter((id) => graph.sourceOf(id).connector === connector);
  for (const source of sources) {
    const nodes: number[] = [];
    graph.index.eachNodeOfSource(source, (id) => nodes.push(id));
    for await (const step of removalSteps(graph, nodes, [], ROWS_PER_COMMIT)) await commit(step);
  }
  for (const source of sources) {
    const links = await linksOf(graph, source);
    for await (const step of removalSteps(graph, [], links, ROWS_PER_COMMIT)) await commit(step);
  }
  const waiting = (await PendingBook.load(graph, connector, signal)).all();
  for (let at = 0; at < waiting.length; at += ROWS_PER_COMMIT) {
    const removePending = waiting.slice(at, at + ROWS_PER_COMMIT).map((entry) => pendingKeyOf(entry.link));
    await commit(async () => ({ removePending }));
  }
  const checkpoints = sources.map((source) => ({ source: graph.sourceOf(source), state: null }));
  await commit(async () => ({ checkpoints }));
}

async function linksOf(graph: SyncGraph, source: number): Promise<LinkKey[]> {
  const pairs = new Map<string, { from: number; to: number }>();
  graph.index.eachLinkOfSource(source, (from, _kind, to) => {
    pairs.set(`${from} ${to}`, { from, to });
  });
  const answers = pairs.size === 0 ? [] : await graph.store.links([...pairs.values()]);
  return answers
    .flat()
    .filter((link) => link.source === source)
    .map(({ from, kind, to, qualifier }) => ({ source, from, kind, to, qualifier }));
}
