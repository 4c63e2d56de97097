import type { Viewer } from '../../domain/viewer.ts';
import type { ConnectorStatus, SyncProgress, SyncRun } from '../sync/types.ts';

/**
 * What the API needs of the sync: to see connectors and runs, and to steer them. Reading is cheap (memory).
 * Steering throws AppError `CONNECTOR_NOT_FOUND`, `SYNC_RUNNING`, `NO_RUN`, `NO_PREVIEW` … with the next thing to try.
 */
export interface SyncControl {
  /** Every configured connector, by id. */
  statuses(): readonly ConnectorStatus[];
  /** Of the run in progress. */
  progress(connector: string): SyncProgress | null;
  /** Newest first, at most `limit`. */
  runs(connector: string, limit: number): Promise<readonly SyncRun[]>;
  run(id: string): Promise<SyncRun | null>;
  /** Starts a run and answers at once with its record. */
  startSync(connector: string, viewer: Viewer): Promise<SyncRun>;
  cancelSync(connector: string, viewer: Viewer): Promise<SyncRun | null>;
  /** Lets the removals that the guard held back happen, or forgets them. */
  confirmRemoval(connector: string, viewer: Viewer): Promise<ConnectorStatus>;
  rejectRemoval(connector: string, viewer: Viewer): Promise<ConnectorStatus>;
}
