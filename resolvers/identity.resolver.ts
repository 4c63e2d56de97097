import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { IdentityBy } from '../schema/inputs/by.ts';
import { IdentityListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs, WalkArgs } from '../schema/inputs/page-args.ts';
import {
  IdentityConnection,
  LinkedCredentialConnection,
  OwnedAccountConnection,
  ReachedApplicationConnection,
  ReachedGroupConnection,
  ReachedOrganizationConnection,
  ReachedPermissionConnection,
  ReachedRoleConnection,
} from '../schema/types/connections.ts';
import { Identity } from '../schema/types/principals.ts';
import type { RequestContext } from '../src/server/context.ts';
import { readBy } from './args/by.ts';
import { linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { reachConnection } from './lists/walked.ts';
import { loadNode } from './loaders/loaders.ts';
import type { NodeView } from './present/node-view.ts';

/** People, workloads and shared log-ins. */
@Resolver(() => Identity)
export class IdentityResolver {
  @Query(() => Identity, {
    nullable: true,
    description: 'One identity by what is known of it; null when nobody has it, the error AMBIGUOUS when several do.',
  })
  async identity(
    @Ctx() context: RequestContext,
    @Arg('by', () => IdentityBy) by: IdentityBy,
  ): Promise<NodeView | null> {
    const id = await findIdentity(context, by);
    context.notices.touch(null);
    return id === null ? null : loadNode(context.loaders, id);
  }

  @Query(() => IdentityConnection)
  identities(@Ctx() context: RequestContext, @Args(() => IdentityListArgs) args: IdentityListArgs) {
    return storeConnection(context, 'Identity', args);
  }

  @FieldResolver(() => OwnedAccountConnection, { description: 'Its accounts, live or not, with the evidence of each.' })
  accounts(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['HAS_ACCOUNT'], nodeKinds: ['Account'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedCredentialConnection)
  credentials(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return linkedConnection(context, node, { direction: 'out', linkKinds: ['OWNS'], nodeKinds: ['Credential'] }, args);
  }

  @FieldResolver(() => ReachedGroupConnection, { description: 'Groups it is in, through all its accounts.' })
  groups(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return reachConnection(context, node.nodeId, ['Group'], args);
  }

  @FieldResolver(() => ReachedRoleConnection, { description: 'Roles it holds, through all its accounts.' })
  roles(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return reachConnection(context, node.nodeId, ['Role'], args);
  }

  @FieldResolver(() => ReachedOrganizationConnection, { description: 'Tenants and organisations it is in.' })
  organizations(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return reachConnection(context, node.nodeId, ['Organization'], args);
  }

  @FieldResolver(() => ReachedApplicationConnection, { description: 'Applications it can access, each with a path.' })
  applications(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return reachConnection(context, node.nodeId, ['Application'], args);
  }

  @FieldResolver(() => ReachedPermissionConnection, { description: 'Permissions it has, each with a path.' })
  permissions(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => WalkArgs) args: WalkArgs) {
    return reachConnection(context, node.nodeId, ['Permission'], args);
  }
}

async function findIdentity(context: RequestContext, input: IdentityBy): Promise<number | null> {
  const { lookup } = context.services;
  const by = readBy(input);
  switch (by.by) {
    case 'id':
      return lookup.byOpaqueId(context.viewer, by.value, 'Identity');
    case 'email':
      return lookup.only(context.viewer, 'Identity', { email: by.value }, 'this e-mail address');
    case 'employeeNumber':
      return lookup.only(context.viewer, 'Identity', { employeeNumber: by.value }, 'this employee number');
    case 'account': {
      const account = await lookup.byNative(context.viewer, 'Account', by.value);
      return account === null ? null : lookup.ownerOf(account);
    }
    default:
      return null;
  }
}
