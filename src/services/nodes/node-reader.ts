import { LRUCache } from 'lru-cache';
import type { StoredNode } from '../../ports/graph-store.ts';
import type { Graph } from '../graph/graph.ts';

export interface NodeReaderOptions {
  /** Records kept, about 1 kB each; default 20,000, 0 keeps none. */
  readonly maxCached?: number | undefined;
}

/**
 * Nodes by id and key. Records that nobody changed since they were read come from memory: a nested query over a
 * thousand nodes then costs no store call. Never gives a record older than the newest applied change.
 */
export class NodeReader {
  readonly #graph: Graph;
  readonly #cache: LRUCache<number, StoredNode> | null;
  /** Ids of cached living nodes by their own key; goes with the record. */
  readonly #idsByKey = new Map<string, number>();
  readonly #stop: () => void;

  constructor(graph: Graph, options: NodeReaderOptions = {}) {
    const max = options.maxCached ?? 20_000;
    this.#graph = graph;
    this.#cache =
      max > 0 ? new LRUCache({ max, dispose: (record: StoredNode) => this.#idsByKey.delete(record.key) }) : null;
    const endChanges = graph.onChange((change) => {
      for (const node of change.nodes) this.#cache?.delete(node.id);
    });
    const endResets = graph.onReset(() => this.#cache?.clear());
    this.#stop = () => {
      endChanges();
      endResets();
    };
  }

  /** Order kept; `null` for an id that never existed; a removed node answers with its last state. */
  async read(ids: readonly number[]): Promise<(StoredNode | null)[]> {
    const found: (StoredNode | null)[] = ids.map((id) => this.#cache?.get(id) ?? null);
    const missing = ids.filter((_, i) => found[i] === null);
    if (missing.length === 0) return found;
    const { seq } = this.#graph;
    const read = await this.#graph.store.nodes(missing);
    // A change that was applied meanwhile may be newer than what was read: right to answer, wrong to keep.
    const keep = this.#graph.seq === seq;
    let next = 0;
    for (let i = 0; i < found.length; i++) {
      if (found[i] !== null) continue;
      const record = read[next++] ?? null;
      found[i] = record;
      if (record !== null && keep) this.#keep(record);
    }
    return found;
  }

  /** The records of all these ids if every one is in memory, else `null`: for callers that need not wait then. */
  cached(ids: readonly number[]): StoredNode[] | null {
    const found: StoredNode[] = [];
    for (const id of ids) {
      const record = this.#cache?.get(id);
      if (record === undefined) return null;
      found.push(record);
    }
    return found;
  }

  /** Order kept; redirects are followed; removed or unknown keys give `null`. */
  async idsByKey(keys: readonly string[]): Promise<readonly (number | null)[]> {
    const known: number[] = [];
    for (const key of keys) {
      const id = this.#idsByKey.get(key);
      if (id === undefined) return this.#graph.store.idsByKey(keys);
      known.push(id);
    }
    return known;
  }

  close(): void {
    this.#stop();
    this.#cache?.clear();
  }

  #keep(record: StoredNode): void {
    this.#cache?.set(record.id, record);
    // A living node answers for its own key, whatever was redirected there before.
    if (this.#cache !== null && !record.removed) this.#idsByKey.set(record.key, record.id);
  }
}
