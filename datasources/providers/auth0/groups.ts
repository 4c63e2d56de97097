import type { LinkDraft, NodeDraft, Syncer } from '../../../src/ports/provider.ts';
import type { Auth0Client } from './client.ts';
import { checkpointList, childList } from './lists.ts';
import { type GroupPayload, groupMemberPayload, groupPayload, rolePayload } from './payloads.ts';

/** A group that Auth0 keeps: filled by a directory, an organisation or the tenant. */
export function groupNode(group: GroupPayload): NodeDraft<'Group'> {
  return {
    kind: 'Group',
    nativeId: group.id,
    name: group.name || group.id,
    properties: {
      type: 'USER_GROUP',
      createdAt: group.created_at ?? undefined,
      externalId: group.external_id || undefined,
      connectionId: group.connection_id || undefined,
    },
  };
}

export const groupRoleLink = (groupId: string, roleId: string): LinkDraft => ({
  from: { kind: 'Group', nativeId: groupId },
  kind: 'HAS_ROLE',
  to: { kind: 'Role', nativeId: roleId },
});

export function groupSyncers(client: Auth0Client): readonly Syncer[] {
  return [
    {
      name: 'groups',
      title: 'groups',
      nodes: ['Group'],
      links: [],
      requires: ['read:groups'],
      async *list(context) {
        await client.demand('read:groups');
        yield* checkpointList(client, context, { path: '/groups', key: 'groups', row: groupPayload }, (rows) => ({
          nodes: rows.map(groupNode),
        }));
      },
    },
    {
      name: 'group-members',
      title: 'members of groups',
      nodes: [],
      links: ['MEMBER_OF'],
      requires: ['read:group_members'],
      after: ['groups'],
      async *list(context) {
        await client.demand('read:group_members');
        yield* childList(client, context, {
          parents: context.ids('groups', 'Group'),
          read: (parent, from) =>
            client.checkpointPage(
              {
                path: `/groups/${encodeURIComponent(parent)}/members`,
                key: 'members',
                row: groupMemberPayload,
                signal: context.signal,
              },
              from,
            ),
          toDrafts: (parent, rows) => ({
            links: rows.map((row) => ({
              from: { kind: row.member_type === 'group' ? 'Group' : 'Account', nativeId: row.id },
              kind: 'MEMBER_OF',
              to: { kind: 'Group', nativeId: parent },
            })),
          }),
        });
      },
    },
    {
      name: 'group-roles',
      title: 'roles of groups',
      nodes: [],
      links: ['HAS_ROLE'],
      requires: ['read:group_roles'],
      after: ['groups'],
      async *list(context) {
        await client.demand('read:group_roles');
        yield* childList(client, context, {
          parents: context.ids('groups', 'Group'),
          read: (parent, from) =>
            client.checkpointPage(
              {
                path: `/groups/${encodeURIComponent(parent)}/roles`,
                key: 'roles',
                row: rolePayload,
                signal: context.signal,
              },
              from,
            ),
          toDrafts: (parent, rows) => ({ links: rows.map((row) => groupRoleLink(parent, row.id)) }),
        });
      },
    },
  ];
}
