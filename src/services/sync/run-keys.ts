import { AppError } from '../../domain/errors.ts';
import { nodeKey, parseKey } from '../../domain/keys.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import type { GraphStore } from '../../ports/graph-store.ts';

/**
 * Native id → node id of everything a connector ever had, for the length of one run: a look-up in the store takes
 * 10 µs, and a run makes two for each link. Removed nodes are in it, so that one that comes back is the same node.
 */
export class RunKeys {
  readonly #connector: string;
  readonly #byKind = new Map<NodeKind, Map<string, number>>();

  private constructor(connector: string) {
    this.#connector = connector;
  }

  static async load(store: GraphStore, connector: string, signal: AbortSignal): Promise<RunKeys> {
    const keys = new RunKeys(connector);
    const prefix = connector.length + 1;
    for await (const chunk of store.keys(connector)) {
      if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true, connector });
      for (let i = 0; i < chunk.keys.length; i++) {
        const key = chunk.keys[i]!;
        const parts = parseKey(key);
        if (parts !== null && parts.connector.length + 1 === prefix)
          keys.set(parts.kind, parts.nativeId, chunk.ids[i]!);
      }
    }
    return keys;
  }

  get(kind: NodeKind, nativeId: string): number | undefined {
    return this.#byKind.get(kind)?.get(nativeId);
  }

  set(kind: NodeKind, nativeId: string, id: number): void {
    let ids = this.#byKind.get(kind);
    if (ids === undefined) {
      ids = new Map();
      this.#byKind.set(kind, ids);
    }
    ids.set(nativeId, id);
  }

  key(kind: NodeKind, nativeId: string): string {
    return nodeKey(this.#connector, kind, nativeId);
  }

  /** Native ids of these nodes in their order; ids of another kind are left out. */
  nativeIds(kind: NodeKind, ids: readonly number[]): string[] {
    const names = new Map<number, string>();
    for (const [nativeId, id] of this.#byKind.get(kind) ?? []) names.set(id, nativeId);
    const found: string[] = [];
    for (const id of ids) {
      const nativeId = names.get(id);
      if (nativeId !== undefined) found.push(nativeId);
    }
    return found;
  }
}

/** Node ids, fetched from the store in blocks, so that a page of new nodes costs no round trip of its own. */
export class IdPool {
  readonly #store: GraphStore;
  readonly #block: number;
  #next = 0;
  #left = 0;

  constructor(store: GraphStore, block: number) {
    this.#store = store;
    this.#block = block;
  }

  /** Ascending; consecutive unless a block ended in between. Not to be called again before it has answered. */
  async take(count: number): Promise<number[]> {
    const ids: number[] = [];
    while (ids.length < count) {
      if (this.#left === 0) {
        const size = Math.max(this.#block, count - ids.length);
        this.#next = await this.#store.allocateIds(size);
        this.#left = size;
      }
      ids.push(this.#next++);
      this.#left--;
    }
    return ids;
  }
}
