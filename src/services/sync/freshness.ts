import type { GuardedRemoval } from './run-loop.ts';
import type { SyncRunResult } from './sync-run.ts';
import type { ConnectorStatus, ListingFreshness, RemovalPreview } from './types.ts';

/** Outcomes after which what the guard knew of a listing is superseded. */
const SETTLED = new Set(['COMPLETE', 'GUARDED']);

/** Freshness of every listing after a run: what was not complete keeps its age. */
export function freshnessAfter(before: readonly ListingFreshness[], result: SyncRunResult): ListingFreshness[] {
  const known = new Map(before.map((listing) => [listing.listing, listing]));
  if (result.tasks.length === 0) return [...before];
  return result.tasks.map((task) => {
    const old = known.get(task.syncer.name);
    const isComplete = task.outcome === 'COMPLETE';
    return {
      listing: task.syncer.name,
      title: task.syncer.title,
      nodes: [...task.syncer.nodes],
      links: [...task.syncer.links],
      lastCompleteAt: isComplete ? task.endedAt : (old?.lastCompleteAt ?? null),
      rows: isComplete ? task.rows : (old?.rows ?? null),
      lastOutcome: task.outcome,
      reasonCode: task.reasonCode,
      message: task.message,
    };
  });
}

/** The preview after a run: a listing that was read anew replaces what was held back of it, the rest keeps waiting. */
export function previewAfter(before: RemovalPreview | null, result: SyncRunResult, now: number): RemovalPreview | null {
  const settled = settledListings(result);
  const waiting = (before?.listings ?? []).filter((listing) => !settled.has(listing.listing));
  const fresh = result.guarded.map((guarded: GuardedRemoval) => guarded.preview);
  if (waiting.length + fresh.length === 0) return null;
  return { runId: result.record.id, at: now, listings: [...waiting, ...fresh] };
}

/** Listings that the run has read from their first page to their last. */
export function settledListings(result: SyncRunResult): ReadonlySet<string> {
  return new Set(result.tasks.filter((task) => SETTLED.has(task.outcome)).map((task) => task.syncer.name));
}

/** What a finished run changes in its connector's status. */
export function statusAfter(before: ConnectorStatus, result: SyncRunResult, now: number): Partial<ConnectorStatus> {
  const { conclusion, record, tasks } = result;
  const preview = previewAfter(before.preview, result, now);
  const isHeldBack = conclusion.connector === 'CONNECTED' && preview !== null;
  return {
    state: isHeldBack ? 'DEGRADED' : conclusion.connector,
    reasonCode: isHeldBack ? 'REMOVAL_GUARD' : conclusion.reasonCode,
    message: isHeldBack ? 'A removal of an earlier run waits for a confirmation.' : conclusion.message,
    previousState: null,
    activeRunId: null,
    lastRunId: record.id,
    lastCompleteAt: conclusion.isComplete ? now : before.lastCompleteAt,
    staleSince: conclusion.isStale ? (before.staleSince ?? before.lastCompleteAt ?? now) : null,
    listings: freshnessAfter(before.listings, result),
    missingScopes:
      tasks.length === 0 ? before.missingScopes : [...new Set(tasks.flatMap((task) => task.missingScopes))],
    preview,
  };
}
