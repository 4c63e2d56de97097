import type { PageInfo } from '../../schema/types/connection.ts';
import type { RequestContext } from '../../src/server/context.ts';
import type { NoticeScope } from '../../src/services/connectors/notice-board.ts';
import { type IdPage, nodeCursor } from '../../src/services/lists/page.ts';
import { loadNodes } from '../loaders/loaders.ts';
import type { NodeView } from '../present/node-view.ts';

export interface EdgeView {
  readonly cursor: string;
  readonly node: object;
}

/** What every connection type is resolved from. */
export interface ConnectionView<E extends EdgeView = EdgeView> {
  readonly edges: readonly E[];
  readonly nodes: readonly E['node'][];
  readonly pageInfo: PageInfo;
  /** Counted only when asked for: in a filtered list it may cost a scan. */
  readonly count: (() => number | Promise<number>) | null;
  readonly scope: NoticeScope;
}

/** @param scope  connectors whose data the list holds; `null` for all */
export function connectionView<E extends EdgeView>(
  context: RequestContext,
  edges: readonly E[],
  page: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean },
  count: ConnectionView['count'],
  scope: NoticeScope,
): ConnectionView<E> {
  context.notices.touch(scope);
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    count,
    scope,
  };
}

/** Connection over a page of node ids, with whatever `edge` adds to cursor and node. */
export async function idConnection<T extends object>(
  context: RequestContext,
  page: IdPage,
  scope: NoticeScope,
  edge: (node: NodeView) => T,
): Promise<ConnectionView<T & { readonly cursor: string; readonly node: NodeView }>> {
  const { storeId } = context.graph.info;
  const nodes = await loadNodes(context.loaders, page.ids);
  const edges = nodes.map((node) => ({ ...edge(node), cursor: nodeCursor(storeId, node.nodeId), node }));
  return connectionView(context, edges, page, () => page.total, scope);
}

/** Data about a node comes from its connector; identities are made of all of them. */
export function scopeOf(node: NodeView): NoticeScope {
  return node.kind === 'Identity' ? null : [node.connectorId];
}
