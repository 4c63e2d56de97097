import { timeKey, timeOfKey } from './records.ts';
import type { ConnectorStatus, RunMetrics, RunReason, SyncRun } from './types.ts';

const NOTHING_YET: RunMetrics = {
  requests: 0,
  retries: 0,
  throttledMs: 0,
  rows: 0,
  added: {},
  changed: {},
  removed: {},
  pendingLinks: 0,
  commits: 0,
  durationMs: 0,
};

/** The record with which a run begins. */
export function newRun(status: ConnectorStatus, reason: RunReason, now: number): SyncRun {
  return {
    id: nextRunId(status.connector, now, [status.activeRunId, status.lastRunId]),
    connector: status.connector,
    reason,
    state: 'RUNNING',
    reasonCode: null,
    message: null,
    retryable: false,
    first: status.lastCompleteAt === null,
    startedAt: now,
    endedAt: null,
    resumes: 0,
    listings: [],
    metrics: NOTHING_YET,
  };
}

/** The record of a run that somebody stopped, or that could not be written down. */
export function stoppedRun(record: SyncRun, reasonCode: 'CANCELLED' | 'INTERNAL' | 'ABANDONED', now: number): SyncRun {
  const messages = {
    CANCELLED: 'The run was cancelled.',
    INTERNAL: 'The run could not be written down; see the log.',
    ABANDONED: 'The process ended during this run, and nobody took it up again.',
  };
  return {
    ...record,
    state: reasonCode === 'INTERNAL' ? 'FAILED' : 'CANCELLED',
    reasonCode,
    message: messages[reasonCode],
    endedAt: now,
    listings: record.listings.map((listing) =>
      listing.outcome === 'WAITING' || listing.outcome === 'RUNNING' ? { ...listing, outcome: 'CANCELLED' } : listing,
    ),
  };
}

/** Sorts after those before, even if the clock has been set back. */
function nextRunId(connector: string, now: number, before: readonly (string | null)[]): string {
  const times = before.flatMap((id) => (id === null ? [] : [timeOfKey(id.slice(connector.length + 1)) + 1]));
  return `${connector}/${timeKey(Math.max(now, ...times))}`;
}
