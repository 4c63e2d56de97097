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
  /** Views by node id; `null` for an id that never existed. */
  readonly nodes: DataLoader<number, NodeView | null>;
  /** Node ids by key, redirects followed; `null` for removed or unknown keys. */
  readonly keys: DataLoader<string, number | null>;
  /** All links from one node to another, by every connector that asserts them. */
  readonly links: DataLoader<Pair, readonly LinkRecord[], string>;
}

/** As the sqlite store likes its batches. */
const MAX_BATCH = 1_000;

export function createLoaders(graph: Graph, reader: NodeReader): Loaders {
  return {
    nodes: new DataLoader(
      async (ids) => {
        const records = await reader.read(ids);
        return records.map((record) => (record === null ? null : presentNode(record)));
      },
      { maxBatchSize: MAX_BATCH },
    ),
    keys: new DataLoader((keys) => reader.idsByKey(keys), { maxBatchSize: MAX_BATCH }),
    links: new DataLoader((pairs) => graph.store.links(pairs), {
      maxBatchSize: MAX_BATCH,
      cacheKeyFn: (pair) => `${pair.from}:${pair.to}`,
    }),
  };
}

/** Views of ids that came from the index or a list, order kept; one that vanished meanwhile is left out. */
export async function loadNodes(loaders: Loaders, ids: readonly number[]): Promise<NodeView[]> {
  const views = await Promise.all(ids.map((id) => loaders.nodes.load(id)));
  return views.filter((view) => view !== null);
}
