import { setImmediate as nextTurn } from 'node:timers/promises';
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
import { Connection } from './driver.ts';
import { readDump } from './dump.ts';
import { closedError, storeError } from './errors.ts';
import { readLinkHashes, readLinks } from './link-reader.ts';
import { list } from './list.ts';
import { readChanges, readRange } from './log-reader.ts';
import { readIdsByKey, readKeys, readNodes } from './node-reader.ts';
import type { Argument, Call, Result } from './protocol.ts';
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
import { readTopology } from './topology.ts';
import type { OpenAs } from './writer.ts';
import { WriterThread } from './writer-thread.ts';

const BUSY_TIMEOUT_MS = 5_000;
/** A stream that held the event loop for so long lets others go first. */
const TURN_MS = 10;

export interface SqliteStoreOptions {
  /** File; made with its folders when absent. Beside it live `-wal`, `-shm` and `.lock`. */
  readonly path: string;
  /** Commits that would make the file larger fail with `STORE_FULL`; no limit by default. */
  readonly maxSizeBytes?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** The default store: one SQLite file of this process alone, written by a thread of its own. */
export function createSqliteStore(options: SqliteStoreOptions): GraphStore {
  return new SqliteStore(options);
}

/** Writes go to the writer's thread, reads run here on a read-only connection, each on the newest commit. */
class SqliteStore implements GraphStore {
  /** The file belongs to one process. */
  readonly isShared = false;
  readonly #path: string;
  readonly #maxSizeBytes: number | null;
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sources = new Map<number, SourceRef>();
  readonly #snapshots = new Set<Connection>();
  readonly #running = new Set<Promise<unknown>>();
  #writer: WriterThread | null = null;
  #reader: Connection | null = null;
  #storeId = '';
  #closed: Promise<void> | null = null;

  constructor({ path, maxSizeBytes, logger = silentLogger, clock }: SqliteStoreOptions) {
    this.#path = path;
    this.#maxSizeBytes = maxSizeBytes ?? null;
    this.#logger = logger.child({ store: 'sqlite' });
    this.#clock = clock ?? { now: Date.now };
  }

  open({ create = true }: { readonly create?: boolean } = {}): Promise<StoreInfo> {
    return this.#start(create ? 'new' : 'existing');
  }

  async restore({ replace = false }: RestoreOptions = {}): Promise<StoreRestore> {
    return {
      info: await this.#start(replace ? 'replace' : 'restore'),
      write: (chunk) => this.#write('restoreRows', JSON.stringify(chunk)),
      finish: () => this.#write('endRestore', undefined),
    };
  }

  dump(): AsyncIterable<StoreChunk> {
    return this.#snapshot(readDump);
  }

  async #start(openAs: OpenAs): Promise<StoreInfo> {
    if (this.#closed !== null) throw closedError();
    if (this.#writer !== null)
      throw new AppError('STORE_IN_USE', 'The store is open already.', { audience: 'developer' });
    this.#writer = new WriterThread({ path: this.#path, maxSizeBytes: this.#maxSizeBytes }, this.#clock);
    try {
      const { storeId, schema, sqlite } = await this.#writer.open(openAs);
      this.#storeId = storeId;
      this.#reader = this.#connect();
      this.#readSources();
      const { seq } = readRange(this.#reader);
      this.#logger.info({ path: this.#path, storeId, seq, schema, sqlite }, 'store opened');
      return { storeId, seq, schema, engine: `SQLite ${sqlite}`, sources: await this.sources() };
    } catch (error) {
      await this.close();
      throw storeError(error, this.#path);
    }
  }

  async commit(change: ChangeSet): Promise<CommittedChange | null> {
    const row = await this.#write('commit', JSON.stringify(change));
    return row === null ? null : decodeChange(row, this.#storeId);
  }

  changes(
    after: number,
    options: { readonly signal?: AbortSignal; readonly limit?: number } = {},
  ): AsyncIterable<CommittedChange> {
    return this.#stream(() => readChanges(this.#open(), this.#storeId, after, options));
  }

  range(): Promise<{ readonly seq: number; readonly horizon: number }> {
    return this.#read(readRange);
  }

  topology(): AsyncIterable<TopologyChunk> {
    return this.#snapshot(readTopology);
  }

  nodes(ids: readonly number[]): Promise<readonly (StoredNode | null)[]> {
    return this.#read((db) => readNodes(db, ids, (source) => this.#listingOf(source)));
  }

  idsByKey(keys: readonly string[]): Promise<readonly (number | null)[]> {
    return this.#read((db) => readIdsByKey(db, keys));
  }

  keys(connector: string): AsyncIterable<KeyChunk> {
    return this.#stream(() => readKeys(this.#open(), connector));
  }

  links(pairs: readonly { readonly from: number; readonly to: number }[]): Promise<readonly (readonly LinkRecord[])[]> {
    return this.#read((db) => readLinks(db, pairs));
  }

  linkHashes(connector: string): AsyncIterable<LinkHashChunk> {
    return this.#stream(() => {
      const db = this.#open();
      this.#readSources();
      const ids = [...this.#sources].filter(([, source]) => source.connector === connector).map(([id]) => id);
      return readLinkHashes(db, ids);
    });
  }

  async allocateIds(count: number): Promise<number> {
    if (!Number.isInteger(count) || count < 1) {
      throw new AppError('UNSUPPORTED_QUERY', 'At least one id must be asked for.', { audience: 'developer' });
    }
    return this.#write('allocateIds', count);
  }

  async sourceId(source: SourceRef): Promise<number> {
    for (const [id, known] of this.#sources) {
      if (known.connector === source.connector && known.listing === source.listing) return id;
    }
    const { connector, listing } = source;
    const id = await this.#write('sourceId', { connector, listing });
    this.#sources.set(id, { connector, listing });
    return id;
  }

  async sources(): Promise<StoreInfo['sources']> {
    this.#readSources();
    return [...this.#sources].map(([id, source]) => ({ id, source }));
  }

  list(query: ListQuery): Promise<Page> {
    return this.#read((db) => list(db, query));
  }

  search(query: SearchQuery): Promise<Page> {
    return this.#read((db) => search(db, query));
  }

  checkpoint(source: SourceRef): Promise<JsonObject | null> {
    return this.#read((db) => readCheckpoint(db, source));
  }

  pendingFor(keys: readonly string[]): Promise<readonly PendingLink[]> {
    return this.#read((db) => readPendingFor(db, keys));
  }

  pendingCount(connector?: string): Promise<number> {
    return this.#read((db) => countPending(db, connector));
  }

  pendingKeys(): AsyncIterable<readonly string[]> {
    return this.#stream(() => readPendingKeys(this.#open()));
  }

  putRecord(type: RecordType, id: string, value: JsonObject | null): Promise<void> {
    return this.#write('putRecord', { type, id, value });
  }

  getRecord(type: RecordType, id: string): Promise<JsonObject | null> {
    return this.#read((db) => readRecord(db, type, id));
  }

  listRecords(
    type: RecordType,
    options: { readonly prefix?: string; readonly newestFirst?: boolean; readonly limit?: number } = {},
  ): Promise<readonly { readonly id: string; readonly value: JsonObject }[]> {
    return this.#read((db) => listRecords(db, type, options));
  }

  cursor(consumer: string): Promise<number> {
    return this.#read((db) => readCursor(db, consumer));
  }

  setCursor(consumer: string, seq: number): Promise<void> {
    return this.#write('setCursor', { consumer, seq });
  }

  acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    return this.#write('acquireLease', { name, holder, ttlMs });
  }

  renewLease(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.#write('renewLease', { lease, ttlMs });
  }

  releaseLease(lease: Lease): Promise<void> {
    return this.#write('releaseLease', lease);
  }

  async prune(seq: number): Promise<void> {
    while (await this.#write('prune', seq));
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    await Promise.allSettled(this.#running);
    for (const db of this.#snapshots) db.close();
    // The reader first: the connection that closes last folds the log into the file.
    this.#reader?.close();
    this.#reader = null;
    await this.#writer?.close();
    this.#logger.info({ path: this.#path }, 'store closed');
  }

  #connect(): Connection {
    const db = new Connection(this.#path, { readOnly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
    db.exec('pragma cache_size = -65536');
    return db;
  }

  #open(): Connection {
    if (this.#reader === null || this.#closed !== null) throw closedError();
    return this.#reader;
  }

  #write<C extends Call>(call: C, argument: Argument<C>): Promise<Result<C>> {
    if (this.#writer === null || this.#closed !== null) return Promise.reject(closedError());
    return this.#writer.call(call, argument);
  }

  async #read<T>(work: (db: Connection) => T | Promise<T>): Promise<T> {
    const db = this.#open();
    try {
      const result = work(db);
      if (!(result instanceof Promise)) return result;
      this.#running.add(result);
      return await result.finally(() => this.#running.delete(result));
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }

  /** Chunks of a reader that needs one moment of the store. */
  async *#snapshot<T>(read: (db: Connection) => Generator<T>): AsyncGenerator<T> {
    this.#open();
    // A connection of its own: a long read transaction would freeze what the others see.
    const db = this.#connect();
    this.#snapshots.add(db);
    try {
      yield* this.#stream(() => read(db));
    } finally {
      this.#snapshots.delete(db);
      db.close();
    }
  }

  /** Chunks of a synchronous reader, with turns for others between them. */
  async *#stream<T>(start: () => Generator<T>): AsyncGenerator<T> {
    const chunks = start();
    let since = performance.now();
    for (;;) {
      let next: IteratorResult<T>;
      try {
        this.#open();
        next = chunks.next();
      } catch (error) {
        throw storeError(error, this.#path);
      }
      if (next.done === true) return;
      yield next.value;
      if (performance.now() - since < TURN_MS) continue;
      await nextTurn();
      since = performance.now();
    }
  }

  #listingOf(source: number): string {
    if (!this.#sources.has(source)) this.#readSources();
    return this.#sources.get(source)?.listing ?? '';
  }

  #readSources(): void {
    const rows = this.#open().all<[number, string, string]>('select id, connector, listing from source');
    for (const [id, connector, listing] of rows) this.#sources.set(id, { connector, listing });
  }
}
