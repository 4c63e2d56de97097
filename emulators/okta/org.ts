import type { FastifyInstance } from 'fastify';
import { refuse } from './errors.ts';
import { serveAll, servePage } from './paging.ts';
import type { OktaRoutes } from './router.ts';

/** The org itself, its inbound identity providers and API tokens. */
export function registerOrg(app: FastifyInstance, { kit, view, rows, get }: OktaRoutes): void {
  // The one call that needs no token.
  app.get('/.well-known/okta-organization', (_request, reply) =>
    kit.json(
      reply,
      JSON.stringify({
        id: view.okta.orgId,
        pipeline: 'idx',
        settings: { analyticsCollectionEnabled: false, bugReportingEnabled: true, omEnabled: false },
        _links: { organization: { href: `https://${view.okta.domain}` } },
      }),
    ),
  );

  get('/api/v1/org', { scope: 'okta.orgs.read' }, (_request, reply) =>
    kit.json(
      reply,
      JSON.stringify({
        id: view.okta.orgId,
        subdomain: view.okta.domain.split('.')[0],
        companyName: view.okta.companyName,
        status: 'ACTIVE',
        website: `https://www.${view.okta.domain}`,
        created: '2021-01-01T00:00:00.000Z',
        lastUpdated: '2025-01-01T00:00:00.000Z',
        _links: {},
      }),
    ),
  );

  const idps = { scope: 'okta.idps.read' };
  get('/api/v1/idps', idps, (request, reply) =>
    servePage(kit, request, reply, {
      ids: [...view.okta.idps.keys()],
      usual: 20,
      max: 200,
      render: (id) => {
        const idp = view.okta.idps.get(id);
        return idp === undefined ? 'null' : rows.idp(idp);
      },
    }),
  );
  get('/api/v1/idps/:id', idps, (_request, reply, { id = '' }) => {
    const idp = view.okta.idps.get(id);
    return idp === undefined ? refuse(reply, 404, 'E0000007') : kit.json(reply, rows.idp(idp));
  });
  get('/api/v1/idps/:id/users', idps, (request, reply, { id = '' }) => {
    const idp = view.okta.idps.get(id);
    if (idp === undefined) return refuse(reply, 404, 'E0000007');
    return servePage(kit, request, reply, {
      ids: [...idp.users.keys()],
      usual: 20,
      max: 200,
      render: (user) => rows.idpUser(idp, user),
    });
  });
  get('/api/v1/idps/:id/users/:userId', idps, (_request, reply, { id = '', userId = '' }) => {
    const idp = view.okta.idps.get(id);
    return idp?.users.has(userId) ? kit.json(reply, rows.idpUser(idp, userId)) : refuse(reply, 404, 'E0000007');
  });

  get('/api/v1/api-tokens', { scope: 'okta.apiTokens.read', superAdmin: true }, (request, reply) => {
    const tokens = [...view.okta.apiTokens.values()].map((token) =>
      JSON.stringify({
        ...token,
        clientName: 'Okta API',
        lastUpdated: token.created,
        tokenWindow: 'P30D',
        network: { connection: 'ANYWHERE' },
        _link: { self: { href: `${kit.url()}/api/v1/api-tokens/${token.id}` } },
      }),
    );
    return serveAll(kit, request, reply, tokens);
  });
}
