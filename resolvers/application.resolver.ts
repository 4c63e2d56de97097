import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { NodeBy } from '../schema/inputs/by.ts';
import { NodeListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  ApplicationConnection,
  LinkedAccountConnection,
  LinkedGroupConnection,
  LinkedOrganizationConnection,
  LinkedPermissionConnection,
  ReachedIdentityConnection,
} from '../schema/types/connections.ts';
import { Application } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { findNode } from './lists/find.ts';
import { holdersConnection, linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { whoConnection } from './lists/walked.ts';
import type { NodeView } from './present/node-view.ts';

/** What one can have access to. */
@Resolver(() => Application)
export class ApplicationResolver {
  @Query(() => Application, { nullable: true })
  application(@Ctx() context: RequestContext, @Arg('by', () => NodeBy) by: NodeBy): Promise<NodeView | null> {
    return findNode(context, 'Application', by);
  }

  @Query(() => ApplicationConnection)
  applications(@Ctx() context: RequestContext, @Args(() => NodeListArgs) args: NodeListArgs) {
    return storeConnection(context, 'Application', args);
  }

  @FieldResolver(() => LinkedAccountConnection, {
    description: 'Accounts assigned to it; each edge says how: direct, or by which groups.',
  })
  assignments(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return holdersConnection(context, node, 'Application', args);
  }

  @FieldResolver(() => LinkedGroupConnection, { description: 'Groups assigned to it.' })
  groups(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['ASSIGNED_TO'], nodeKinds: ['Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedPermissionConnection, { description: 'Permissions on it.' })
  permissions(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['PERMITS'], nodeKinds: ['Permission'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedOrganizationConnection, { description: 'Tenants that it signs people into.' })
  signsInto(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['SIGNS_INTO'], nodeKinds: ['Organization'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => ReachedIdentityConnection, { description: 'Who can access it, by any path: as whoCanAccess.' })
  identities(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return whoConnection(context, node.nodeId, ['Identity'], args);
  }
}
