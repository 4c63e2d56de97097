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

type Count = (() => number | Promise<number>) | null;

/**
 * What every connection type is resolved from. Edges are made from the nodes, or the nodes taken from the edges, only
 * when they are asked for: most documents ask for one of the two.
 */
export class ConnectionView<E extends EdgeView = EdgeView> {
  /** Counted only when asked for: in a filtered list it may cost a scan. `null` where nothing counts. */
  readonly count: Count;
  /** Connectors whose data the list holds; `null` for all. */
  readonly scope: NoticeScope;
  readonly #page: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean };
  readonly #makeEdges: () => readonly E[];
  #edges: readonly E[] | undefined;
  #nodes: readonly object[] | undefined;

  constructor(options: {
    readonly edges: () => readonly E[];
    readonly nodes?: readonly object[] | undefined;
    readonly page: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean };
    readonly count: Count;
    readonly scope: NoticeScope;
  }) {
    this.#makeEdges = options.edges;
    this.#nodes = options.nodes;
    this.#page = options.page;
    this.count = options.count;
    this.scope = options.scope;
  }

  get edges(): readonly E[] {
    this.#edges ??= this.#makeEdges();
    return this.#edges;
  }

  get nodes(): readonly object[] {
    this.#nodes ??= this.edges.map((edge) => edge.node);
    return this.#nodes;
  }

  get pageInfo(): PageInfo {
    return {
      hasNextPage: this.#page.hasNextPage,
      hasPreviousPage: this.#page.hasPreviousPage,
      startCursor: this.edges[0]?.cursor ?? null,
      endCursor: this.edges.at(-1)?.cursor ?? null,
    };
  }
}

/** Connection over edges that are there already. */
export function connectionView<E extends EdgeView>(
  context: RequestContext,
  edges: readonly E[],
  page: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean },
  count: Count,
  scope: NoticeScope,
): ConnectionView<E> {
  context.notices.touch(scope);
  return new ConnectionView({ edges: () => edges, page, count, scope });
}

/** Connection over a page of node ids, with whatever `edge` adds to cursor and node. */
export async function idConnection<T extends object>(
  context: RequestContext,
  page: IdPage,
  scope: NoticeScope,
  edge: (node: NodeView) => T,
): Promise<ConnectionView<T & { readonly cursor: string; readonly node: NodeView }>> {
  context.notices.touch(scope);
  const { storeId } = context.graph.info;
  const nodes = await loadNodes(context.loaders, page.ids);
  return new ConnectionView({
    edges: () => nodes.map((node) => ({ ...edge(node), cursor: nodeCursor(storeId, node.nodeId), node })),
    nodes,
    page,
    count: () => page.total,
    scope,
  });
}

/** Data about a node comes from its connector; identities are made of all of them. */
export function scopeOf(node: NodeView): NoticeScope {
  return node.kind === 'Identity' ? null : [node.connectorId];
}
