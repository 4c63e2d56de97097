import type { Auth0World } from '../../emulators/world.ts';
import type { Expected } from './directory-expected.ts';

const pair = (from: string, to: string): string => `${from} → ${to}`;
const distinct = (items: readonly string[]): string[] => [...new Set(items)];

/** Nodes and links of an Auth0 world, counted from its records alone. */
export function auth0Expected(world: Auth0World): Expected {
  const { users, connections, clients, resourceServers, roles, organizations, groups, grants } = world;
  const connectionIds = new Map([...connections.values()].map(({ id, name }) => [name, id]));
  const permissionId = (permission: { name: string; resourceServer: string }): string =>
    `${permission.resourceServer}|${permission.name}`;
  const scoped = [...organizations.values()].flatMap((organization) =>
    [...organization.members].flatMap(([user, held]) =>
      [...held].map((role) => ({ user, role, organization: organization.id })),
    ),
  );
  const scopedRoles = new Map(scoped.map(({ role, organization }) => [`${role}@${organization}`, role]));
  const permissions = [...resourceServers.values()].flatMap(({ id, identifier, scopes }) =>
    scopes.map(({ value }) => ({ id: `${identifier}|${value}`, api: id })),
  );
  const granted = (role: string): string[] => (roles.get(role)?.permissions ?? []).map(permissionId);
  return {
    nodes: {
      Account: [...users.keys()],
      Group: [...connections.keys(), ...groups.keys()],
      Application: [...clients.keys(), ...resourceServers.keys()],
      Role: [...roles.keys(), ...scopedRoles.keys()],
      Organization: [...organizations.keys()],
      Permission: permissions.map(({ id }) => id),
    },
    links: {
      MEMBER_OF: distinct([
        ...[...users.values()].flatMap((user) =>
          user.identities.map(({ connection }) => pair(user.userId, connectionIds.get(connection)!)),
        ),
        ...[...organizations.values()].flatMap(({ id, members }) => [...members.keys()].map((user) => pair(user, id))),
        ...[...groups.values()].flatMap(({ id, members }) => [...members.keys()].map((member) => pair(member, id))),
      ]),
      ASSIGNED_TO: distinct([
        ...[...connections.values()].flatMap(({ id, clients: enabled }) =>
          [...enabled].map((client) => pair(id, client)),
        ),
        ...[...grants.values()].map(({ userId, clientId }) => pair(userId, clientId)),
      ]),
      HAS_ROLE: distinct([
        ...[...roles.values()].flatMap(({ id, users: holders }) => [...holders].map((user) => pair(user, id))),
        ...[...groups.values()].flatMap(({ id, roles: held }) => [...held].map((role) => pair(id, role))),
        ...scoped.map(({ user, role, organization }) => pair(user, `${role}@${organization}`)),
      ]),
      GRANTS: distinct([
        ...[...roles.keys()].flatMap((role) => granted(role).map((permission) => pair(role, permission))),
        ...[...scopedRoles].flatMap(([node, role]) => granted(role).map((permission) => pair(node, permission))),
      ]),
      PERMITS: permissions.map(({ id, api }) => pair(id, api)),
      INSTANCE_OF: [...scopedRoles].map(([node, role]) => pair(node, role)),
    },
  };
}
