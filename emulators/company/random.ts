const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const HEX = '0123456789abcdef';

/** sfc32: small, quick, good enough for inventing people; never for secrets. */
function sfc32(seed: number, label: string): () => number {
  let a = seed >>> 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let d = 1;
  for (let i = 0; i < label.length; i++) {
    b = Math.imul(b ^ label.charCodeAt(i), 0x01000193) >>> 0;
    c = (c + Math.imul(b, 31)) >>> 0;
  }
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Repeatable chance over any source of numbers in [0, 1). */
export class Random {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  /** A stream of its own for each label, so that one part of the company can change without moving the others. */
  static seeded(seed: number, label: string): Random {
    return new Random(sfc32(seed, label));
  }

  next(): number {
    return this.#next();
  }

  /** An integer in [0, limit). */
  int(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** @throws Error on an empty list */
  pick<T>(list: readonly T[]): T {
    const item = list[this.int(list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** `count` different items (all of them when there are fewer), in random order. */
  distinct<T>(list: readonly T[], count: number): T[] {
    if (count >= list.length) return this.shuffled(list);
    if (count * 4 > list.length) return this.shuffled(list).slice(0, count);
    const taken = new Set<number>();
    while (taken.size < count) taken.add(this.int(list.length));
    return Array.from(taken, (i) => list[i] as T);
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = out[i] as T;
      out[i] = out[j] as T;
      out[j] = kept;
    }
    return out;
  }

  /** Standard normal. */
  gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#next())) * Math.cos(2 * Math.PI * this.#next());
  }

  /** `prefix` and as many base-62 characters as make `length` together. */
  id(prefix: string, length: number): string {
    let out = prefix;
    while (out.length < length) {
      let bits = this.int(916132832);
      for (let i = 0; i < 5 && out.length < length; i++) {
        out += BASE62[bits % 62];
        bits = Math.floor(bits / 62);
      }
    }
    return out;
  }

  hex(length: number): string {
    let out = '';
    while (out.length < length) {
      let bits = Math.floor(this.#next() * 4294967296);
      for (let i = 0; i < 8 && out.length < length; i++) {
        out += HEX[bits & 15];
        bits >>>= 4;
      }
    }
    return out;
  }

  digits(length: number): string {
    let out = String(1 + this.int(9));
    while (out.length < length) out += String(this.int(1000000)).padStart(6, '0');
    return out.slice(0, length);
  }

  uuid(): string {
    const h = this.hex(32);
    const variant = HEX[8 + this.int(4)];
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
  }
}
