import type { OktaGroup } from '../world.ts';
import { refuse } from './errors.ts';
import { type Fields, parseFilter } from './filter.ts';
import { queryOf, servePage } from './paging.ts';
import type { OktaRoutes } from './router.ts';

const FILTERABLE: Fields<OktaGroup> = {
  id: (group) => group.id,
  type: (group) => group.type,
  lastUpdated: (group) => group.lastUpdated,
  lastMembershipUpdated: (group) => group.lastMembershipUpdated,
};
const SEARCHABLE: Fields<OktaGroup> = { ...FILTERABLE, 'profile.name': (group) => group.name };

/** `/api/v1/groups` and what is below one group. */
export function registerGroups({ kit, view, rows, get }: OktaRoutes): void {
  const needs = { scope: 'okta.groups.read' };

  get('/api/v1/groups', needs, (request, reply) => {
    const { search, filter, q, expand } = queryOf(request);
    if (search !== undefined && filter !== undefined) return refuse(reply, 400, 'E0000033');
    const withStats = expand === 'stats';
    const criterion = search ?? filter;
    const matches =
      criterion === undefined
        ? (): boolean => true
        : parseFilter(criterion, search === undefined ? FILTERABLE : SEARCHABLE, { ignoreCase: search !== undefined });
    if (matches === null) return refuse(reply, 400, 'E0000031');
    const ids = kit.cached(`groups of ${criterion ?? ''} ${q ?? ''}`, () =>
      [...view.okta.groups.values()]
        .filter((group) => matches(group) && (q === undefined || group.name.toLowerCase().startsWith(q.toLowerCase())))
        .map((group) => group.id),
    );
    return servePage(kit, request, reply, {
      ids,
      usual: withStats ? 200 : 10_000,
      max: withStats ? 200 : 10_000,
      render: (id) => rows.group(id, withStats),
    });
  });

  get('/api/v1/groups/rules', needs, (request, reply) =>
    servePage(kit, request, reply, { ids: [], usual: 50, max: 200, render: () => '' }),
  );

  get('/api/v1/groups/:id', needs, (_request, reply, { id = '' }) =>
    view.okta.groups.has(id) ? kit.json(reply, rows.group(id)) : refuse(reply, 404, 'E0000007'),
  );

  get('/api/v1/groups/:id/users', needs, (request, reply, { id = '' }) => {
    const group = view.okta.groups.get(id);
    if (group === undefined) return refuse(reply, 404, 'E0000007');
    return servePage(kit, request, reply, {
      ids: view.members(group),
      usual: 1000,
      max: 1000,
      render: (user) => rows.user(user),
    });
  });

  get('/api/v1/groups/:id/apps', needs, (request, reply, { id = '' }) => {
    if (!view.okta.groups.has(id)) return refuse(reply, 404, 'E0000007');
    return servePage(kit, request, reply, {
      ids: view.appsOfGroup(id),
      usual: 20,
      max: 200,
      render: (app) => rows.app(app),
    });
  });
}
