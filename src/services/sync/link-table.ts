const EMPTY = -1;
/** Rows of an empty table; a power of two. */
const SMALLEST = 256;

/** What a listing has of one link; `row` of the other methods points at it. */
export interface LinkRow {
  readonly from: number;
  readonly kindCode: number;
  readonly to: number;
  readonly qualifier: string;
}

/**
 * All links of one source in typed arrays with an open-addressed hash over (from, kind, to, qualifier): a page is
 * compared with what is there without an object or a string for each link. About 30 bytes a link, for as long as the
 * listing runs.
 */
export class LinkTable {
  #from: Uint32Array;
  #to: Uint32Array;
  #kind: Uint8Array;
  #flags: Uint8Array;
  #hash: Uint32Array;
  #seen: Uint8Array;
  #qualifiers = new Map<number, string>();
  #slots: Int32Array;
  #mask: number;
  size = 0;
  seenCount = 0;

  constructor() {
    this.#from = new Uint32Array(SMALLEST);
    this.#to = new Uint32Array(SMALLEST);
    this.#kind = new Uint8Array(SMALLEST);
    this.#flags = new Uint8Array(SMALLEST);
    this.#hash = new Uint32Array(SMALLEST);
    this.#seen = new Uint8Array(SMALLEST);
    this.#slots = new Int32Array(SMALLEST * 2).fill(EMPTY);
    this.#mask = SMALLEST * 2 - 1;
  }

  /** Makes room for so many rows in one go. */
  reserve(rows: number): void {
    if (rows > this.#from.length) this.#grow(rows);
  }

  /** @returns the row, or -1 */
  find(from: number, kindCode: number, to: number, qualifier: string): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = spread(from, kindCode, to) & mask; ; at = (at + 1) & mask) {
      const row = slots[at]!;
      if (row === EMPTY) return EMPTY;
      if (
        this.#from[row] === from &&
        this.#to[row] === to &&
        this.#kind[row] === kindCode &&
        this.qualifier(row) === qualifier
      ) {
        return row;
      }
    }
  }

  /** Adds a link that {@link find} does not know. */
  insert(from: number, kindCode: number, to: number, qualifier: string, flags: number, hash: number): number {
    if (this.size === this.#from.length) this.#grow(this.size * 2);
    const row = this.size++;
    this.#from[row] = from;
    this.#to[row] = to;
    this.#kind[row] = kindCode;
    this.#flags[row] = flags;
    this.#hash[row] = hash;
    if (qualifier !== '') this.#qualifiers.set(row, qualifier);
    this.#place(row);
    return row;
  }

  /** Rows with a hash between these ends, whatever their qualifier. */
  countHashed(from: number, kindCode: number, to: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let count = 0;
    for (let at = spread(from, kindCode, to) & mask; slots[at] !== EMPTY; at = (at + 1) & mask) {
      const row = slots[at]!;
      if (this.#from[row] === from && this.#to[row] === to && this.#kind[row] === kindCode && this.#hash[row] !== 0) {
        count++;
      }
    }
    return count;
  }

  set(row: number, flags: number, hash: number): void {
    this.#flags[row] = flags;
    this.#hash[row] = hash;
  }

  hash(row: number): number {
    return this.#hash[row]!;
  }

  flags(row: number): number {
    return this.#flags[row]!;
  }

  qualifier(row: number): string {
    return this.#qualifiers.size === 0 ? '' : (this.#qualifiers.get(row) ?? '');
  }

  /** @returns false when the listing had said it before */
  see(row: number): boolean {
    if (this.#seen[row] !== 0) return false;
    this.#seen[row] = 1;
    this.seenCount++;
    return true;
  }

  row(row: number): LinkRow {
    return {
      from: this.#from[row]!,
      kindCode: this.#kind[row]!,
      to: this.#to[row]!,
      qualifier: this.qualifier(row),
    };
  }

  eachUnseen(visit: (row: number, from: number, kindCode: number, to: number) => void): void {
    if (this.seenCount === this.size) return;
    for (let row = 0; row < this.size; row++) {
      if (this.#seen[row] === 0) visit(row, this.#from[row]!, this.#kind[row]!, this.#to[row]!);
    }
  }

  /** Rows by kind code, position = code. */
  countByKind(): Uint32Array {
    const counts = new Uint32Array(16);
    for (let row = 0; row < this.size; row++) counts[this.#kind[row]!]!++;
    return counts;
  }

  #place(row: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = spread(this.#from[row]!, this.#kind[row]!, this.#to[row]!) & mask;
    while (slots[at] !== EMPTY) at = (at + 1) & mask;
    slots[at] = row;
  }

  #grow(room: number): void {
    this.#from = grown(this.#from, new Uint32Array(room));
    this.#to = grown(this.#to, new Uint32Array(room));
    this.#kind = grown(this.#kind, new Uint8Array(room));
    this.#flags = grown(this.#flags, new Uint8Array(room));
    this.#hash = grown(this.#hash, new Uint32Array(room));
    this.#seen = grown(this.#seen, new Uint8Array(room));
    let slots = this.#slots.length;
    while (slots < room * 2) slots *= 2;
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots).fill(EMPTY);
    this.#mask = slots - 1;
    for (let row = 0; row < this.size; row++) this.#place(row);
  }
}

function spread(from: number, kindCode: number, to: number): number {
  let mixed = Math.imul(from, 0x9e3779b1) ^ Math.imul(to, 0x85ebca6b) ^ Math.imul(kindCode, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  mixed ^= mixed >>> 13;
  return mixed >>> 0;
}

function grown<T extends Uint8Array | Uint32Array>(old: T, bigger: T): T {
  bigger.set(old);
  return bigger;
}
