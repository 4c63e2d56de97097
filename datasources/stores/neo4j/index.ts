import type neo4j from 'neo4j-driver';
import pLimit from 'p-limit';
import type { ChangeSet, CommittedChange, PendingLink } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { LinkRecord, SourceRef } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type {
  GraphStore,
  KeyChunk,
  Lease,
  LinkHashChunk,
  ListQuery,
  Page,
  RestoreOptions,
  SearchQuery,
  StoredNode,
  StoreInfo,
  StoreRestore,
  TopologyChunk,
} from '../../../src/ports/graph-store.ts';
import { type Logger, silentLogger } from '../../../src/ports/logger.ts';
import type { StoreChunk } from '../../../src/ports/store-dump.ts';
import { decodeChange } from '../shared/change-row.ts';
import { storeMissing } from '../shared/errors.ts';
import { applyChange, commitTimeoutMs } from './commit.ts';
import { Database, TURN_MS } from './driver.ts';
import { readDump } from './dump.ts';
import { closedError } from './errors.ts';
import { acquireLease, releaseLease, renewLease } from './leases.ts';
import { readLinkHashes, readLinks } from './link-reader.ts';
import { list } from './list.ts';
import { readChanges, readRange } from './log-reader.ts';
import { readIdsByKey, readKeys, readNodes } from './node-reader.ts';
import { checkWhole, Restoring } from './restore.ts';
import { checkEngine, migrate, type Opened } from './schema.ts';
import { search } from './search.ts';
import {
  countPending,
  listRecords,
  readCheckpoint,
  readCursor,
  readPendingFor,
  readPendingKeys,
  readRecord,
} from './side-reader.ts';
import { checkCursor, writeCursor } from './side-rows.ts';
import { readTopology } from './topology.ts';
import { allocateIds, PRUNE_TIMEOUT_MS, pruneChanges, putRecord, readSources, sourceId } from './writes.ts';

export interface Neo4jStoreOptions {
  /** `bolt://`, `neo4j://` (clusters), each also with `+s` or `+ssc` for TLS. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** Default `neo4j`, the one that Community has. */
  readonly database?: string;
  /** Connector id → second label of its nodes (`Okta`): letters and digits, a letter first. */
  readonly providerLabels?: ReadonlyMap<string, string>;
  /** How long a failed transaction is tried again; default 5,000. */
  readonly retryMs?: number;
  /** Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Default 50. */
  readonly maxConnections?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Tests only: stands between the store and the driver. */
  readonly driver?: typeof neo4j.driver | undefined;
}

/** The shared store: one Neo4j database, written by any number of gateways at once. Community 5.26 or newer is enough. */
export function createNeo4jStore(options: Neo4jStoreOptions): GraphStore {
  return new Neo4jStore(options);
}

class Neo4jStore implements GraphStore {
  readonly isShared = true;
  readonly #db: Database;
  readonly #uri: string;
  readonly #database: string;
  readonly #labels: ReadonlyMap<string, string>;
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sources = new Map<number, SourceRef>();
  readonly #running = new Set<Promise<unknown>>();
  /** Commits of this process in the order of the calls; the lock inside Neo4j orders them among processes. */
  readonly #inTurn = pLimit(1);
  #storeId: string | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: Neo4jStoreOptions) {
    const { uri, username, password, database = 'neo4j', providerLabels = new Map() } = options;
    for (const label of providerLabels.values()) {
      if (!/^[A-Z][A-Za-z0-9]{0,31}$/.test(label)) throw new TypeError(`"${label}" cannot be a label in Neo4j.`);
    }
    this.#uri = uri;
    this.#database = database;
    this.#labels = providerLabels;
    this.#logger = (options.logger ?? silentLogger).child({ store: 'neo4j' });
    this.#clock = options.clock ?? { now: Date.now };
    const { retryMs = 5_000, connectTimeoutMs = 10_000, maxConnections = 50, driver } = options;
    this.#db = new Database({ uri, username, password, database, retryMs, connectTimeoutMs, maxConnections, driver });
  }

  open({ create = true }: { readonly create?: boolean } = {}): Promise<StoreInfo> {
    return this.#start(async () => {
      const isThere = await checkWhole(this.#db, this.#where);
      if (!isThere && !create) throw storeMissing(this.#where);
      return migrate(this.#db, this.#uri);
    });
  }

  async restore({ replace = false }: RestoreOptions = {}): Promise<StoreRestore> {
    const restoring = new Restoring(this.#db, this.#where, (id) => this.#labels.get(id));
    const info = await this.#start(async () => {
      const { schema } = await migrate(this.#db, this.#uri);
      await restoring.begin({ replace, now: this.#clock.now() });
      return { storeId: restoring.storeId, seq: 0, schema };
    });
    return {
      info,
      write: (chunk) => this.#run(() => restoring.write(chunk)),
      finish: () => this.#run(() => restoring.finish()),
    };
  }

  dump(): AsyncIterable<StoreChunk> {
    return this.#stream(() => readDump(this.#db, this.#where));
  }

  async #start(prepare: () => Promise<Opened>): Promise<StoreInfo> {
    if (this.#closed !== null) throw closedError();
    await this.#db.verify();
    const { version, edition } = await checkEngine(this.#db, this.#uri);
    const { storeId, seq, schema } = await prepare();
    this.#storeId = storeId;
    const engine = `Neo4j ${version} ${edition}`;
    this.#logger.info({ uri: this.#uri, database: this.#database, storeId, seq, schema, engine }, 'store opened');
    return { storeId, seq, schema, engine, sources: await this.sources() };
  }

  commit(change: ChangeSet): Promise<CommittedChange | null> {
    return this.#run(async () => {
      const row = await this.#inTurn(async () => {
        await this.#learnSources(change);
        const context = {
          sources: this.#sources,
          labelOf: (id: string) => this.#labels.get(id),
          now: () => this.#clock.now(),
          storeId: this.#storeId!,
        };
        return this.#db.write((tx) => applyChange(tx, change, context), {
          timeoutMs: commitTimeoutMs(change),
          turnMs: TURN_MS,
        });
      });
      return row === null ? null : decodeChange(row, this.#storeId!);
    });
  }

  changes(
    after: number,
    options: { readonly signal?: AbortSignal; readonly limit?: number } = {},
  ): AsyncIterable<CommittedChange> {
    return this.#stream(() => readChanges(this.#db, this.#storeId!, after, options));
  }

  range(): Promise<{ readonly seq: number; readonly horizon: number }> {
    return this.#run(() => readRange(this.#db, this.#storeId!));
  }

  topology(): AsyncIterable<TopologyChunk> {
    return this.#stream(() => readTopology(this.#db, this.#storeId!));
  }

  nodes(ids: readonly number[]): Promise<readonly (StoredNode | null)[]> {
    return this.#run(() =>
      readNodes(this.#db, ids, {
        listingOf: (source) => this.#sources.get(source)?.listing,
        refresh: () => this.#refreshSources(),
      }),
    );
  }

  idsByKey(keys: readonly string[]): Promise<readonly (number | null)[]> {
    return this.#run(() => readIdsByKey(this.#db, keys));
  }

  keys(connector: string): AsyncIterable<KeyChunk> {
    return this.#stream(() => readKeys(this.#db, connector));
  }

  links(pairs: readonly { readonly from: number; readonly to: number }[]): Promise<readonly (readonly LinkRecord[])[]> {
    return this.#run(() => readLinks(this.#db, pairs));
  }

  linkHashes(connector: string): AsyncIterable<LinkHashChunk> {
    return this.#stream(
      async function* (this: Neo4jStore) {
        await this.#refreshSources();
        const ids = [...this.#sources].filter(([, source]) => source.connector === connector).map(([id]) => id);
        yield* readLinkHashes(this.#db, ids);
      }.bind(this),
    );
  }

  async allocateIds(count: number): Promise<number> {
    if (!Number.isInteger(count) || count < 1) {
      throw new AppError('UNSUPPORTED_QUERY', 'At least one id must be asked for.', { audience: 'developer' });
    }
    return this.#run(() => this.#db.write((tx) => allocateIds(tx, count)));
  }

  async sourceId({ connector, listing }: SourceRef): Promise<number> {
    for (const [id, known] of this.#sources) {
      if (known.connector === connector && known.listing === listing) return id;
    }
    const id = await this.#run(() => this.#db.write((tx) => sourceId(tx, { connector, listing })));
    this.#sources.set(id, { connector, listing });
    return id;
  }

  sources(): Promise<StoreInfo['sources']> {
    return this.#run(async () => {
      await this.#refreshSources();
      return [...this.#sources].map(([id, source]) => ({ id, source })).sort((a, b) => a.id - b.id);
    });
  }

  list(query: ListQuery): Promise<Page> {
    return this.#run(() => list(this.#db, query));
  }

  search(query: SearchQuery): Promise<Page> {
    return this.#run(() => search(this.#db, query));
  }

  checkpoint(source: SourceRef): Promise<JsonObject | null> {
    return this.#run(() => readCheckpoint(this.#db, source));
  }

  pendingFor(keys: readonly string[]): Promise<readonly PendingLink[]> {
    return this.#run(() => readPendingFor(this.#db, keys));
  }

  pendingCount(connector?: string): Promise<number> {
    return this.#run(() => countPending(this.#db, connector));
  }

  pendingKeys(): AsyncIterable<readonly string[]> {
    return this.#stream(() => readPendingKeys(this.#db));
  }

  putRecord(type: RecordType, id: string, value: JsonObject | null): Promise<void> {
    return this.#run(() => this.#db.write((tx) => putRecord(tx, type, id, value)));
  }

  getRecord(type: RecordType, id: string): Promise<JsonObject | null> {
    return this.#run(() => readRecord(this.#db, type, id));
  }

  listRecords(
    type: RecordType,
    options: { readonly prefix?: string; readonly newestFirst?: boolean; readonly limit?: number } = {},
  ): Promise<readonly { readonly id: string; readonly value: JsonObject }[]> {
    return this.#run(() => listRecords(this.#db, type, options));
  }

  cursor(consumer: string): Promise<number> {
    return this.#run(() => readCursor(this.#db, consumer));
  }

  setCursor(consumer: string, seq: number): Promise<void> {
    return this.#run(async () => {
      checkCursor(seq);
      await this.#db.write((tx) => writeCursor(tx, consumer, seq));
    });
  }

  acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const now = this.#clock.now();
    return this.#run(() => this.#db.write((tx) => acquireLease(tx, { name, holder, ttlMs }, now)));
  }

  renewLease(lease: Lease, ttlMs: number): Promise<boolean> {
    const now = this.#clock.now();
    return this.#run(() => this.#db.write((tx) => renewLease(tx, lease, ttlMs, now)));
  }

  releaseLease(lease: Lease): Promise<void> {
    return this.#run(() => this.#db.write((tx) => releaseLease(tx, lease)));
  }

  prune(seq: number): Promise<void> {
    return this.#run(async () => {
      while (await this.#db.write((tx) => pruneChanges(tx, seq), { timeoutMs: PRUNE_TIMEOUT_MS, turnMs: TURN_MS }));
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.#db.close();
    this.#logger.info({ uri: this.#uri }, 'store closed');
  }

  /** As messages name it. */
  get #where(): string {
    return `in the database ${this.#database} of Neo4j at ${this.#uri}`;
  }

  #checkOpen(): void {
    if (this.#storeId === null || this.#closed !== null) throw closedError();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async *#stream<T>(start: () => AsyncGenerator<T>): AsyncGenerator<T> {
    this.#checkOpen();
    const items = start();
    for (;;) {
      const next = await this.#run(() => items.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Sources that this process has not seen may be another gateway's. */
  async #learnSources(change: ChangeSet): Promise<void> {
    for (const list of [change.nodes, change.links, change.addPending]) {
      if (list?.some(({ source }) => !this.#sources.has(source))) return this.#refreshSources();
    }
  }

  async #refreshSources(): Promise<void> {
    for (const [id, source] of await readSources(this.#db)) this.#sources.set(id, source);
  }
}
