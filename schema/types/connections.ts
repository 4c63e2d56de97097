import { Field, ObjectType } from 'type-graphql';
import { ReachedEdge, WalkConnection } from './access-path.ts';
import { AnyNode, connectionType, plainEdgeType, type TypeClass } from './connection.ts';
import { LinkedEdge } from './link.ts';
import type { GraphNode } from './node.ts';
import { Account, Identity } from './principals.ts';
import { Application, Credential, Group, Organization, Permission, Role } from './resources.ts';
import { SyncRun } from './sync-run.ts';

function plain<T extends object>(name: string, node: TypeClass<T>) {
  return connectionType({ name }, node, plainEdgeType({ name }, node));
}

/** Edge that stands for links: `LinkedGroupEdge` with how, links, isLive and assertedBy. */
function linked<T extends GraphNode>(kind: string, node: TypeClass<T>) {
  const name = `Linked${kind}`;
  @ObjectType(`${name}Edge`, { implements: LinkedEdge, simpleResolvers: true })
  class Edge extends LinkedEdge {
    @Field(() => node)
    readonly node!: T;
  }
  return connectionType({ name }, node, Edge);
}

/** Edge that was found by walking: `ReachedGroupEdge` with hops and an example path. */
function reached<T extends GraphNode>(kind: string, node: TypeClass<T>) {
  const name = `Reached${kind}`;
  @ObjectType(`${name}Edge`, { implements: ReachedEdge, simpleResolvers: true })
  class Edge extends ReachedEdge {
    @Field(() => node)
    readonly node!: T;
  }
  return connectionType({ name }, node, Edge, WalkConnection);
}

export const IdentityConnection = plain('Identity', Identity);
export const AccountConnection = plain('Account', Account);
export const GroupConnection = plain('Group', Group);
export const RoleConnection = plain('Role', Role);
export const OrganizationConnection = plain('Organization', Organization);
export const ApplicationConnection = plain('Application', Application);
export const PermissionConnection = plain('Permission', Permission);
export const SearchConnection = plain('Search', AnyNode);
export const SyncRunConnection = plain('SyncRun', SyncRun);

export const LinkedNodeConnection = linked('Node', AnyNode);
export const LinkedAccountConnection = linked('Account', Account);
export const LinkedGroupConnection = linked('Group', Group);
export const LinkedRoleConnection = linked('Role', Role);
export const LinkedOrganizationConnection = linked('Organization', Organization);
export const LinkedApplicationConnection = linked('Application', Application);
export const LinkedPermissionConnection = linked('Permission', Permission);
export const LinkedCredentialConnection = linked('Credential', Credential);

export const ReachedNodeConnection = reached('Node', AnyNode);
export const ReachedIdentityConnection = reached('Identity', Identity);
export const ReachedGroupConnection = reached('Group', Group);
export const ReachedRoleConnection = reached('Role', Role);
export const ReachedOrganizationConnection = reached('Organization', Organization);
export const ReachedApplicationConnection = reached('Application', Application);
export const ReachedPermissionConnection = reached('Permission', Permission);

@ObjectType('OwnedAccountEdge', {
  simpleResolvers: true,
  description: 'An account of an identity, with the evidence that ties it there.',
})
export class OwnedAccountEdge {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => Account)
  readonly node!: Account;
}

export const OwnedAccountConnection = connectionType({ name: 'OwnedAccount' }, Account, OwnedAccountEdge);
