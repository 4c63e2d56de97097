import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit } from '../kit.ts';

/** What an administrator can switch about the tenant while it runs. */
export interface JumpCloudSwitches {
  /** Scopes of the role behind the credentials; `null`: all of them. */
  scopes: ReadonlySet<string> | null;
  /** Answer of the undocumented list of administrators. */
  adminListStatus: 200 | 403 | 404;
  /** True: the credentials see a second organisation, and must name theirs. */
  multiTenant: boolean;
}

const TOKEN_SECONDS = 3600;
const OBJECT_ID = /^[0-9a-f]{24}$/;

/** Credentials of the emulated tenant, and who gets in. All secrets are made at run time. */
export class JumpCloudAccess {
  readonly apiKey = ['jca', randomBytes(20).toString('hex')].join('_');
  readonly clientId = randomBytes(12).toString('hex');
  readonly clientSecret = randomBytes(24).toString('base64url');
  readonly switches: JumpCloudSwitches = { scopes: null, adminListStatus: 200, multiTenant: false };
  readonly #orgId: string;
  readonly #tokens = new Map<string, number>();

  constructor(orgId: string) {
    this.#orgId = orgId;
  }

  /** Ends every access token at once. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** The token endpoint: client credentials, in the Basic header only. */
  token(kit: Kit, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const oauthError = (status: number, error: string): FastifyReply =>
      kit.json(reply, JSON.stringify({ error, error_description: 'The request was refused.' }), status);
    const expected = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    if (request.headers.authorization !== `Basic ${expected}`) return oauthError(401, 'invalid_client');
    const form: unknown = request.body;
    const field = (name: string): unknown =>
      typeof form === 'object' && form !== null ? Reflect.get(form, name) : undefined;
    if (field('grant_type') !== 'client_credentials') return oauthError(400, 'unsupported_grant_type');
    if (field('scope') !== 'api') return oauthError(400, 'invalid_scope');
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, Date.now() + TOKEN_SECONDS * 1000);
    const body = { access_token: token, token_type: 'bearer', expires_in: TOKEN_SECONDS, scope: 'api' };
    return kit.json(reply.header('cache-control', 'no-store'), JSON.stringify(body));
  }

  /**
   * `null` when the request may go on, else the status to refuse it with.
   * `takesOrg`: whether the route knows the `x-org-id` header; one that does not, refuses it.
   */
  refusal(request: FastifyRequest, needs: readonly string[], takesOrg: boolean): number | null {
    if (!this.#isKnown(request)) return 401;
    const org = request.headers['x-org-id'];
    if (org !== undefined) {
      if (!takesOrg) return 403;
      if (typeof org !== 'string' || !OBJECT_ID.test(org)) return 400;
      if (org !== this.#orgId) return 404;
    } else if (this.switches.multiTenant && takesOrg) {
      return 401;
    }
    const { scopes } = this.switches;
    if (scopes !== null && needs.length > 0 && !needs.some((scope) => scopes.has(scope))) return 403;
    return null;
  }

  #isKnown(request: FastifyRequest): boolean {
    if (request.headers['x-api-key'] === this.apiKey) return true;
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    return scheme === 'Bearer' && token !== undefined && (this.#tokens.get(token) ?? 0) > Date.now();
  }
}

const NAMES: Readonly<Record<number, readonly [message: string, status: string]>> = {
  400: ['Bad Request', 'INVALID_ARGUMENT'],
  401: ['Unauthorized', 'UNAUTHENTICATED'],
  402: ['Payment Required', 'FAILED_PRECONDITION'],
  403: ['Forbidden', 'PERMISSION_DENIED'],
  404: ['Not Found', 'NOT_FOUND'],
  429: ['Too Many Requests', 'RESOURCE_EXHAUSTED'],
};

/** JSON text of an error of the v2 API. */
export function errorBody(status: number): string {
  const [message, name] = NAMES[status] ?? ['Internal Server Error', 'INTERNAL'];
  const details = status === 400 ? { details: [] } : {};
  return JSON.stringify({ code: status, message, status: name, ...details });
}

/** Refuses a request as its API does: v1 with plain text or a bare message, v2 with a code. */
export function refuse(kit: Kit, request: FastifyRequest, reply: FastifyReply, status: number): FastifyReply {
  if (request.url.startsWith('/api/v2/')) return kit.json(reply, errorBody(status), status);
  if (status === 401) return reply.code(401).type('text/plain').send('Unauthorized');
  return kit.json(reply, JSON.stringify({ message: NAMES[status]?.[0] ?? 'Internal Server Error' }), status);
}
