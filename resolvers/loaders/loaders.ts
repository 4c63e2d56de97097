import DataLoader from 'dataloader';
import type { LinkRecord } from '../../src/domain/graph.ts';
import type { Graph } from '../../src/services/graph/graph.ts';
import type { NodeReader } from '../../src/services/nodes/node-reader.ts';
import { type NodeView, presentNode } from '../present/node-view.ts';

export interface Pair {
  readonly from: number;
  readonly to: number;
}

/** One set for each request: what one answer asks for twice is read once, what it asks for at once is one store call. */
export interface Loaders {
  /** Views of all these ids when every one is in memory, else `null`. */
  cached(ids: readonly number[]): readonly NodeView[] | null;
  /** Views of a whole list of node ids, in order; one for a list, since one for each node costs as much as reading it. */
  readonly nodes: DataLoader<readonly number[], readonly (NodeView | null)[]>;
  /** Node ids by key, redirects followed; `null` for removed or unknown keys. */
  readonly keys: DataLoader<string, number | null>;
  /** All links from one node to another, by every connector that asserts them. */
  readonly links: DataLoader<Pair, readonly LinkRecord[], string>;
}

/** As the sqlite store likes its batches. */
const MAX_BATCH = 1_000;

export function createLoaders(graph: Graph, reader: NodeReader): Loaders {
  return new LazyLoaders(graph, reader);
}

/** Each loader is made when somebody uses it: an answer from memory needs none. */
class LazyLoaders implements Loaders {
  readonly #graph: Graph;
  readonly #reader: NodeReader;
  #nodes: Loaders['nodes'] | undefined;
  #keys: Loaders['keys'] | undefined;
  #links: Loaders['links'] | undefined;

  constructor(graph: Graph, reader: NodeReader) {
    this.#graph = graph;
    this.#reader = reader;
  }

  cached(ids: readonly number[]): readonly NodeView[] | null {
    return this.#reader.cached(ids)?.map(presentNode) ?? null;
  }

  get nodes(): Loaders['nodes'] {
    this.#nodes ??= nodeLoader(this.#reader);
    return this.#nodes;
  }

  get keys(): Loaders['keys'] {
    this.#keys ??= new DataLoader((keys) => this.#reader.idsByKey(keys), { maxBatchSize: MAX_BATCH });
    return this.#keys;
  }

  get links(): Loaders['links'] {
    this.#links ??= new DataLoader((pairs) => this.#graph.store.links(pairs), {
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: (pair) => `${pair.from}:${pair.to}`,
    });
    return this.#links;
  }
}

function nodeLoader(reader: NodeReader): Loaders['nodes'] {
  const views = new Map<number, NodeView | null>();
  return new DataLoader(
    async (lists) => {
      const missing = new Set<number>();
      for (const ids of lists) for (const id of ids) if (!views.has(id)) missing.add(id);
      const wanted = [...missing];
      const records = wanted.length === 0 ? [] : await reader.read(wanted);
      records.forEach((record, i) => {
        views.set(wanted[i]!, record === null ? null : presentNode(record));
      });
      return lists.map((ids) => ids.map((id) => views.get(id) ?? null));
    },
    { cache: false },
  );
}

/** Views in the order of the ids, `null` for an id that never existed; at once when all are in memory. */
export function loadViews(
  loaders: Loaders,
  ids: readonly number[],
): readonly (NodeView | null)[] | Promise<readonly (NodeView | null)[]> {
  return loaders.cached(ids) ?? loaders.nodes.load(ids);
}

/** The view of one node; `null` for an id that never existed. */
export async function loadNode(loaders: Loaders, id: number): Promise<NodeView | null> {
  return (await loadViews(loaders, [id]))[0] ?? null;
}

/** Views of ids that came from the index or a list, order kept; one that vanished meanwhile is left out. */
export async function loadNodes(loaders: Loaders, ids: readonly number[]): Promise<readonly NodeView[]> {
  return (await loadViews(loaders, ids)).filter((view) => view !== null);
}
