import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { ProviderContext } from '../../../src/ports/provider.ts';
import { HttpClient } from '../../http/client.ts';
import type { RateLimit } from '../../http/rate-gate.ts';
import { TokenCache } from '../../http/token.ts';
import { classifyApi, classifyToken, missingScopes } from './errors.ts';
import { type Auth0Address, type Auth0Settings, resolveAddress } from './settings.ts';
import { type Auth0Token, issueToken, TOKEN_PATH } from './token.ts';

/** The most rows of one page, everywhere but in connection clients. */
const PAGE_SIZE = 100;
/** What offset paging reaches at all. */
export const OFFSET_CEILING = 1000;
export const EXPORT_PATH = '/api/v2/jobs/users-exports';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ListRequest<T> {
  /** Below `/api/v2`, ids encoded. */
  readonly path: string;
  /** Name of the array in the envelope. */
  readonly key: string;
  readonly row: z.ZodType<T>;
  readonly query?: Query;
  /** Rows of one page; default 100. */
  readonly take?: number;
  readonly signal: AbortSignal;
}

export interface CheckpointPage<T> {
  readonly rows: readonly T[];
  readonly next: string | null;
}

export interface OffsetPage<T> {
  readonly rows: readonly T[];
  readonly total: number | undefined;
  /** Page size that Auth0 really used. */
  readonly limit: number;
}

/** One tenant's Management API: tokens, scopes, both ways of paging, answers checked against their schemas. */
export class Auth0Client {
  readonly address: Auth0Address;
  readonly connector: string;
  readonly #context: ProviderContext;
  readonly #http: HttpClient;
  readonly #tokens: TokenCache<Auth0Token>;

  constructor(settings: Auth0Settings, context: ProviderContext) {
    const { connector, clock } = context;
    this.#context = context;
    this.connector = connector;
    this.address = resolveAddress(settings, context.allowLoopback);
    const address = this.address;
    this.#http = new HttpClient({
      connector,
      baseUrl: address.origin,
      clock,
      logger: context.logger,
      signal: context.signal,
      readOnlyPosts: [TOKEN_PATH, EXPORT_PATH],
      minRemainingShare: 0.1,
      authorize: async () => ({ authorization: `Bearer ${(await this.#tokens.get()).value}` }),
      onUnauthorized: async (_headers, sent) => {
        const current = await this.#tokens.get();
        if (sent.authorization === `Bearer ${current.value}`) this.#tokens.drop(current);
        return true;
      },
      bucketOf: (path) => (path === TOKEN_PATH ? 'token' : 'management'),
      readLimit: (headers) => readLimit(headers),
      classify: (answer) => classifyApi(answer, connector),
    });
    this.#tokens = new TokenCache<Auth0Token>({
      clock,
      issue: () =>
        issueToken({
          http: this.#http,
          settings,
          address,
          clock,
          connector,
          classify: (answer) => classifyToken(answer, address, connector),
        }),
    });
  }

  /** Scopes of the present token; `null` when it does not tell. */
  async scopes(): Promise<ReadonlySet<string> | null> {
    return (await this.#tokens.get()).scopes;
  }

  /** True when one of the sets (`a b` = both) is granted, or when nobody knows. */
  async may(...alternatives: readonly string[]): Promise<boolean> {
    const granted = await this.scopes();
    return granted === null || alternatives.some((set) => set.split(' ').every((scope) => granted.has(scope)));
  }

  /** @throws AppError `UPSTREAM_FORBIDDEN` with `details.missing` of the first alternative, before any call is spent */
  async demand(...alternatives: readonly string[]): Promise<void> {
    if (await this.may(...alternatives)) return;
    const granted = await this.scopes();
    const wanted = (alternatives[0] ?? '').split(' ');
    throw missingScopes(
      this.connector,
      wanted.filter((scope) => granted?.has(scope) !== true),
    );
  }

  async get<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal, query: Query = {}): Promise<T> {
    return (await this.#http.get({ path: `/api/v2${path}`, schema, query, signal })).body;
  }

  /** As {@link get}; `null` when the object is gone. */
  async find<T>(path: string, schema: z.ZodType<T>, signal: AbortSignal, query: Query = {}): Promise<T | null> {
    try {
      return await this.get(path, schema, signal, query);
    } catch (error) {
      if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return null;
      throw error;
    }
  }

  async postExport<T>(json: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    return (await this.#http.post({ path: EXPORT_PATH, json, schema, signal })).body;
  }

  /**
   * One page by checkpoint; `from` is what the page before called `next`.
   * @throws AppError `UPSTREAM_INVALID` when `next` repeats `from`
   */
  async checkpointPage<T>(request: ListRequest<T>, from: string | null): Promise<CheckpointPage<T>> {
    const envelope = z.object({ rows: z.array(request.row), next: z.string().nullish() });
    const body = await this.get(request.path, z.preprocess(rowsFrom(request.key), envelope), request.signal, {
      ...request.query,
      take: request.take ?? PAGE_SIZE,
      ...(from === null ? {} : { from }),
    });
    const next = body.next || null;
    if (next !== null && next === from) throw this.repeats(request.path);
    return { rows: body.rows, next };
  }

  /** One page by offset, with totals. */
  async offsetPage<T>(request: ListRequest<T>, page: number): Promise<OffsetPage<T>> {
    const size = request.take ?? PAGE_SIZE;
    const envelope = z.object({
      rows: z.array(request.row),
      total: z.number().nullish(),
      limit: z.number().nullish(),
    });
    const body = await this.get(request.path, z.preprocess(rowsFrom(request.key), envelope), request.signal, {
      ...request.query,
      page,
      per_page: size,
      include_totals: true,
    });
    return { rows: body.rows, total: body.total ?? undefined, limit: body.limit || size };
  }

  repeats(path: string): AppError {
    return new AppError(
      UPSTREAM_CODES.INVALID,
      `${this.connector}: Auth0 gave the same page token twice in ${path.split('/')[1]}. The listing is not complete.`,
      { connector: this.connector, retryable: true },
    );
  }

  checkAborted(signal: AbortSignal): void {
    if (!signal.aborted && !this.#context.signal.aborted) return;
    throw new AppError(UPSTREAM_CODES.ABORTED, `${this.connector}: the run was cancelled.`, {
      connector: this.connector,
      retryable: true,
    });
  }

  stats(): { requests: number; retries: number; throttledMs: number } {
    return this.#http.stats();
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}

/** Puts the array of an envelope, or a bare array, under one name. */
function rowsFrom(key: string): (body: unknown) => unknown {
  return (body) => {
    if (Array.isArray(body)) return { rows: body };
    return body !== null && typeof body === 'object' ? { ...body, rows: Reflect.get(body, key) } : body;
  };
}

function readLimit(headers: Headers): RateLimit | null {
  const number = (name: string): number | undefined => {
    const value = Number.parseFloat(headers.get(name) ?? '');
    return Number.isFinite(value) ? value : undefined;
  };
  const remaining = number('x-ratelimit-remaining');
  const limit = number('x-ratelimit-limit');
  const reset = number('x-ratelimit-reset');
  if (remaining === undefined) return null;
  return {
    remaining,
    ...(limit === undefined ? {} : { limit }),
    ...(reset === undefined ? {} : { resetAtMs: reset * 1000 }),
  };
}
