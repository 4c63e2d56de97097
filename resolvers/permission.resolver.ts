import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { NodeBy } from '../schema/inputs/by.ts';
import { NodeListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  LinkedApplicationConnection,
  LinkedNodeConnection,
  LinkedRoleConnection,
  PermissionConnection,
  ReachedIdentityConnection,
} from '../schema/types/connections.ts';
import { Permission } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { findNode } from './lists/find.ts';
import { linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { whoConnection } from './lists/walked.ts';
import type { NodeView } from './present/node-view.ts';

/** What can be granted on applications. */
@Resolver(() => Permission)
export class PermissionResolver {
  @Query(() => Permission, { nullable: true })
  permission(@Ctx() context: RequestContext, @Arg('by', () => NodeBy) by: NodeBy): Promise<NodeView | null> {
    return findNode(context, 'Permission', by);
  }

  @Query(() => PermissionConnection)
  permissions(@Ctx() context: RequestContext, @Args(() => NodeListArgs) args: NodeListArgs) {
    return storeConnection(context, 'Permission', args);
  }

  @FieldResolver(() => LinkedRoleConnection, { description: 'Roles that grant it.' })
  roles(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['GRANTS'], nodeKinds: ['Role'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedNodeConnection, { description: 'Roles and accounts that have it directly.' })
  holders(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['GRANTS'], nodeKinds: ['Account', 'Role'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedApplicationConnection, { description: 'What it is a permission on.' })
  applications(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['PERMITS'], nodeKinds: ['Application'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => ReachedIdentityConnection, { description: 'Who has it, through all accounts and roles.' })
  identities(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return whoConnection(context, node.nodeId, ['Identity'], args);
  }
}
