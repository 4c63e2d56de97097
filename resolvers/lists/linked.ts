import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { RequestContext } from '../../src/server/context.ts';
import type { Holding, Way } from '../../src/services/lists/ways.ts';
import { type RawPageArgs, readPage } from '../args/page.ts';
import type { Pair } from '../loaders/loaders.ts';
import type { NodeView } from '../present/node-view.ts';
import { type ConnectionView, idConnection, scopeOf } from './connection-view.ts';

/** Edge that stands for links between two nodes; the resolvers of `LinkedEdge` read the rest from it. */
export interface LinkedEdgeView {
  readonly cursor: string;
  readonly node: NodeView;
  readonly parent: NodeView;
  readonly pair: Pair;
  readonly linkKinds: readonly LinkKind[];
  /** Only for what may be held through groups and roles. */
  readonly ways: (() => readonly Way[]) | null;
}

export type RawLinkedArgs = RawPageArgs & { readonly liveOnly?: boolean | null };

export interface LinkedList {
  readonly direction: 'out' | 'in';
  readonly linkKinds: readonly LinkKind[];
  readonly nodeKinds: readonly NodeKind[];
}

/** The nodes that are linked to `parent` by themselves. */
export function linkedConnection(
  context: RequestContext,
  parent: NodeView,
  list: LinkedList,
  args: RawLinkedArgs,
): Promise<ConnectionView<LinkedEdgeView>> {
  const page = readPage(args, context.graph.info.storeId);
  const ids = context.services.lists.linked(parent.nodeId, { ...list, liveOnly: args.liveOnly ?? false }, page);
  return idConnection(context, ids, scopeOf(parent), (node) => ({
    parent,
    pair:
      list.direction === 'out' ? { from: parent.nodeId, to: node.nodeId } : { from: node.nodeId, to: parent.nodeId },
    linkKinds: list.linkKinds,
    ways: null,
  }));
}

const LINK_OF: Readonly<Record<Holding, LinkKind>> = {
  Application: 'ASSIGNED_TO',
  Role: 'HAS_ROLE',
  Permission: 'GRANTS',
};

/** What `parent` (an account or group) holds, by itself or through groups and roles. */
export function heldConnection(
  context: RequestContext,
  parent: NodeView,
  what: Holding,
  args: RawLinkedArgs,
): Promise<ConnectionView<LinkedEdgeView>> {
  const { lists } = context.services;
  const page = lists.held(parent.nodeId, what, args.liveOnly ?? false, readPage(args, context.graph.info.storeId));
  return idConnection(context, page, scopeOf(parent), (node) => ({
    parent,
    pair: { from: parent.nodeId, to: node.nodeId },
    linkKinds: [LINK_OF[what]],
    ways: () => lists.ways(parent.nodeId, node.nodeId, what),
  }));
}

/** The accounts that hold `parent` (an application or role), by themselves or through groups. */
export function holdersConnection(
  context: RequestContext,
  parent: NodeView,
  what: Holding,
  args: RawLinkedArgs,
): Promise<ConnectionView<LinkedEdgeView>> {
  const { lists } = context.services;
  const page = lists.holders(parent.nodeId, what, args.liveOnly ?? false, readPage(args, context.graph.info.storeId));
  return idConnection(context, page, scopeOf(parent), (node) => ({
    parent,
    pair: { from: node.nodeId, to: parent.nodeId },
    linkKinds: [LINK_OF[what]],
    ways: () => lists.ways(node.nodeId, parent.nodeId, what),
  }));
}
