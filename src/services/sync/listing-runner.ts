import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { AppError } from '../../domain/errors.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import type { Syncer, SyncerContext } from '../../ports/provider.ts';
import type { ListingState } from './listing-state.ts';
import { PageQueue } from './page-queue.ts';
import { pendingKeyOf } from './pending-book.ts';
import { Plan } from './plan.ts';
import { type ListingSpec, preparePage } from './prepare.ts';
import { removalSteps, type StagedRemoval } from './removal.ts';
import { commitForRun, type RunContext } from './run-context.ts';

/** How far the reader may be ahead of the writer. */
const ROWS_AHEAD = 10_000;
/** Rows compared in one go, whether they changed or not: a limit on how long the event loop is held. */
const ROWS_PER_TURN = 5_000;
const ROWS_PER_SLICE = 500;
/** Pages that bring nothing new at a cursor that has been there before, until the listing counts as going in circles. */
const REPEATS = 5;

export interface ListingHooks {
  /** Ids of a listing that ran before, see `SyncerContext.ids`. */
  ids(syncer: string, kind: NodeKind): readonly string[];
  node: SyncerContext['node'];
  /** After every commit. */
  progressed(): void;
}

/**
 * Reads one listing to its end: pages are fetched ahead, compared with the graph and committed together with the
 * checkpoint. Adds and changes; removes nothing.
 * @throws what the syncer throws, after the pages before it are committed; AppError `ABORTED`, `PROVIDER_CONTRACT`,
 *   `UPSTREAM_INVALID` for a listing that goes in circles
 */
export async function readListing(
  run: RunContext,
  syncer: Syncer,
  listing: ListingState,
  hooks: ListingHooks,
  signal: AbortSignal,
): Promise<void> {
  const queue = new PageQueue(ROWS_AHEAD);
  const spec: ListingSpec = {
    connector: run.connector,
    listing: listing.listing,
    nodes: new Set(syncer.nodes),
    links: new Set(syncer.links),
    version: run.version,
  };
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  void readPages(queue, syncer, spec, { signal: both, cursor: listing.cursor, ids: hooks.ids, node: hooks.node });
  const circles = new CircleWatch(syncer.name);
  try {
    while (await queue.ready(signal)) {
      await commitForRun(run, async () => {
        const plan = await fill(run, listing, queue, circles);
        // The end of the listing is written down right after this: no need for a commit that only says "here".
        if (plan.size === 0 && queue.isDrained) return null;
        return {
          nodes: plan.nodes,
          links: plan.links,
          addPending: plan.addPending,
          removePending: plan.removePending,
          checkpoints: [
            {
              source: { connector: run.connector, listing: listing.listing },
              state: listing.checkpoint(run.runId, null),
            },
          ],
        };
      });
      hooks.progressed();
      // Answers of a store's thread can follow each other without the event loop ever turning; requests want it too.
      await turnOfLoop();
    }
    if (listing.pages > 0 && listing.cursor !== null) {
      listing.incomplete ??= 'The listing ended before its last page.';
    }
  } finally {
    stop.abort();
    queue.end();
  }
}

/** Runs beside the writer; whatever goes wrong reaches it through the queue. */
async function readPages(queue: PageQueue, syncer: Syncer, spec: ListingSpec, context: SyncerContext): Promise<void> {
  const pages = syncer.list(context);
  try {
    let isLast = false;
    for (;;) {
      await queue.room();
      if (context.signal.aborted) break;
      const next = await pages.next();
      if (next.done === true) break;
      if (isLast) {
        throw new AppError(
          'PROVIDER_CONTRACT',
          `The listing "${spec.listing}" of ${spec.connector} yields pages after its last one (cursor null).`,
          { audience: 'developer', connector: spec.connector },
        );
      }
      isLast = next.value.cursor === null;
      queue.push(preparePage(next.value, spec));
    }
    queue.end();
  } catch (error) {
    queue.fail(error);
  } finally {
    // Not awaited: a syncer that hangs must not hold the run.
    pages.return().catch(() => {});
  }
}

/** Takes as many rows from the queue as fit one change set. */
async function fill(run: RunContext, listing: ListingState, queue: PageQueue, circles: CircleWatch): Promise<Plan> {
  const plan = new Plan(run, listing);
  let left = ROWS_PER_TURN;
  for (let head = queue.head(); head !== null; head = queue.head()) {
    const { page } = head;
    while (head.nodeAt < page.nodes.length && left > 0 && !plan.isFull) {
      const end = Math.min(page.nodes.length, head.nodeAt + ROWS_PER_SLICE);
      await plan.compareNodes(page, head.nodeAt, end);
      left -= end - head.nodeAt;
      head.nodeAt = end;
    }
    while (head.nodeAt === page.nodes.length && head.linkAt < page.links.length) {
      if (left <= 0 || plan.isFull) break;
      const end = Math.min(page.links.length, head.linkAt + ROWS_PER_SLICE);
      plan.compareLinks(page, head.linkAt, end);
      left -= end - head.linkAt;
      head.linkAt = end;
    }
    if (head.nodeAt < page.nodes.length || head.linkAt < page.links.length) break;
    queue.shift();
    listing.pages++;
    listing.rows += page.rows;
    run.metrics.rows += page.rows;
    listing.ignored += page.ignored;
    listing.total = page.total ?? listing.total;
    listing.cursor = page.cursor;
    listing.incomplete ??= page.incomplete ?? null;
    circles.finished(page.cursor, listing.news, run.connector);
    left--;
  }
  return plan;
}

/** Notices a provider whose page token leads back to where it came from. */
class CircleWatch {
  readonly #listing: string;
  readonly #cursors = new Set<string>();
  #repeats = 0;
  #newsBefore = 0;

  constructor(listing: string) {
    this.#listing = listing;
  }

  finished(cursor: unknown, news: number, connector: string): void {
    if (cursor === null) return;
    const text = JSON.stringify(cursor);
    const isNew = news !== this.#newsBefore || !this.#cursors.has(text);
    this.#newsBefore = news;
    this.#cursors.add(text);
    this.#repeats = isNew ? 0 : this.#repeats + 1;
    if (this.#repeats < REPEATS) return;
    throw new AppError(
      'UPSTREAM_INVALID',
      `The listing "${this.#listing}" of ${connector} goes in circles: its page token repeats. Nothing was removed.`,
      { retryable: true, connector },
    );
  }
}

/** Carries out a removal, and forgets the waiting links that the listing no longer says. */
export async function removeUnseen(run: RunContext, staged: StagedRemoval, signal: AbortSignal): Promise<void> {
  for (const id of staged.nodes) run.removed.add(id);
  for await (const step of removalSteps(run.graph, staged.nodes, staged.links, run.rowsPerCommit)) {
    if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true });
    await commitForRun(run, step);
  }
  const waiting = run.pending.unseenOf(staged.source);
  for (let at = 0; at < waiting.length; at += run.rowsPerCommit) {
    const batch = waiting.slice(at, at + run.rowsPerCommit);
    await commitForRun(run, async () => {
      for (const entry of batch) run.pending.remove(entry);
      return { removePending: batch.map((entry) => pendingKeyOf(entry.link)) };
    });
  }
}
