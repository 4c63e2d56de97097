import type { CommittedChange } from '../../domain/changes.ts';

/** Bounds of the shared tail: rows, and nodes and links in them. */
const MAX_ROWS = 1_024;
const MAX_ITEMS = 50_000;

/**
 * The newest rows of the change log, shared by all subscribers: one that keeps up reads from here, one that lags reads
 * from the store. So nobody has a queue of its own, and nothing can be dropped.
 */
export class ChangeTail {
  #rows: CommittedChange[] = [];
  #items = 0;
  #waiting = new Set<() => void>();

  /** Rows come in seq order. */
  push(row: CommittedChange): void {
    // After a gap the old rows can no longer be continued.
    if (this.#rows.length > 0 && row.seq !== this.#rows.at(-1)!.seq + 1) this.#forget(this.#rows.length);
    this.#rows.push(row);
    this.#items += sizeOf(row);
    let drop = Math.max(0, this.#rows.length - MAX_ROWS);
    for (let items = this.#items; items > MAX_ITEMS && drop < this.#rows.length - 1; drop++) {
      items -= sizeOf(this.#rows[drop]!);
    }
    if (drop > 0) this.#forget(drop);
    this.#wake();
  }

  /** The rows that come next do not continue these: whoever waits reads the store. */
  reset(): void {
    this.#forget(this.#rows.length);
    this.#wake();
  }

  get(seq: number): CommittedChange | undefined {
    const first = this.#rows[0];
    return first === undefined ? undefined : this.#rows[seq - first.seq];
  }

  /** Calls `wake` once, at the next row. @returns how to stop waiting */
  onNext(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  #forget(rows: number): void {
    for (const row of this.#rows.splice(0, rows)) this.#items -= sizeOf(row);
  }
}

function sizeOf(row: CommittedChange): number {
  return row.nodes.length + row.links.length;
}
