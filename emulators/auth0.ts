import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { registerApplications } from './auth0/applications.ts';
import { Auth0Auth, READ_SCOPES } from './auth0/auth.ts';
import { auth0Changes } from './auth0/changes.ts';
import { registerDirectory } from './auth0/directory.ts';
import { errorBody, refuse } from './auth0/errors.ts';
import { registerJobs } from './auth0/jobs.ts';
import { registerUsers } from './auth0/users.ts';
import { type Emulator, startEmulator } from './kit.ts';
import type { RateLimitStyle } from './rate-limits.ts';
import type { World } from './world.ts';

/** Settings that the Auth0 connector accepts, with the loopback override. */
export interface Auth0Credentials {
  readonly domain: string;
  readonly audience: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly privateKey?: string;
  readonly keyId?: string;
  readonly baseUrl: string;
}

export interface Auth0Emulator extends Emulator {
  /** Client id and secret. */
  readonly credentials: Auth0Credentials;
  /** The same application with `private_key_jwt`. */
  keyCredentials(): Auth0Credentials;
  /** Secrets that answers contain and nobody may keep. */
  readonly planted: readonly string[];
}

export interface Auth0EmulatorOptions {
  readonly world: World;
  readonly port?: number;
  readonly rateLimits?: boolean;
  /** Granted to the connector's application; default: all it can use. */
  readonly scopes?: readonly string[];
  /** What a user search gives as `total` when it finds so many; default: the truth. */
  readonly countUsers?: (found: number) => number;
}

// The limits of an enterprise production tenant.
const limitStyle: RateLimitStyle = {
  bucket: (request) => {
    if (request.url.startsWith('/_storage/')) return null;
    return request.url.startsWith('/oauth/')
      ? { name: 'token', capacity: 30, perSecond: 30 }
      : { name: 'management', capacity: 50, perSecond: 16 };
  },
  headers: (state) => ({
    'x-ratelimit-limit': String(state.limit),
    'x-ratelimit-remaining': String(state.remaining),
    'x-ratelimit-reset': String(Math.ceil(state.resetAtMs / 1000)),
  }),
  exceeded: (state) => ({
    body: errorBody(429, 'Global limit has been reached', 'too_many_requests'),
    headers: { 'retry-after': String(Math.max(1, Math.ceil(state.waitMs / 1000))) },
  }),
};

/** Stands in for one Auth0 tenant: token endpoint, Management API v2 (reads) and the storage that exports come from. */
export async function startAuth0Emulator(options: Auth0EmulatorOptions): Promise<Auth0Emulator> {
  const { world } = options;
  const auth = new Auth0Auth(world.auth0.domain, options.scopes ?? READ_SCOPES);
  const planted = `planted-${randomBytes(12).toString('hex')}`;
  const scopesOf = (request: FastifyRequest): ReadonlySet<string> => {
    const scopes = auth.scopesOf((request.headers.authorization ?? '').split(' ')[1] ?? '');
    return typeof scopes === 'string' ? new Set() : scopes;
  };
  const emulator = await startEmulator({
    name: 'auth0',
    world,
    port: options.port,
    rateLimits: options.rateLimits,
    limitStyle,
    readOnlyPosts: ['/oauth/token', '/api/v2/jobs/users-exports'],
    errorBody: (status) =>
      status === 403
        ? errorBody(403, 'Insufficient scope, expected any of: read:everything', 'insufficient_scope')
        : errorBody(status, status === 401 ? 'Invalid token' : 'Something went wrong'),
    changes: auth0Changes(world, auth),
    register(app, kit) {
      auth.register(app, kit);
      registerUsers(app, kit, options.countUsers ?? ((found) => found));
      registerDirectory(app, kit, scopesOf);
      registerApplications(app, kit, planted, scopesOf);
      registerJobs(app, kit);
      app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'Not Found'));
    },
  });
  const common = {
    domain: world.auth0.domain,
    audience: auth.audience,
    clientId: auth.clientId,
    baseUrl: emulator.url,
  };
  return {
    ...emulator,
    credentials: { ...common, clientSecret: auth.clientSecret },
    keyCredentials: () => ({ ...common, privateKey: auth.privateKey(), keyId: auth.keyId }),
    planted: [planted],
  };
}
