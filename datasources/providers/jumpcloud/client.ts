import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { ProviderContext } from '../../../src/ports/provider.ts';
import { HttpClient, type RefusedAnswer } from '../../http/client.ts';
import { TokenCache } from '../../http/token.ts';
import { tokenSchema } from './payloads.ts';
import { scopesOf } from './scopes.ts';
import type { JumpCloudHosts, JumpCloudSettings } from './settings.ts';

/** The largest page, asked for explicitly: the default is 10. */
export const PAGE = 100;

/** One page of a list; `total` counts all rows where the answer tells, orphaned associations included. */
export interface Slice<T> {
  readonly rows: readonly T[];
  readonly total: number | null;
}

/** Reads the page that begins at `skip`. */
export type Read<T> = (skip: number) => Promise<Slice<T>>;

interface ListOptions {
  readonly signal: AbortSignal;
  readonly fields?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** `sort=_id` (v1) or `sort=id` (v2); default true. Graph routes have no sort. */
  readonly sorted?: boolean;
}

const totalSchema = z.coerce.number().int().min(0).nullable().catch(null);

/** Speaks to one organisation: credentials, the two dialects of lists, and what a refusal means. */
export class JumpCloudClient {
  readonly #http: HttpClient;
  readonly #oauth: HttpClient | null;
  readonly #org: Record<string, string>;

  constructor(settings: JumpCloudSettings, hosts: JumpCloudHosts, context: ProviderContext) {
    const { connector, clock, logger, signal } = context;
    const shared = { connector, clock, logger, signal };
    this.#org = settings.orgId === undefined ? {} : { 'x-org-id': settings.orgId };

    const { apiKey, clientId, clientSecret } = settings;
    let authorize = async (): Promise<Record<string, string>> => ({ 'x-api-key': apiKey ?? '' });
    let drop: ((sent: Readonly<Record<string, string>>) => void) | null = null;
    this.#oauth = null;
    if (clientId !== undefined && clientSecret !== undefined) {
      const oauth = new HttpClient({
        ...shared,
        baseUrl: hosts.oauth,
        authorize: async () => ({}),
        readOnlyPosts: ['/oauth2/token'],
      });
      this.#oauth = oauth;
      const basic = Buffer.from(`${clientId}:${clientSecret}`, 'utf8').toString('base64');
      const tokens = new TokenCache<string>({
        clock,
        refreshAheadMs: 60_000,
        async issue() {
          const { body } = await oauth.post({
            path: '/oauth2/token',
            form: { grant_type: 'client_credentials', scope: 'api' },
            anonymous: true,
            proof: async () => ({ authorization: `Basic ${basic}` }),
            schema: tokenSchema,
            classify: (answer) => tokenRefusal(answer, connector),
          });
          return { value: body.access_token, expiresAtMs: clock.now() + body.expires_in * 1000 };
        },
      });
      authorize = async () => ({ authorization: `Bearer ${await tokens.get()}` });
      drop = (sent) => tokens.drop(sent['authorization']?.replace(/^Bearer /, ''));
    }

    this.#http = new HttpClient({
      ...shared,
      baseUrl: hosts.console,
      authorize,
      async onUnauthorized(_headers, sent) {
        drop?.(sent);
        return drop !== null;
      },
      classify: (answer) => refusal(answer, connector),
      maxConcurrent: 8,
    });
  }

  /** One object. @throws AppError `UPSTREAM_NOT_FOUND` when it is gone */
  async object<T>(path: string, schema: z.ZodType<T>, options: { signal: AbortSignal; fields?: string }): Promise<T> {
    const { body } = await this.#http.get({
      path,
      schema,
      query: { fields: options.fields },
      headers: this.#org,
      signal: options.signal,
    });
    return body;
  }

  /** v1: `{totalCount, results}`. `withOrg: false` for the list of organisations, which refuses the header. */
  v1<T>(path: string, row: z.ZodType<T>, options: ListOptions & { readonly withOrg?: boolean }): Read<T> {
    const schema = z.object({ totalCount: z.number().int().min(0), results: z.array(row) });
    return async (skip) => {
      const { body } = await this.#http.get({
        path,
        schema,
        query: { limit: PAGE, skip, sort: '_id', fields: options.fields, ...options.query },
        headers: options.withOrg === false ? {} : this.#org,
        signal: options.signal,
      });
      return { rows: body.results, total: body.totalCount };
    };
  }

  /** v2: a bare array, its total in a header that may be missing. */
  v2<T>(path: string, row: z.ZodType<T>, options: ListOptions): Read<T> {
    const schema = z.array(row);
    return async (skip) => {
      const { body, headers } = await this.#http.get({
        path,
        schema,
        query: {
          limit: PAGE,
          skip,
          sort: options.sorted === false ? undefined : 'id',
          fields: options.fields,
          ...options.query,
        },
        headers: this.#org,
        signal: options.signal,
      });
      return { rows: body, total: totalSchema.parse(headers.get('x-total-count')) };
    };
  }

  /** The newer services of v2: `{results, totalCount}`. */
  envelope<T>(path: string, row: z.ZodType<T>, options: ListOptions): Read<T> {
    const schema = z.object({ totalCount: z.number().int().min(0).nullish(), results: z.array(row) });
    return async (skip) => {
      const { body } = await this.#http.get({
        path,
        schema,
        query: { limit: PAGE, skip, ...options.query },
        headers: this.#org,
        signal: options.signal,
      });
      return { rows: body.results, total: body.totalCount ?? null };
    };
  }

  stats(): { readonly requests: number; readonly retries: number; readonly throttledMs: number } {
    const [a, b] = [this.#http.stats(), this.#oauth?.stats()];
    return {
      requests: a.requests + (b?.requests ?? 0),
      retries: a.retries + (b?.retries ?? 0),
      throttledMs: a.throttledMs + (b?.throttledMs ?? 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#http.close(), this.#oauth?.close()]);
  }
}

/** What the console's refusals mean beyond the usual: a missing plan, the scope that is missing. */
function refusal({ status, path }: RefusedAnswer, connector: string): AppError | null {
  if (status === 402) {
    return new AppError(UPSTREAM_CODES.NOT_AVAILABLE, `${connector}: the plan of this organisation does not have it.`, {
      connector,
    });
  }
  if (status !== 403) return null;
  const missing = scopesOf(path);
  return new AppError(
    UPSTREAM_CODES.FORBIDDEN,
    `${connector}: the role of these credentials may not read this. Add ${missing.join(', ')} to the role.`,
    { connector, details: { missing: [...missing] } },
  );
}

/** 400, 401 and 403 of the token endpoint are all about the credentials. */
function tokenRefusal({ status }: RefusedAnswer, connector: string): AppError | null {
  if (status !== 400 && status !== 401 && status !== 403) return null;
  return new AppError(
    UPSTREAM_CODES.UNAUTHORIZED,
    `${connector}: JumpCloud refused the service account (${status}). Check the region, the client id and its secret.`,
    { connector, details: { status } },
  );
}
