import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import type { Auth0World } from '../world.ts';
import { inexistent } from './errors.ts';
import { projection, servePage } from './paging.ts';
import { clientRow, connectionRow } from './rows.ts';

type Auth0ResourceServer = Auth0World['resourceServers'] extends Map<string, infer Server> ? Server : never;

const idSchema = z.object({ id: z.string() });
const clientQuery = z.looseObject({ is_global: z.enum(['true', 'false']).optional() });
const connectionQuery = z.looseObject({
  strategy: z.union([z.string(), z.array(z.string())]).optional(),
  name: z.string().optional(),
});
const grantQuery = z.looseObject({ user_id: z.string().optional(), client_id: z.string().optional() });
const GLOBAL_CLIENT = { client_id: 'all-applications', name: 'All Applications', global: true, callbacks: [] };

/** Clients, connections, APIs, grants and the tenant's settings. `planted` stands wherever the real API shows a secret. */
export function registerApplications(
  app: FastifyInstance,
  kit: Kit,
  planted: string,
  scopesOf: (request: FastifyRequest) => ReadonlySet<string>,
): void {
  const world = kit.world.auth0;
  const scoped = (...scopes: string[]) => ({ config: { scopes } });
  const idOf = (request: FastifyRequest): string => idSchema.parse(request.params).id;

  app.get('/api/v2/clients', scoped('read:clients'), (request, reply) => {
    const { is_global: isGlobal } = clientQuery.parse(request.query);
    const { apply } = projection(request);
    const rows: { client_id: string; row: object }[] = [];
    if (isGlobal !== 'false') rows.push({ client_id: GLOBAL_CLIENT.client_id, row: GLOBAL_CLIENT });
    if (isGlobal !== 'true') {
      for (const client of world.clients.values())
        rows.push({ client_id: client.clientId, row: clientRow(world, client) });
    }
    return servePage(kit, request, reply, {
      key: 'clients',
      rows,
      id: (entry) => entry.client_id,
      render: (entry) => apply(entry.row),
      paging: 'both',
    });
  });
  app.get('/api/v2/clients/:id', scoped('read:clients'), (request, reply) => {
    const client = world.clients.get(idOf(request));
    if (client === undefined) return inexistent(reply, 'client');
    return kit.json(reply, JSON.stringify(projection(request).apply(clientRow(world, client))));
  });

  const connections = scoped('read:connections');
  const secretFor = (request: FastifyRequest) => (scopesOf(request).has('read:connections_options') ? planted : null);
  app.get('/api/v2/connections', connections, (request, reply) => {
    const query = connectionQuery.parse(request.query);
    const strategies = query.strategy === undefined ? null : new Set([query.strategy].flat());
    const { apply } = projection(request);
    const secret = secretFor(request);
    return servePage(kit, request, reply, {
      key: 'connections',
      rows: [...world.connections.values()].filter(
        (connection) =>
          (strategies === null || strategies.has(connection.strategy)) &&
          (query.name === undefined || query.name === connection.name),
      ),
      id: (connection) => connection.id,
      render: (connection) => apply(connectionRow(connection, secret)),
      paging: 'both',
    });
  });
  app.get('/api/v2/connections/:id', connections, (request, reply) => {
    const connection = world.connections.get(idOf(request));
    if (connection === undefined) return inexistent(reply, 'connection');
    return kit.json(reply, JSON.stringify(projection(request).apply(connectionRow(connection, secretFor(request)))));
  });
  app.get('/api/v2/connections/:id/clients', connections, (request, reply) => {
    const connection = world.connections.get(idOf(request));
    if (connection === undefined) return inexistent(reply, 'connection');
    return servePage(kit, request, reply, {
      key: 'clients',
      rows: [...connection.clients],
      id: (id) => id,
      render: (id) => ({ client_id: id }),
      paging: 'checkpoint',
      maxTake: 1000,
    });
  });

  const serverRow = (server: Auth0ResourceServer): object => ({
    id: server.id,
    name: server.name,
    identifier: server.identifier,
    is_system: server.isSystem,
    scopes: server.scopes,
    signing_alg: 'HS256',
    signing_secret: planted,
    enforce_policies: true,
    token_dialect: 'access_token_authz',
  });
  const servers = scoped('read:resource_servers');
  app.get('/api/v2/resource-servers', servers, (request, reply) =>
    servePage(kit, request, reply, {
      key: 'resource_servers',
      rows: [...world.resourceServers.values()],
      id: (server) => server.id,
      render: serverRow,
    }),
  );
  app.get('/api/v2/resource-servers/:id', servers, (request, reply) => {
    const id = idOf(request);
    const found = [...world.resourceServers.values()].find((server) => server.id === id || server.identifier === id);
    return found === undefined
      ? inexistent(reply, 'resource server')
      : kit.json(reply, JSON.stringify(serverRow(found)));
  });
  app.get('/api/v2/client-grants', scoped('read:client_grants'), (request, reply) => {
    const query = grantQuery.parse(request.query);
    return servePage(kit, request, reply, {
      key: 'client_grants',
      rows: [...world.clientGrants.values()].filter(
        (grant) => query.client_id === undefined || grant.clientId === query.client_id,
      ),
      id: (grant) => grant.id,
      render: (grant) => ({
        id: grant.id,
        client_id: grant.clientId,
        audience: grant.audience,
        scope: grant.scope,
        organization_usage: 'deny',
        allow_any_organization: false,
        subject_type: 'client',
      }),
      paging: 'both',
    });
  });
  app.get('/api/v2/grants', scoped('read:grants'), (request, reply) => {
    const query = grantQuery.parse(request.query);
    return servePage(kit, request, reply, {
      key: 'grants',
      rows: [...world.grants.values()].filter(
        (grant) =>
          (query.user_id === undefined || grant.userId === query.user_id) &&
          (query.client_id === undefined || grant.clientId === query.client_id),
      ),
      id: (grant) => grant.id,
      render: (grant) => ({
        id: grant.id,
        clientID: grant.clientId,
        user_id: grant.userId,
        audience: grant.audience,
        scope: grant.scope,
      }),
    });
  });

  app.get('/api/v2/custom-domains', scoped('read:custom_domains'), (_request, reply) =>
    kit.json(
      reply,
      JSON.stringify([
        {
          custom_domain_id: `cd_${createHash('sha256').update(world.tenant).digest('hex').slice(0, 16)}`,
          domain: `login.${world.tenant}.example`,
          primary: true,
          status: 'ready',
          type: 'auth0_managed_certs',
        },
      ]),
    ),
  );
  app.get('/api/v2/tenants/settings', scoped('read:tenant_settings'), (request, reply) => {
    const settings = {
      friendly_name: world.friendlyName,
      support_email: `help@${kit.world.ownedDomains[0] ?? 'example'}`,
    };
    return kit.json(reply, JSON.stringify(projection(request).apply(settings)));
  });
}
