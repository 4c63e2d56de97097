import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { AccessPathsArgs, ReachableArgs, WhoCanAccessArgs, WhoCanReachArgs } from '../schema/inputs/access.ts';
import { AccessPathResult } from '../schema/types/access-path.ts';
import { ReachedIdentityConnection, ReachedNodeConnection } from '../schema/types/connections.ts';
import { AppError } from '../src/domain/errors.ts';
import { keyOfOpaqueId } from '../src/domain/keys.ts';
import type { RequestContext } from '../src/server/context.ts';
import { readKinds, readPathRequest } from './args/walk.ts';
import { reachConnection, whoConnection } from './lists/walked.ts';
import { loadNode } from './loaders/loaders.ts';
import type { NodeView } from './present/node-view.ts';
import { type PathView, presentPaths } from './present/path-view.ts';

interface AccessPathResultView {
  readonly from: NodeView;
  readonly to: NodeView;
  readonly paths: readonly PathView[];
  readonly truncated: boolean;
  readonly truncationReason: string | null;
}

/** Who can reach what, and how. */
@Resolver()
export class AccessResolver {
  @Query(() => AccessPathResult, { description: 'How one node reaches another: why access exists.' })
  async accessPaths(
    @Ctx() context: RequestContext,
    @Args(() => AccessPathsArgs) args: AccessPathsArgs,
  ): Promise<AccessPathResultView> {
    const [from, to] = await Promise.all([mustFind(context, 'from', args.from), mustFind(context, 'to', args.to)]);
    const request = readPathRequest(args, context.signal);
    const found = context.services.access.paths(context.viewer, from.nodeId, to.nodeId, request);
    context.notices.touch(null);
    return {
      from,
      to,
      paths: await presentPaths(context.loaders, found.paths),
      truncated: found.truncated,
      truncationReason: found.reason ?? null,
    };
  }

  @Query(() => ReachedNodeConnection, { description: 'Everything that a node reaches, by any path.' })
  async reachable(@Ctx() context: RequestContext, @Args(() => ReachableArgs) args: ReachableArgs) {
    const from = await mustFind(context, 'from', args.from);
    return reachConnection(context, from.nodeId, readKinds(args.kinds), args);
  }

  @Query(() => ReachedIdentityConnection, {
    description: 'Every identity that can access an application, by any path.',
  })
  async whoCanAccess(@Ctx() context: RequestContext, @Args(() => WhoCanAccessArgs) args: WhoCanAccessArgs) {
    const application = await mustFind(context, 'application', args.application);
    if (application.kind !== 'Application') {
      throw new AppError(
        'BAD_USER_INPUT',
        `application: this is the id of a node of kind ${application.kind}; ask whoCanReach(to:) for it.`,
        { audience: 'user' },
      );
    }
    return whoConnection(context, application.nodeId, ['Identity'], args);
  }

  @Query(() => ReachedNodeConnection, {
    description: 'Who reaches a node of any kind: a group, a role, a permission …',
  })
  async whoCanReach(@Ctx() context: RequestContext, @Args(() => WhoCanReachArgs) args: WhoCanReachArgs) {
    const to = await mustFind(context, 'to', args.to);
    return whoConnection(context, to.nodeId, readKinds(args.kinds) ?? ['Identity'], args);
  }
}

/** @throws AppError `NODE_NOT_FOUND` naming the argument */
async function mustFind(context: RequestContext, argument: string, id: string): Promise<NodeView> {
  const key = keyOfOpaqueId(id);
  const nodeId = key === null ? null : await context.loaders.keys.load(key);
  const node = nodeId === null ? null : await loadNode(context.loaders, nodeId);
  if (node !== null) return node;
  throw new AppError('NODE_NOT_FOUND', `${argument}: there is no node with this id (any more).`, {
    audience: 'user',
    details: { argument },
  });
}
