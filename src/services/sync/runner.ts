import { AppError } from '../../domain/errors.ts';
import { fenced } from '../leases/fenced.ts';
import type { HeldLease } from '../leases/leases.ts';
import type { SyncDeps } from './deps.ts';
import { newRun } from './new-run.ts';
import { type ApprovedRemovals, NOTHING_APPROVED } from './removal.ts';
import { RunFollower } from './run-follower.ts';
import type { ActiveRun, Slot } from './slot.ts';
import { RunExecution } from './sync-run.ts';
import { claimTenant } from './tenant-claim.ts';
import type { ConnectorStatus, RemovalGuardConfig, RunReason, SyncRun } from './types.ts';

const DEFAULT_GUARD: RemovalGuardConfig = { share: 0.2, minimum: 10 };

interface Launch {
  readonly record: SyncRun;
  /** Whether it goes on at its checkpoints. */
  readonly isResume: boolean;
  readonly approved: ApprovedRemovals;
}

/** Begins runs, and stops them. */
export class Runner {
  readonly #deps: SyncDeps;
  readonly #follower: RunFollower;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
    this.#follower = new RunFollower(deps);
  }

  /**
   * A new run; call in the connector's turn, and only when none is in progress here. While one is in progress on
   * another gateway, answers with that; one whose gateway is gone is taken up.
   * @throws AppError `SHUTTING_DOWN`, `CONNECTOR_NOT_CONFIGURED`, `CONNECTOR_DELETING`, `SYNC_RUNNING`
   */
  async begin(slot: Slot, reason: RunReason): Promise<SyncRun> {
    this.#open();
    this.#configured(slot);
    const planned = slot.lastStartedAt;
    const lease = await this.lease(slot);
    if (lease === null) return this.#elsewhere(slot);
    return this.#under(lease, async () => {
      const { activeRunId, lastRunId } = this.#configured(slot);
      const isPlanned = reason === 'SCHEDULE' || reason === 'RETRY';
      if (this.#deps.graph.store.isShared && activeRunId === null && isPlanned && slot.lastStartedAt !== planned) {
        const last = await this.#deps.runs.get(lastRunId);
        if (last !== null) {
          // Another gateway has just done it.
          await lease.release();
          return last;
        }
      }
      return this.#begin(slot, lease, reason, NOTHING_APPROVED);
    });
  }

  /** A new run with leave to remove that much of each listing; call as {@link begin}, with the lease already held. */
  async beginConfirmed(slot: Slot, lease: HeldLease, approved: ApprovedRemovals): Promise<SyncRun> {
    return this.#under(lease, () => this.#begin(slot, lease, 'CONFIRMED_REMOVAL', approved));
  }

  /**
   * Takes up a run of an earlier process, or of a gateway that is gone, at its checkpoints, or begins a new one where
   * its record is of no use. @returns `null` while another gateway is at it
   */
  async resume(slot: Slot): Promise<SyncRun | null> {
    const lease = await this.lease(slot);
    if (lease === null) return null;
    return this.#under(lease, async () => {
      if (this.#deps.graph.store.isShared && this.#deps.book.get(slot.id)?.activeRunId == null) {
        await lease.release();
        return null;
      }
      return this.#takeUp(slot, lease, 'BOOT', NOTHING_APPROVED);
    });
  }

  /** Ends a run of a gateway that is gone when its connector is no longer configured: nobody can take it up. */
  async giveUp(slot: Slot): Promise<void> {
    const { book, runs } = this.#deps;
    const lease = await this.lease(slot);
    if (lease === null) return;
    try {
      const status = book.get(slot.id);
      if (status === null || status.activeRunId === null) return;
      await runs.abandon(status.activeRunId);
      await book.update(slot.id, {
        ...atRest(status),
        previousState: null,
        activeRunId: null,
        lastRunId: status.activeRunId,
      });
    } finally {
      await lease.release();
    }
  }

  /** Leave to write a connector's part of the graph, with everything known that others have written before. */
  async lease(slot: Slot): Promise<HeldLease | null> {
    const { leases, graph } = this.#deps;
    const lease = await leases.acquire(`sync:${slot.id}`);
    if (lease === null || !graph.store.isShared) return lease;
    return this.#under(lease, async () => {
      // From here on nobody else writes it: what is in the log now is all there is.
      await graph.catchUp();
      await this.#deps.refresh();
      return lease;
    });
  }

  /** Ends a run within one page. */
  async stop(active: ActiveRun, cause: ActiveRun['stopCause']): Promise<SyncRun> {
    active.stopCause ??= cause;
    active.controller.abort();
    return active.done;
  }

  async #under<T>(lease: HeldLease, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  #open(): void {
    if (this.#deps.stop.aborted) throw new AppError('SHUTTING_DOWN', 'The gateway is stopping.', { retryable: true });
  }

  #configured(slot: Slot): ConnectorStatus {
    const connector = slot.id;
    const status = this.#deps.book.get(connector);
    if (slot.config === null || status === null) {
      throw new AppError('CONNECTOR_NOT_CONFIGURED', `The connector ${connector} is no longer in the configuration.`, {
        connector,
      });
    }
    if (status.state === 'DELETING') {
      throw new AppError('CONNECTOR_DELETING', `The connector ${connector} is being deleted.`, { connector });
    }
    return status;
  }

  /** The run that another gateway is at. */
  async #elsewhere(slot: Slot): Promise<SyncRun> {
    await this.#deps.refresh();
    const { activeRunId } = this.#configured(slot);
    const run = await this.#deps.runs.get(activeRunId);
    if (run !== null) return run;
    throw runningElsewhere(slot.id);
  }

  async #begin(slot: Slot, lease: HeldLease, reason: RunReason, approved: ApprovedRemovals): Promise<SyncRun> {
    const status = this.#configured(slot);
    if (status.activeRunId !== null) {
      if (this.#deps.graph.store.isShared) return this.#takeUp(slot, lease, reason, approved);
      await this.#deps.runs.abandon(status.activeRunId);
    }
    const record = newRun(status, reason, this.#deps.clock.now());
    return this.#launch(slot, lease, { record, isResume: false, approved });
  }

  async #takeUp(slot: Slot, lease: HeldLease, otherwise: RunReason, approved: ApprovedRemovals): Promise<SyncRun> {
    const status = this.#configured(slot);
    const run = await this.#deps.runs.get(status.activeRunId);
    const isResume = run?.state === 'RUNNING';
    const record = isResume ? { ...run, resumes: run.resumes + 1 } : newRun(status, otherwise, this.#deps.clock.now());
    return this.#launch(slot, lease, { record, isResume, approved });
  }

  async #launch(slot: Slot, lease: HeldLease, { record, isResume, approved }: Launch): Promise<SyncRun> {
    const { book, runs, graph, clock, allowLoopback, ids } = this.#deps;
    this.#open();
    const status = this.#configured(slot);
    const { config, provider } = slot;
    if (config === null || provider === null) throw new TypeError(`${slot.id} is not configured`);
    const logger = this.#deps.logger.child({ connector: slot.id, run: record.id });
    const before = atRest(status);
    const execution = new RunExecution({
      record,
      isResume,
      graph: fenced(graph, lease),
      provider,
      settings: config.settings,
      allowLoopback,
      knownTenant: status.tenant ?? undefined,
      clock,
      logger,
      ids,
      guard: {
        share: config.removalGuard?.share ?? DEFAULT_GUARD.share,
        minimum: config.removalGuard?.minimum ?? DEFAULT_GUARD.minimum,
      },
      approved,
      lastRows: new Map(status.listings.flatMap((entry) => (entry.rows === null ? [] : [[entry.listing, entry.rows]]))),
      claimTenant: (tenant) => claimTenant(this.#deps, slot.id, tenant),
      progressed: () => {
        slot.suspensions = 0;
        this.#follower.progressed(slot);
      },
      listingEnded: (listing) => this.#follower.listingEnded(slot, record.id, listing),
    });
    if (!isResume) await runs.abandonNewest(slot.id);
    await runs.put(record);
    slot.lastStartedAt = clock.now();
    await book.update(slot.id, {
      state: 'SYNCING',
      reasonCode: null,
      message: null,
      previousState: before.state,
      activeRunId: record.id,
    });
    logger.info({ reason: record.reason, resumes: record.resumes }, 'run started');
    const active: ActiveRun = {
      execution,
      controller: new AbortController(),
      lease,
      before,
      stopCause: null,
      lastProgressAt: 0,
      done: Promise.resolve(record),
    };
    slot.active = active;
    lease.lost.addEventListener('abort', () => void this.stop(active, 'suspend'), { once: true });
    active.done = this.#follower.follow(slot, active);
    book.emit({ type: 'run-started', run: record });
    return record;
  }
}

/** What the connector returns to when its run changes nothing. */
function atRest({ state, previousState, reasonCode, message }: ConnectorStatus): ActiveRun['before'] {
  if (state !== 'SYNCING') return { state, reasonCode, message };
  return { state: previousState ?? 'NOT_CONNECTED', reasonCode: null, message: null };
}

/** Refuses what only the gateway at work on the connector may do. */
export function runningElsewhere(connector: string): AppError {
  return new AppError('SYNC_RUNNING', `Another gateway is at work on ${connector}; try again in a moment.`, {
    audience: 'user',
    retryable: true,
    connector,
  });
}
