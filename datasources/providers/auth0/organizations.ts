import type { z } from 'zod';
import type { LinkDraft, NodeDraft, NodeRef, Syncer, SyncerContext } from '../../../src/ports/provider.ts';
import type { Auth0Client } from './client.ts';
import { checkpointList, childList, type Drafts, type StableList } from './lists.ts';
import {
  memberPayload,
  type OrganizationPayload,
  organizationPayload,
  type PermissionPayload,
  type RolePayload,
} from './payloads.ts';
import { grantsLink, readPermissions } from './roles.ts';

type Member = z.output<typeof memberPayload>;

export function organizationNode(organization: OrganizationPayload): NodeDraft<'Organization'> {
  return {
    kind: 'Organization',
    nativeId: organization.id,
    name: organization.display_name || organization.name || organization.id,
    properties: {
      type: 'ORGANIZATION',
      displayName: organization.display_name || undefined,
      description: organization.name || undefined,
      logoUrl: organization.branding?.logo_url || undefined,
    },
  };
}

/** Native id of a role as held in one organisation. */
export function scopedRoleId(roleId: string, organizationId: string): string {
  return `${roleId}@${organizationId}`;
}

/** A role held in an organisation: its own node, with the permissions of its definition. */
export function scopedRoleDrafts(
  role: RolePayload,
  organization: { readonly id: string; readonly name: string },
  permissions: readonly PermissionPayload[],
): { readonly node: NodeDraft<'Role'>; readonly links: readonly LinkDraft[] } {
  const ref: NodeRef = { kind: 'Role', nativeId: scopedRoleId(role.id, organization.id) };
  return {
    node: {
      kind: 'Role',
      nativeId: ref.nativeId,
      name: `${role.name || role.id} in ${organization.name}`,
      properties: { type: 'RBAC', scope: organization.name, isCustom: true },
    },
    links: [
      { from: ref, kind: 'INSTANCE_OF', to: { kind: 'Role', nativeId: role.id } },
      ...permissions.map((permission) => grantsLink(ref, permission)),
    ],
  };
}

export const memberLink = (userId: string, organizationId: string): LinkDraft => ({
  from: { kind: 'Account', nativeId: userId },
  kind: 'MEMBER_OF',
  to: { kind: 'Organization', nativeId: organizationId },
});

export function organizationSyncers(client: Auth0Client): readonly Syncer[] {
  const members = (context: SyncerContext, fields: string) => (parent: string, from: string | null) =>
    client.checkpointPage<Member>(
      {
        path: `/organizations/${encodeURIComponent(parent)}/members`,
        key: 'members',
        row: memberPayload,
        query: { fields, include_fields: true },
        signal: context.signal,
      },
      from,
    );
  return [
    {
      name: 'organizations',
      title: 'organisations',
      nodes: ['Organization'],
      links: [],
      requires: ['read:organizations'],
      async *list(context) {
        await client.demand('read:organizations');
        yield* checkpointList(
          client,
          context,
          { path: '/organizations', key: 'organizations', row: organizationPayload },
          (rows) => ({ nodes: rows.map(organizationNode) }),
        );
      },
    },
    {
      name: 'organization-members',
      title: 'members of organisations',
      nodes: [],
      links: ['MEMBER_OF'],
      requires: ['read:organization_members'],
      after: ['organizations'],
      async *list(context) {
        await client.demand('read:organization_members');
        yield* childList(client, context, {
          parents: context.ids('organizations', 'Organization'),
          read: members(context, 'user_id'),
          toDrafts: (parent, rows) => ({ links: rows.map((row) => memberLink(row.user_id, parent)) }),
        });
      },
    },
    {
      // Apart from the members, because it needs a scope more: without it the members must still be read in full.
      name: 'organization-member-roles',
      title: 'roles held in organisations',
      nodes: ['Role'],
      links: ['HAS_ROLE', 'GRANTS', 'INSTANCE_OF'],
      requires: ['read:organization_members', 'read:organization_member_roles', 'read:roles'],
      after: ['organizations'],
      async *list(context) {
        await client.demand('read:organization_members read:organization_member_roles read:roles');
        const permissions = new Map<string, Promise<StableList<PermissionPayload>>>();
        const permissionsOf = (roleId: string): Promise<StableList<PermissionPayload>> => {
          const known = permissions.get(roleId) ?? readPermissions(client, roleId, context.signal);
          permissions.set(roleId, known);
          return known;
        };
        yield* childList(client, context, {
          parents: context.ids('organizations', 'Organization'),
          read: members(context, 'user_id,roles'),
          toDrafts: async (parent, rows): Promise<Drafts> => {
            const roles = new Map<string, RolePayload>();
            const links: LinkDraft[] = [];
            for (const row of rows) {
              for (const role of row.roles ?? []) {
                roles.set(role.id, role);
                links.push(heldLink(row.user_id, role.id, parent));
              }
            }
            if (roles.size === 0) return {};
            const name = (await context.node('Organization', parent))?.name ?? parent;
            const nodes: NodeDraft[] = [];
            for (const role of roles.values()) {
              const held = scopedRoleDrafts(role, { id: parent, name }, (await permissionsOf(role.id)).rows);
              nodes.push(held.node);
              links.push(...held.links);
            }
            return { nodes, links };
          },
        });
      },
    },
  ];
}

export const heldLink = (userId: string, roleId: string, organizationId: string): LinkDraft => ({
  from: { kind: 'Account', nativeId: userId },
  kind: 'HAS_ROLE',
  to: { kind: 'Role', nativeId: scopedRoleId(roleId, organizationId) },
});
