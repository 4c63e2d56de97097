import { LRUCache } from 'lru-cache';

/** Node ids kept over all answers: 2 M of them are about 10 MB. */
const MAX_IDS = 2_000_000;

/** Answers of big walks, good for one version of the index. */
export class WalkCache<T extends object> {
  readonly #entries = new LRUCache<string, { readonly version: number; readonly value: T; readonly size: number }>({
    maxSize: MAX_IDS,
    sizeCalculation: (entry) => entry.size,
  });

  get(key: string, version: number): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.version === version) return entry?.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** @param size  ids that the value holds */
  set(key: string, version: number, value: T, size: number): void {
    this.#entries.set(key, { version, value, size: size + 1 });
  }
}
