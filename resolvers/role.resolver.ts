import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { NodeBy } from '../schema/inputs/by.ts';
import { NodeListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  LinkedAccountConnection,
  LinkedNodeConnection,
  LinkedPermissionConnection,
  LinkedRoleConnection,
  ReachedIdentityConnection,
  RoleConnection,
} from '../schema/types/connections.ts';
import { Role } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { findNode } from './lists/find.ts';
import { holdersConnection, linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { whoConnection } from './lists/walked.ts';
import type { NodeView } from './present/node-view.ts';

/** Named bundles of permissions. */
@Resolver(() => Role)
export class RoleResolver {
  @Query(() => Role, { nullable: true })
  role(@Ctx() context: RequestContext, @Arg('by', () => NodeBy) by: NodeBy): Promise<NodeView | null> {
    return findNode(context, 'Role', by);
  }

  @Query(() => RoleConnection)
  roles(@Ctx() context: RequestContext, @Args(() => NodeListArgs) args: NodeListArgs) {
    return storeConnection(context, 'Role', args);
  }

  @FieldResolver(() => LinkedNodeConnection, { description: 'Accounts and groups to which it is given directly.' })
  holders(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['HAS_ROLE'], nodeKinds: ['Account', 'Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedAccountConnection, { description: 'Accounts that hold it, themselves or through groups.' })
  accounts(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return holdersConnection(context, node, 'Role', args);
  }

  @FieldResolver(() => LinkedPermissionConnection)
  permissions(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['GRANTS'], nodeKinds: ['Permission'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedRoleConnection, { description: 'The role that this one is, held in one scope.' })
  definition(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['INSTANCE_OF'], nodeKinds: ['Role'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedRoleConnection, { description: 'This role as held in single scopes.' })
  instances(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['INSTANCE_OF'], nodeKinds: ['Role'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => ReachedIdentityConnection, { description: 'Who holds it, through all accounts.' })
  identities(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return whoConnection(context, node.nodeId, ['Identity'], args);
  }
}
