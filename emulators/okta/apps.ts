import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OktaApp } from '../world.ts';
import { refuse } from './errors.ts';
import { type Fields, parseFilter } from './filter.ts';
import { queryOf, servePage } from './paging.ts';
import type { OktaRoutes, Params } from './router.ts';

const FILTERABLE: Fields<OktaApp> = {
  id: (app) => app.id,
  status: (app) => app.status,
  name: (app) => app.name,
};

/** `/api/v1/apps` and what is below one application. */
export function registerApps({ kit, view, rows, get }: OktaRoutes): void {
  const needs = { scope: 'okta.apps.read' };
  const withApp =
    (serve: (app: OktaApp, request: FastifyRequest, reply: FastifyReply, params: Params) => FastifyReply) =>
    (request: FastifyRequest, reply: FastifyReply, params: Params): FastifyReply => {
      const app = view.okta.apps.get(params['id'] ?? '');
      return app === undefined ? refuse(reply, 404, 'E0000007') : serve(app, request, reply, params);
    };

  get('/api/v1/apps', needs, (request, reply) => {
    const { filter } = queryOf(request);
    const ofUser = /^user\.id eq "([^"]+)"$/.exec(filter ?? '')?.[1];
    if (ofUser !== undefined) {
      const apps = [...view.okta.apps.values()].filter((app) => view.appUsers(app).has(ofUser));
      return servePage(kit, request, reply, {
        ids: apps.map((app) => app.id),
        usual: 20,
        max: 200,
        render: (id) => withUser(view.okta.apps.get(id), ofUser),
      });
    }
    const matches = filter === undefined ? () => true : parseFilter(filter, FILTERABLE, { ignoreCase: false });
    if (matches === null) return refuse(reply, 400, 'E0000031');
    const ids = [...view.okta.apps.values()].filter(matches).map((app) => app.id);
    return servePage(kit, request, reply, { ids, usual: 20, max: 200, render: (id) => rows.app(id) });
  });

  const withUser = (app: OktaApp | undefined, userId: string): string => {
    if (app === undefined) return 'null';
    const row = rows.app(app.id);
    return `${row.slice(0, -1)},"_embedded":{"user":${rows.appUser(app, userId)}}}`;
  };

  get(
    '/api/v1/apps/:id',
    needs,
    withApp((app, _request, reply) => kit.json(reply, rows.app(app.id))),
  );

  get(
    '/api/v1/apps/:id/users',
    needs,
    withApp((app, request, reply) =>
      servePage(kit, request, reply, {
        ids: view.appUserIds(app),
        usual: 50,
        max: 500,
        render: (user) => rows.appUser(app, user),
      }),
    ),
  );

  get(
    '/api/v1/apps/:id/users/:userId',
    needs,
    withApp((app, _request, reply, { userId = '' }) =>
      view.appUsers(app).has(userId) ? kit.json(reply, rows.appUser(app, userId)) : refuse(reply, 404, 'E0000007'),
    ),
  );

  get(
    '/api/v1/apps/:id/groups',
    needs,
    withApp((app, request, reply) =>
      servePage(kit, request, reply, {
        ids: [...app.groups],
        usual: 20,
        max: 200,
        render: (group) => rows.appGroup(app, group),
      }),
    ),
  );

  get(
    '/api/v1/apps/:id/group-push/mappings',
    needs,
    withApp((app, request, reply) =>
      servePage(kit, request, reply, {
        ids: app.pushes.map((push) => push.id),
        usual: 100,
        max: 1000,
        render: (id) => {
          const push = app.pushes.find((one) => one.id === id);
          return JSON.stringify({
            ...push,
            created: app.created,
            lastUpdated: app.lastUpdated,
            lastPush: app.lastUpdated,
          });
        },
      }),
    ),
  );
}
