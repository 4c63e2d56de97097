import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { RequestContext } from '../../src/server/context.ts';
import type { SortedWalk } from '../../src/services/access-views/access-queries.ts';
import { lowerBound, pageOf } from '../../src/services/lists/page.ts';
import { type RawPageArgs, readPage } from '../args/page.ts';
import { readWalk } from '../args/walk.ts';
import type { NodeView } from '../present/node-view.ts';
import { type ConnectionView, idConnection } from './connection-view.ts';

/** Edge to something that a walk found; the resolver of `ReachedEdge.path` reads the ends from it. */
export interface ReachedEdgeView {
  readonly cursor: string;
  readonly node: NodeView;
  readonly hops: number;
  readonly fromId: number;
  readonly toId: number;
  readonly includeNotLive: boolean;
}

/** The list of a walk, and whether a limit ended it. */
export type WalkConnectionView = ConnectionView<ReachedEdgeView> & {
  readonly truncated: boolean;
  readonly truncationReason: string | null;
};

export type RawWalkArgs = RawPageArgs & {
  readonly maxHops?: number | null;
  readonly includeNotLive?: boolean | null;
};

/** What `start` reaches. */
export function reachConnection(
  context: RequestContext,
  start: number,
  kinds: readonly NodeKind[] | undefined,
  args: RawWalkArgs,
): Promise<WalkConnectionView> {
  const walk = context.services.access.reachable(context.viewer, start, readWalk(args, kinds, context.signal));
  return walkConnection(context, walk, args, (found) => ({ fromId: start, toId: found }));
}

/** Who reaches `target`. */
export async function whoConnection(
  context: RequestContext,
  target: number,
  kinds: readonly NodeKind[] | undefined,
  args: RawWalkArgs,
): Promise<WalkConnectionView> {
  const request = readWalk(args, kinds, context.signal);
  const walk = await context.services.access.whoCanReach(context.viewer, target, request);
  return walkConnection(context, walk, args, (found) => ({ fromId: found, toId: target }));
}

async function walkConnection(
  context: RequestContext,
  walk: SortedWalk,
  args: RawWalkArgs,
  ends: (found: number) => { readonly fromId: number; readonly toId: number },
): Promise<WalkConnectionView> {
  const page = pageOf(walk.ids, readPage(args, context.graph.info.storeId));
  // A walk goes through every connector, whatever it ends at.
  const connection = await idConnection(context, page, null, (node) => ({
    hops: walk.hops[lowerBound(walk.ids, node.nodeId)] ?? 0,
    includeNotLive: args.includeNotLive ?? false,
    ...ends(node.nodeId),
  }));
  return Object.assign(connection, { truncated: walk.truncated, truncationReason: walk.reason });
}
