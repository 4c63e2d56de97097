import { randomUUID } from 'node:crypto';
import { AppError, asAppError } from '../../domain/errors.ts';
import { CONNECTOR_ID, CROSSWALK } from '../../domain/keys.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProviderDefinition } from '../../ports/provider.ts';
import { type HeldLease, Leases } from '../leases/leases.ts';
import { ConnectorBook } from './connector-book.ts';
import { deleteConnector } from './delete-connector.ts';
import type { SyncDeps } from './deps.ts';
import { confirmRemoval, rejectRemoval } from './removal-decisions.ts';
import { IdPool } from './run-keys.ts';
import { RunRecords } from './run-records.ts';
import { Runner, runningElsewhere } from './runner.ts';
import { checkSchedule } from './schedule.ts';
import { runSchedule } from './schedule-loop.ts';
import { Slot } from './slot.ts';
import { Standby } from './standby.ts';
import type { SyncGraph } from './sync-graph.ts';
import type {
  ConnectorConfig,
  ConnectorStatus,
  RunReason,
  StateChange,
  SyncEvent,
  SyncProgress,
  SyncRun,
} from './types.ts';

const IDS_PER_BLOCK = 256;

export interface SyncServiceOptions {
  readonly graph: SyncGraph;
  readonly providers: ReadonlyMap<string, ProviderDefinition>;
  readonly connectors: readonly ConnectorConfig[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** The gateway's; without them the service makes its own. */
  readonly leases?: Leases;
  /** Test and demo only, see `ProviderContext`. */
  readonly allowLoopback?: boolean;
  /** For the jitter of schedules; default `Math.random`. */
  readonly random?: () => number;
}

export interface StartOptions {
  readonly reason?: RunReason;
}

/** Who asked for a decision; goes into the change log. */
export interface DecisionOptions {
  readonly actor?: string;
}

/**
 * Keeps every connector's part of the graph equal to its provider: one run at a time for each connector, by schedule
 * or on request. `open` first, `close` last. On a shared store that is one run among all gateways; the others show it
 * as theirs and take it over when its gateway is gone.
 */
export class SyncService {
  readonly #options: SyncServiceOptions;
  readonly #deps: SyncDeps;
  readonly #book: ConnectorBook;
  readonly #runner: Runner;
  readonly #standby: Standby;
  readonly #slots = new Map<string, Slot>();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(options: SyncServiceOptions) {
    const { graph, clock, logger } = options;
    this.#options = options;
    this.#book = new ConnectorBook({ store: graph.store, clock, logger });
    this.#deps = {
      graph,
      clock,
      logger,
      book: this.#book,
      runs: new RunRecords({ store: graph.store, clock }),
      ids: new IdPool(graph.patientStore ?? graph.store, IDS_PER_BLOCK),
      leases: options.leases ?? new Leases({ store: graph.store, clock, logger, holder: randomUUID() }),
      allowLoopback: options.allowLoopback ?? false,
      random: options.random ?? Math.random,
      stop: this.#stop.signal,
      refresh: () => this.#standby.refresh(),
    };
    this.#standby = new Standby(this.#deps, this.#slots);
    this.#runner = new Runner(this.#deps);
  }

  /**
   * Reads the states as they were left; starts nothing.
   * @throws AppError `CONNECTOR_INVALID`, `PROVIDER_UNKNOWN`, `SCHEDULE_INVALID`
   */
  async open(): Promise<void> {
    const { connectors, providers } = this.#options;
    for (const config of connectors) {
      const provider = providers.get(config.provider);
      if (!CONNECTOR_ID.test(config.id) || config.id === CROSSWALK || this.#slots.has(config.id)) {
        throw new AppError('CONNECTOR_INVALID', `"${config.id}" cannot be the id of a connector, or is there twice.`);
      }
      if (provider === undefined) {
        const known = [...providers.keys()].sort().join(', ');
        throw new AppError('PROVIDER_UNKNOWN', `No provider is called "${config.provider}"; known are ${known}.`);
      }
      checkSchedule(config.id, config.schedule);
      this.#slots.set(config.id, new Slot(config.id, config, provider));
    }
    await this.#book.load(connectors);
    for (const { connector, state, lastRunId } of this.#book.all()) {
      const slot = this.#slots.get(connector) ?? new Slot(connector, null, null);
      this.#slots.set(connector, slot);
      slot.countedRunId = lastRunId;
      // One that stands well keeps its rhythm over a restart; any other is tried at once.
      if (state !== 'CONNECTED' || lastRunId === null) continue;
      slot.lastStartedAt = (await this.#deps.runs.get(lastRunId))?.startedAt ?? null;
    }
  }

  /**
   * Takes up what the end of the process interrupted: runs at their checkpoints, deletions. On a shared store also, from
   * now on, what other gateways leave behind.
   */
  async resumeInterrupted(): Promise<void> {
    for (const slot of [...this.#slots.values()]) {
      if (!this.#standby.isLeft(slot)) continue;
      try {
        await this.#takeOver(slot);
      } catch (error) {
        // The watch below does it when the store is back.
        if (!this.#options.graph.store.isShared || !asAppError(error).retryable) throw error;
      }
    }
    if (!this.#options.graph.store.isShared) return;
    this.#loops.push(
      this.#standby.watch({
        takeOver: (slot) => this.#takeOver(slot),
        cancel: async (slot) => {
          if (slot.active !== null) await this.#runner.stop(slot.active, 'cancel');
        },
      }),
    );
  }

  /** Starts the schedules of all connectors; those without a run yet, or overdue, begin at once. */
  schedule(): void {
    for (const slot of this.#slots.values()) {
      if (slot.config === null) continue;
      const runToEnd = async (reason: RunReason): Promise<SyncRun> => {
        const run = await this.start(slot.id, { reason });
        return (await this.finished(slot.id)) ?? run;
      };
      this.#loops.push(runSchedule(this.#deps, slot, runToEnd));
    }
  }

  /**
   * Starts a run, or answers with the one in progress. Resolves when it has begun.
   * @throws AppError `CONNECTOR_NOT_FOUND`, `CONNECTOR_NOT_CONFIGURED`, `CONNECTOR_DELETING`, `SHUTTING_DOWN`
   */
  async start(connector: string, options: StartOptions = {}): Promise<SyncRun> {
    const slot = this.#slot(connector);
    return slot.inTurn(async () => {
      if (slot.active !== null) return slot.active.execution.record();
      return this.#runner.begin(slot, options.reason ?? 'REQUEST');
    });
  }

  /**
   * Ends the run in progress within one page; what it has committed stays. Answers with its record, `null` without one.
   * A run on another gateway is asked to end, and answered as it stands after ten seconds at most.
   * @throws AppError `STORE_UNAVAILABLE` when its end cannot be written down: the run stops here and goes on later
   */
  async cancel(connector: string): Promise<SyncRun | null> {
    const slot = this.#slot(connector);
    if (slot.active !== null) {
      const run = await this.#runner.stop(slot.active, 'cancel');
      if (run.endedAt === null) throw notCancelled(connector);
      return run;
    }
    return this.#options.graph.store.isShared ? this.#standby.askToCancel(connector) : null;
  }

  /** Resolves with the record of the run in progress when it ends; at once with `null` when there is none. */
  async finished(connector: string): Promise<SyncRun | null> {
    const { active } = this.#slot(connector);
    return active === null ? null : active.done;
  }

  /**
   * Carries out the removal that the guard held back: exactly what the preview showed, or, when the process has been
   * restarted since or another gateway made the preview, by reading again with leave to remove as much as it showed.
   * When that run fails or is cancelled, the preview is still there, to be confirmed once more.
   * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
   */
  async confirmRemoval(connector: string, options: DecisionOptions = {}): Promise<ConnectorStatus> {
    const slot = this.#slot(connector);
    return slot.inTurn(() => confirmRemoval(this.#deps, this.#runner, slot, options.actor));
  }

  /**
   * Forgets the removal that the guard held back; the data stays. The next run asks again if the provider still says so.
   * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
   */
  async rejectRemoval(connector: string): Promise<ConnectorStatus> {
    const slot = this.#slot(connector);
    return slot.inTurn(() => rejectRemoval(this.#deps, this.#runner, slot));
  }

  /**
   * Takes everything of a connector out of the graph. Afterwards it is as new, or gone when it is not configured.
   * @throws AppError `CONNECTOR_NOT_FOUND`; `SYNC_RUNNING` while another gateway is at it; `ABORTED` when the service closes meanwhile: the next start goes on
   */
  async deleteConnector(connector: string, options: DecisionOptions = {}): Promise<void> {
    const slot = this.#slot(connector);
    if (slot.active !== null) await this.#runner.stop(slot.active, 'delete');
    else await this.cancel(connector);
    await slot.inTurn(async () => {
      const lease = await this.#runner.lease(slot);
      if (lease === null) throw runningElsewhere(connector);
      await this.#delete(slot, lease, options);
    });
  }

  async #delete(slot: Slot, lease: HeldLease, options: DecisionOptions): Promise<void> {
    await deleteConnector(this.#deps, slot, lease, options.actor);
    if (slot.config === null) this.#slots.delete(slot.id);
  }

  /** @throws AppError `CONNECTOR_NOT_FOUND` */
  state(connector: string): ConnectorStatus {
    const status = this.#book.get(connector);
    if (status === null) throw notFound(connector);
    return status;
  }

  /** Every connector that is configured or has data, by id. */
  states(): readonly ConnectorStatus[] {
    return this.#book.all();
  }

  /** Of the run in progress, else `null`. */
  progress(connector: string): SyncProgress | null {
    return this.#slot(connector).active?.execution.progress() ?? null;
  }

  /** Newest first; the one in progress as it stands now. */
  async runs(connector: string, limit = 20): Promise<readonly SyncRun[]> {
    const { active } = this.#slot(connector);
    const stored = await this.#deps.runs.newest(connector, limit);
    const running = active?.execution.record();
    return running === undefined ? stored : stored.map((run) => (run.id === running.id ? running : run));
  }

  async run(id: string): Promise<SyncRun | null> {
    const active = this.#slots.get(id.slice(0, id.indexOf('/')))?.active?.execution.record();
    return active?.id === id ? active : this.#deps.runs.get(id);
  }

  /** State changes, newest first. */
  async history(connector: string, limit = 50): Promise<readonly StateChange[]> {
    return this.#book.history(connector, limit);
  }

  /** Everything that happens. Returns the unsubscriber. */
  onEvent(listener: (event: SyncEvent) => void): () => void {
    return this.#book.listen(listener);
  }

  /** Stops schedules and runs within one page, at a checkpoint; `resumeInterrupted` of the next process goes on there. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#slots.values()].map((slot) => this.#halt(slot)));
    await Promise.all(this.#loops);
  }

  async #halt(slot: Slot): Promise<void> {
    slot.reschedule();
    if (slot.active !== null) await this.#runner.stop(slot.active, 'close');
    await slot.turn;
    // One that was about to begin; turns that come after it begin none.
    if (slot.active !== null) await this.#runner.stop(slot.active, 'close');
  }

  /** Goes on with a run or a deletion that nobody is at; a deletion goes on in the background. */
  async #takeOver(slot: Slot): Promise<void> {
    if (this.#book.get(slot.id)?.state === 'DELETING') {
      // Its own deletion holds the lease too.
      const lease = await this.#runner.lease(slot);
      if (lease === null) return;
      const isLeft = this.#book.get(slot.id)?.state === 'DELETING' && !this.#stop.signal.aborted;
      if (isLeft) this.#loops.push(this.#deleteAgain(slot, lease));
      else await lease.release();
      return;
    }
    if (this.#deps.clock.now() < slot.resumeAt) return;
    await slot.inTurn(async () => {
      if (slot.config === null) await this.#runner.giveUp(slot);
      else if (slot.active === null) await this.#runner.resume(slot);
    });
  }

  async #deleteAgain(slot: Slot, lease: HeldLease): Promise<void> {
    try {
      await slot.inTurn(() => this.#delete(slot, lease, {}));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#deps.logger.error({ connector: slot.id, err: error }, 'deletion failed');
    }
  }

  #slot(connector: string): Slot {
    const slot = this.#slots.get(connector);
    if (slot === undefined || this.#book.get(connector) === null) throw notFound(connector);
    return slot;
  }
}

function notFound(connector: string): AppError {
  return new AppError('CONNECTOR_NOT_FOUND', `There is no connector "${connector}".`, { audience: 'user' });
}

function notCancelled(connector: string): AppError {
  return new AppError(
    'STORE_UNAVAILABLE',
    `The run of ${connector} was stopped, but the store could not be told that it is over; it goes on when the store is back. Cancel it again then.`,
    { audience: 'user', retryable: true, connector },
  );
}
