import { AppError } from '../../domain/errors.ts';
import { compact } from '../../domain/graph.ts';
import { CONNECTOR_ID, CROSSWALK } from '../../domain/keys.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProviderDefinition, TenantInfo } from '../../ports/provider.ts';
import { ConnectorBook } from './connector-book.ts';
import { deleteFromGraph } from './delete-connector.ts';
import { settledListings, statusAfter } from './freshness.ts';
import { readRun, timeKey, timeOfKey } from './records.ts';
import { removalSteps } from './removal.ts';
import { IdPool } from './run-keys.ts';
import { checkSchedule, nextStart } from './schedule.ts';
import { type ActiveRun, Slot } from './slot.ts';
import type { SyncGraph } from './sync-graph.ts';
import { RunExecution, type SyncRunResult } from './sync-run.ts';
import type {
  ConnectorConfig,
  ConnectorStatus,
  RemovalGuardConfig,
  RunReason,
  StateChange,
  SyncEvent,
  SyncProgress,
  SyncRun,
} from './types.ts';

const DEFAULT_GUARD: RemovalGuardConfig = { share: 0.2, minimum: 10 };
const PROGRESS_EVERY_MS = 250;
const RUNS_KEPT = 200;
const ROWS_PER_COMMIT = 500;
const IDS_PER_BLOCK = 256;
/** Longest single wait of a schedule; longer ones are waited for in pieces. */
const LONGEST_SLEEP_MS = 60 * 60_000;
/** Ends that no repetition can mend. */
const HOPELESS = new Set(['TENANT_ALREADY_CONNECTED', 'TENANT_CHANGED', 'SETTINGS_INVALID', 'PROVIDER_CONTRACT']);

export interface SyncServiceOptions {
  readonly graph: SyncGraph;
  readonly providers: ReadonlyMap<string, ProviderDefinition>;
  readonly connectors: readonly ConnectorConfig[];
  readonly clock: Clock;
  readonly logger: Logger;
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
 * or on request. `open` first, `close` last.
 */
export class SyncService {
  readonly #options: SyncServiceOptions;
  readonly #graph: SyncGraph;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #book: ConnectorBook;
  readonly #ids: IdPool;
  readonly #slots = new Map<string, Slot>();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(options: SyncServiceOptions) {
    this.#options = options;
    this.#graph = options.graph;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#book = new ConnectorBook({ store: options.graph.store, clock: options.clock, logger: options.logger });
    this.#ids = new IdPool(options.graph.store, IDS_PER_BLOCK);
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
      // One that stands well keeps its rhythm over a restart; any other is tried at once.
      if (state !== 'CONNECTED' || lastRunId === null) continue;
      slot.lastStartedAt = readRun(await this.#graph.store.getRecord('run', lastRunId))?.startedAt ?? null;
    }
  }

  /** Takes up what the end of the process interrupted: runs at their checkpoints, deletions. */
  async resumeInterrupted(): Promise<void> {
    for (const status of this.#book.all()) {
      const slot = this.#slot(status.connector);
      if (status.state === 'DELETING') {
        this.#track(this.deleteConnector(slot.id).catch((error: unknown) => this.#logFailure(slot, error)));
      } else if (status.activeRunId !== null && slot.config !== null) {
        const run = readRun(await this.#graph.store.getRecord('run', status.activeRunId));
        await slot.inTurn(() =>
          run?.state === 'RUNNING'
            ? this.#launch(slot, { ...run, resumes: run.resumes + 1 }, true)
            : this.#begin(slot, 'BOOT'),
        );
      }
    }
  }

  /** Starts the schedules of all connectors; those without a run yet, or overdue, begin at once. */
  schedule(): void {
    for (const slot of this.#slots.values()) {
      if (slot.config !== null) this.#track(this.#runSchedule(slot));
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
      return this.#begin(slot, options.reason ?? 'REQUEST');
    });
  }

  /** Ends the run in progress within one page; what it has committed stays. Answers with its record, `null` without one. */
  async cancel(connector: string): Promise<SyncRun | null> {
    const slot = this.#slot(connector);
    return slot.active === null ? null : this.#stopRun(slot.active, 'cancel');
  }

  /** Resolves with the record of the run in progress when it ends; at once with `null` when there is none. */
  async finished(connector: string): Promise<SyncRun | null> {
    const { active } = this.#slot(connector);
    return active === null ? null : active.done;
  }

  /**
   * Carries out the removal that the guard held back: exactly what the preview showed, or, when the process has been
   * restarted since, by reading again with leave to remove as much as it showed.
   * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
   */
  async confirmRemoval(connector: string, options: DecisionOptions = {}): Promise<ConnectorStatus> {
    const slot = this.#slot(connector);
    return slot.inTurn(async () => {
      const { preview } = this.#decidable(slot);
      const isHere = preview.listings.every(({ listing }) => slot.staged.has(listing));
      if (!isHere) {
        for (const { listing, kinds } of preview.listings) {
          slot.approved.set(listing, Object.fromEntries(kinds.map(({ kind, removed }) => [kind, removed])));
        }
        await this.#begin(slot, 'CONFIRMED_REMOVAL');
        return this.state(connector);
      }
      for (const { listing } of preview.listings) await this.#removeStaged(slot, listing, preview.runId, options.actor);
      const status = this.state(connector);
      const removed = new Set(preview.listings.map(({ listing }) => listing));
      const isHealed = status.reasonCode === 'REMOVAL_GUARD' || status.reasonCode === 'REMOVAL_REJECTED';
      return this.#book.update(connector, {
        preview: null,
        ...(isHealed ? { state: 'CONNECTED', reasonCode: null, message: null, staleSince: null } : {}),
        listings: status.listings.map((entry) =>
          removed.has(entry.listing)
            ? { ...entry, lastOutcome: 'COMPLETE', lastCompleteAt: preview.at, reasonCode: null, message: null }
            : entry,
        ),
      });
    });
  }

  /**
   * Forgets the removal that the guard held back; the data stays. The next run asks again if the provider still says so.
   * @throws AppError `NO_PREVIEW`, `SYNC_RUNNING`
   */
  async rejectRemoval(connector: string): Promise<ConnectorStatus> {
    const slot = this.#slot(connector);
    return slot.inTurn(async () => {
      this.#decidable(slot);
      slot.staged.clear();
      const message = 'The removal was rejected and the data kept; the next run asks again if nothing has changed.';
      return this.#book.update(connector, { preview: null, reasonCode: 'REMOVAL_REJECTED', message });
    });
  }

  /**
   * Takes everything of a connector out of the graph. Afterwards it is as new, or gone when it is not configured.
   * @throws AppError `CONNECTOR_NOT_FOUND`; `ABORTED` when the service closes meanwhile: the next start goes on
   */
  async deleteConnector(connector: string, options: DecisionOptions = {}): Promise<void> {
    const slot = this.#slot(connector);
    if (slot.active !== null) await this.#stopRun(slot.active, 'delete');
    await slot.inTurn(async () => {
      const message = 'Its data is being taken out of the graph.';
      await this.#book.update(connector, { state: 'DELETING', reasonCode: null, message, activeRunId: null });
      await deleteFromGraph(this.#graph, connector, options.actor, this.#stop.signal);
      for (const { id } of await this.#graph.store.listRecords('run', { prefix: `${connector}/` })) {
        await this.#graph.store.putRecord('run', id, null);
      }
      slot.staged.clear();
      slot.isHopeless = true;
      slot.reschedule();
      await this.#book.forget(connector, slot.config);
      if (slot.config === null) this.#slots.delete(connector);
    });
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
    const options = { prefix: `${connector}/`, newestFirst: true, limit };
    const stored = (await this.#graph.store.listRecords('run', options)).flatMap(({ value }) => readRun(value) ?? []);
    const running = active?.execution.record();
    return running === undefined ? stored : stored.map((run) => (run.id === running.id ? running : run));
  }

  async run(id: string): Promise<SyncRun | null> {
    const active = this.#slots.get(id.slice(0, id.indexOf('/')))?.active?.execution.record();
    return active?.id === id ? active : readRun(await this.#graph.store.getRecord('run', id));
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
    for (const slot of this.#slots.values()) {
      slot.reschedule();
      if (slot.active !== null) await this.#stopRun(slot.active, 'close');
      await slot.turn;
    }
    await Promise.all(this.#loops);
  }

  async #begin(slot: Slot, reason: RunReason): Promise<SyncRun> {
    if (this.#stop.signal.aborted) throw new AppError('SHUTTING_DOWN', 'The gateway is stopping.', { retryable: true });
    const status = this.state(slot.id);
    if (slot.config === null) {
      throw new AppError('CONNECTOR_NOT_CONFIGURED', `The connector ${slot.id} is no longer in the configuration.`, {
        connector: slot.id,
      });
    }
    if (status.state === 'DELETING') {
      throw new AppError('CONNECTOR_DELETING', `The connector ${slot.id} is being deleted.`, { connector: slot.id });
    }
    if (status.activeRunId !== null) await this.#abandon(status.activeRunId);
    const now = this.#clock.now();
    const record: SyncRun = {
      id: nextRunId(slot.id, now, [status.activeRunId, status.lastRunId]),
      connector: slot.id,
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
      metrics: {
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
      },
    };
    return this.#launch(slot, record, false);
  }

  async #launch(slot: Slot, record: SyncRun, isResume: boolean): Promise<SyncRun> {
    const { config, provider } = slot;
    if (config === null || provider === null) throw notFound(slot.id);
    const status = this.state(slot.id);
    const before =
      status.state === 'SYNCING'
        ? { state: status.previousState ?? 'NOT_CONNECTED', reasonCode: null, message: null }
        : { state: status.state, reasonCode: status.reasonCode, message: status.message };
    const logger = this.#logger.child({ connector: slot.id, run: record.id });
    const controller = new AbortController();
    const execution = new RunExecution({
      record,
      isResume,
      graph: this.#graph,
      provider,
      settings: config.settings,
      allowLoopback: this.#options.allowLoopback ?? false,
      clock: this.#clock,
      logger,
      ids: this.#ids,
      guard: { ...DEFAULT_GUARD, ...definedOnly(config.removalGuard) },
      approved: slot.approved,
      lastRows: new Map(status.listings.flatMap((entry) => (entry.rows === null ? [] : [[entry.listing, entry.rows]]))),
      claimTenant: (tenant) => this.#claimTenant(slot, tenant),
      progressed: () => this.#progressed(slot),
      listingEnded: (listing) => {
        this.#book.emit({ type: 'listing-ended', runId: record.id, connector: slot.id, listing });
        this.#progressed(slot, true);
        logger.info({ listing: listing.listing, outcome: listing.outcome, rows: listing.rows }, 'listing ended');
      },
    });
    await this.#graph.store.putRecord('run', record.id, compact(record));
    slot.lastStartedAt = this.#clock.now();
    await this.#book.update(slot.id, {
      state: 'SYNCING',
      reasonCode: null,
      message: null,
      previousState: before.state,
      activeRunId: record.id,
    });
    logger.info({ reason: record.reason, resumes: record.resumes }, 'run started');
    const active: ActiveRun = {
      execution,
      controller,
      before,
      stopCause: null,
      lastProgressAt: 0,
      done: Promise.resolve(record),
    };
    slot.active = active;
    active.done = this.#follow(slot, active);
    this.#book.emit({ type: 'run-started', run: record });
    return record;
  }

  /** Waits for the end of a run and writes down what it means. Never rejects. */
  async #follow(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    let final = active.execution.record();
    try {
      const result = await active.execution.execute(active.controller.signal);
      final = await this.#concluded(slot, result);
    } catch (error) {
      final = await this.#interrupted(slot, active).catch((failure: unknown) => {
        this.#logFailure(slot, failure);
        return active.execution.record();
      });
      if (!active.controller.signal.aborted) this.#logFailure(slot, error);
    } finally {
      slot.active = null;
      slot.lastEndedAt = this.#clock.now();
      slot.reschedule();
    }
    this.#book.emit({ type: 'run-ended', run: final });
    return final;
  }

  async #concluded(slot: Slot, result: SyncRunResult): Promise<SyncRun> {
    const now = this.#clock.now();
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
    await this.#graph.store.putRecord('run', record.id, compact(record));
    await this.#book.update(slot.id, statusAfter(this.state(slot.id), { ...result, record }, now));
    await this.#trimRuns(slot.id);
    const { metrics, state, reasonCode } = record;
    this.#logger.info({ connector: slot.id, run: record.id, state, reasonCode, metrics }, 'run ended');
    return record;
  }

  /** Cancelled runs are over; one that the closing process stops stays as it is, to be resumed. */
  async #interrupted(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    const record = active.execution.record();
    if (active.stopCause === 'close') {
      await this.#graph.store.putRecord('run', record.id, compact(record));
      return record;
    }
    const isCancelled = active.stopCause !== null;
    const final: SyncRun = {
      ...record,
      state: isCancelled ? 'CANCELLED' : 'FAILED',
      reasonCode: isCancelled ? 'CANCELLED' : 'INTERNAL',
      message: isCancelled ? 'The run was cancelled.' : 'The run could not be written down; see the log.',
      endedAt: this.#clock.now(),
      listings: record.listings.map((listing) =>
        listing.outcome === 'WAITING' || listing.outcome === 'RUNNING' ? { ...listing, outcome: 'CANCELLED' } : listing,
      ),
    };
    await this.#graph.store.putRecord('run', final.id, compact(final));
    await this.#book.update(slot.id, {
      ...active.before,
      previousState: null,
      activeRunId: null,
      lastRunId: final.id,
      ...(isCancelled ? {} : { state: 'ERROR' as const, reasonCode: 'INTERNAL', message: final.message }),
    });
    return final;
  }

  async #stopRun(active: ActiveRun, cause: ActiveRun['stopCause']): Promise<SyncRun> {
    active.stopCause ??= cause;
    active.controller.abort();
    return active.done;
  }

  /** A run of an earlier process that nobody resumed. */
  async #abandon(runId: string): Promise<void> {
    const run = readRun(await this.#graph.store.getRecord('run', runId));
    if (run?.state !== 'RUNNING') return;
    const message = 'The process ended during this run, and a new one was started instead of resuming it.';
    const final: SyncRun = { ...run, state: 'CANCELLED', reasonCode: 'ABANDONED', message, endedAt: this.#clock.now() };
    await this.#graph.store.putRecord('run', runId, compact(final));
  }

  async #claimTenant(slot: Slot, tenant: TenantInfo): Promise<void> {
    const status = this.state(slot.id);
    const other = this.#book
      .all()
      .find(
        (candidate) =>
          candidate.connector !== slot.id &&
          candidate.provider === status.provider &&
          candidate.tenant?.nativeId === tenant.nativeId,
      );
    if (other !== undefined) {
      throw new AppError(
        'TENANT_ALREADY_CONNECTED',
        `The tenant ${tenant.name} is already connected as "${other.name}" (${other.connector}); remove one of the two connectors.`,
        { connector: slot.id, details: { connectedAs: other.connector } },
      );
    }
    if (status.tenant !== null && status.tenant.nativeId !== tenant.nativeId) {
      throw new AppError(
        'TENANT_CHANGED',
        `The settings of "${slot.id}" now lead to the tenant ${tenant.name} instead of ${status.tenant.name}. Give it a connector of its own, or delete this one's data first.`,
        { connector: slot.id },
      );
    }
    const { nativeId, name, domains, url } = tenant;
    await this.#book.update(slot.id, { tenant: { nativeId, name, domains: [...domains], url: url ?? null } });
  }

  #progressed(slot: Slot, always = false): void {
    const { active } = slot;
    if (active === null) return;
    const now = this.#clock.now();
    if (!always && now - active.lastProgressAt < PROGRESS_EVERY_MS) return;
    active.lastProgressAt = now;
    this.#book.emit({ type: 'progress', progress: active.execution.progress() });
  }

  async #removeStaged(slot: Slot, listing: string, runId: string, actor: string | undefined): Promise<void> {
    const staged = slot.staged.get(listing);
    if (staged === undefined) return;
    const { index } = this.#graph;
    const nodes = staged.nodes.filter((id) => index.isAlive(id) && index.sourceOf(id) === staged.source);
    for await (const step of removalSteps(this.#graph, nodes, staged.links, ROWS_PER_COMMIT)) {
      await this.#graph.commit(async () => {
        const draft = await step();
        return draft === null ? null : { ...draft, cause: 'DECISION', connector: slot.id, runId, actor };
      });
    }
    slot.staged.delete(listing);
  }

  #decidable(slot: Slot): { preview: NonNullable<ConnectorStatus['preview']> } {
    const { preview } = this.state(slot.id);
    if (slot.active !== null) {
      throw new AppError('SYNC_RUNNING', `${slot.id} is being synced; decide when the run has ended, or cancel it.`, {
        retryable: true,
        audience: 'user',
        connector: slot.id,
      });
    }
    if (preview === null) {
      throw new AppError('NO_PREVIEW', `No removal of ${slot.id} waits for a decision.`, {
        audience: 'user',
        connector: slot.id,
      });
    }
    return { preview };
  }

  async #runSchedule(slot: Slot): Promise<void> {
    const stop = this.#stop.signal;
    while (!stop.aborted) {
      const random = (this.#options.random ?? Math.random)();
      const at = nextStart(slot.config?.schedule, { now: this.#clock.now(), ...this.#facts(slot), random });
      this.#book.note(slot.id, { nextRunAt: at });
      const isDue = await this.#waitUntil(at, slot);
      if (stop.aborted) return;
      if (slot.active !== null) await slot.active.done;
      else if (isDue) {
        const reason = slot.failures > 0 ? 'RETRY' : 'SCHEDULE';
        try {
          await this.start(slot.id, { reason });
          await this.finished(slot.id);
        } catch (error) {
          if (stop.aborted) return;
          this.#logFailure(slot, error);
          slot.isHopeless = true;
        }
      }
    }
  }

  #facts(slot: Slot) {
    const { lastStartedAt, lastEndedAt, failures, isHopeless } = slot;
    return { lastStartedAt, lastEndedAt, failures, isHopeless };
  }

  /** @returns false when the plan was overtaken by a run in between */
  async #waitUntil(at: number | null, slot: Slot): Promise<boolean> {
    const signal = AbortSignal.any([this.#stop.signal, slot.kick.signal]);
    try {
      for (;;) {
        const left = at === null ? LONGEST_SLEEP_MS : at - this.#clock.now();
        if (left <= 0) return true;
        await this.#clock.sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
      }
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  async #trimRuns(connector: string): Promise<void> {
    const runs = await this.#graph.store.listRecords('run', { prefix: `${connector}/`, newestFirst: true });
    for (const { id } of runs.slice(RUNS_KEPT)) await this.#graph.store.putRecord('run', id, null);
  }

  #slot(connector: string): Slot {
    const slot = this.#slots.get(connector);
    if (slot === undefined) throw notFound(connector);
    return slot;
  }

  #track(work: Promise<void>): void {
    this.#loops.push(work);
  }

  #logFailure(slot: Slot, error: unknown): void {
    this.#logger.error({ connector: slot.id, err: error }, 'the sync service failed');
  }
}

/** Sorts after those before, even if the clock has been set back. */
function nextRunId(connector: string, now: number, before: readonly (string | null)[]): string {
  const times = before.flatMap((id) => (id === null ? [] : [timeOfKey(id.slice(connector.length + 1)) + 1]));
  return `${connector}/${timeKey(Math.max(now, ...times))}`;
}

function notFound(connector: string): AppError {
  return new AppError('CONNECTOR_NOT_FOUND', `There is no connector "${connector}".`, { audience: 'user' });
}

/** An option that is present but `undefined` must not hide the default. */
function definedOnly<T extends object>(value: T | undefined): Partial<T> {
  const kept: Partial<T> = { ...value };
  for (const key of Object.keys(kept)) if (Reflect.get(kept, key) === undefined) Reflect.deleteProperty(kept, key);
  return kept;
}
