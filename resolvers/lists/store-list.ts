import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { RequestContext } from '../../src/server/context.ts';
import { readFilter, readOrder } from '../args/filters.ts';
import { type RawPageArgs, readStorePage } from '../args/page.ts';
import { loadViews } from '../loaders/loaders.ts';
import type { NodeView } from '../present/node-view.ts';
import { type ConnectionView, connectionView } from './connection-view.ts';

export type RawListArgs = RawPageArgs & {
  readonly filter?: (object & { readonly connectors?: readonly string[] | null }) | null;
  readonly orderBy?: { readonly field: string; readonly direction?: string | null } | null;
};

interface PlainEdgeView {
  readonly cursor: string;
  readonly node: NodeView;
}

/** A top-level list: filtered, sorted and paged by the store. */
export async function storeConnection(
  context: RequestContext,
  kind: NodeKind,
  args: RawListArgs,
): Promise<ConnectionView<PlainEdgeView>> {
  const { store } = context.graph;
  const filter = readFilter(args.filter);
  const page = readStorePage(args);
  const { items, hasMore } = await store.list({ kind, filter, sort: readOrder(args.orderBy), ...page });
  const edges = await edgesOf(context, items);
  const there = page.cursor !== undefined;
  const ends =
    page.direction === 'backward'
      ? { hasNextPage: there, hasPreviousPage: hasMore }
      : { hasNextPage: hasMore, hasPreviousPage: there };
  const count = async (): Promise<number> => {
    // Without conditions the index knows.
    if (filter === undefined) return context.graph.index.countByKind().nodes.get(kind) ?? 0;
    return (await store.list({ kind, filter, limit: 1, withTotal: true })).total ?? 0;
  };
  return connectionView(context, edges, ends, count, kind === 'Identity' ? null : (filter?.connectors ?? null));
}

/** Edges with the store's own cursors, order kept. */
export async function edgesOf(
  context: RequestContext,
  items: readonly { readonly id: number; readonly cursor: string }[],
): Promise<PlainEdgeView[]> {
  const nodes = await loadViews(
    context.loaders,
    items.map(({ id }) => id),
  );
  return items.flatMap((item, i) => {
    const node = nodes[i];
    return node ? [{ cursor: item.cursor, node }] : [];
  });
}
