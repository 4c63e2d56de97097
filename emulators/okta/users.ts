import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { OktaUser } from '../world.ts';
import type { OktaAuth } from './auth.ts';
import { refuse } from './errors.ts';
import { type Fields, parseFilter } from './filter.ts';
import { queryOf, serveAll, servePage } from './paging.ts';
import type { OktaRoutes } from './router.ts';

const SEARCHABLE: Fields<OktaUser> = {
  id: (user) => user.id,
  status: (user) => user.status,
  created: (user) => user.created,
  activated: (user) => user.activated,
  statusChanged: (user) => user.statusChanged,
  lastUpdated: (user) => user.lastUpdated,
  'profile.login': (user) => user.login,
  'profile.email': (user) => user.email,
  'profile.firstName': (user) => user.firstName,
  'profile.lastName': (user) => user.lastName,
  'profile.employeeNumber': (user) => user.employeeNumber,
  'profile.department': (user) => user.department,
};
const FILTERABLE = [
  'id',
  'status',
  'lastUpdated',
  'profile.login',
  'profile.email',
  'profile.firstName',
  'profile.lastName',
];

const rowSchema = z.looseObject({ id: z.string(), profile: z.record(z.string(), z.unknown()) });

/** `/api/v1/users` and what is below one user. */
export function registerUsers(app: FastifyInstance, auth: OktaAuth, routes: OktaRoutes): void {
  const { kit, view, rows } = routes;
  const needs = { scope: 'okta.users.read' };

  app.get('/api/v1/users', async (request, reply) => {
    const principal = await auth.admit(request, reply, { ...needs, anyRole: true });
    if (principal === null) return reply;
    // Nobody is visible to an application without any role, and nobody says so.
    if (principal.adminRole === 'NONE') return kit.json(reply, '[]');
    const { search, filter, q, sortBy, sortOrder, fields: wanted } = queryOf(request);
    if (search !== undefined && filter !== undefined) return refuse(reply, 400, 'E0000033');
    const render = (id: string): string => (wanted === undefined ? rows.user(id) : projection(rows.user(id), wanted));
    const paging = { usual: 200, max: 200, render };
    if (q !== undefined) {
      const found = [...view.okta.users.values()].filter((user) =>
        [user.email, user.firstName, user.lastName].some((text) => text?.toLowerCase().startsWith(q.toLowerCase())),
      );
      return servePage(kit, request, reply, { ...paging, ids: found.slice(0, 10).map((user) => user.id) });
    }
    const criterion = search ?? filter;
    if (criterion === undefined) return servePage(kit, request, reply, { ...paging, ids: view.userIds(false) });
    const fields = search === undefined ? pick(SEARCHABLE, FILTERABLE) : SEARCHABLE;
    const matches = parseFilter(criterion, fields, { ignoreCase: search !== undefined });
    if (matches === null) return refuse(reply, 400, 'E0000031');
    const sort = SEARCHABLE[sortBy ?? ''];
    const ids = kit.cached(`users of ${request.url.replace(/[?&]after=[^&]*/, '')}`, () => {
      const found = [...view.okta.users.values()].filter(matches);
      if (search !== undefined && sort !== undefined) {
        const sign = sortOrder === 'desc' ? -1 : 1;
        found.sort((a, b) => sign * compare(sort(a), sort(b)) || compare(a.id, b.id));
      }
      return found.map((user) => user.id);
    });
    return servePage(kit, request, reply, { ...paging, ids });
  });

  routes.get('/api/v1/users/:id', needs, (_request, reply, { id = '' }) => {
    const user = view.userByName(id);
    return user === undefined ? refuse(reply, 404, 'E0000007') : kit.json(reply, rows.user(user.id));
  });

  routes.get('/api/v1/users/:id/groups', needs, (request, reply, { id = '' }) => {
    const user = view.userByName(id);
    if (user === undefined) return refuse(reply, 404, 'E0000007');
    return serveAll(
      kit,
      request,
      reply,
      view.groupsOf(user.id).map((group) => rows.group(group)),
    );
  });

  routes.get('/api/v1/users/:id/appLinks', needs, (request, reply, { id = '' }) => {
    const user = view.userByName(id);
    if (user === undefined) return refuse(reply, 404, 'E0000007');
    const links = [...view.okta.apps.values()]
      .filter((one) => one.status === 'ACTIVE' && user.status === 'ACTIVE' && view.appUsers(one).has(user.id))
      .map((one, i) =>
        JSON.stringify({
          id: user.id,
          appInstanceId: one.id,
          appAssignmentId: `0ua${one.id.slice(3)}`,
          appName: one.name,
          label: one.label,
          linkUrl: `https://${view.okta.domain}/home/${one.name}/${one.id}/aln${one.id.slice(3)}`,
          logoUrl: one.logoUrl ?? 'https://static.okta.example/logos/default.png',
          hidden: false,
          credentialsSetup: false,
          sortOrder: i,
        }),
      );
    return serveAll(kit, request, reply, links);
  });

  routes.get('/api/v1/users/:id/idps', needs, (request, reply, { id = '' }) => {
    const user = view.userByName(id);
    if (user === undefined) return refuse(reply, 404, 'E0000007');
    const idps = [...view.okta.idps.values()].filter((idp) => idp.users.has(user.id));
    return serveAll(
      kit,
      request,
      reply,
      idps.map((idp) => rows.idp(idp)),
    );
  });
}

function pick<T>(fields: Fields<T>, names: readonly string[]): Fields<T> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

function compare(a: string | null, b: string | null): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
}

/** `fields=status,profile:(login,email)`: these members only; the id always comes. */
function projection(row: string, fields: string): string {
  const user = rowSchema.parse(JSON.parse(row));
  const pick = (from: object, names: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
  const profile = /profile:\(([^)]*)\)/.exec(fields)?.[1]?.split(',') ?? [];
  const names = fields
    .replace(/profile:\([^)]*\)/, '')
    .split(',')
    .concat('id')
    .filter(Boolean);
  const inner = profile.length === 0 ? {} : { profile: pick(user.profile, profile) };
  return JSON.stringify({ ...pick(user, names), ...inner });
}
