import pLimit from 'p-limit';
import { Agent } from 'undici';
import type { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../src/domain/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { parseBody, refusedBody } from './answer-body.ts';
import { failureError, type RequestLabel, statusError } from './answer-errors.ts';
import { withAnySignal } from './any-signal.ts';
import { type Exchange, ExchangeFailure, exchange } from './exchange.ts';
import { matchesTemplate, pathTemplate } from './path-template.ts';
import { RateGate, type RateLimit, retryAfterMs } from './rate-gate.ts';
import { targetUrl } from './target-url.ts';

/** An answer outside 2xx, as `classify` and `recover` see it. `body` is parsed JSON where it is JSON, else text, `null` when empty; capped at 64 KiB. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** Path without query. */
  readonly path: string;
}

export interface HttpClientOptions {
  readonly connector: string;
  /** Checked by {@link import('./base-url.ts').baseUrl}; requests never leave its origin. */
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every request and wait. */
  readonly signal: AbortSignal;
  /** Headers for one attempt (token, DPoP proof …). Called anew for each attempt. */
  authorize(request: { readonly method: string; readonly url: URL }): Promise<Record<string, string>>;
  /** Called on 401, once per call: drop the cached token; true = try once more. `sent` are the headers that were refused. */
  onUnauthorized?(headers: Headers, sent: Readonly<Record<string, string>>): Promise<boolean>;
  /** The provider's rate limit headers. */
  readLimit?(headers: Headers): RateLimit | null;
  /** Which bucket of the provider a path template counts in; default: one bucket for all. */
  bucketOf?(path: string): string;
  /** Turns a non-2xx answer into an AppError; `null` = the default mapping. A `retryable` error is retried. */
  classify?(answer: RefusedAnswer): AppError | null;
  /** Requests in flight; default 4. */
  readonly maxConcurrent?: number;
  /** Pause while less than this share of the provider's bucket is left; default 0.2. */
  readonly minRemainingShare?: number;
  /** One attempt, body included; default 30,000. */
  readonly timeoutMs?: number;
  /** Default 5, the first one included. */
  readonly maxAttempts?: number;
  /** Retries of one call end after this time; default 300,000. */
  readonly maxTotalMs?: number;
  /** Default 33,554,432 (32 MiB), also after decompression. */
  readonly maxBodyBytes?: number;
  /** Path templates (`/iam/search/{id}`) of the only POSTs allowed. */
  readonly readOnlyPosts?: readonly string[];
  /** Shown to the provider; default `crosswalk`. */
  readonly userAgent?: string;
}

export interface HttpRequest<T> {
  /** Below the base URL, with a leading slash, or an absolute URL of the same origin. Ids in it are `encodeURIComponent`-ed. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly schema: z.ZodType<T>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface HttpPost<T> extends HttpRequest<T> {
  /** A function is asked anew for each attempt (assertions that may be used once). */
  readonly form?: Readonly<Record<string, string>> | (() => Promise<Readonly<Record<string, string>>>);
  readonly json?: unknown;
  /**
   * Token requests: no `authorize`, no `onUnauthorized`, not counted against `maxConcurrent` (the callers that wait
   * for the token hold those places). `proof` gives the headers of one attempt instead.
   */
  readonly anonymous?: boolean;
  proof?(url: URL): Promise<Record<string, string>>;
  /** Asked about a refused answer, up to three times per call: true = repeat at once (a nonce was learnt). */
  recover?(answer: RefusedAnswer): boolean;
  /** In place of the client's own. */
  classify?(answer: RefusedAnswer): AppError | null;
}

export interface HttpAnswer<T> {
  readonly body: T;
  /** Several header lines of one name are joined by `, `. */
  readonly headers: Headers;
  readonly status: number;
}

type Call = Partial<HttpPost<unknown>> & {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly label: RequestLabel;
};

/** How often a 2xx answer that makes no sense is asked for again: a cut body heals, a changed API does not. */
const MAX_INVALID = 3;
const MAX_RECOVERIES = 3;
const BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 30_000;
const MAX_PAUSE_MS = 90_000;

/**
 * A careful line to one provider: keep-alive, few requests at a time, slows down before the provider says no, retries
 * what may heal, checks every answer against its schema. GET only, and the POSTs that are listed as read-only.
 * Redirects are never followed and no other origin is ever spoken to. Logs method, path template, status and ms only.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #base: URL;
  readonly #agent: Agent;
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #gate: RateGate;
  readonly #stats = { requests: 0, retries: 0, throttledMs: 0 };

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#base = new URL(options.baseUrl);
    const maxConcurrent = options.maxConcurrent ?? 4;
    this.#agent = new Agent({
      connections: maxConcurrent + 1,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: { timeout: Math.min(10_000, options.timeoutMs ?? 30_000) },
    });
    this.#limit = pLimit(maxConcurrent);
    this.#gate = new RateGate({
      clock: options.clock,
      minRemainingShare: options.minRemainingShare ?? 0.2,
      maxPauseMs: MAX_PAUSE_MS,
    });
  }

  /** @throws AppError `UPSTREAM_*`, `ABORTED` */
  async get<T>(request: HttpRequest<T>): Promise<HttpAnswer<T>> {
    const url = targetUrl(this.#base, request, this.#options.connector);
    return this.#limit(() => this.#call(request, { ...request, method: 'GET', url, label: this.#label('GET', url) }));
  }

  /** @throws AppError `PROGRAMMING` for a path that is not in `readOnlyPosts`; else as {@link get} */
  async post<T>(request: HttpPost<T>): Promise<HttpAnswer<T>> {
    const url = targetUrl(this.#base, request, this.#options.connector);
    const label = this.#label('POST', url);
    const basePath = this.#base.pathname.replace(/\/$/, '');
    const path = url.pathname.startsWith(basePath) ? url.pathname.slice(basePath.length) : url.pathname;
    if (!matchesTemplate(path, this.#options.readOnlyPosts ?? [])) {
      throw new AppError(
        'PROGRAMMING',
        `${label.connector}: POST ${label.path} is not on the list of read-only POSTs.`,
        {
          audience: 'developer',
          connector: label.connector,
        },
      );
    }
    const call: Call = { ...request, method: 'POST', url, label };
    return request.anonymous ? this.#call(request, call) : this.#limit(() => this.#call(request, call));
  }

  /** Absolute URL of a path below the base URL: audiences of assertions name it. */
  urlOf(path: string): string {
    return targetUrl(this.#base, { path }, this.#options.connector).href;
  }

  /** Attempts sent, attempts that repeated another, time spent waiting for the provider's limits. */
  stats(): { readonly requests: number; readonly retries: number; readonly throttledMs: number } {
    return { ...this.#stats, throttledMs: Math.round(this.#stats.throttledMs) };
  }

  /** Drops the connections; requests still under way fail. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<T>(request: HttpRequest<T>, call: Call): Promise<HttpAnswer<T>> {
    const { clock } = this.#options;
    const maxAttempts = this.#options.maxAttempts ?? 5;
    const endMs = clock.now() + (this.#options.maxTotalMs ?? 300_000);
    const once = { unauthorized: false, recoveries: 0 };
    let invalid = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request, call, once);
      if (outcome.kind === 'ok') return outcome.answer;
      if (outcome.kind === 'again') {
        this.#stats.retries++;
        continue;
      }
      const { error } = outcome;
      if (error.code === UPSTREAM_CODES.INVALID) invalid++;
      const waitMs =
        outcome.waitMs ?? Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      if (
        !error.retryable ||
        error.code === UPSTREAM_CODES.ABORTED ||
        attempt >= maxAttempts ||
        invalid >= MAX_INVALID ||
        clock.now() + waitMs > endMs
      ) {
        throw error;
      }
      this.#options.logger.warn(
        {
          connector: call.label.connector,
          method: call.method,
          path: call.label.path,
          code: error.code,
          attempt,
          waitMs: Math.round(waitMs),
        },
        'upstream request failed, will be repeated',
      );
      await this.#sleep(waitMs, call);
      this.#stats.retries++;
    }
  }

  async #attempt<T>(
    request: HttpRequest<T>,
    call: Call,
    once: { unauthorized: boolean; recoveries: number },
  ): Promise<
    | { readonly kind: 'ok'; readonly answer: HttpAnswer<T> }
    | { readonly kind: 'again' }
    | { readonly kind: 'failed'; readonly error: AppError; readonly waitMs?: number }
  > {
    const { clock, logger } = this.#options;
    const bucket = this.#options.bucketOf?.(call.label.path) ?? '';
    await this.#throttle(bucket, call);
    const headers = await this.#headers(call);
    const form = typeof call.form === 'function' ? await call.form() : call.form;
    if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
    else if (call.json !== undefined) headers['content-type'] = 'application/json';
    const timeoutMs = this.#options.timeoutMs ?? 30_000;
    const startedMs = performance.now();
    this.#stats.requests++;
    let answer: Exchange;
    try {
      answer = await exchange({
        dispatcher: this.#agent,
        method: call.method,
        url: call.url,
        headers,
        body:
          form !== undefined
            ? new URLSearchParams(form).toString()
            : call.json === undefined
              ? undefined
              : JSON.stringify(call.json),
        timeoutMs,
        maxBodyBytes: this.#options.maxBodyBytes ?? 33_554_432,
        signals: this.#signals(call),
      });
    } catch (failure) {
      if (!(failure instanceof ExchangeFailure)) throw failure;
      return { kind: 'failed', error: failureError(failure, call.label, timeoutMs) };
    }
    logger.debug(
      {
        connector: call.label.connector,
        method: call.method,
        path: call.label.path,
        status: answer.status,
        ms: Math.round(performance.now() - startedMs),
      },
      'upstream request',
    );
    const limit = this.#options.readLimit?.(answer.headers);
    if (limit) this.#gate.note(bucket, limit);
    if (answer.status >= 200 && answer.status < 300) {
      const parsed = parseBody(request.schema, answer.text, call.label);
      if (!parsed.ok) return { kind: 'failed', error: parsed.error };
      return { kind: 'ok', answer: { body: parsed.body, headers: answer.headers, status: answer.status } };
    }

    const refused: RefusedAnswer = {
      status: answer.status,
      headers: answer.headers,
      body: refusedBody(answer.text),
      path: call.url.pathname,
    };
    if (once.recoveries < MAX_RECOVERIES && call.recover?.(refused)) {
      once.recoveries++;
      return { kind: 'again' };
    }
    if (answer.status === 401 && !call.anonymous && !once.unauthorized) {
      once.unauthorized = true;
      if (await this.#options.onUnauthorized?.(answer.headers, headers)) return { kind: 'again' };
    }
    const classify = call.classify ?? this.#options.classify;
    const error = classify?.(refused) ?? statusError(answer.status, call.label);
    return this.#refused(error, answer, limit ?? null, bucket, clock.now());
  }

  #refused(error: AppError, answer: Exchange, limit: RateLimit | null, bucket: string, nowMs: number) {
    const named = retryAfterMs(answer.headers, nowMs);
    const untilReset =
      answer.status === 429 && limit?.resetAtMs !== undefined && limit.resetAtMs > nowMs
        ? limit.resetAtMs - nowMs
        : null;
    const waitMs = named ?? untilReset;
    if (waitMs === null) {
      // Nothing tells until when: the whole bucket pauses for a moment instead of each request finding out by itself.
      if (answer.status === 429) this.#gate.closeUntil(bucket, nowMs + BACKOFF_MS);
      return { kind: 'failed', error } as const;
    }
    // The others of this bucket would only be refused as well.
    if (answer.status === 429) this.#gate.closeUntil(bucket, nowMs + waitMs);
    return { kind: 'failed', error, waitMs: Math.min(waitMs, MAX_PAUSE_MS) + Math.random() * BACKOFF_MS } as const;
  }

  async #headers(call: Call): Promise<Record<string, string>> {
    const proof = call.anonymous
      ? ((await call.proof?.(call.url)) ?? {})
      : await this.#options.authorize({ method: call.method, url: call.url });
    return {
      accept: 'application/json',
      'user-agent': this.#options.userAgent ?? 'crosswalk',
      ...call.headers,
      ...proof,
    };
  }

  async #throttle(bucket: string, call: Call): Promise<void> {
    this.#checkAborted(call);
    if (this.#gate.waitMs(bucket) === 0) return;
    this.#options.logger.info(
      { connector: call.label.connector, path: call.label.path, waitMs: this.#gate.waitMs(bucket) },
      'waiting for the rate limit of the provider',
    );
    this.#stats.throttledMs += await this.#abortable(call, (signal) => this.#gate.pass(bucket, signal));
  }

  async #sleep(ms: number, call: Call): Promise<void> {
    await this.#abortable(call, (signal) => this.#options.clock.sleep(ms, signal));
  }

  /** Runs a wait that ends with either signal, as an AppError. */
  async #abortable<R>(call: Call, wait: (signal: AbortSignal) => Promise<R>): Promise<R> {
    try {
      return await withAnySignal(this.#signals(call), (controller) => wait(controller.signal));
    } catch (error) {
      this.#checkAborted(call);
      throw error;
    }
  }

  #signals(call: Call): readonly AbortSignal[] {
    return call.signal === undefined ? [this.#options.signal] : [this.#options.signal, call.signal];
  }

  #checkAborted(call: Call): void {
    if (!this.#options.signal.aborted && !call.signal?.aborted) return;
    throw failureError(new ExchangeFailure('aborted'), call.label, 0);
  }

  #label(method: string, url: URL): RequestLabel {
    return { connector: this.#options.connector, method, path: pathTemplate(url.pathname) };
  }
}
