import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { NodeBy } from '../schema/inputs/by.ts';
import { NodeListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  GroupConnection,
  LinkedApplicationConnection,
  LinkedGroupConnection,
  LinkedNodeConnection,
  LinkedOrganizationConnection,
  LinkedRoleConnection,
  ReachedIdentityConnection,
} from '../schema/types/connections.ts';
import { Group } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { findNode } from './lists/find.ts';
import { heldConnection, linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { whoConnection } from './lists/walked.ts';
import type { NodeView } from './present/node-view.ts';

/** Sets of accounts, connections and identity providers among them. */
@Resolver(() => Group)
export class GroupResolver {
  @Query(() => Group, { nullable: true })
  group(@Ctx() context: RequestContext, @Arg('by', () => NodeBy) by: NodeBy): Promise<NodeView | null> {
    return findNode(context, 'Group', by);
  }

  @Query(() => GroupConnection)
  groups(@Ctx() context: RequestContext, @Args(() => NodeListArgs) args: NodeListArgs) {
    return storeConnection(context, 'Group', args);
  }

  @FieldResolver(() => LinkedNodeConnection, { description: 'Direct members: accounts and groups.' })
  members(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['MEMBER_OF'], nodeKinds: ['Account', 'Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedGroupConnection, { description: 'Groups that it is a direct member of.' })
  memberOf(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['MEMBER_OF'], nodeKinds: ['Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedOrganizationConnection)
  organizations(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['MEMBER_OF'], nodeKinds: ['Organization'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedApplicationConnection, {
    description: 'Applications that it brings, itself or through the groups it is in.',
  })
  applications(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return heldConnection(context, node, 'Application', args);
  }

  @FieldResolver(() => LinkedRoleConnection, {
    description: 'Roles that it brings, itself or through the groups it is in.',
  })
  roles(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return heldConnection(context, node, 'Role', args);
  }

  @FieldResolver(() => LinkedGroupConnection, { description: 'Groups at other systems that it is pushed to.' })
  pushesTo(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['PUSHES_TO'], nodeKinds: ['Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedGroupConnection)
  pushedFrom(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['PUSHES_TO'], nodeKinds: ['Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => ReachedIdentityConnection, { description: 'Who is in it, directly or not.' })
  identities(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return whoConnection(context, node.nodeId, ['Identity'], args);
  }
}
