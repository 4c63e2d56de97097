import { AppError } from '../../domain/errors.ts';
import { fenced } from '../leases/fenced.ts';
import type { HeldLease } from '../leases/leases.ts';
import type { SyncDeps } from './deps.ts';
import { type ApprovedRemoval, removalSteps } from './removal.ts';
import { type Runner, runningElsewhere } from './runner.ts';
import type { Slot } from './slot.ts';
import type { SyncGraph } from './sync-graph.ts';
import type { ConnectorStatus, RemovalPreview } from './types.ts';

const ROWS_PER_COMMIT = 500;
/** States of mind that a confirmed removal ends. */
const HEALED = new Set<string | null>(['REMOVAL_GUARD', 'REMOVAL_REJECTED']);

/**
 * Carries out what the guard held back, or, where the exact set is not in memory, starts a run that may remove as much
 * as the preview shows. That leave ends with the run: after one that failed, was cancelled or had to be taken up again,
 * the preview waits for another confirmation. A rejection that follows must find no leave from before.
 * Call in the connector's turn.
 * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
 */
export async function confirmRemoval(
  deps: SyncDeps,
  runner: Runner,
  slot: Slot,
  actor: string | undefined,
): Promise<ConnectorStatus> {
  decidable(deps, slot);
  const lease = await runner.lease(slot);
  if (lease === null) throw runningElsewhere(slot.id);
  // Other gateways may have run or decided in between.
  const { status, preview } = await decidableUnder(deps, slot, lease);
  if (!preview.listings.every(({ listing }) => slot.staged.has(listing))) {
    // The process has been restarted since: what exactly would go is known by reading again only.
    const approved = preview.listings.map(({ listing, kinds }): [string, ApprovedRemoval] => [
      listing,
      Object.fromEntries(kinds.map(({ kind, removed }) => [kind, removed])),
    ]);
    // Under the same lease: nobody can reject it in between.
    await runner.beginConfirmed(slot, lease, new Map(approved));
    return deps.book.get(slot.id) ?? status;
  }
  try {
    return await carryOut(deps, slot, { status, preview, lease, actor });
  } finally {
    await lease.release();
  }
}

async function carryOut(
  deps: SyncDeps,
  slot: Slot,
  decision: { status: ConnectorStatus; preview: RemovalPreview; lease: HeldLease; actor: string | undefined },
): Promise<ConnectorStatus> {
  const { status, preview, lease, actor } = decision;
  const graph = fenced(deps.graph, lease);
  for (const { listing } of preview.listings) await removeStaged(graph, slot, listing, preview.runId, actor);
  const removed = new Set(preview.listings.map(({ listing }) => listing));
  return deps.book.update(slot.id, {
    preview: null,
    ...(HEALED.has(status.reasonCode) ? { state: 'CONNECTED', reasonCode: null, message: null, staleSince: null } : {}),
    listings: status.listings.map((entry) =>
      removed.has(entry.listing)
        ? { ...entry, lastOutcome: 'COMPLETE', lastCompleteAt: preview.at, reasonCode: null, message: null }
        : entry,
    ),
  });
}

/**
 * Forgets what the guard held back. Call in the connector's turn.
 * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
 */
export async function rejectRemoval(deps: SyncDeps, runner: Runner, slot: Slot): Promise<ConnectorStatus> {
  decidable(deps, slot);
  const lease = await runner.lease(slot);
  if (lease === null) throw runningElsewhere(slot.id);
  await decidableUnder(deps, slot, lease);
  slot.staged.clear();
  const message = 'The removal was rejected and the data kept; the next run asks again if nothing has changed.';
  return deps.book
    .update(slot.id, { preview: null, reasonCode: 'REMOVAL_REJECTED', message })
    .finally(() => lease.release());
}

async function decidableUnder(deps: SyncDeps, slot: Slot, lease: HeldLease): Promise<ReturnType<typeof decidable>> {
  try {
    return decidable(deps, slot);
  } catch (error) {
    await lease.release();
    throw error;
  }
}

function decidable(deps: SyncDeps, slot: Slot): { status: ConnectorStatus; preview: RemovalPreview } {
  const status = deps.book.get(slot.id);
  const about = { audience: 'user', connector: slot.id } as const;
  if (slot.active !== null) {
    throw new AppError('SYNC_RUNNING', `${slot.id} is being synced; decide when the run has ended, or cancel it.`, {
      ...about,
      retryable: true,
    });
  }
  if (status === null || status.preview === null) {
    throw new AppError('NO_PREVIEW', `No removal of ${slot.id} waits for a decision.`, about);
  }
  return { status, preview: status.preview };
}

async function removeStaged(
  graph: SyncGraph,
  slot: Slot,
  listing: string,
  runId: string,
  actor: string | undefined,
): Promise<void> {
  const staged = slot.staged.get(listing);
  if (staged === undefined) return;
  const { index } = graph;
  const nodes = staged.nodes.filter((id) => index.isAlive(id) && index.sourceOf(id) === staged.source);
  for await (const step of removalSteps(graph, nodes, staged.links, ROWS_PER_COMMIT)) {
    await graph.commit(async () => {
      const draft = await step();
      return draft === null ? null : { ...draft, cause: 'DECISION', connector: slot.id, runId, actor };
    });
  }
  slot.staged.delete(listing);
}
