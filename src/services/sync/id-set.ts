/** A set of node ids as a growing bitmap: 125 kB for a million ids. */
export class IdSet {
  #bits = new Uint32Array(64);
  size = 0;

  /** @returns false when it was in already */
  add(id: number): boolean {
    const word = id >>> 5;
    if (word >= this.#bits.length) this.#grow(word);
    const mask = 1 << (id & 31);
    if ((this.#bits[word]! & mask) !== 0) return false;
    this.#bits[word] = this.#bits[word]! | mask;
    this.size++;
    return true;
  }

  has(id: number): boolean {
    return ((this.#bits[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0;
  }

  #grow(word: number): void {
    const grown = new Uint32Array(Math.max(word + 1, this.#bits.length * 2));
    grown.set(this.#bits);
    this.#bits = grown;
  }
}

/**
 * Ids in an order of their own, as `[first, count, first, count …]`: runs of consecutive ids collapse, and the ids of a
 * listing are mostly consecutive, because they were handed out in its order.
 */
export function encodeIds(ids: readonly number[]): number[] {
  const runs: number[] = [];
  for (const id of ids) {
    const last = runs.length - 2;
    if (last >= 0 && runs[last]! + runs[last + 1]! === id) runs[last + 1]!++;
    else runs.push(id, 1);
  }
  return runs;
}

/** The reverse of {@link encodeIds}. */
export function decodeIds(runs: readonly number[]): number[] {
  const ids: number[] = [];
  for (let i = 0; i + 1 < runs.length; i += 2) {
    for (let k = 0; k < runs[i + 1]!; k++) ids.push(runs[i]! + k);
  }
  return ids;
}
