import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { AccountBy } from '../schema/inputs/by.ts';
import { AccountListArgs } from '../schema/inputs/filters.ts';
import { LinkedArgs } from '../schema/inputs/page-args.ts';
import {
  AccountConnection,
  LinkedAccountConnection,
  LinkedApplicationConnection,
  LinkedCredentialConnection,
  LinkedGroupConnection,
  LinkedOrganizationConnection,
  LinkedPermissionConnection,
  LinkedRoleConnection,
} from '../schema/types/connections.ts';
import { Ownership } from '../schema/types/link.ts';
import { Account, Identity } from '../schema/types/principals.ts';
import type { RequestContext } from '../src/server/context.ts';
import { readBy } from './args/by.ts';
import { ownershipBetween } from './link.resolver.ts';
import { scopeOf } from './lists/connection-view.ts';
import { heldConnection, linkedConnection } from './lists/linked.ts';
import { storeConnection } from './lists/store-list.ts';
import { loadNode, loadNodes } from './loaders/loaders.ts';
import type { NodeView } from './present/node-view.ts';
import { textOf, textsOf } from './present/read-json.ts';

/** Log-ins at the providers. */
@Resolver(() => Account)
export class AccountResolver {
  @Query(() => Account, { nullable: true })
  async account(@Ctx() context: RequestContext, @Arg('by', () => AccountBy) by: AccountBy): Promise<NodeView | null> {
    const id = await findAccount(context, by);
    const node = id === null ? null : await loadNode(context.loaders, id);
    context.notices.touch(node === null ? null : scopeOf(node));
    return node;
  }

  @Query(() => AccountConnection)
  accounts(@Ctx() context: RequestContext, @Args(() => AccountListArgs) args: AccountListArgs) {
    return storeConnection(context, 'Account', args);
  }

  @FieldResolver(() => Identity, {
    nullable: true,
    description: 'Whose it is; null while the linker has not placed it.',
  })
  async identity(@Root() node: NodeView, @Ctx() context: RequestContext): Promise<NodeView | null> {
    const owner = context.services.lookup.ownerOf(node.nodeId);
    return owner === null ? null : loadNode(context.loaders, owner);
  }

  @FieldResolver(() => Ownership, { nullable: true, description: 'Why it is that identity’s.' })
  async ownership(@Root() node: NodeView, @Ctx() context: RequestContext): Promise<Ownership | null> {
    const owner = context.services.lookup.ownerOf(node.nodeId);
    return owner === null ? null : ownershipBetween(context, { from: owner, to: node.nodeId });
  }

  @FieldResolver(() => Account, { nullable: true })
  async manager(@Root() node: NodeView, @Ctx() context: RequestContext): Promise<NodeView | null> {
    const key = textOf(node.properties['managerKey']);
    const id = key === null ? null : await context.loaders.keys.load(key);
    const manager = id === null ? null : await loadNode(context.loaders, id);
    return manager?.kind === 'Account' ? manager : null;
  }

  @FieldResolver(() => [Account], { description: 'Accounts that the provider itself says are the same person’s.' })
  async sameAs(@Root() node: NodeView, @Ctx() context: RequestContext): Promise<NodeView[]> {
    const ids = await Promise.all(textsOf(node.properties['sameAs']).map((key) => context.loaders.keys.load(key)));
    const nodes = await loadNodes(
      context.loaders,
      ids.filter((id) => id !== null),
    );
    return nodes.filter((other) => other.kind === 'Account');
  }

  @FieldResolver(() => LinkedGroupConnection, { description: 'Groups it is a direct member of.' })
  groups(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return linkedConnection(context, node, { direction: 'out', linkKinds: ['MEMBER_OF'], nodeKinds: ['Group'] }, args);
  }

  @FieldResolver(() => LinkedOrganizationConnection)
  organizations(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['MEMBER_OF'], nodeKinds: ['Organization'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedRoleConnection, { description: 'Roles it holds, itself or through groups.' })
  roles(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return heldConnection(context, node, 'Role', args);
  }

  @FieldResolver(() => LinkedApplicationConnection, {
    description: 'Applications it is assigned to, itself or through groups, and rows that are evidence only.',
  })
  applications(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return heldConnection(context, node, 'Application', args);
  }

  @FieldResolver(() => LinkedPermissionConnection, { description: 'Permissions it has, itself or through roles.' })
  permissions(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return heldConnection(context, node, 'Permission', args);
  }

  @FieldResolver(() => LinkedCredentialConnection)
  credentials(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    return linkedConnection(context, node, { direction: 'out', linkKinds: ['OWNS'], nodeKinds: ['Credential'] }, args);
  }

  @FieldResolver(() => LinkedAccountConnection, { description: 'Accounts at other tenants that a log-in here opens.' })
  federatesTo(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'out', linkKinds: ['FEDERATES'], nodeKinds: ['Account'] } as const;
    return linkedConnection(context, node, list, args);
  }

  @FieldResolver(() => LinkedAccountConnection, {
    description: 'Accounts at other tenants through which it is entered.',
  })
  federatedFrom(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['FEDERATES'], nodeKinds: ['Account'] } as const;
    return linkedConnection(context, node, list, args);
  }
}

async function findAccount(context: RequestContext, input: AccountBy): Promise<number | null> {
  const { lookup } = context.services;
  const by = readBy(input);
  switch (by.by) {
    case 'id':
      return lookup.byOpaqueId(context.viewer, by.value, 'Account');
    case 'native':
      return lookup.byNative(context.viewer, 'Account', by.value);
    case 'userName': {
      const { connector, userName } = by.value;
      return lookup.only(context.viewer, 'Account', { connectors: [connector], userName }, 'this user name');
    }
    default:
      return null;
  }
}
