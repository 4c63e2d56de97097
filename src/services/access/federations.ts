import { VIA_UNKNOWN } from '../../ports/graph-store.ts';
import { grownUint8, grownUint16, grownUint32, newUint8, newUint16, newUint32, roomFor } from './arrays.ts';

export interface PackedFederations {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly via: Uint32Array;
  readonly source: Uint16Array;
  readonly flags: Uint8Array;
  /** Keys that name no node yet, with the rows (by place) that wait for them. */
  readonly waiting: [string, number[]][];
}

/**
 * The conditions of FEDERATES links, beside the pools: one row per link, chained by the account it starts from.
 * `via` is the id of the application, 0 for "nothing is demanded", {@link VIA_UNKNOWN} while its key names no node;
 * such a row waits for the key and never lets a walk through meanwhile.
 */
export class Federations {
  from: Uint32Array = newUint32(0);
  to: Uint32Array = newUint32(0);
  via: Uint32Array = newUint32(0);
  source: Uint16Array = newUint16(0);
  flags: Uint8Array = newUint8(0);
  /** Next row of the same account + 1; 0 ends the chain. */
  next: Uint32Array = newUint32(0);
  readonly #heads = new Map<number, number>();
  readonly #free: number[] = [];
  readonly #waiting = new Map<string, Set<number>>();
  #used = 0;

  /** From what {@link packed} gave. */
  static restored(packed: PackedFederations): Federations {
    const made = new Federations();
    const { from, to, via, source, flags } = packed;
    const keys = new Map<number, string>();
    for (const [key, rows] of packed.waiting) for (const row of rows) keys.set(row, key);
    for (let i = 0; i < from.length; i++) made.add(from[i]!, to[i]!, source[i]!, flags[i]!, via[i]!, keys.get(i));
    return made;
  }

  get size(): number {
    return this.#used - this.#free.length;
  }

  get bytes(): number {
    // 15 bytes a row, and about 24 for its entry in the map of heads.
    return this.from.length * 19 + this.#heads.size * 24;
  }

  /** First row of an account, or -1. */
  first(from: number): number {
    return this.#heads.get(from) ?? -1;
  }

  /** Next row of the same account, or -1. */
  after(row: number): number {
    return this.next[row]! - 1;
  }

  add(from: number, to: number, source: number, flags: number, via: number, waitFor?: string): void {
    const row = this.#free.pop() ?? this.#grow();
    this.from[row] = from;
    this.to[row] = to;
    this.source[row] = source;
    this.flags[row] = flags;
    this.via[row] = via;
    this.next[row] = (this.#heads.get(from) ?? -1) + 1;
    this.#heads.set(from, row);
    if (via === VIA_UNKNOWN && waitFor !== undefined) this.await(row, waitFor);
  }

  /** Removes one row of the link, the one with this `via` when there are several. @returns false when there is none */
  remove(from: number, to: number, source: number, flags: number, via: number): boolean {
    let found = -1;
    for (let row = this.first(from); row >= 0; row = this.after(row)) {
      if (this.to[row] !== to || this.source[row] !== source || this.flags[row] !== flags) continue;
      found = row;
      if (this.via[row] === via) break;
    }
    if (found < 0) return false;
    let before = -1;
    for (let row = this.first(from); row !== found; row = this.after(row)) before = row;
    const next = this.after(found);
    if (before >= 0) this.next[before] = next + 1;
    else if (next >= 0) this.#heads.set(from, next);
    else this.#heads.delete(from);
    if (this.via[found] === VIA_UNKNOWN) this.#stopWaiting(found);
    this.from[found] = 0;
    this.#free.push(found);
    return true;
  }

  /** The row takes the id of `key` once a node of that key appears. */
  await(row: number, key: string): void {
    const rows = this.#waiting.get(key);
    if (rows) rows.add(row);
    else this.#waiting.set(key, new Set([row]));
  }

  /** A node of this key is there: rows that waited for it now go through it. */
  arrived(key: string, id: number): void {
    if (this.#waiting.size === 0) return;
    const rows = this.#waiting.get(key);
    if (!rows) return;
    for (const row of rows) this.via[row] = id;
    this.#waiting.delete(key);
  }

  /** Every row in use. */
  *rows(): IterableIterator<number> {
    for (let row = 0; row < this.#used; row++) if (this.from[row] !== 0) yield row;
  }

  /** Copies without gaps, for a snapshot. */
  packed(): PackedFederations {
    const rows = [...this.rows()];
    const places = new Map(rows.map((row, place) => [row, place]));
    return {
      from: Uint32Array.from(rows, (row) => this.from[row]!),
      to: Uint32Array.from(rows, (row) => this.to[row]!),
      via: Uint32Array.from(rows, (row) => this.via[row]!),
      source: Uint16Array.from(rows, (row) => this.source[row]!),
      flags: Uint8Array.from(rows, (row) => this.flags[row]!),
      waiting: [...this.#waiting].map(([key, waiting]) => [key, [...waiting].map((row) => places.get(row)!)]),
    };
  }

  #stopWaiting(row: number): void {
    for (const [key, rows] of this.#waiting) {
      if (rows.delete(row) && rows.size === 0) this.#waiting.delete(key);
    }
  }

  #grow(): number {
    if (this.#used === this.from.length) {
      const room = roomFor(this.#used + 1, this.#used);
      this.from = grownUint32(this.from, room);
      this.to = grownUint32(this.to, room);
      this.via = grownUint32(this.via, room);
      this.source = grownUint16(this.source, room);
      this.flags = grownUint8(this.flags, room);
      this.next = grownUint32(this.next, room);
    }
    return this.#used++;
  }
}
