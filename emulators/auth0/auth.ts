import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import { refuse } from './errors.ts';

/** What a read-only connector should be granted. */
export const READ_SCOPES: readonly string[] = [
  'read:users',
  'read:roles',
  'read:role_members',
  'read:organizations',
  'read:organization_members',
  'read:organization_member_roles',
  'read:organization_connections',
  'read:clients',
  'read:client_grants',
  'read:grants',
  'read:connections',
  'read:connections_options',
  'read:resource_servers',
  'read:groups',
  'read:group_members',
  'read:group_roles',
  'read:custom_domains',
  'read:tenant_settings',
];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Any of these sets (`a b` = both) opens the route; absent: no token needed. */
    scopes?: readonly string[];
  }
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const tokenRequest = z.looseObject({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  client_assertion: z.string().optional(),
  client_assertion_type: z.string().optional(),
  audience: z.string().optional(),
  scope: z.string().optional(),
});

interface Token {
  readonly scopes: ReadonlySet<string>;
  readonly expiresAt: number;
}

/** The tenant's one machine-to-machine application and the tokens it was given. */
export class Auth0Auth {
  readonly clientId = randomBytes(16).toString('hex');
  readonly clientSecret = randomBytes(32).toString('base64url');
  readonly keyId = 'key-1';
  readonly audience: string;
  scopes: readonly string[];
  /** False: the application has no grant for the Management API. */
  isAuthorized = true;
  lifetimeSeconds = 86_400;
  readonly #tokens = new Map<string, Token>();
  readonly #seenAssertions = new Set<string>();
  #keys: { publicKey: KeyObject; privateKey: KeyObject } | null = null;

  constructor(domain: string, scopes: readonly string[]) {
    this.audience = `https://${domain}/api/v2/`;
    this.scopes = scopes;
  }

  /** PKCS#8 PEM of the application's key, made at first use. */
  privateKey(): string {
    this.#keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return this.#keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** Every token given so far answers 401 from now on. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  scopesOf(token: string): ReadonlySet<string> | 'unknown' | 'expired' {
    const found = this.#tokens.get(token);
    if (found === undefined) return 'unknown';
    return found.expiresAt <= Date.now() ? 'expired' : found.scopes;
  }

  /** Registers `/oauth/token` and the check of tokens and scopes in front of every route that names scopes. */
  register(app: FastifyInstance, kit: Kit): void {
    app.post('/oauth/token', (request, reply) => this.#issue(kit, request, reply));
    app.addHook('onRequest', (request, reply, done) => {
      const needed = request.routeOptions.config.scopes;
      if (needed === undefined) {
        done();
        return;
      }
      const [scheme, token] = (request.headers.authorization ?? '').split(' ');
      if (scheme?.toLowerCase() !== 'bearer' || token === undefined) {
        refuse(reply, 401, 'Missing authentication');
        return;
      }
      const granted = this.scopesOf(token);
      if (granted === 'unknown') refuse(reply, 401, 'Invalid token');
      else if (granted === 'expired') refuse(reply, 401, 'Expired token received for JSON Web Token validation');
      else if (!needed.some((set) => set.split(' ').every((scope) => granted.has(scope)))) {
        const any = [...new Set(needed.flatMap((set) => set.split(' ')))];
        refuse(reply, 403, `Insufficient scope, expected any of: ${any.join(',')}`, 'insufficient_scope');
      } else done();
    });
  }

  async #issue(kit: Kit, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const oauthError = (status: number, error: string, description: string): FastifyReply =>
      kit.json(reply, JSON.stringify({ error, error_description: description }), status);
    const parsed = tokenRequest.safeParse(request.body ?? {});
    if (!parsed.success) return oauthError(400, 'invalid_request', 'The body cannot be read.');
    const body = parsed.data;
    if (body.grant_type !== 'client_credentials') {
      return oauthError(403, 'unauthorized_client', `Grant type '${body.grant_type}' not allowed for the client.`);
    }
    if (!(await this.#authenticates(body))) return oauthError(401, 'access_denied', 'Unauthorized');
    if (body.audience !== undefined && body.audience !== this.audience) {
      return oauthError(403, 'access_denied', `Service not enabled within domain: ${body.audience}`);
    }
    if (!this.isAuthorized) {
      return oauthError(
        403,
        'access_denied',
        `Client is not authorized to access "${this.audience}". You need to create a "client-grant" associated to this API.`,
      );
    }
    // Without an audience the token is good for something else, not for the Management API.
    const asked = body.scope?.split(' ');
    const scopes = this.scopes.filter((scope) => asked === undefined || asked.includes(scope));
    const scope = scopes.join(' ');
    const token = this.#mint(body.audience === undefined ? '' : scope);
    if (body.audience !== undefined) {
      this.#tokens.set(token, { scopes: new Set(scopes), expiresAt: Date.now() + this.lifetimeSeconds * 1000 });
    }
    return kit.json(
      reply,
      JSON.stringify({ access_token: token, scope, expires_in: this.lifetimeSeconds, token_type: 'Bearer' }),
    );
  }

  async #authenticates(body: z.output<typeof tokenRequest>): Promise<boolean> {
    if (body.client_assertion !== undefined) {
      if (body.client_assertion_type !== ASSERTION_TYPE || this.#keys === null) return false;
      try {
        const { payload } = await jwtVerify(body.client_assertion, this.#keys.publicKey, {
          issuer: this.clientId,
          subject: this.clientId,
          algorithms: ['RS256', 'RS384', 'PS256'],
          maxTokenAge: '5 minutes',
          requiredClaims: ['jti', 'exp', 'aud'],
        });
        const jti = createHash('sha256').update(String(payload.jti)).digest('hex');
        if (this.#seenAssertions.has(jti)) return false;
        this.#seenAssertions.add(jti);
        return true;
      } catch {
        return false;
      }
    }
    return body.client_id === this.clientId && body.client_secret === this.clientSecret;
  }

  /** Looks like a JWT; nobody can check its signature. */
  #mint(scope: string): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      sub: `${this.clientId}@clients`,
      aud: this.audience,
      iat: now,
      exp: now + this.lifetimeSeconds,
      scope,
    };
    return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(payload)}.${randomBytes(32).toString('base64url')}`;
  }
}
