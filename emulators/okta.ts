import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Emulator, startEmulator } from './kit.ts';
import { registerApps } from './okta/apps.ts';
import { type AdminRole, OktaAuth, READ_SCOPES } from './okta/auth.ts';
import { oktaChanges } from './okta/changes.ts';
import { bodyOfStatus, errorBody, refuse } from './okta/errors.ts';
import { registerGroups } from './okta/groups.ts';
import { registerOrg } from './okta/org.ts';
import { registerRoles } from './okta/roles.ts';
import { oktaRoutes } from './okta/router.ts';
import { OktaRows } from './okta/rows.ts';
import { registerUsers } from './okta/users.ts';
import { OktaView } from './okta/view.ts';
import type { Bucket, RateLimitStyle } from './rate-limits.ts';
import type { World } from './world.ts';

/** Settings that the Okta connector accepts, with the loopback override. */
export type OktaCredentials =
  | { readonly domain: string; readonly apiToken: string; readonly baseUrl: string }
  | {
      readonly domain: string;
      readonly clientId: string;
      readonly privateKey: string;
      readonly keyId: string;
      readonly baseUrl: string;
    };

export interface OktaEmulator extends Emulator {
  /** API token of a super administrator. */
  readonly credentials: OktaCredentials;
  /** Settings with another API token; default a super administrator's. */
  tokenCredentials(adminRole?: AdminRole): OktaCredentials;
  /** Settings of a fresh service app; default every scope the connector asks for, DPoP demanded, super administrator. */
  appCredentials(options?: {
    readonly scopes?: readonly string[];
    readonly dpop?: boolean;
    readonly adminRole?: AdminRole;
  }): OktaCredentials;
  /** Secrets that answers contain and nobody may keep. */
  readonly planted: readonly string[];
  /** Every token given so far stops working. */
  revokeTokens(): void;
  /** A new DPoP nonce is demanded from now on. */
  turnNonce(): void;
}

const perMinute = (name: string, capacity: number): Bucket => ({ name, capacity, perSecond: capacity / 60 });
const BUCKETS: readonly (readonly [RegExp, Bucket])[] = [
  [/^\/api\/v1\/users$/, perMinute('users', 600)],
  [/^\/api\/v1\/groups$/, perMinute('groups', 500)],
  [/^\/api\/v1\/apps$/, perMinute('apps', 100)],
  [/^\/api\/v1\/apps\//, perMinute('app', 500)],
  [/^\/api\/v1\//, perMinute('api', 1000)],
];

const limitStyle: RateLimitStyle = {
  bucket: (request: FastifyRequest) => {
    const path = request.url.split('?', 1)[0] ?? '';
    return BUCKETS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
  },
  headers: (state) => ({
    'x-rate-limit-limit': String(state.limit),
    'x-rate-limit-remaining': String(state.remaining),
    'x-rate-limit-reset': String(Math.ceil(state.resetAtMs / 1000)),
  }),
  exceeded: () => ({ body: errorBody('E0000047') }),
};

/** Stands in for one Okta org: its org authorization server's token endpoint and the reads of the management API. */
export async function startOktaEmulator(options: {
  readonly world: World;
  readonly port?: number;
  readonly rateLimits?: boolean;
}): Promise<OktaEmulator> {
  const { world } = options;
  let url = '';
  const auth = new OktaAuth(() => url);
  const planted = `planted-${randomBytes(12).toString('hex')}`;
  const emulator = await startEmulator({
    name: 'okta',
    world,
    port: options.port,
    rateLimits: options.rateLimits,
    limitStyle,
    readOnlyPosts: ['/oauth2/v1/token'],
    errorBody: bodyOfStatus,
    register(app, kit) {
      const view = new OktaView(kit);
      const rows = new OktaRows(view, { url: kit.url, cached: kit.cached, planted });
      const routes = oktaRoutes(app, kit, auth, view, rows);
      app.post('/oauth2/v1/token', (request, reply) => auth.token(request, reply));
      registerOrg(app, routes);
      registerUsers(app, auth, routes);
      registerGroups(routes);
      registerApps(routes);
      registerRoles(routes);
      app.setNotFoundHandler((_request, reply) => refuse(reply, 405, 'E0000022'));
    },
    changes: oktaChanges(world),
  });
  url = emulator.url;
  const common = { domain: world.okta.domain, baseUrl: url };
  const tokenCredentials = (adminRole: AdminRole = 'SUPER_ADMIN'): OktaCredentials => ({
    ...common,
    apiToken: auth.addApiToken(adminRole),
  });
  return Object.assign(emulator, {
    credentials: tokenCredentials(),
    planted: [planted],
    tokenCredentials,
    appCredentials: ({ scopes = READ_SCOPES, dpop = true, adminRole = 'SUPER_ADMIN' as AdminRole } = {}) => {
      const app = auth.addServiceApp({ scopes, dpop, adminRole });
      return { ...common, clientId: app.clientId, privateKey: app.privateKey, keyId: app.kid };
    },
    revokeTokens: () => auth.revokeTokens(),
    turnNonce: () => auth.turnNonce(),
  });
}
