import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Emulator, type Kit, startEmulator } from './kit.ts';
import { TorqAuditLog } from './torq/audit-log.ts';
import { type TorqSwitches, torqChanges } from './torq/changes.ts';
import type { TorqWorld, World } from './world.ts';

export interface TorqEmulator extends Emulator {
  /** Settings that the connector accepts; the key holds the Owner role until `setKey` says otherwise. */
  readonly credentials: {
    readonly region: 'us';
    readonly clientId: string;
    readonly clientSecret: string;
    /** What the workspace's SSO page shows, and applications that sign people in here are set to. */
    readonly ownSignInUrls: readonly string[];
    readonly baseUrl: string;
  };
}

interface Options {
  readonly world: World;
  readonly port?: number | undefined;
  readonly rateLimits?: boolean | undefined;
}

const TOKEN_SECONDS = 3600;
/** The two hosts of the real thing, as two prefixes of one. */
const AUTH = '/auth/v1/auth/token';
const API = '/api/public/v1alpha';
const NEW_CREDENTIALS = 'Invalid bearer token. If you receive this more than once create new credentials';
const NO_PERMISSION = "You don't have permission to access this resource.";

/** Torq's public API on loopback. Written from descriptions: there is no official document to hold it to. */
export async function startTorqEmulator(options: Options): Promise<TorqEmulator> {
  const world = options.world.torq;
  const clientId = world.apiKeys.keys().next().value ?? randomBytes(16).toString('hex');
  const clientSecret = randomBytes(24).toString('base64url');
  const tokens = new Map<string, number>();
  const switches: TorqSwitches = { isOwner: true, scopes: null, hasOldRolesPath: false, nakedUserLists: 0 };
  const log = new TorqAuditLog(world);

  const emulator = await startEmulator({
    name: 'torq',
    world: options.world,
    port: options.port,
    rateLimits: options.rateLimits,
    readOnlyPosts: [AUTH],
    limitStyle: {
      bucket: (request) => (request.url.startsWith(API) ? { name: 'key', capacity: 50, perSecond: 50 } : null),
      headers: () => ({}),
      exceeded: () => ({ body: errorBody(429) }),
    },
    errorBody,
    changes: torqChanges(world, switches, tokens),
    register(app, kit) {
      app.post(AUTH, (request, reply) => {
        const expected = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
        const form = z.object({ grant_type: z.literal('client_credentials') }).safeParse(request.body);
        if (request.headers.authorization !== `Basic ${expected}`) return fail(kit, reply, 401);
        if (!form.success) return fail(kit, reply, 400);
        const token = randomBytes(24).toString('base64url');
        tokens.set(token, Date.now() + TOKEN_SECONDS * 1000);
        log.keyAuthenticated(clientId);
        return kit.json(
          reply.header('cache-control', 'no-store'),
          JSON.stringify({ access_token: token, expires_in: TOKEN_SECONDS, token_type: 'Bearer' }),
        );
      });

      const route = (
        path: string,
        scope: string | null,
        handler: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
      ): void => {
        app.get(`${API}${path}`, (request, reply) => {
          const [scheme, token] = (request.headers.authorization ?? '').split(' ');
          if (scheme !== 'Bearer' || token === undefined || (tokens.get(token) ?? 0) < Date.now()) {
            return fail(kit, reply, 401);
          }
          if (scope !== null && switches.scopes !== null && !switches.scopes.has(scope)) return fail(kit, reply, 403);
          return handler(request, reply);
        });
      };

      route('/users', 'user.read', (request, reply) => {
        const query = z.object({ sso_provision: z.enum(['true', 'false']).optional() }).safeParse(request.query);
        if (!query.success) return fail(kit, reply, 400);
        if (switches.nakedUserLists > 0) {
          switches.nakedUserLists -= 1;
          return kit.json(reply, '{"next_page_token":""}');
        }
        // Without the parameter the local users only: how the one public client reads it.
        const wanted = query.data.sso_provision === 'true';
        const users = [...world.users.values()].filter((user) => user.ssoProvision === wanted).map(userRow);
        return kit.list(reply, request, { body: () => JSON.stringify({ users }), emptyBody: '{"users":[]}' });
      });
      const roles = (): string =>
        JSON.stringify({ roles: [...world.roles.values()].map(roleRow), next_page_token: '' });
      route('/roles', 'role.read', (request, reply) =>
        switches.hasOldRolesPath
          ? fail(kit, reply, 404)
          : kit.list(reply, request, { body: roles, emptyBody: '{"roles":[]}' }),
      );
      route('/users/roles', 'role.read', (request, reply) =>
        kit.list(reply, request, { body: roles, emptyBody: '{"roles":[],"next_page_token":""}' }),
      );
      route('/api-keys', 'apikey.read', (request, reply) =>
        kit.list(reply, request, {
          body: () => JSON.stringify({ api_keys: [...world.apiKeys.keys()].map((id) => keyRow(world, id)) }),
          emptyBody: '{"api_keys":[]}',
        }),
      );
      route('/sso/claim_mappings', 'user.write', (request, reply) => {
        const mappings = world.claimMappings.map((mapping) => ({
          id: mapping.id,
          claim_name: mapping.claimName,
          claim_value: mapping.claimValue,
          role_id: mapping.roleId,
          rank: mapping.rank,
        }));
        return kit.list(reply, request, {
          body: () => JSON.stringify({ claim_mappings: mappings }),
          emptyBody: '{"claim_mappings":[]}',
        });
      });
      route('/audit_logs', null, (request, reply) => {
        if (!switches.isOwner) return fail(kit, reply, 403);
        const answer = log.page(request.query);
        if (answer === null) return fail(kit, reply, 400);
        return kit.list(reply, request, {
          body: () => JSON.stringify({ ...answer, next_page_token: kit.nextToken(request, answer.next_page_token) }),
          emptyBody: '{"audit_logs":[],"next_page_token":""}',
        });
      });
    },
  });
  const audience = `https://auth.torq.example/sso/${world.workspaceId}`;
  const ownSignInUrls = [audience, `${audience}/acs`];
  return {
    ...emulator,
    credentials: { region: 'us', clientId, clientSecret, ownSignInUrls, baseUrl: emulator.url },
  };
}

/** gRPC codes, not HTTP's. */
const GRPC: Readonly<Record<number, readonly [code: number, message: string]>> = {
  400: [3, 'The request is not valid.'],
  401: [16, NEW_CREDENTIALS],
  403: [7, NO_PERMISSION],
  404: [5, 'Not Found'],
  429: [8, 'Too many requests.'],
};

function errorBody(status: number): string {
  const [code, message] = GRPC[status] ?? [13, 'Internal error.'];
  return JSON.stringify({ code, message, details: [] });
}

function fail(kit: Kit, reply: FastifyReply, status: number): FastifyReply {
  return kit.json(reply, errorBody(status), status);
}

/** Members that hold a default are left out, as protobuf's JSON does. */
function userRow(user: TorqWorld['users'] extends Map<string, infer U> ? U : never): object {
  return {
    id: user.id,
    email: user.email,
    role_id: user.roleId,
    status: user.status,
    ...(user.ssoProvision ? { sso_provision: true } : {}),
    created_time: user.createdTime,
    ...(user.lastLoginTime === null ? {} : { last_login_time: user.lastLoginTime }),
  };
}

function roleRow(role: TorqWorld['roles'] extends Map<string, infer R> ? R : never): object {
  const { id, name, description, scopeNames, isCustom } = role;
  return { id, name, description, scope_names: scopeNames, is_custom: isCustom };
}

function keyRow(world: TorqWorld, clientId: string): object {
  const key = world.apiKeys.get(clientId);
  if (key === undefined) return {};
  const owner = key.userId === null ? undefined : world.users.get(key.userId);
  return {
    client_id: clientId,
    name: key.name,
    type: key.type,
    role_id: key.roleId,
    role_name: world.roles.get(key.roleId)?.name ?? '',
    created_time: key.createdTime,
    ...(key.lastAuthenticatedTime === null ? {} : { last_authenticated_time: key.lastAuthenticatedTime }),
    ...(owner === undefined ? {} : { user: userRow(owner) }),
  };
}
