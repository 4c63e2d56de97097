import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { NodeBy } from '../schema/inputs/by.ts';
import { NodeListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  LinkedApplicationConnection,
  LinkedNodeConnection,
  OrganizationConnection,
  ReachedIdentityConnection,
} from '../schema/types/connections.ts';
import { Organization } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { findNode } from './lists/find.ts';
import { linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { whoConnection } from './lists/walked.ts';
import type { NodeView } from './present/node-view.ts';

/** Tenants and organisations. */
@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => Organization, { nullable: true })
  organization(@Ctx() context: RequestContext, @Arg('by', () => NodeBy) by: NodeBy): Promise<NodeView | null> {
    return findNode(context, 'Organization', by);
  }

  @Query(() => OrganizationConnection)
  organizations(@Ctx() context: RequestContext, @Args(() => NodeListArgs) args: NodeListArgs) {
    return storeConnection(context, 'Organization', args);
  }

  @FieldResolver(() => LinkedNodeConnection, { description: 'Direct members: accounts and groups.' })
  members(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['MEMBER_OF'], nodeKinds: ['Account', 'Group'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedApplicationConnection, {
    description: 'Applications of other tenants that sign people into it.',
  })
  signedIntoBy(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['SIGNS_INTO'], nodeKinds: ['Application'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => ReachedIdentityConnection, { description: 'Who is in it, directly or not.' })
  identities(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return whoConnection(context, node.nodeId, ['Identity'], args);
  }
}
