import { compact } from '../../domain/graph.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { readStateChange, readStatus, timeKey } from './records.ts';
import type { ConnectorConfig, ConnectorStatus, StateChange, SyncEvent } from './types.ts';

const HISTORY_KEPT = 500;
/** History is trimmed once in so many entries. */
const TRIM_EVERY = 50;

/** The states of all connectors: in memory for reading, in the store for the next start, told to whoever listens. */
export class ConnectorBook {
  readonly #store: GraphStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #statuses = new Map<string, ConnectorStatus>();
  readonly #configs = new Map<string, ConnectorConfig>();
  readonly #listeners = new Set<(event: SyncEvent) => void>();
  /** By connector, writes that have not ended yet. */
  readonly #writing = new Map<string, number>();
  /** By connector, the number of its last write that ended; `#writes` counts those of all. */
  readonly #written = new Map<string, number>();
  #writes = 0;
  #entries = 0;

  constructor(options: { store: GraphStore; clock: Clock; logger: Logger }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Reads what is stored; connectors without a record begin as NOT_CONNECTED. */
  async load(configs: readonly ConnectorConfig[]): Promise<void> {
    for (const { value } of await this.#store.listRecords('connector')) {
      const status = readStatus(value);
      if (status !== null) this.#statuses.set(status.connector, { ...status, nextRunAt: null });
    }
    for (const config of configs) {
      this.#configs.set(config.id, config);
      const name = config.name ?? config.id;
      const known = this.#statuses.get(config.id);
      this.#statuses.set(
        config.id,
        known === undefined ? newStatus(config, this.#clock.now()) : { ...known, name, provider: config.provider },
      );
    }
  }

  /**
   * Takes over what other gateways have written since. What this one writes while it reads is newer, and stays. One
   * whose record has gone is as new, or forgotten when it is not configured here.
   * @param isOurs  connectors whose run is here: what memory says of them is newer
   */
  async refresh(isOurs: (connector: string) => boolean): Promise<void> {
    const start = this.#writes;
    const isNewer = (connector: string): boolean =>
      isOurs(connector) || this.#writing.has(connector) || (this.#written.get(connector) ?? 0) > start;
    const records = await this.#store.listRecords('connector');
    for (const { value } of records) {
      const status = readStatus(value);
      if (status !== null && !isNewer(status.connector)) this.#take(status);
    }
    const found = new Set(records.map(({ id }) => id));
    for (const { connector, state, since } of this.all()) {
      if (found.has(connector) || isNewer(connector)) continue;
      const config = this.#configs.get(connector);
      if (config === undefined) this.#statuses.delete(connector);
      else this.#take(newStatus(config, state === 'NOT_CONNECTED' ? since : this.#clock.now()));
    }
  }

  /** By id. */
  all(): readonly ConnectorStatus[] {
    return [...this.#statuses.values()].sort((a, b) => (a.connector < b.connector ? -1 : 1));
  }

  get(connector: string): ConnectorStatus | null {
    return this.#statuses.get(connector) ?? null;
  }

  /** Changes a status and stores it; a change of state is told and becomes an entry of the history. */
  async update(connector: string, patch: Partial<ConnectorStatus>): Promise<ConnectorStatus> {
    const before = this.#statuses.get(connector);
    if (before === undefined) throw new TypeError(`no connector ${connector}`);
    const moves = (patch.state ?? before.state) !== before.state || differs(patch.reasonCode, before.reasonCode);
    const after: ConnectorStatus = { ...before, ...patch, since: moves ? this.#clock.now() : before.since };
    this.#statuses.set(connector, after);
    this.emit({ type: 'state', status: after });
    await this.#write(connector, compact(after));
    if (moves) await this.#remember(after);
    return after;
  }

  /** For values that need not survive a restart. */
  note(connector: string, patch: Pick<ConnectorStatus, 'nextRunAt'>): void {
    const before = this.#statuses.get(connector);
    if (before !== undefined) this.#statuses.set(connector, { ...before, ...patch });
  }

  /** Forgets a connector; one that is configured begins anew. */
  async forget(connector: string): Promise<void> {
    await this.#write(connector, null);
    const config = this.#configs.get(connector);
    if (config === undefined) {
      this.#statuses.delete(connector);
      return;
    }
    const status = newStatus(config, this.#clock.now());
    this.#statuses.set(connector, status);
    this.emit({ type: 'state', status });
    await this.#remember(status);
  }

  /** Newest first. */
  async history(connector: string, limit: number): Promise<readonly StateChange[]> {
    const entries = await this.#store.listRecords('history', { prefix: `${connector}/`, newestFirst: true, limit });
    return entries.flatMap(({ value }) => readStateChange(value) ?? []);
  }

  listen(listener: (event: SyncEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: SyncEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ err: error, event: event.type }, 'a listener of the sync failed');
      }
    }
  }

  /** What another gateway says; the names and the plan are this one's. */
  #take(status: ConnectorStatus): void {
    const before = this.#statuses.get(status.connector);
    const { name = status.name, provider = status.provider, nextRunAt = null } = before ?? {};
    const after = { ...status, name, provider, nextRunAt };
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    this.#statuses.set(status.connector, after);
    this.emit({ type: 'state', status: after });
  }

  async #write(connector: string, value: JsonObject | null): Promise<void> {
    this.#writing.set(connector, (this.#writing.get(connector) ?? 0) + 1);
    try {
      await this.#store.putRecord('connector', connector, value);
    } finally {
      const others = this.#writing.get(connector)! - 1;
      if (others === 0) this.#writing.delete(connector);
      else this.#writing.set(connector, others);
      this.#written.set(connector, ++this.#writes);
    }
  }

  async #remember(status: ConnectorStatus): Promise<void> {
    const { connector, state, reasonCode, message, since } = status;
    const entry: StateChange = {
      connector,
      at: since,
      state,
      reasonCode,
      message,
      runId: status.activeRunId ?? status.lastRunId,
    };
    const order = (this.#entries++ % 1296).toString(36).padStart(2, '0');
    await this.#store.putRecord('history', `${connector}/${timeKey(since)}-${order}`, compact(entry));
    if (this.#entries % TRIM_EVERY !== 0) return;
    const ids = await this.#store.listRecords('history', { prefix: `${connector}/`, newestFirst: true });
    for (const { id } of ids.slice(HISTORY_KEPT)) await this.#store.putRecord('history', id, null);
  }
}

function differs(next: string | null | undefined, before: string | null): boolean {
  return next !== undefined && next !== before;
}

function newStatus(config: ConnectorConfig, now: number): ConnectorStatus {
  return {
    connector: config.id,
    name: config.name ?? config.id,
    provider: config.provider,
    state: 'NOT_CONNECTED',
    reasonCode: null,
    message: null,
    since: now,
    previousState: null,
    tenant: null,
    activeRunId: null,
    lastRunId: null,
    lastCompleteAt: null,
    staleSince: null,
    listings: [],
    missingScopes: [],
    preview: null,
    nextRunAt: null,
  };
}
