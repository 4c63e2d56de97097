import type { LinkDraft, NodeDraft, NodeRef, Syncer } from '../../../src/ports/provider.ts';
import { permissionId } from './applications.ts';
import type { Auth0Client } from './client.ts';
import { childList, offsetList, type StableList, stableOffsetList } from './lists.ts';
import { type PermissionPayload, permissionPayload, type RolePayload, rolePayload, userRef } from './payloads.ts';

/** Either set opens a role's members. */
export const ROLE_MEMBER_SCOPES = ['read:users read:roles', 'read:role_members'] as const;

export function roleNode(role: RolePayload): NodeDraft<'Role'> {
  return {
    kind: 'Role',
    nativeId: role.id,
    name: role.name || role.id,
    properties: { type: 'RBAC', description: role.description || undefined, isCustom: true },
  };
}

export const permissionKey = (row: PermissionPayload): string =>
  permissionId(row.resource_server_identifier, row.permission_name);

export function grantsLink(from: NodeRef, permission: PermissionPayload): LinkDraft {
  return { from, kind: 'GRANTS', to: { kind: 'Permission', nativeId: permissionKey(permission) } };
}

/** Permissions of a role definition. */
export function readPermissions(
  client: Auth0Client,
  roleId: string,
  signal: AbortSignal,
): Promise<StableList<PermissionPayload>> {
  return stableOffsetList(
    client,
    {
      path: `/roles/${encodeURIComponent(roleId)}/permissions`,
      key: 'permissions',
      row: permissionPayload,
      signal,
    },
    permissionKey,
  );
}

export function roleSyncers(client: Auth0Client): readonly Syncer[] {
  return [
    {
      name: 'roles',
      title: 'roles',
      nodes: ['Role'],
      links: [],
      requires: ['read:roles'],
      async *list(context) {
        await client.demand('read:roles');
        yield* offsetList(
          client,
          context,
          { path: '/roles', key: 'roles', row: rolePayload },
          (row) => row.id,
          (rows) => ({ nodes: rows.map(roleNode) }),
        );
      },
    },
    {
      name: 'role-permissions',
      title: 'permissions of roles',
      nodes: [],
      links: ['GRANTS'],
      requires: ['read:roles'],
      after: ['roles'],
      async *list(context) {
        await client.demand('read:roles');
        yield* childList(client, context, {
          parents: context.ids('roles', 'Role'),
          read: async (parent) => ({ ...(await readPermissions(client, parent, context.signal)), next: null }),
          toDrafts: (parent, rows) => ({
            links: rows.map((row) => grantsLink({ kind: 'Role', nativeId: parent }, row)),
          }),
        });
      },
    },
    {
      name: 'role-users',
      title: 'members of roles',
      nodes: [],
      links: ['HAS_ROLE'],
      requires: ['read:users', 'read:roles'],
      after: ['roles'],
      async *list(context) {
        await client.demand(...ROLE_MEMBER_SCOPES);
        yield* childList(client, context, {
          parents: context.ids('roles', 'Role'),
          read: (parent, from) =>
            client.checkpointPage(
              {
                path: `/roles/${encodeURIComponent(parent)}/users`,
                key: 'users',
                row: userRef,
                signal: context.signal,
              },
              from,
            ),
          toDrafts: (parent, rows) => ({
            links: rows.map((row) => ({
              from: { kind: 'Account', nativeId: row.user_id },
              kind: 'HAS_ROLE',
              to: { kind: 'Role', nativeId: parent },
            })),
          }),
        });
      },
    },
  ];
}
