import { closeSync, existsSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ChangeSet } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { SourceRef } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { Lease } from '../../../src/ports/graph-store.ts';
import type { StoreChunk } from '../../../src/ports/store-dump.ts';
import type { ChangeRow } from '../shared/change-row.ts';
import { storeMissing } from '../shared/errors.ts';
import { applyChange } from './commit.ts';
import { Connection } from './driver.ts';
import { acquireLease, expireLeases, releaseLease, renewLease } from './leases.ts';
import { claim } from './lock.ts';
import { readMeta, writeMeta } from './meta.ts';
import { beginRestore, endRestore, refuseIncomplete, restoreRows } from './restore.ts';
import { checkEngine, migrate } from './schema.ts';
import { writeCursor } from './side-rows.ts';

const MAX_ID = 0xffffffff;
const MAX_SOURCE = 0xffff;
/** Rows deleted in one transaction of a prune, so that commits get in between. */
const PRUNE_BATCH = 500;

export interface WriterOptions {
  readonly path: string;
  readonly maxSizeBytes: number | null;
}

/** `new`: made when absent; `existing`: must be there; `restore`: to be filled, `replace`: whatever is in it. */
export type OpenAs = 'new' | 'existing' | 'restore' | 'replace';

/**
 * The writing half of the store, on its own connection; runs inside the worker thread. Every method is one durable
 * transaction. `now` is the caller's clock, in epoch ms.
 */
export class Writer {
  readonly #db: Connection;
  readonly #claim: { release(): void };

  /** Claims the file, opens or creates it, migrates. */
  constructor({ path, maxSizeBytes }: WriterOptions, openAs: OpenAs) {
    if (openAs === 'existing' && !existsSync(path)) throw storeMissing(path);
    mkdirSync(dirname(path), { recursive: true });
    // The store tells who can reach what: made readable for its owner only; SQLite's side files follow it.
    closeSync(openSync(path, 'a', 0o600));
    const file = realpathSync(path);
    this.#claim = claim(file);
    let db: Connection | null = null;
    try {
      db = new Connection(file, { busyTimeoutMs: 5_000 });
      checkEngine(db.get<[string]>('select sqlite_version()')![0]);
      migrate(db, path);
      db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536');
      // 16 MB between checkpoints: a first sync rewrites the same pages over and over.
      db.exec('pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 67108864');
      if (maxSizeBytes !== null) {
        const pageSize = db.get<[number]>('pragma page_size')![0];
        db.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxSizeBytes / pageSize))}`);
      }
      if (openAs === 'restore' || openAs === 'replace') beginRestore(db, path, { replace: openAs === 'replace' });
      else refuseIncomplete(db, path);
      expireLeases(db);
    } catch (error) {
      db?.close();
      this.#claim.release();
      throw error;
    }
    this.#db = db;
  }

  describe(): { readonly storeId: string; readonly schema: number; readonly sqlite: string } {
    return {
      storeId: String(readMeta(this.#db, 'storeId')),
      schema: this.#db.get<[number]>('pragma user_version')![0],
      sqlite: this.#db.get<[string]>('select sqlite_version()')![0],
    };
  }

  /** @param json the change set: as text it crosses threads faster than as an object */
  commit(json: string, now: number): ChangeRow | null {
    const change: ChangeSet = JSON.parse(json);
    return this.#db.transaction(() => applyChange(this.#db, change, now));
  }

  allocateIds(count: number): number {
    return this.#db.transaction(() => {
      const first = Number(readMeta(this.#db, 'nextId'));
      if (first + count - 1 > MAX_ID) throw new AppError('STORE_FULL', 'All node ids of this store are used up.');
      writeMeta(this.#db, 'nextId', first + count);
      return first;
    });
  }

  sourceId({ connector, listing }: SourceRef): number {
    return this.#db.transaction(() => {
      this.#db.run('insert into source (connector, listing) values (?, ?) on conflict do nothing', connector, listing);
      const find = 'select id from source where connector = ? and listing = ?';
      const id = this.#db.get<[number]>(find, connector, listing)![0];
      if (id > MAX_SOURCE) throw new AppError('STORE_FULL', 'The store has no room for another source.');
      return id;
    });
  }

  putRecord({ type, id, value }: { type: RecordType; id: string; value: JsonObject | null }): void {
    if (value === null) this.#db.run('delete from record where type = ? and id = ?', type, id);
    else {
      const sql = 'insert or replace into record (type, id, value) values (?, ?, ?)';
      this.#db.run(sql, type, id, JSON.stringify(value));
    }
  }

  setCursor({ consumer, seq }: { consumer: string; seq: number }): void {
    writeCursor(this.#db, consumer, seq);
  }

  acquireLease(wish: { name: string; holder: string; ttlMs: number }, now: number): Lease | null {
    return this.#db.transaction(() => acquireLease(this.#db, wish, now));
  }

  renewLease({ lease, ttlMs }: { lease: Lease; ttlMs: number }, now: number): boolean {
    return renewLease(this.#db, lease, ttlMs, now);
  }

  releaseLease(lease: Lease): void {
    releaseLease(this.#db, lease);
  }

  /** @returns true while there is more to delete: the horizon has moved already, call again */
  prune(seq: number): boolean {
    return this.#db.transaction(() => {
      const until = Math.min(seq, Number(readMeta(this.#db, 'seq')));
      if (until > Number(readMeta(this.#db, 'horizon'))) writeMeta(this.#db, 'horizon', until);
      const sql = 'delete from change where seq in (select seq from change where seq <= ? order by seq limit ?)';
      return this.#db.run(sql, until, PRUNE_BATCH) === PRUNE_BATCH;
    });
  }

  /** @param json a chunk of a dump: as text it crosses threads faster than as an object */
  restoreRows(json: string): void {
    const chunk: StoreChunk = JSON.parse(json);
    restoreRows(this.#db, chunk);
  }

  endRestore(): void {
    endRestore(this.#db);
  }

  close(): void {
    try {
      // Folds the log into the file, which is then whole by itself.
      this.#db.exec('pragma wal_checkpoint(truncate)');
      this.#db.close();
    } finally {
      this.#claim.release();
    }
  }
}
