import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import type { Auth0Group, Auth0Organization, Auth0Role, Auth0User } from '../world.ts';
import { inexistent, refuse } from './errors.ts';
import { type Listing, projection, servePage } from './paging.ts';
import { groupRow, organizationRow, permissionRow, roleRow, userRow } from './rows.ts';
import { parseUserQuery } from './search.ts';

interface UserPermission {
  readonly name: string;
  readonly resourceServer: string;
  readonly sources: object[];
}

const searchSchema = z.looseObject({
  q: z.string().optional(),
  sort: z.string().optional(),
  search_engine: z.string().optional(),
});
const idSchema = z.object({ id: z.string() });
const SORTS: Readonly<Record<string, (user: Auth0User) => string>> = {
  created_at: (user) => user.createdAt,
  updated_at: (user) => user.updatedAt,
  user_id: (user) => user.userId,
  email: (user) => user.email ?? '',
  name: (user) => user.name,
};

/** The search that connectors page by: everything created from a moment on. */
const OPEN_WINDOW = /^created_at:\[(\S+) TO \*\]$/;

/** `/users` and what hangs on one user. `count`: what a search says as `total`. */
export function registerUsers(app: FastifyInstance, kit: Kit, count: (found: number) => number): void {
  const world = kit.world.auth0;
  const read = { config: { scopes: ['read:users'] } };

  // One search is asked for page by page, so the last one is kept.
  let last: { readonly key: string; readonly of: object; readonly rows: readonly Auth0User[] } | null = null;
  const search = (q: string, sort: string): readonly Auth0User[] | string => {
    const generation = kit.cached('users:generation', () => ({}));
    const key = `${sort}|${q}`;
    if (last?.key === key && last.of === generation) return last.rows;
    const sorted = kit.cached(`users:${sort}`, () => sortUsers([...world.users.values()], sort));
    if (sorted === null) return `Query validation error: 'String does not match pattern' on property sort`;
    const filter = q === '' ? () => true : parseUserQuery(q);
    if (filter === null) return `Query validation error: 'Failed to parse query' on property q`;
    const since = sort === 'created_at:1' ? OPEN_WINDOW.exec(q)?.[1] : undefined;
    const rows = since === undefined ? sorted.filter(filter) : sorted.slice(firstCreatedFrom(sorted, since));
    last = { key, of: generation, rows };
    return rows;
  };

  app.get('/api/v2/users', read, (request, reply) => {
    const query = searchSchema.parse(request.query);
    const rows = search(query.q ?? '', query.sort ?? '');
    if (typeof rows === 'string') return refuse(reply, 400, rows, 'invalid_query_string');
    const { apply } = projection(request);
    return servePage(kit, request, reply, {
      key: 'users',
      rows,
      id: (user) => user.userId,
      render: (user) => apply(userRow(user)),
      isUserSearch: true,
      total: count(rows.length),
    });
  });

  app.get('/api/v2/users-by-email', read, (request, reply) => {
    const { email } = z.looseObject({ email: z.string().optional() }).parse(request.query);
    if (email === undefined) return refuse(reply, 400, 'Missing required property: email', 'invalid_query_string');
    const { apply } = projection(request);
    const rows = [...world.users.values()].filter((user) => user.email === email);
    return kit.json(reply, JSON.stringify(rows.map((user) => apply(userRow(user)))));
  });

  app.get('/api/v2/users/:id', read, (request, reply) => {
    const user = world.users.get(idSchema.parse(request.params).id);
    if (user === undefined) return inexistent(reply, 'user');
    return kit.json(reply, JSON.stringify(projection(request).apply(userRow(user))));
  });

  const below = <T>(path: string, scopes: readonly string[], list: (user: Auth0User) => Listing<T>): void => {
    app.get(`/api/v2/users/:id/${path}`, { config: { scopes } }, (request, reply) => {
      const user = world.users.get(idSchema.parse(request.params).id);
      return user === undefined ? inexistent(reply, 'user') : servePage(kit, request, reply, list(user));
    });
  };
  below<Auth0Role>('roles', ['read:users read:roles', 'read:role_members'], (user) => ({
    key: 'roles',
    rows: [...world.roles.values()].filter((role) => role.users.has(user.userId)),
    id: (role) => role.id,
    render: roleRow,
  }));
  below<UserPermission>('permissions', ['read:users'], (user) => ({
    key: 'permissions',
    rows: permissionsOf(user),
    id: (row) => `${row.resourceServer}|${row.name}`,
    render: (row) => ({ ...permissionRow(world, row), sources: row.sources }),
  }));
  below<Auth0Organization>('organizations', ['read:organizations'], (user) => ({
    key: 'organizations',
    rows: [...world.organizations.values()].filter((organization) => organization.members.has(user.userId)),
    id: (organization) => organization.id,
    render: organizationRow,
  }));
  below<Auth0Group>('groups', ['read:groups'], (user) => ({
    key: 'groups',
    rows: [...world.groups.values()].filter((group) => group.members.get(user.userId) === 'user'),
    id: (group) => group.id,
    render: (group) => ({ ...groupRow(world, group), membership_created_at: group.updatedAt }),
    paging: 'both',
  }));

  /** Direct ones and those of direct roles, each with all its sources. */
  function permissionsOf(user: Auth0User): UserPermission[] {
    const found = new Map<string, UserPermission>();
    const add = (permission: { name: string; resourceServer: string }, source: object): void => {
      const key = `${permission.resourceServer}|${permission.name}`;
      const row = found.get(key) ?? { ...permission, sources: [] };
      row.sources.push(source);
      found.set(key, row);
    };
    for (const permission of user.permissions) {
      add(permission, { source_id: '', source_name: '', source_type: 'DIRECT' });
    }
    for (const role of world.roles.values()) {
      if (!role.users.has(user.userId)) continue;
      for (const permission of role.permissions) {
        add(permission, { source_id: role.id, source_name: role.name, source_type: 'ROLE' });
      }
    }
    return [...found.values()];
  }
}

function sortUsers(users: Auth0User[], sort: string): readonly Auth0User[] | null {
  if (sort === '') return users;
  const [field, direction] = sort.split(':');
  const keyOf = SORTS[field ?? ''];
  if (keyOf === undefined || (direction !== '1' && direction !== '-1')) return null;
  const sign = Number(direction);
  return users.sort((a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)];
    return x < y ? -sign : x > y ? sign : 0;
  });
}

/** Position in users sorted by creation. */
function firstCreatedFrom(sorted: readonly Auth0User[], since: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.createdAt ?? '') < since) low = middle + 1;
    else high = middle;
  }
  return low;
}
