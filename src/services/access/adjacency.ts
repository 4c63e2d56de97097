import { grownUint8, grownUint16, grownUint32, newUint8, newUint16, newUint32, roomFor } from './arrays.ts';

/** Kind in the high four bits, flags in the low: an ordered list groups by kind, plain links before flagged ones. */
export function packMeta(kindCode: number, flags: number): number {
  return (kindCode << 4) | (flags & 15);
}

/**
 * Free places behind the used ones, so that the first change after a start does not move the whole pool. The system
 * gives memory at first touch: until then they cost nothing.
 */
export function poolRoom(used: number): number {
  return used + (used >>> 4) + 64;
}

/** Compact once holes and slack pass a quarter of the pool; below this size it is not worth a pass. */
const COMPACT_FROM = 8_192;

/**
 * One direction of the links: for every node a slot (start, length, capacity) in one pool. Each slot is ordered by
 * (other end, kind, flags, source), so lookups are binary, pages need no sort, walks have a stable order, and an index
 * kept up to date equals a rebuilt one entry by entry.
 */
export class Adjacency {
  start: Uint32Array;
  length: Uint32Array;
  capacity: Uint32Array;
  ends: Uint32Array;
  meta: Uint8Array;
  /** Only the forward direction knows who asserts; `null` in the other. */
  source: Uint16Array | null;
  /** Pool positions handed out; the rest of the pool is free. */
  used: number;
  links: number;

  private constructor(nodes: number, pool: number, withSource: boolean) {
    this.start = newUint32(nodes);
    this.length = newUint32(nodes);
    this.capacity = newUint32(nodes);
    this.ends = newUint32(pool);
    this.meta = newUint8(pool);
    this.source = withSource ? newUint16(pool) : null;
    this.used = 0;
    this.links = 0;
  }

  /** Slots of exactly these sizes, empty, to be filled with {@link push}. */
  static sized(degrees: Uint32Array, withSource: boolean): Adjacency {
    let total = 0;
    for (let i = 0; i < degrees.length; i++) total += degrees[i]!;
    const made = new Adjacency(degrees.length, poolRoom(total), withSource);
    let at = 0;
    for (let i = 0; i < degrees.length; i++) {
      made.start[i] = at;
      at += degrees[i]!;
    }
    made.capacity.set(degrees);
    made.used = total;
    return made;
  }

  /** Around arrays read from a snapshot. */
  static restored(parts: {
    start: Uint32Array;
    length: Uint32Array;
    capacity: Uint32Array;
    ends: Uint32Array;
    meta: Uint8Array;
    source: Uint16Array | null;
    used: number;
    links: number;
  }): Adjacency {
    const made = new Adjacency(0, 0, false);
    made.start = parts.start;
    made.length = parts.length;
    made.capacity = parts.capacity;
    made.ends = parts.ends;
    made.meta = parts.meta;
    made.source = parts.source;
    made.used = parts.used;
    made.links = parts.links;
    return made;
  }

  get bytes(): number {
    return (
      this.start.byteLength * 3 +
      this.ends.byteLength +
      this.meta.byteLength +
      (this.source ? this.source.byteLength : 0)
    );
  }

  /** Appends into a sized slot without keeping order; {@link sortSlot} mends it. */
  push(node: number, end: number, meta: number, source: number): void {
    const at = this.start[node]! + this.length[node]!++;
    this.ends[at] = end;
    this.meta[at] = meta;
    if (this.source) this.source[at] = source;
    this.links++;
  }

  /** Makes room for node ids below `nodes`. */
  ensureNodes(nodes: number): void {
    if (nodes <= this.start.length) return;
    const room = roomFor(nodes, this.start.length);
    this.start = grownUint32(this.start, room);
    this.length = grownUint32(this.length, room);
    this.capacity = grownUint32(this.capacity, room);
  }

  /** First pool position of the slot whose entry is not before (end, meta, source). */
  lowerBound(node: number, end: number, meta: number, source: number): number {
    const { ends, meta: metas, source: sources } = this;
    let low = this.start[node]!;
    let high = low + this.length[node]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const e = ends[middle]!;
      const before =
        e < end ||
        (e === end &&
          (metas[middle]! < meta || (metas[middle]! === meta && sources !== null && sources[middle]! < source)));
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(node: number, end: number, meta: number, source: number): void {
    this.ensureNodes(node + 1);
    if (this.length[node]! === this.capacity[node]!) this.#relocate(node);
    const at = this.lowerBound(node, end, meta, source);
    const stop = this.start[node]! + this.length[node]!;
    if (at < stop) {
      this.ends.copyWithin(at + 1, at, stop);
      this.meta.copyWithin(at + 1, at, stop);
      this.source?.copyWithin(at + 1, at, stop);
    }
    this.ends[at] = end;
    this.meta[at] = meta;
    if (this.source) this.source[at] = source;
    this.length[node]!++;
    this.links++;
  }

  /** @returns false when there is no such entry */
  remove(node: number, end: number, meta: number, source: number): boolean {
    if (node >= this.start.length) return false;
    const at = this.lowerBound(node, end, meta, source);
    const stop = this.start[node]! + this.length[node]!;
    if (at >= stop || this.ends[at] !== end || this.meta[at] !== meta) return false;
    if (this.source && this.source[at] !== source) return false;
    this.ends.copyWithin(at, at + 1, stop);
    this.meta.copyWithin(at, at + 1, stop);
    this.source?.copyWithin(at, at + 1, stop);
    this.length[node]!--;
    this.links--;
    return true;
  }

  /** True once holes and slack make up more than a quarter of the pool. */
  get wasteful(): boolean {
    return this.used > COMPACT_FROM && (this.used - this.links) * 4 > this.used;
  }

  /**
   * Moves every slot to the front of a new pool, in node order. Longer ones keep an eighth of room: in a first sync
   * all lists grow side by side, and without it each would move again at its next link.
   */
  compact(): void {
    const { start, length, capacity } = this;
    let used = 0;
    for (let node = 0; node < length.length; node++) used += length[node]! + (length[node]! >>> 3);
    const ends = newUint32(poolRoom(used));
    const meta = newUint8(poolRoom(used));
    const source = this.source ? newUint16(poolRoom(used)) : null;
    let at = 0;
    for (let node = 0; node < start.length; node++) {
      const from = start[node]!;
      const size = length[node]!;
      start[node] = at;
      capacity[node] = size + (size >>> 3);
      if (size > 16) {
        ends.set(this.ends.subarray(from, from + size), at);
        meta.set(this.meta.subarray(from, from + size), at);
        source?.set(this.source!.subarray(from, from + size), at);
      } else {
        for (let i = 0; i < size; i++) {
          ends[at + i] = this.ends[from + i]!;
          meta[at + i] = this.meta[from + i]!;
          if (source) source[at + i] = this.source![from + i]!;
        }
      }
      at += capacity[node]!;
    }
    this.ends = ends;
    this.meta = meta;
    this.source = source;
    this.used = at;
  }

  /** Moves a full slot to the end of the pool, with room for a quarter more. */
  #relocate(node: number): void {
    const size = this.length[node]!;
    const capacity = size + Math.max(4, size >>> 2);
    const at = this.used;
    if (at + capacity > this.ends.length) {
      const room = roomFor(at + capacity, this.ends.length);
      this.ends = grownUint32(this.ends, room);
      this.meta = grownUint8(this.meta, room);
      if (this.source) this.source = grownUint16(this.source, room);
    }
    const from = this.start[node]!;
    this.ends.copyWithin(at, from, from + size);
    this.meta.copyWithin(at, from, from + size);
    this.source?.copyWithin(at, from, from + size);
    this.start[node] = at;
    this.capacity[node] = capacity;
    this.used = at + capacity;
  }
}
