import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import type { Auth0Organization } from '../world.ts';
import { inexistent, refuse } from './errors.ts';
import { projection, servePage } from './paging.ts';
import { groupRow, memberRow, organizationRow, permissionRow, roleRow } from './rows.ts';

const idSchema = z.object({ id: z.string() });
const memberIds = z.object({ id: z.string(), userId: z.string() });
const MEMBER_FIELDS = new Set(['user_id', 'email', 'name', 'picture', 'roles']);
const NO_TIME = '2020-01-01T00:00:00.000Z';

/** Roles, organisations and groups with their members. */
export function registerDirectory(
  app: FastifyInstance,
  kit: Kit,
  scopesOf: (request: FastifyRequest) => ReadonlySet<string>,
): void {
  const world = kit.world.auth0;
  const scoped = (...scopes: string[]) => ({ config: { scopes } });
  const idOf = (request: FastifyRequest): string => idSchema.parse(request.params).id;
  const usersOf = (key: string, ids: Iterable<string>) =>
    kit.cached(key, () =>
      [...ids].flatMap((id) => {
        const user = world.users.get(id);
        return user === undefined ? [] : [user];
      }),
    );

  app.get('/api/v2/roles', scoped('read:roles'), (request, reply) => {
    const { name_filter: name } = z.looseObject({ name_filter: z.string().optional() }).parse(request.query);
    const rows = [...world.roles.values()].filter((role) => name === undefined || role.name.startsWith(name));
    return servePage(kit, request, reply, { key: 'roles', rows, id: (role) => role.id, render: roleRow });
  });
  app.get('/api/v2/roles/:id', scoped('read:roles'), (request, reply) => {
    const role = world.roles.get(idOf(request));
    return role === undefined ? inexistent(reply, 'role') : kit.json(reply, JSON.stringify(roleRow(role)));
  });
  app.get('/api/v2/roles/:id/users', scoped('read:users read:roles', 'read:role_members'), (request, reply) => {
    const role = world.roles.get(idOf(request));
    if (role === undefined) return inexistent(reply, 'role');
    return servePage(kit, request, reply, {
      key: 'users',
      rows: usersOf(`role-users:${role.id}`, role.users),
      id: (user) => user.userId,
      render: memberRow,
      paging: 'both',
    });
  });
  app.get('/api/v2/roles/:id/permissions', scoped('read:roles'), (request, reply) => {
    const role = world.roles.get(idOf(request));
    if (role === undefined) return inexistent(reply, 'role');
    return servePage(kit, request, reply, {
      key: 'permissions',
      rows: role.permissions,
      id: (row) => `${row.resourceServer}|${row.name}`,
      render: (row) => permissionRow(world, row),
    });
  });

  const organizations = scoped('read:organizations');
  app.get('/api/v2/organizations', organizations, (request, reply) =>
    servePage(kit, request, reply, {
      key: 'organizations',
      rows: [...world.organizations.values()],
      id: (organization) => organization.id,
      render: organizationRow,
      paging: 'both',
    }),
  );
  app.get('/api/v2/organizations/:id', organizations, (request, reply) => {
    const found = world.organizations.get(idOf(request));
    return found === undefined
      ? inexistent(reply, 'organization')
      : kit.json(reply, JSON.stringify(organizationRow(found)));
  });
  app.get('/api/v2/organizations/:id/members', scoped('read:organization_members'), (request, reply) => {
    const organization = world.organizations.get(idOf(request));
    if (organization === undefined) return inexistent(reply, 'organization');
    const { fields, apply } = projection(request);
    const odd = fields?.find((field) => !MEMBER_FIELDS.has(field));
    if (odd !== undefined) return refuse(reply, 400, `Invalid field: ${odd}`, 'invalid_query_string');
    const withRoles = fields?.includes('roles') === true && scopesOf(request).has('read:organization_member_roles');
    return servePage(kit, request, reply, {
      key: 'members',
      rows: usersOf(`members:${organization.id}`, organization.members.keys()),
      id: (user) => user.userId,
      render: (user) =>
        apply(withRoles ? { ...memberRow(user), roles: memberRoles(organization, user.userId) } : memberRow(user)),
      paging: 'both',
    });
  });
  app.get(
    '/api/v2/organizations/:id/members/:userId/roles',
    scoped('read:organization_member_roles'),
    (request, reply): FastifyReply => {
      const { id, userId } = memberIds.parse(request.params);
      const organization = world.organizations.get(id);
      if (organization === undefined) return inexistent(reply, 'organization');
      if (!organization.members.has(userId)) return inexistent(reply, 'organization member');
      return servePage(kit, request, reply, {
        key: 'roles',
        rows: rolesOf(organization, userId),
        id: (role) => role.id,
        render: roleRow,
      });
    },
  );
  app.get(
    '/api/v2/organizations/:id/enabled_connections',
    scoped('read:organization_connections'),
    (request, reply) => {
      const organization = world.organizations.get(idOf(request));
      if (organization === undefined) return inexistent(reply, 'organization');
      return servePage(kit, request, reply, {
        key: 'enabled_connections',
        rows: [...organization.connections],
        id: (id) => id,
        render: (id) => {
          const connection = world.connections.get(id);
          return {
            connection_id: id,
            assign_membership_on_login: false,
            show_as_button: true,
            connection: { name: connection?.name ?? id, strategy: connection?.strategy ?? 'auth0' },
          };
        },
      });
    },
  );

  const groups = scoped('read:groups');
  app.get('/api/v2/groups', groups, (request, reply) =>
    servePage(kit, request, reply, {
      key: 'groups',
      rows: [...world.groups.values()],
      id: (group) => group.id,
      render: (group) => groupRow(world, group),
      paging: 'both',
    }),
  );
  app.get('/api/v2/groups/:id', groups, (request, reply) => {
    const group = world.groups.get(idOf(request));
    return group === undefined ? inexistent(reply, 'group') : kit.json(reply, JSON.stringify(groupRow(world, group)));
  });
  app.get('/api/v2/groups/:id/members', scoped('read:group_members'), (request, reply) => {
    const group = world.groups.get(idOf(request));
    if (group === undefined) return inexistent(reply, 'group');
    return servePage(kit, request, reply, {
      key: 'members',
      rows: kit.cached(`group-members:${group.id}`, () => [...group.members]),
      id: ([id]) => id,
      render: ([id, kind]) => ({
        id,
        member_type: kind,
        type: group.connectionId === null ? 'tenant' : 'connection',
        connection_id: group.connectionId ?? undefined,
        created_at: group.createdAt || NO_TIME,
      }),
      paging: 'checkpoint',
    });
  });
  app.get('/api/v2/groups/:id/roles', scoped('read:group_roles'), (request, reply) => {
    const group = world.groups.get(idOf(request));
    if (group === undefined) return inexistent(reply, 'group');
    return servePage(kit, request, reply, {
      key: 'roles',
      rows: [...group.roles].flatMap((id) => world.roles.get(id) ?? []),
      id: (role) => role.id,
      render: roleRow,
      paging: 'checkpoint',
    });
  });

  function rolesOf(organization: Auth0Organization, userId: string) {
    return [...(organization.members.get(userId) ?? [])].flatMap((id) => world.roles.get(id) ?? []);
  }
  function memberRoles(organization: Auth0Organization, userId: string) {
    return rolesOf(organization, userId).map((role) => ({ id: role.id, name: role.name }));
  }
}
