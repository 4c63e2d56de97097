import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { LRUCache } from 'lru-cache';
import { restored, storable } from '../shared/stored-text.ts';

/** What a column can hold here. */
export type Value = string | number | null | Uint8Array;

/**
 * One SQLite connection: the only place that knows which package speaks to SQLite. Rows are arrays; statements are
 * prepared once and kept. Errors are SQLite's own; `storeError` translates them.
 */
export class Connection {
  readonly #db: DatabaseSyncInstance;
  // Lists make a statement for every combination of filters: only the busiest stay.
  readonly #statements = new LRUCache<string, StatementSyncInstance>({ max: 200 });

  constructor(path: string, options: { readonly readOnly?: boolean; readonly busyTimeoutMs: number }) {
    this.#db = new DatabaseSync(path, {
      readOnly: options.readOnly ?? false,
      timeout: options.busyTimeoutMs,
      enableForeignKeyConstraints: false,
    });
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** Row types are the statement's promise to its caller: SQLite does not type columns. */
  all<Row extends readonly Value[]>(sql: string, ...values: readonly Value[]): Row[] {
    const rows: Value[][] = this.#prepare(sql).all(...bound(values));
    for (const row of rows) restore(row);
    return rows as unknown as Row[];
  }

  get<Row extends readonly Value[]>(sql: string, ...values: readonly Value[]): Row | undefined {
    const row: Value[] | undefined = this.#prepare(sql).get(...bound(values));
    if (row !== undefined) restore(row);
    return row as unknown as Row | undefined;
  }

  /** @returns the number of rows changed */
  run(sql: string, ...values: readonly Value[]): number {
    return this.#prepare(sql).run(...bound(values)).changes;
  }

  /** `work` in one immediate transaction: committed when it returns, rolled back when it or the commit throws. */
  transaction<T>(work: () => T): T {
    this.#db.exec('begin immediate');
    try {
      const result = work();
      this.#db.exec('commit');
      return result;
    } catch (error) {
      // A full disk may have rolled back already.
      if (this.#db.isTransaction) this.#db.exec('rollback');
      throw error;
    }
  }

  /**
   * The binding has no way to free prepared statements: the file stays open until they are collected. So nothing may
   * be left that would matter until then.
   */
  close(): void {
    this.#statements.clear();
    if (!this.#db.isOpen) return;
    if (this.#db.isTransaction) this.#db.exec('rollback');
    this.#db.close();
  }

  #prepare(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function bound(values: readonly Value[]): Value[] {
  return values.map((value) => (typeof value === 'string' ? storable(value) : value));
}

function restore(row: Value[]): void {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === 'string') row[i] = restored(value);
  }
}
