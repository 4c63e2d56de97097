import neo4j, { type Driver, type ManagedTransaction, type Session } from 'neo4j-driver';
import { restored, storable } from '../shared/stored-text.ts';
import { storeError } from './errors.ts';

/** Longest time for one commit; a first sync's 5,000 rows take about a second. */
const WRITE_TIMEOUT_MS = 120_000;
const READ_TIMEOUT_MS = 30_000;

/** What a parameter can hold; whole numbers become integers, texts are escaped. */
export type Parameter =
  | string
  | number
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly Parameter[]
  | { readonly [name: string]: Parameter | undefined };
export type Parameters = { readonly [name: string]: Parameter };

/** What a column can hold in rows that we ask for. */
export type Value = string | number | boolean | null | Uint8Array | readonly Value[];

export interface Connect {
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** How long a managed transaction is tried again. */
  readonly retryMs: number;
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
}

/** One transaction. Statements are sent at once, without waiting for the answers of those before. */
export interface Transaction {
  run<Row extends readonly Value[]>(cypher: string, parameters?: Parameters): Promise<Row[]>;
}

/**
 * The line to one database: the only place that knows the driver. Rows are arrays; row types are the statement's
 * promise to its caller. Errors are AppErrors.
 */
export class Database {
  readonly #driver: Driver;
  readonly #connect: Connect;
  readonly #bookmarks;

  constructor(connect: Connect) {
    this.#connect = connect;
    this.#driver = neo4j.driver(connect.uri, neo4j.auth.basic(connect.username, connect.password), {
      telemetryDisabled: true,
      disableLosslessIntegers: true,
      notificationFilter: { minimumSeverityLevel: 'OFF' },
      maxTransactionRetryTime: connect.retryMs,
      connectionTimeout: connect.connectTimeoutMs,
      connectionAcquisitionTimeout: 2 * connect.connectTimeoutMs,
      maxConnectionPoolSize: connect.maxConnections,
      connectionLivenessCheckTimeout: 30_000,
      fetchSize: 5_000,
    });
    // On a cluster the next read must see the last write; on one server it does anyway.
    this.#bookmarks = connect.uri.startsWith('neo4j') ? neo4j.bookmarkManager() : null;
  }

  /** @throws AppError `STORE_UNAVAILABLE`, `STORE_UNAUTHORIZED`, `STORE_DATABASE_MISSING`; does not retry */
  async verify(): Promise<void> {
    try {
      await this.#driver.verifyConnectivity({ database: this.#connect.database });
    } catch (error) {
      throw storeError(error, this.#connect);
    }
  }

  /** One statement that reads, tried again while that may help. */
  async read<Row extends readonly Value[]>(cypher: string, parameters: Parameters = {}): Promise<Row[]> {
    try {
      const { records } = await this.#driver.executeQuery(cypher, bound(parameters), {
        database: this.#connect.database,
        routing: 'READ',
        bookmarkManager: this.#bookmarks,
        transactionConfig: { timeout: READ_TIMEOUT_MS },
      });
      return records.map((record) => rowOf<Row>(record));
    } catch (error) {
      throw storeError(error, this.#connect);
    }
  }

  /** `work` in one transaction, perhaps several times: it must have no other effects. */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#session('WRITE', (session) =>
      session.executeWrite((tx) => work(transactionOf(tx)), { timeout: WRITE_TIMEOUT_MS }),
    );
  }

  /** Several statements that read, in one transaction. */
  reads<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#session('READ', (session) =>
      session.executeRead((tx) => work(transactionOf(tx)), { timeout: READ_TIMEOUT_MS }),
    );
  }

  /** A statement of its own: what changes the schema cannot share a transaction with data. */
  schema(cypher: string): Promise<void> {
    return this.#session('WRITE', async (session) => {
      await session.run(cypher);
    });
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #session<T>(access: 'READ' | 'WRITE', work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#driver.session({
      database: this.#connect.database,
      defaultAccessMode: access,
      ...(this.#bookmarks === null ? {} : { bookmarkManager: this.#bookmarks }),
    });
    try {
      return await work(session);
    } catch (error) {
      throw storeError(error, this.#connect);
    } finally {
      await session.close();
    }
  }
}

function transactionOf(tx: ManagedTransaction): Transaction {
  return {
    async run<Row extends readonly Value[]>(cypher: string, parameters: Parameters = {}): Promise<Row[]> {
      const { records } = await tx.run(cypher, bound(parameters));
      return records.map((record) => rowOf<Row>(record));
    },
  };
}

function rowOf<Row extends readonly Value[]>(record: { values(): Iterable<unknown> }): Row {
  return Array.from(record.values(), unbound) as unknown as Row;
}

function unbound(value: unknown): unknown {
  if (typeof value === 'string') return restored(value);
  if (Array.isArray(value)) return value.map(unbound);
  if (value instanceof Int8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value;
}

function bound(parameters: Parameters): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, boundValue(value)]));
}

function boundValue(value: Parameter | undefined): unknown {
  if (typeof value === 'string') return storable(value);
  // The driver sends every number as a float.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? neo4j.int(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return new Int8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return instant(value);
  if (isList(value)) return value.map(boundValue);
  const copy: Record<string, unknown> = {};
  for (const name in value) copy[name] = boundValue(value[name]);
  return copy;
}

/** `Array.isArray` does not narrow read-only lists. */
function isList(value: object): value is readonly Parameter[] {
  return Array.isArray(value);
}

/** A point in time in UTC. */
function instant(date: Date): unknown {
  return new neo4j.types.DateTime(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds() * 1_000_000,
    0,
  );
}
