import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { ProviderContext } from '../../../src/ports/provider.ts';
import { type HttpAnswer, HttpClient, type HttpRequest } from '../../http/client.ts';
import { linkRelation } from '../../http/link-header.ts';
import type { RateLimit } from '../../http/rate-gate.ts';
import { classifyOkta } from './errors.ts';
import type { OktaAddress, OktaSettings } from './settings.ts';
import { apiTokenAuthorization, type OktaAuthorization, ServiceAppAuthorization, TOKEN_PATH } from './tokens.ts';

type Query = Readonly<Record<string, string | number>>;

/** A page of a listing; `next` is a path of this org, fit for a checkpoint. */
export interface OktaPage<T> {
  readonly rows: readonly T[];
  readonly next: string | null;
}

/** Where a listing begins, or goes on (`next` of the page before). */
export type OktaStart = { readonly path: string; readonly query?: Query } | { readonly next: string };

/** Leaves parts out of user objects that nobody reads here; Okta answers faster. */
const LEAN_USERS = { 'content-type': 'application/json; okta-response=omitCredentialsLinks,omitTransitioningToStatus' };
const LEANEST_USERS = {
  'content-type': 'application/json; okta-response=omitCredentials,omitCredentialsLinks,omitTransitioningToStatus',
};

/** The line to one org, shared by all that read from it. */
interface OktaLine {
  readonly connector: string;
  readonly origin: string;
  readonly http: HttpClient;
  readonly authorization: OktaAuthorization;
}

/** Speaks to one org: pages by Link header and by body, within its rate limits. */
export class OktaClient {
  readonly #line: OktaLine;
  readonly #signal: AbortSignal | null;

  private constructor(line: OktaLine, signal: AbortSignal | null) {
    this.#line = line;
    this.#signal = signal;
  }

  static open(settings: OktaSettings, address: OktaAddress, context: ProviderContext): OktaClient {
    const { connector, clock } = context;
    const authorization: OktaAuthorization =
      settings.clientId !== undefined && settings.privateKey !== undefined
        ? new ServiceAppAuthorization({
            clock,
            connector,
            clientId: settings.clientId,
            privateKey: settings.privateKey,
            keyId: settings.keyId,
            scopes: settings.scopes,
            http: () => http,
          })
        : apiTokenAuthorization(settings.apiToken ?? '');
    const http: HttpClient = new HttpClient({
      connector,
      baseUrl: address.origin,
      clock,
      logger: context.logger,
      signal: context.signal,
      authorize: (request) => authorization.headers(request),
      onUnauthorized: (headers, sent) => authorization.refused(headers, sent),
      readLimit: (headers) => readLimit(headers, clock.now()),
      bucketOf,
      classify: classifyOkta(connector),
      // Okta advises five per org; it counts requests that run at the same time, too.
      maxConcurrent: 5,
      readOnlyPosts: [TOKEN_PATH],
    });
    return new OktaClient({ connector, origin: address.origin, http, authorization }, null);
  }

  get connector(): string {
    return this.#line.connector;
  }

  /** The same line; what is asked through it also ends with `signal`. */
  with(signal: AbortSignal): OktaClient {
    return new OktaClient(this.#line, signal);
  }

  /** Scopes that were granted; `null` for an API token. */
  scopes(): Promise<readonly string[] | null> {
    return this.#line.authorization.scopes();
  }

  async get<T>(path: string, schema: z.ZodType<T>, query?: Query): Promise<T> {
    return (await this.#get({ path, schema, ...(query === undefined ? {} : { query }) })).body;
  }

  /** As {@link get}; `null` for what is gone or never was. */
  async find<T>(path: string, schema: z.ZodType<T>, query?: Query): Promise<T | null> {
    try {
      return await this.get(path, schema, query);
    } catch (error) {
      if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return null;
      throw error;
    }
  }

  /** One page of a listing that pages by Link header. `lean`: which parts of user objects to leave out. */
  async page<T>(start: OktaStart, row: z.ZodType<T>, lean?: 'users' | 'ids'): Promise<OktaPage<T>> {
    const { body, headers } = await this.#get({
      ...('next' in start ? { path: start.next } : { path: start.path, query: start.query ?? {} }),
      schema: z.array(row),
      ...(lean === undefined ? {} : { headers: lean === 'users' ? LEAN_USERS : LEANEST_USERS }),
    });
    return { rows: body, next: this.#ownPath(linkRelation(headers.get('link'), 'next')) };
  }

  /** One page of an IAM listing: rows under `key`, the next page's link in the body. */
  async bodyPage<T>(start: OktaStart, key: string, row: z.ZodType<T>): Promise<OktaPage<T>> {
    const links = z.looseObject({ next: z.looseObject({ href: z.string() }).nullish() }).nullish();
    const { body } = await this.#get({
      ...('next' in start ? { path: start.next } : { path: start.path, query: start.query ?? {} }),
      schema: z.looseObject({ [key]: z.array(row).nullish(), _links: links }),
    });
    // Parsed as such just above; the computed key hides it from the compiler.
    const rows = z.array(row).parse(body[key] ?? []);
    const next = links.parse(body['_links'])?.next?.href ?? null;
    return { rows, next: this.#ownPath(next) };
  }

  /** All rows of a short listing. */
  async all<T>(read: (start: OktaStart) => Promise<OktaPage<T>>, path: string, query?: Query): Promise<T[]> {
    const rows: T[] = [];
    for await (const page of this.pages(read, { path, ...(query === undefined ? {} : { query }) })) {
      rows.push(...page.rows);
    }
    return rows;
  }

  /**
   * Pages from `start` to the end.
   * @throws AppError `UPSTREAM_INVALID` when a page points at one that was there before
   */
  async *pages<T>(read: (start: OktaStart) => Promise<OktaPage<T>>, start: OktaStart): AsyncGenerator<OktaPage<T>> {
    const seen = new Set<string>('next' in start ? [start.next] : []);
    let at: OktaStart | null = start;
    while (at !== null) {
      const page: OktaPage<T> = await read(at);
      if (page.next !== null && seen.has(page.next)) {
        throw new AppError(
          UPSTREAM_CODES.INVALID,
          `${this.connector}: Okta gave the same next page twice; the listing would never end.`,
          { connector: this.connector, retryable: true },
        );
      }
      if (page.next !== null) seen.add(page.next);
      yield page;
      at = page.next === null ? null : { next: page.next };
    }
  }

  stats(): { readonly requests: number; readonly retries: number; readonly throttledMs: number } {
    return this.#line.http.stats();
  }

  close(): Promise<void> {
    return this.#line.http.close();
  }

  #get<T>(request: HttpRequest<T>): Promise<HttpAnswer<T>> {
    return this.#line.http.get(this.#signal === null ? request : { ...request, signal: this.#signal });
  }

  /**
   * A link of Okta's as a path of the configured org: behind a custom domain it may name the other host, and a token
   * must never go there.
   */
  #ownPath(link: string | null): string | null {
    if (link === null) return null;
    try {
      const url = new URL(link, this.#line.origin);
      if (url.pathname.startsWith('/api/v1/')) return `${url.pathname}${url.search}`;
    } catch {
      // Falls through: no URL at all.
    }
    throw new AppError(
      UPSTREAM_CODES.INVALID,
      `${this.connector}: Okta's link to the next page is not one of its API.`,
      {
        connector: this.connector,
      },
    );
  }
}

/** Reset is epoch seconds on Okta's clock; the Date header tells how far ours is off. */
function readLimit(headers: Headers, nowMs: number): RateLimit | null {
  const number = (name: string): number | undefined => {
    const value = Number(headers.get(name)?.split(',')[0]?.trim() || Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const limit = number('x-rate-limit-limit');
  const remaining = number('x-rate-limit-remaining');
  const reset = number('x-rate-limit-reset');
  // Zero of zero says "too many at the same time"; its reset means nothing, a short back-off is right.
  if (limit === 0 || remaining === undefined || reset === undefined) return null;
  const serverMs = Date.parse(headers.get('date') ?? '');
  const resetAtMs = nowMs + Math.max(1000, reset * 1000 - (Number.isNaN(serverMs) ? nowMs : serverMs) + 1000);
  return { remaining, resetAtMs, ...(limit === undefined ? {} : { limit }) };
}

/** Okta counts by endpoint; below one user, group or app it is another bucket than for the listing. */
function bucketOf(path: string): string {
  return /^\/api\/v1\/(?:users|groups|apps)(?:\/\{id\})?/.exec(path)?.[0] ?? '/api/v1';
}
