import type { NodeKind } from '../../../src/domain/node-kinds.ts';
import type { LinkDraft, NodeDraft, NodeRef } from '../../../src/ports/provider.ts';
import { accountDrafts } from './account.ts';
import { CLIENT_QUERY, clientNode, machineGrants, serverDrafts } from './applications.ts';
import type { Auth0Client } from './client.ts';
import { connectionNode, connectionQuery, connectionsByName } from './connections.ts';
import { orNull } from './errors.ts';
import { groupNode, groupRoleLink } from './groups.ts';
import { stableOffsetList } from './lists.ts';
import { heldLink, memberLink, organizationNode, scopedRoleDrafts } from './organizations.ts';
import {
  clientPayload,
  connectionPayload,
  groupPayload,
  organizationPayload,
  type RolePayload,
  resourceServerPayload,
  rolePayload,
  USER_FIELDS,
  userPayload,
} from './payloads.ts';
import { grantsLink, ROLE_MEMBER_SCOPES, readPermissions, roleNode } from './roles.ts';
import { readDirectPermissions } from './users.ts';

/** One node, fresh, with its own links. */
export interface Live {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
}

/** Kinds that can be read one by one. */
export const LIVE_KINDS: readonly NodeKind[] = ['Account', 'Group', 'Role', 'Organization', 'Application'];
/** Organisations of one user whose roles are asked for. */
const MAX_ORGANIZATIONS = 50;

/** Reads one node by id. Parts whose scope is missing are left out. `null`: gone. */
export async function readLive(client: Auth0Client, ref: NodeRef, signal: AbortSignal): Promise<Live | null> {
  const id = encodeURIComponent(ref.nativeId);
  switch (ref.kind) {
    case 'Account':
      return readAccount(client, ref.nativeId, signal);
    case 'Role':
      return readRole(client, ref.nativeId, signal);
    case 'Organization': {
      const row = await client.find(`/organizations/${id}`, organizationPayload, signal);
      return row === null ? null : { nodes: [organizationNode(row)], links: [] };
    }
    case 'Application':
      return readApplication(client, id, signal);
    case 'Group':
      return ref.nativeId.startsWith('con_')
        ? readConnection(client, id, signal)
        : readGroup(client, ref.nativeId, signal);
    default:
      return null;
  }
}

async function readAccount(client: Auth0Client, userId: string, signal: AbortSignal): Promise<Live | null> {
  const path = `/users/${encodeURIComponent(userId)}`;
  const row = await client.find(path, userPayload, signal, { fields: USER_FIELDS.join(','), include_fields: true });
  if (row === null) return null;
  const account: NodeRef = { kind: 'Account', nativeId: userId };
  const drafts = accountDrafts(row, await connectionsByName(client, signal));
  const nodes: NodeDraft[] = [drafts.node];
  const links: LinkDraft[] = [...drafts.links];
  const rolesAt = (at: string) =>
    stableOffsetList(client, { path: at, key: 'roles', row: rolePayload, signal }, (role: RolePayload) => role.id);

  const direct = await orNull(() => readDirectPermissions(client, userId, signal));
  for (const permission of direct?.rows ?? []) links.push(grantsLink(account, permission));
  if (await client.may(...ROLE_MEMBER_SCOPES)) {
    for (const role of (await orNull(() => rolesAt(`${path}/roles`)))?.rows ?? []) {
      links.push({ from: account, kind: 'HAS_ROLE', to: { kind: 'Role', nativeId: role.id } });
    }
  }
  if (await client.may('read:groups')) {
    const groups = await orNull(() =>
      client.checkpointPage({ path: `${path}/groups`, key: 'groups', row: groupPayload, signal }, null),
    );
    for (const group of groups?.rows ?? []) {
      links.push({ from: account, kind: 'MEMBER_OF', to: { kind: 'Group', nativeId: group.id } });
    }
  }
  if (await client.may('read:organizations')) {
    const organizations = await orNull(() =>
      stableOffsetList(
        client,
        { path: `${path}/organizations`, key: 'organizations', row: organizationPayload, signal },
        (organization) => organization.id,
      ),
    );
    const withRoles = await client.may('read:organization_member_roles read:roles');
    for (const [i, organization] of (organizations?.rows ?? []).entries()) {
      links.push(memberLink(userId, organization.id));
      if (!withRoles || i >= MAX_ORGANIZATIONS) continue;
      const at = `/organizations/${encodeURIComponent(organization.id)}/members/${encodeURIComponent(userId)}/roles`;
      const scope = { id: organization.id, name: organizationNode(organization).name };
      for (const role of (await orNull(() => rolesAt(at)))?.rows ?? []) {
        const held = scopedRoleDrafts(role, scope, (await readPermissions(client, role.id, signal)).rows);
        nodes.push(held.node);
        links.push(heldLink(userId, role.id, organization.id), ...held.links);
      }
    }
  }
  return { nodes, links };
}

async function readRole(client: Auth0Client, nativeId: string, signal: AbortSignal): Promise<Live | null> {
  const [roleId = '', organizationId] = nativeId.split('@');
  const row = await client.find(`/roles/${encodeURIComponent(roleId)}`, rolePayload, signal);
  if (row === null) return null;
  const permissions = await readPermissions(client, roleId, signal);
  if (organizationId === undefined) {
    return {
      nodes: [roleNode(row)],
      links: permissions.rows.map((permission) => grantsLink({ kind: 'Role', nativeId: roleId }, permission)),
    };
  }
  const path = `/organizations/${encodeURIComponent(organizationId)}`;
  const organization = await client.find(path, organizationPayload, signal);
  if (organization === null) return null;
  const scope = { id: organization.id, name: organizationNode(organization).name };
  const held = scopedRoleDrafts(row, scope, permissions.rows);
  return { nodes: [held.node], links: held.links };
}

/** A client or an API: their ids do not tell which. */
async function readApplication(client: Auth0Client, id: string, signal: AbortSignal): Promise<Live | null> {
  const [maySeeClients, maySeeServers] = [await client.may('read:clients'), await client.may('read:resource_servers')];
  if (maySeeClients) {
    const row = await client.find(`/clients/${id}`, clientPayload, signal, CLIENT_QUERY);
    if (row !== null) {
      return { nodes: [clientNode(row, (await machineGrants(client, signal))?.get(row.client_id))], links: [] };
    }
  }
  if (maySeeServers) {
    const row = await client.find(`/resource-servers/${id}`, resourceServerPayload, signal);
    if (row !== null) return serverDrafts(row);
  }
  // Only who may see both knows that it is neither.
  await client.demand('read:clients read:resource_servers');
  return null;
}

async function readConnection(client: Auth0Client, id: string, signal: AbortSignal): Promise<Live | null> {
  const row = await client.find(`/connections/${id}`, connectionPayload, signal, await connectionQuery(client));
  return row === null ? null : { nodes: [connectionNode(row)], links: [] };
}

async function readGroup(client: Auth0Client, groupId: string, signal: AbortSignal): Promise<Live | null> {
  const path = `/groups/${encodeURIComponent(groupId)}`;
  const row = await client.find(path, groupPayload, signal);
  if (row === null) return null;
  const links: LinkDraft[] = [];
  if (await client.may('read:group_roles')) {
    const roles = await orNull(() =>
      client.checkpointPage({ path: `${path}/roles`, key: 'roles', row: rolePayload, signal }, null),
    );
    for (const role of roles?.rows ?? []) links.push(groupRoleLink(groupId, role.id));
  }
  return { nodes: [groupNode(row)], links };
}
