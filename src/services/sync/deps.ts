import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Leases } from '../leases/leases.ts';
import type { ConnectorBook } from './connector-book.ts';
import type { IdPool } from './run-keys.ts';
import type { RunRecords } from './run-records.ts';
import type { SyncGraph } from './sync-graph.ts';

/** What the parts of the sync service share. */
export interface SyncDeps {
  readonly graph: SyncGraph;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: ConnectorBook;
  readonly runs: RunRecords;
  readonly ids: IdPool;
  readonly leases: Leases;
  readonly allowLoopback: boolean;
  /** 0–1, for jitter. */
  readonly random: () => number;
  /** Aborted when the service closes. */
  readonly stop: AbortSignal;
  /** Takes over what other gateways have written of the connectors. */
  refresh(): Promise<void>;
}
