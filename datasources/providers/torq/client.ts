import type { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { ProviderContext } from '../../../src/ports/provider.ts';
import { HttpClient, type RefusedAnswer } from '../../http/client.ts';
import { TokenCache } from '../../http/token.ts';
import {
  apiKeysSchema,
  auditLogsSchema,
  claimMappingsSchema,
  rolesSchema,
  type TorqApiKey,
  type TorqClaimMapping,
  type TorqRole,
  type TorqUser,
  tokenSchema,
  usersSchema,
} from './payloads.ts';
import { REQUIRES } from './scopes.ts';
import type { TorqHosts, TorqSettings } from './settings.ts';

const BASE = '/public/v1alpha';
/** Pages of roles that one listing follows; a token that repeats is found before. */
const MAX_PAGES = 100;
const MONTH_MS = 30 * 86_400_000;

/** Speaks to one workspace: the one of the key. */
export class TorqClient {
  readonly #api: HttpClient;
  readonly #auth: HttpClient;
  readonly #context: ProviderContext;

  constructor(settings: TorqSettings, hosts: TorqHosts, context: ProviderContext) {
    const { connector, clock, logger, signal } = context;
    this.#context = context;
    const shared = { connector, clock, logger, signal };
    const auth = new HttpClient({
      ...shared,
      baseUrl: hosts.auth,
      authorize: async () => ({}),
      readOnlyPosts: ['/v1/auth/token'],
    });
    this.#auth = auth;
    const basic = Buffer.from(`${settings.clientId}:${settings.clientSecret}`, 'utf8').toString('base64');
    const tokens = new TokenCache<string>({
      clock,
      refreshAheadMs: 60_000,
      async issue() {
        const { body } = await auth.post({
          path: '/v1/auth/token',
          form: { grant_type: 'client_credentials' },
          anonymous: true,
          proof: async () => ({ authorization: `Basic ${basic}` }),
          schema: tokenSchema,
          classify: (answer) => tokenRefusal(answer, connector),
        });
        return { value: body.access_token, expiresAtMs: clock.now() + body.expires_in * 1000 };
      },
    });
    this.#api = new HttpClient({
      ...shared,
      baseUrl: hosts.api,
      authorize: async () => ({ authorization: `Bearer ${await tokens.get()}` }),
      async onUnauthorized(_headers, sent) {
        tokens.drop(sent['authorization']?.replace(/^Bearer /, ''));
        return true;
      },
      classify: (answer) => refusal(answer, connector),
      maxConcurrent: 2,
    });
  }

  /**
   * All users. What a call without `sso_provision` returns is not settled, so the provisioned and the local ones are
   * asked for one by one and merged; the list is whole only when both came.
   */
  async users(signal: AbortSignal): Promise<readonly TorqUser[]> {
    const ask = async (sso: boolean): Promise<readonly TorqUser[]> =>
      (await this.#get('/users', usersSchema, signal, { sso_provision: sso })).users;
    const [local, provisioned] = await Promise.all([ask(false), ask(true)]);
    const byId = new Map(local.map((user) => [user.id, user]));
    for (const user of provisioned) byId.set(user.id, { ...user, sso_provision: true });
    return [...byId.values()];
  }

  /** All roles; from the older path where the newer one is not there. */
  async roles(signal: AbortSignal): Promise<readonly TorqRole[]> {
    try {
      return await this.#roles('/roles', signal);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== UPSTREAM_CODES.NOT_FOUND) throw error;
      return this.#roles('/users/roles', signal);
    }
  }

  async apiKeys(signal: AbortSignal): Promise<readonly TorqApiKey[]> {
    return (await this.#get('/api-keys', apiKeysSchema, signal)).api_keys;
  }

  /** Which claim of an identity provider gives which role, by rank; `null` where they may not be read. */
  async claimMappings(signal: AbortSignal): Promise<readonly TorqClaimMapping[] | null> {
    try {
      const { claim_mappings: mappings } = await this.#get('/sso/claim_mappings', claimMappingsSchema, signal);
      return [...mappings].sort((a, b) => a.rank - b.rank);
    } catch (error) {
      if (isRefused(error)) return null;
      throw error;
    }
  }

  /** Id and name of the workspace, told only by its log, and only to a key of an Owner; `null` otherwise. */
  async workspace(signal: AbortSignal): Promise<{ readonly id: string; readonly name: string | undefined } | null> {
    const since = new Date(this.#context.clock.now() - MONTH_MS).toISOString();
    // Its default window is one day, and the token just minted is in it; a quiet log may need more.
    for (const window of [{}, { start_time: since }]) {
      try {
        const { audit_logs: logs } = await this.#get('/audit_logs', auditLogsSchema, signal, {
          page_size: 1,
          ...window,
        });
        const found = logs?.find((entry) => entry.account_id !== undefined);
        if (found?.account_id !== undefined) return { id: found.account_id, name: found.account_name };
      } catch (error) {
        if (isRefused(error)) return null;
        throw error;
      }
    }
    return null;
  }

  stats(): { readonly requests: number; readonly retries: number; readonly throttledMs: number } {
    const [a, b] = [this.#api.stats(), this.#auth.stats()];
    return {
      requests: a.requests + b.requests,
      retries: a.retries + b.retries,
      throttledMs: a.throttledMs + b.throttledMs,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#api.close(), this.#auth.close()]);
  }

  async #roles(path: string, signal: AbortSignal): Promise<readonly TorqRole[]> {
    const roles = new Map<string, TorqRole>();
    const seen = new Set<string>();
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.#get(path, rolesSchema, signal, { page_token: token });
      for (const role of answer.roles) roles.set(role.id, role);
      token = answer.next_page_token;
      if (token === undefined) return [...roles.values()];
      if (seen.has(token)) break;
      seen.add(token);
    }
    const { connector } = this.#context;
    throw new AppError(UPSTREAM_CODES.INVALID, `${connector}: the list of roles does not end.`, { connector });
  }

  async #get<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    query: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ): Promise<T> {
    return (await this.#api.get({ path: `${BASE}${path}`, schema, query, signal })).body;
  }
}

function isRefused(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return [
    UPSTREAM_CODES.FORBIDDEN,
    UPSTREAM_CODES.NOT_FOUND,
    UPSTREAM_CODES.NOT_AVAILABLE,
    UPSTREAM_CODES.REJECTED,
  ].some((code) => code === error.code);
}

function refusal({ status, path }: RefusedAnswer, connector: string): AppError | null {
  if (status !== 403) return null;
  const missing = path.endsWith('/users')
    ? REQUIRES.users
    : path.endsWith('/roles')
      ? REQUIRES.roles
      : path.endsWith('/api-keys')
        ? REQUIRES['api-keys']
        : [];
  return new AppError(
    UPSTREAM_CODES.FORBIDDEN,
    `${connector}: the role of the API key may not read this. Add ${missing.join(', ') || 'the permission'} to the role.`,
    { connector, details: { missing: [...missing] } },
  );
}

/** The body of a refused token request is not documented; 400, 401 and 403 are all about the key. */
function tokenRefusal({ status }: RefusedAnswer, connector: string): AppError | null {
  if (status !== 400 && status !== 401 && status !== 403) return null;
  return new AppError(
    UPSTREAM_CODES.UNAUTHORIZED,
    `${connector}: Torq refused the API key (${status}). Check the region, the client id, the secret and its expiry.`,
    { connector, details: { status } },
  );
}
