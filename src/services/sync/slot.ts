import type { ProviderDefinition } from '../../ports/provider.ts';
import type { HeldLease } from '../leases/leases.ts';
import type { StagedRemoval } from './removal.ts';
import type { RunExecution } from './sync-run.ts';
import type { ConnectorConfig, ConnectorStatus, SyncRun } from './types.ts';

/**
 * Why a run is being stopped: a cancelled one is over, one stopped by the end of the process goes on at the next start,
 * a suspended one wherever its lease is next (the lease was lost, or the store has gone).
 */
type StopCause = 'cancel' | 'close' | 'delete' | 'suspend';

/** Ends that no repetition can mend. */
export const HOPELESS: ReadonlySet<string> = new Set([
  'TENANT_ALREADY_CONNECTED',
  'TENANT_CHANGED',
  'SETTINGS_INVALID',
  'PROVIDER_CONTRACT',
]);

export interface ActiveRun {
  readonly execution: RunExecution;
  readonly controller: AbortController;
  readonly lease: HeldLease;
  /** The state to return to when it is cancelled. */
  readonly before: Pick<ConnectorStatus, 'state' | 'reasonCode' | 'message'>;
  stopCause: StopCause | null;
  lastProgressAt: number;
  /** Resolves with the final record; never rejects. */
  done: Promise<SyncRun>;
}

/** What the service remembers of one connector between its runs. */
export class Slot {
  readonly id: string;
  /** `null`: there is data of it, but the configuration no longer names it. */
  readonly config: ConnectorConfig | null;
  readonly provider: ProviderDefinition | null;
  active: ActiveRun | null = null;
  /** A start, confirmation or deletion that is under way; they take turns. */
  turn: Promise<unknown> = Promise.resolve();
  /** Exactly what the guard held back, as long as the process lives; by listing. */
  readonly staged = new Map<string, StagedRemoval>();
  /** The last ended run that has been counted here, whichever gateway made it. */
  countedRunId: string | null = null;
  /** Retryable failures in a row. */
  failures = 0;
  /** Runs in a row that the store has suspended. */
  suspensions = 0;
  /** A suspended run is not taken up here before that time (epoch ms): each attempt asks the provider too. */
  resumeAt = 0;
  isHopeless = false;
  lastStartedAt: number | null = null;
  lastEndedAt: number | null = null;
  /** Ends the wait of the schedule, because what it was computed from has changed. */
  kick = new AbortController();

  constructor(id: string, config: ConnectorConfig | null, provider: ProviderDefinition | null) {
    this.id = id;
    this.config = config;
    this.provider = provider;
  }

  /** Takes over what a run on another gateway means for the next one here. */
  follow(run: SyncRun): void {
    if (run.state !== 'RUNNING') {
      this.failures = run.retryable ? this.failures + 1 : 0;
      this.isHopeless = HOPELESS.has(run.reasonCode ?? '');
      this.lastEndedAt = run.endedAt;
    }
    this.lastStartedAt = run.startedAt;
    // What a guard held back here is not what that run has seen.
    this.staged.clear();
    this.reschedule();
  }

  /** Its connector has been deleted, here or elsewhere: it is read again when somebody asks for it. */
  forget(): void {
    this.countedRunId = null;
    this.failures = 0;
    this.isHopeless = true;
    this.staged.clear();
    this.reschedule();
  }

  /** Runs `work` after whatever else is under way for this connector. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.turn.then(work, work);
    this.turn = next.catch(() => {});
    return next;
  }

  reschedule(): void {
    this.kick.abort();
    this.kick = new AbortController();
  }
}
