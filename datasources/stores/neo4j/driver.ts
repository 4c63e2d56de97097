import { setTimeout as sleep } from 'node:timers/promises';
import neo4j, { type Driver, type Transaction as DriverTransaction, type Session } from 'neo4j-driver';
import { restored, storable } from '../shared/stored-text.ts';
import { isTimedOut, storeError } from './errors.ts';
import { Line } from './line.ts';

/**
 * The server ends a transaction that takes longer. A gateway that has frozen or lost its line holds its locks for so
 * long, and whoever wants to take over from it waits.
 */
const WRITE_TIMEOUT_MS = 5_000;
/** The server ends a reading that takes longer. */
const READ_TIMEOUT_MS = 20_000;
/** For what nobody takes over and may be long: migrations and restores. */
export const LONG_WRITE_MS = 120_000;
/** How long who takes turns with the commits of all gateways waits for its own. */
export const TURN_MS = 60_000;
/** Repeats of what failed for a passing reason, a deadlock or a connection that broke: they mend it at once or never. */
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 500;

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
  /** How long a transaction that failed for a passing reason is tried again. */
  readonly retryMs: number;
  readonly connectTimeoutMs: number;
  readonly maxConnections: number;
  /** What makes drivers; tests put something between. Default the driver's own. */
  readonly driver?: typeof neo4j.driver | undefined;
}

export interface WriteLimits {
  /** Of one attempt, waits for locks included; default 5,000. */
  readonly timeoutMs?: number;
  /** How long it may wait for the first lock, behind the transactions of others; default no longer than the attempt. */
  readonly turnMs?: number;
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
  readonly #line: Line;
  readonly #connect: Connect;
  readonly #bookmarks;

  constructor(connect: Connect) {
    this.#connect = connect;
    this.#line = new Line({ uri: connect.uri, database: connect.database, open: () => openDriver(connect) });
    // On a cluster the next read must see the last write; on one server it does anyway.
    this.#bookmarks = connect.uri.startsWith('neo4j') ? neo4j.bookmarkManager() : null;
  }

  /** @throws AppError `STORE_UNAVAILABLE`, `STORE_UNAUTHORIZED`, `STORE_DATABASE_MISSING`; does not retry */
  verify(): Promise<void> {
    return this.#line.verify();
  }

  /** One statement that reads, tried again while that may help. */
  read<Row extends readonly Value[]>(cypher: string, parameters: Parameters = {}): Promise<Row[]> {
    return this.#session('READ', async (session) => {
      const { records } = await session.run(cypher, bound(parameters), { timeout: READ_TIMEOUT_MS });
      return records.map((record) => rowOf<Row>(record));
    });
  }

  /** `work` in one transaction, perhaps several times: it must have no other effects. */
  async write<T>(
    work: (tx: Transaction) => Promise<T>,
    { timeoutMs = WRITE_TIMEOUT_MS, turnMs = 0 }: WriteLimits = {},
  ): Promise<T> {
    const until = Date.now() + turnMs;
    for (;;) {
      let isAnswered = false;
      const limits = { timeoutMs, onAnswer: () => (isAnswered = true) };
      try {
        return await this.#session('WRITE', (session) => inTransaction(session, work, limits));
      } catch (error) {
        // Its time ran out before its turn came.
        if (isAnswered || !isTimedOut(error) || Date.now() > until) throw error;
      }
    }
  }

  /** Several statements that read, in one transaction. */
  reads<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#session('READ', (session) => inTransaction(session, work, { timeoutMs: READ_TIMEOUT_MS }));
  }

  /** A statement of its own: what changes the schema cannot share a transaction with data. */
  schema(cypher: string): Promise<void> {
    return this.#session('WRITE', async (session) => {
      await session.run(cypher);
    });
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** The driver's own repeats begin after a second and cannot be called off. */
  async #session<T>(access: 'READ' | 'WRITE', work: (session: Session) => Promise<T>): Promise<T> {
    const until = Date.now() + this.#connect.retryMs;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
      try {
        return await this.#line.run((driver) => this.#inSession(driver, access, work));
      } catch (error) {
        if (!(error instanceof Error && neo4j.isRetryableError(error)) || Date.now() + waitMs > until) {
          throw storeError(error, this.#connect);
        }
        await sleep(waitMs * (0.5 + Math.random()));
      }
    }
  }

  async #inSession<T>(driver: Driver, access: 'READ' | 'WRITE', work: (session: Session) => Promise<T>): Promise<T> {
    const session = driver.session({
      database: this.#connect.database,
      defaultAccessMode: access,
      ...(this.#bookmarks === null ? {} : { bookmarkManager: this.#bookmarks }),
    });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }
}

function openDriver(connect: Connect): Driver {
  const { uri, username, password, connectTimeoutMs, maxConnections, driver = neo4j.driver } = connect;
  return driver(uri, neo4j.auth.basic(username, password), {
    telemetryDisabled: true,
    disableLosslessIntegers: true,
    disableAutoCommitRetries: true,
    notificationFilter: { minimumSeverityLevel: 'OFF' },
    connectionTimeout: connectTimeoutMs,
    connectionAcquisitionTimeout: 2 * connectTimeoutMs,
    maxConnectionPoolSize: maxConnections,
    connectionLivenessCheckTimeout: 30_000,
    fetchSize: 5_000,
  });
}

async function inTransaction<T>(
  session: Session,
  work: (tx: Transaction) => Promise<T>,
  { timeoutMs, onAnswer }: { readonly timeoutMs: number; readonly onAnswer?: () => void },
): Promise<T> {
  // Not awaited: its beginning travels with the first statement.
  const tx = session.beginTransaction({ timeout: timeoutMs });
  const result = await work(transactionOf(tx, onAnswer));
  await tx.commit();
  return result;
}

function transactionOf(tx: DriverTransaction, onAnswer?: () => void): Transaction {
  const answer = async <Row extends readonly Value[]>(cypher: string, parameters: Parameters): Promise<Row[]> => {
    const { records } = await tx.run(cypher, bound(parameters));
    onAnswer?.();
    return records.map((record) => rowOf<Row>(record));
  };
  return {
    run<Row extends readonly Value[]>(cypher: string, parameters: Parameters = {}): Promise<Row[]> {
      const rows = answer<Row>(cypher, parameters);
      // When one of several fails, or what comes after them throws, nobody waits for the others any more.
      rows.catch(() => {});
      return rows;
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
