import { AppError } from '../../domain/errors.ts';
import { compact } from '../../domain/graph.ts';
import type { SyncDeps } from './deps.ts';
import { settledListings, statusAfter } from './freshness.ts';
import { newRun, stoppedRun } from './new-run.ts';
import { readRun } from './records.ts';
import type { ActiveRun, Slot } from './slot.ts';
import { RunExecution, type SyncRunResult } from './sync-run.ts';
import { claimTenant } from './tenant-claim.ts';
import type { ConnectorStatus, ListingRun, RemovalGuardConfig, RunReason, SyncRun } from './types.ts';

const DEFAULT_GUARD: RemovalGuardConfig = { share: 0.2, minimum: 10 };
const PROGRESS_EVERY_MS = 250;
const RUNS_KEPT = 200;
/** Ends that no repetition can mend. */
const HOPELESS = new Set(['TENANT_ALREADY_CONNECTED', 'TENANT_CHANGED', 'SETTINGS_INVALID', 'PROVIDER_CONTRACT']);

/** Begins runs, follows them to their end and writes down what they mean. */
export class Runner {
  readonly #deps: SyncDeps;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
  }

  /**
   * A new run; call in the connector's turn, and only when none is in progress.
   * @throws AppError `SHUTTING_DOWN`, `CONNECTOR_NOT_CONFIGURED`, `CONNECTOR_DELETING`
   */
  async begin(slot: Slot, reason: RunReason): Promise<SyncRun> {
    const { book, clock, stop } = this.#deps;
    const connector = slot.id;
    if (stop.aborted) throw new AppError('SHUTTING_DOWN', 'The gateway is stopping.', { retryable: true });
    const status = book.get(connector);
    if (slot.config === null || status === null) {
      throw new AppError('CONNECTOR_NOT_CONFIGURED', `The connector ${connector} is no longer in the configuration.`, {
        connector,
      });
    }
    if (status.state === 'DELETING') {
      throw new AppError('CONNECTOR_DELETING', `The connector ${connector} is being deleted.`, { connector });
    }
    if (status.activeRunId !== null) await this.#abandon(status.activeRunId);
    return this.#launch(slot, status, newRun(status, reason, clock.now()), false);
  }

  /** Takes up a run of an earlier process at its checkpoints, or begins a new one where its record is of no use. */
  async resume(slot: Slot): Promise<SyncRun> {
    const status = this.#deps.book.get(slot.id);
    const run = readRun(await this.#deps.graph.store.getRecord('run', status?.activeRunId ?? ''));
    if (status === null || run?.state !== 'RUNNING') return this.begin(slot, 'BOOT');
    return this.#launch(slot, status, { ...run, resumes: run.resumes + 1 }, true);
  }

  /** Ends a run within one page. */
  async stop(active: ActiveRun, cause: ActiveRun['stopCause']): Promise<SyncRun> {
    active.stopCause ??= cause;
    active.controller.abort();
    return active.done;
  }

  async #launch(slot: Slot, status: ConnectorStatus, record: SyncRun, isResume: boolean): Promise<SyncRun> {
    const { book, graph, clock, allowLoopback, ids } = this.#deps;
    const { config, provider } = slot;
    if (config === null || provider === null) throw new TypeError(`${slot.id} is not configured`);
    const logger = this.#deps.logger.child({ connector: slot.id, run: record.id });
    const before =
      status.state === 'SYNCING'
        ? { state: status.previousState ?? 'NOT_CONNECTED', reasonCode: null, message: null }
        : { state: status.state, reasonCode: status.reasonCode, message: status.message };
    const execution = new RunExecution({
      record,
      isResume,
      graph,
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
      approved: slot.approved,
      lastRows: new Map(status.listings.flatMap((entry) => (entry.rows === null ? [] : [[entry.listing, entry.rows]]))),
      claimTenant: (tenant) => claimTenant(book, slot.id, tenant),
      progressed: () => this.#progressed(slot),
      listingEnded: (listing) => this.#listingEnded(slot, record.id, listing),
    });
    await graph.store.putRecord('run', record.id, compact(record));
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
      before,
      stopCause: null,
      lastProgressAt: 0,
      done: Promise.resolve(record),
    };
    slot.active = active;
    active.done = this.#follow(slot, active);
    book.emit({ type: 'run-started', run: record });
    return record;
  }

  /** Waits for the end of a run and writes down what it means. Never rejects. */
  async #follow(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    const { clock, book } = this.#deps;
    let final = active.execution.record();
    try {
      const result = await active.execution.execute(active.controller.signal);
      final = await this.#concluded(slot, result);
    } catch (error) {
      if (!active.controller.signal.aborted) this.#logFailure(slot, error);
      final = await this.#interrupted(slot, active).catch((failure: unknown) => {
        this.#logFailure(slot, failure);
        return active.execution.record();
      });
    } finally {
      slot.active = null;
      slot.lastEndedAt = clock.now();
      slot.reschedule();
    }
    book.emit({ type: 'run-ended', run: final });
    return final;
  }

  async #concluded(slot: Slot, result: SyncRunResult): Promise<SyncRun> {
    const { book, graph, clock, logger } = this.#deps;
    const now = clock.now();
    const { conclusion } = result;
    const record: SyncRun = {
      ...result.record,
      state: conclusion.run,
      reasonCode: conclusion.reasonCode,
      message: conclusion.message,
      retryable: conclusion.retryable,
      endedAt: now,
    };
    for (const listing of settledListings(result)) {
      slot.staged.delete(listing);
      slot.approved.delete(listing);
    }
    for (const { staged } of result.guarded) slot.staged.set(staged.listing, staged);
    slot.failures = conclusion.retryable ? slot.failures + 1 : 0;
    slot.isHopeless = HOPELESS.has(conclusion.reasonCode ?? '');
    await graph.store.putRecord('run', record.id, compact(record));
    const before = book.get(slot.id);
    if (before !== null) await book.update(slot.id, statusAfter(before, { ...result, record }, now));
    await this.#trim(slot.id);
    const { metrics, state, reasonCode } = record;
    logger.info({ connector: slot.id, run: record.id, state, reasonCode, metrics }, 'run ended');
    return record;
  }

  /** Cancelled runs are over; one that the closing process stops stays as it is, to be resumed. */
  async #interrupted(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    const { book, graph, clock } = this.#deps;
    const record = active.execution.record();
    if (active.stopCause === 'close') {
      await graph.store.putRecord('run', record.id, compact(record));
      return record;
    }
    const final = stoppedRun(record, active.stopCause === null ? 'INTERNAL' : 'CANCELLED', clock.now());
    await graph.store.putRecord('run', final.id, compact(final));
    await book.update(slot.id, {
      ...active.before,
      previousState: null,
      activeRunId: null,
      lastRunId: final.id,
      ...(active.stopCause === null ? { state: 'ERROR', reasonCode: 'INTERNAL', message: final.message } : {}),
    });
    return final;
  }

  /** A run of an earlier process that nobody resumed. */
  async #abandon(runId: string): Promise<void> {
    const { graph, clock } = this.#deps;
    const run = readRun(await graph.store.getRecord('run', runId));
    if (run?.state !== 'RUNNING') return;
    await graph.store.putRecord('run', runId, compact(stoppedRun(run, 'ABANDONED', clock.now())));
  }

  /** Never rejects: a record that could not be written now is written at the end. */
  async #listingEnded(slot: Slot, runId: string, listing: ListingRun): Promise<void> {
    const { book, graph, logger } = this.#deps;
    const { listing: name, outcome, rows } = listing;
    logger.info({ connector: slot.id, run: runId, listing: name, outcome, rows }, 'listing ended');
    book.emit({ type: 'listing-ended', runId, connector: slot.id, listing });
    this.#progressed(slot, true);
    const record = slot.active?.execution.record();
    if (record === undefined) return;
    await graph.store
      .putRecord('run', record.id, compact(record))
      .catch((error: unknown) => this.#logFailure(slot, error));
  }

  #progressed(slot: Slot, always = false): void {
    const { active } = slot;
    if (active === null) return;
    const now = this.#deps.clock.now();
    if (!always && now - active.lastProgressAt < PROGRESS_EVERY_MS) return;
    active.lastProgressAt = now;
    this.#deps.book.emit({ type: 'progress', progress: active.execution.progress() });
  }

  async #trim(connector: string): Promise<void> {
    const { store } = this.#deps.graph;
    const runs = await store.listRecords('run', { prefix: `${connector}/`, newestFirst: true });
    for (const { id } of runs.slice(RUNS_KEPT)) await store.putRecord('run', id, null);
  }

  #logFailure(slot: Slot, error: unknown): void {
    this.#deps.logger.error({ connector: slot.id, err: error }, 'a run could not be followed');
  }
}
