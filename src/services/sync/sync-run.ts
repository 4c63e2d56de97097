import { AppError, asAppError } from '../../domain/errors.ts';
import { compact } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ProviderDefinition, ProviderSession, TenantInfo } from '../../ports/provider.ts';
import { type Conclusion, conclude } from './conclude.ts';
import { IdSet } from './id-set.ts';
import { LinkTable } from './link-table.ts';
import { readCheckpoint } from './listing-state.ts';
import { ListingTask } from './listing-task.ts';
import { PendingBook } from './pending-book.ts';
import type { ApprovedRemovals } from './removal.ts';
import { MetricsBook, type RunContext } from './run-context.ts';
import { type IdPool, RunKeys } from './run-keys.ts';
import { type GuardedRemoval, RunLoop } from './run-loop.ts';
import type { SyncGraph } from './sync-graph.ts';
import { inOrder, tenantSyncer } from './tenant-listing.ts';
import type { ListingRun, RemovalGuardConfig, RunMetrics, SyncProgress, SyncRun } from './types.ts';

const ROWS_PER_COMMIT = 500;
/** Nobody reads a graph that is being filled, and big commits take half the time. */
const ROWS_PER_FIRST_COMMIT = 5_000;

export interface SyncRunOptions {
  readonly record: SyncRun;
  /** Takes up a run that the end of the process interrupted. */
  readonly isResume: boolean;
  readonly graph: SyncGraph;
  readonly provider: ProviderDefinition;
  readonly settings: unknown;
  readonly allowLoopback: boolean;
  /** See `ProviderContext`. */
  readonly knownTenant: { readonly nativeId: string; readonly name: string } | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ids: IdPool;
  readonly guard: RemovalGuardConfig;
  readonly approved: ApprovedRemovals;
  /** Rows of each listing's last complete reading. */
  readonly lastRows: ReadonlyMap<string, number>;
  /** @throws AppError `TENANT_ALREADY_CONNECTED`, `TENANT_CHANGED` */
  claimTenant(tenant: TenantInfo): void | Promise<void>;
  progressed(): void;
  listingEnded(listing: ListingRun): Promise<void>;
}

export interface SyncRunResult {
  readonly record: SyncRun;
  readonly conclusion: Conclusion;
  readonly tasks: readonly ListingTask[];
  readonly guarded: readonly GuardedRemoval[];
}

/** One run of one connector, from connecting to its conclusion. */
export class RunExecution {
  readonly #options: SyncRunOptions;
  readonly #metrics: MetricsBook;
  readonly #before: RunMetrics;
  readonly #beganAt: number;
  #tasks: readonly ListingTask[] = [];
  #session: ProviderSession | null = null;
  #pendingLinks = 0;

  constructor(options: SyncRunOptions) {
    this.#options = options;
    this.#before = options.record.metrics;
    this.#metrics = new MetricsBook(options.isResume ? this.#before : undefined);
    this.#beganAt = options.clock.now();
  }

  /** The record as it would be written now. */
  record(): SyncRun {
    const stats = this.#session?.stats() ?? { requests: 0, retries: 0, throttledMs: 0 };
    return {
      ...this.#options.record,
      listings: this.#tasks.length === 0 ? this.#options.record.listings : this.#tasks.map((task) => task.run()),
      metrics: {
        ...this.#metrics.snapshot(),
        requests: this.#before.requests + stats.requests,
        retries: this.#before.retries + stats.retries,
        throttledMs: this.#before.throttledMs + stats.throttledMs,
        pendingLinks: this.#pendingLinks,
        durationMs: this.#before.durationMs + this.#options.clock.now() - this.#beganAt,
      },
    };
  }

  progress(): SyncProgress {
    const now = this.#options.clock.now();
    const listings = this.#tasks.map((task) => task.progress(now));
    const done = listings.reduce((sum, listing) => sum + listing.done, 0);
    const isKnown = listings.length > 0 && listings.every((listing) => listing.total !== null);
    const total = isKnown ? listings.reduce((sum, listing) => sum + (listing.total ?? 0), 0) : null;
    const rate = (this.#metrics.rows / Math.max(1, now - this.#beganAt)) * 1000;
    return {
      connector: this.#options.record.connector,
      runId: this.#options.record.id,
      startedAt: this.#options.record.startedAt,
      done,
      total,
      ratePerSecond: rate,
      etaMs: total === null || rate === 0 ? null : Math.round(((total - done) / rate) * 1000),
      listings,
    };
  }

  /**
   * Never fails because of the provider: what goes wrong is in the conclusion.
   * @throws AppError `ABORTED` when the signal ended it
   */
  async execute(signal: AbortSignal): Promise<SyncRunResult> {
    try {
      const { conclusion, guarded } = await this.#execute(signal);
      return { record: this.record(), conclusion, tasks: this.#tasks, guarded };
    } catch (thrown) {
      const error = asAppError(thrown);
      if (signal.aborted) throw error;
      this.#log(error);
      return { record: this.record(), conclusion: conclude([], error), tasks: this.#tasks, guarded: [] };
    } finally {
      await this.#session?.close().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'closing the line to the provider failed');
      });
    }
  }

  async #execute(signal: AbortSignal): Promise<{ conclusion: Conclusion; guarded: readonly GuardedRemoval[] }> {
    const options = this.#options;
    const { record, graph, provider } = options;
    const session = await this.#connect(signal);
    await options.claimTenant(session.tenant);
    const syncers = [tenantSyncer(session.tenant), ...inOrder(session.syncers, record.connector)];
    const sources = await Promise.all(
      syncers.map(({ name }) => graph.sourceId({ connector: record.connector, listing: name })),
    );
    const tables = await loadTables(graph, record.connector, signal);
    const pending = await PendingBook.load(graph, record.connector, signal);
    const run: RunContext = {
      connector: record.connector,
      runId: record.id,
      graph,
      clock: options.clock,
      logger: options.logger,
      version: provider.normaliserVersion,
      keys: await RunKeys.load(graph.store, record.connector, signal),
      pending,
      ids: options.ids,
      ranks: new Map(sources.map((source, rank) => [source, rank])),
      tables,
      alsoListed: new IdSet(),
      removed: new IdSet(),
      metrics: this.#metrics,
      rowsPerCommit: record.first ? ROWS_PER_FIRST_COMMIT : ROWS_PER_COMMIT,
      tenantNode: null,
    };
    this.#tasks = await Promise.all(
      syncers.map(async (syncer, rank) => {
        const ref = { connector: record.connector, listing: syncer.name };
        const state = options.isResume ? await graph.store.checkpoint(ref) : null;
        const checkpoint = readCheckpoint(state, record.id);
        return new ListingTask(
          syncer,
          { source: sources[rank]!, rank },
          checkpoint,
          options.lastRows.get(syncer.name) ?? null,
        );
      }),
    );
    const loop = new RunLoop(run, this.#tasks, {
      guard: options.guard,
      approved: options.approved,
      tenantNativeId: session.tenant.nativeId,
      knownListings: new Set(Object.keys(provider.requires)),
      progressed: options.progressed,
      listingEnded: (task) => options.listingEnded(task.run()),
    });
    try {
      return { conclusion: await loop.execute(signal), guarded: loop.guarded };
    } finally {
      this.#pendingLinks = pending.size;
    }
  }

  async #connect(signal: AbortSignal): Promise<ProviderSession> {
    const { record, provider, settings, clock, logger, allowLoopback, knownTenant } = this.#options;
    const parsed = provider.settingsSchema.safeParse(settings);
    if (!parsed.success) {
      // The names of the fields only: values may be secrets.
      const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || '(settings)'))];
      throw new AppError(
        'SETTINGS_INVALID',
        `The settings of the connector ${record.connector} cannot be used: check ${fields.join(', ')}.`,
        { connector: record.connector, details: compact({ fields }) },
      );
    }
    const context = { connector: record.connector, clock, logger, signal, allowLoopback, knownTenant };
    this.#session = await untilAborted(provider.connect(parsed.data, context), signal);
    return this.#session;
  }

  #log(error: AppError): void {
    const { logger, record } = this.#options;
    const fields = { run: record.id, code: error.code };
    if (error.code === 'INTERNAL') logger.error({ ...fields, err: error.cause }, 'a run failed');
    else logger.warn({ ...fields, reason: error.message }, 'a run failed');
  }
}

/** Links with a hash by source, without their properties; the index does not have the hashes. */
async function loadTables(graph: SyncGraph, connector: string, signal: AbortSignal): Promise<Map<number, LinkTable>> {
  const tables = new Map<number, LinkTable>();
  for await (const chunk of graph.store.linkHashes(connector)) {
    if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true, connector });
    for (let i = 0; i < chunk.from.length; i++) {
      const source = chunk.source[i]!;
      let table = tables.get(source);
      if (table === undefined) {
        table = new LinkTable();
        tables.set(source, table);
      }
      table.insert(chunk.from[i]!, chunk.kind[i]!, chunk.to[i]!, chunk.qualifiers[i]!, 0, chunk.hash[i]!);
    }
  }
  return tables;
}

/** A provider that does not listen to the signal must not hold the run; a session that comes too late is closed. */
async function untilAborted(opening: Promise<ProviderSession>, signal: AbortSignal): Promise<ProviderSession> {
  const aborted = (): AppError => new AppError('ABORTED', 'The run was stopped.', { retryable: true });
  let stop = (): void => {};
  const abort = new Promise<never>((_, reject) => {
    stop = () => reject(aborted());
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([opening, abort]);
  } catch (error) {
    if (signal.aborted) opening.then((session) => session.close()).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
