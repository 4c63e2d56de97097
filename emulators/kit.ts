import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ActiveFault, FAULT_KINDS, type FaultRule, Faults } from './faults.ts';
import { RateLimiter, type RateLimitStyle } from './rate-limits.ts';
import type { World } from './world.ts';
import { touchWorld, worldVersion } from './world-version.ts';

/** A provider's API on loopback, serving one part of a {@link World}. */
export interface Emulator {
  readonly name: string;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly world: World;
  readonly faults: Faults;
  /** Provider requests so far (not those to `/_emulator/`). `writes`: neither GET, HEAD nor a listed read-only POST. */
  requests(): { total: number; byRoute: Record<string, number>; writes: number };
  resetRequests(): void;
  setRateLimits(on: boolean): void;
  /** Runs a change of the admin API without HTTP. @throws Error for an unknown op, ZodError for a wrong body */
  change(op: string, body?: object): unknown;
  /** Stops listening and destroys open sockets. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an emulator's handlers get. */
export interface Kit {
  readonly world: World;
  readonly faults: Faults;
  /** Base URL; only valid once the server listens, so call it in handlers. */
  url(): string;
  /** `compute()` of the present state of the world, kept until somebody changes it. */
  cached<T>(key: string, compute: () => T): T;
  /** Says that the world has changed. */
  touch(): void;
  /** True when an `empty` fault wants this listing to have no rows. */
  isEmpty(request: FastifyRequest): boolean;
  /** The next page's token, or the one that was already given when a `repeat-token` fault is on. */
  nextToken(request: FastifyRequest, next: string | null): string | null;
  /** Answers a listing: `body`, or `emptyBody` under an `empty` fault. Both are JSON text. */
  list(reply: FastifyReply, request: FastifyRequest, answer: { body: () => string; emptyBody: string }): FastifyReply;
  /** Sends JSON text as it is, without another serialisation. */
  json(reply: FastifyReply, body: string, status?: number): FastifyReply;
}

export interface EmulatorOptions {
  readonly name: string;
  readonly world: World;
  /** Default: any free one. */
  readonly port?: number | undefined;
  /** Whether rate limits are enforced from the start; default no. */
  readonly rateLimits?: boolean | undefined;
  readonly limitStyle?: RateLimitStyle | undefined;
  /** Route patterns (`/oauth/token`) of POSTs that change nothing. */
  readonly readOnlyPosts: readonly string[];
  /** Body (JSON text) of an injected `status` fault, in the provider's shape. */
  errorBody?(status: number): string;
  register(app: FastifyInstance, kit: Kit): void;
  /** Operations of `POST /_emulator/change {op, ...}`; each parses its body. */
  readonly changes: Readonly<Record<string, (body: unknown) => unknown>>;
}

declare module 'fastify' {
  interface FastifyRequest {
    emulatorFault: ActiveFault | null;
  }
}

const ADMIN = '/_emulator/';
const faultSchema = z.object({
  match: z.string(),
  kind: z.enum(FAULT_KINDS),
  status: z.number().int().optional(),
  ms: z.number().optional(),
  times: z.number().int().optional(),
  after: z.number().int().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});
const faultsSchema = z.union([faultSchema.transform((rule): FaultRule[] => [rule]), z.array(faultSchema)]);

/** Starts a stand-in for a provider's API on 127.0.0.1. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { world } = options;
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 1024 },
  });
  const faults = new Faults();
  const limiter = new RateLimiter(options.rateLimits ?? false);
  const stopping = new AbortController();
  const counts = new Map<string, number>();
  const readOnly = new Set(options.readOnlyPosts);
  const memory = new Map<string, { version: number; value: unknown }>();
  let url = '';
  let total = 0;
  let writes = 0;

  const kit: Kit = {
    world,
    faults,
    url: () => url,
    cached<T>(key: string, compute: () => T): T {
      const version = worldVersion(world);
      const kept = memory.get(key);
      // The key is bound to one call site, hence to one T.
      if (kept?.version === version) return kept.value as T;
      const value = compute();
      memory.set(key, { version, value });
      return value;
    },
    touch: () => touchWorld(world),
    isEmpty: (request) => request.emulatorFault?.rule.kind === 'empty',
    nextToken(request, next) {
      const fault = request.emulatorFault;
      if (fault?.rule.kind !== 'repeat-token') return next;
      const path = request.url.split('?', 1)[0] ?? '';
      const given = fault.tokens.get(path);
      if (given !== undefined) return given;
      if (next !== null) fault.tokens.set(path, next);
      return next;
    },
    list: (reply, request, answer) => kit.json(reply, kit.isEmpty(request) ? answer.emptyBody : answer.body()),
    json: (reply, body, status = 200) => reply.code(status).type('application/json; charset=utf-8').send(body),
  };

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
  app.decorateRequest('emulatorFault', null);

  app.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith(ADMIN)) {
      done();
      return;
    }
    const route = `${request.method} ${request.routeOptions.url ?? '(unknown)'}`;
    total += 1;
    counts.set(route, (counts.get(route) ?? 0) + 1);
    if (!isRead(request, readOnly)) writes += 1;

    const bucket = options.limitStyle?.bucket(request) ?? null;
    if (bucket !== null && options.limitStyle !== undefined) {
      const state = limiter.draw(bucket);
      reply.headers(options.limitStyle.headers(state));
      if (!state.passes) {
        const { body, headers } = options.limitStyle.exceeded(state);
        kit.json(reply.headers(headers ?? {}), body, 429);
        return;
      }
    }
    const fault = faults.take(`${request.method} ${request.url}`);
    request.emulatorFault = fault;
    switch (fault?.rule.kind) {
      case 'status': {
        const status = fault.rule.status ?? 500;
        kit.json(
          reply.headers(fault.rule.headers ?? {}),
          options.errorBody?.(status) ?? '{"error":"injected"}',
          status,
        );
        return;
      }
      case 'html':
        reply
          .code(fault.rule.status ?? 200)
          .type('text/html')
          .send('<!doctype html><title>Sorry</title><p>Something is in the way.');
        return;
      case 'slow':
        sleep(fault.rule.ms ?? 1000, undefined, { signal: stopping.signal }).then(
          () => done(),
          () => done(),
        );
        return;
      default:
        done();
    }
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    if (request.emulatorFault?.rule.kind !== 'cut') {
      done(null, payload);
      return;
    }
    const body = Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? ''));
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, {
      'content-type': String(reply.getHeader('content-type') ?? 'application/json'),
      'content-length': body.length,
    });
    reply.raw.write(body.subarray(0, body.length >> 1), () => reply.raw.destroy());
  });

  const change = (op: string, body: object = {}): unknown => {
    const apply = options.changes[op];
    if (apply === undefined) {
      throw new Error(`There is no change "${op}"; there are: ${Object.keys(options.changes).join(', ')}.`);
    }
    const result = apply(body);
    touchWorld(world);
    return result;
  };
  const requests = () => ({ total, byRoute: Object.fromEntries(counts), writes });

  app.get(`${ADMIN}requests`, () => requests());
  app.get(`${ADMIN}faults`, () => faults.list());
  app.put(`${ADMIN}faults`, (request, reply) => {
    const parsed = faultsSchema.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    faults.clear();
    for (const rule of parsed.data) faults.add(rule);
    return faults.list();
  });
  app.delete(`${ADMIN}faults`, () => {
    faults.clear();
    return [];
  });
  app.put(`${ADMIN}rate-limits`, (request, reply) => {
    const parsed = z.object({ on: z.boolean() }).safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    limiter.isOn = parsed.data.on;
    limiter.reset();
    return { on: limiter.isOn };
  });
  app.post(`${ADMIN}change`, (request, reply) => {
    const parsed = z.looseObject({ op: z.string() }).safeParse(request.body);
    if (!parsed.success) return reply.code(400).send({ error: z.prettifyError(parsed.error) });
    try {
      return { ok: true, result: change(parsed.data.op, parsed.data) ?? null };
    } catch (error) {
      return reply.code(400).send({ error: error instanceof Error ? error.message : 'failed' });
    }
  });

  options.register(app, kit);
  url = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });

  const close = async (): Promise<void> => {
    stopping.abort();
    await app.close();
  };
  return {
    name: options.name,
    url,
    world,
    faults,
    requests,
    resetRequests() {
      total = 0;
      writes = 0;
      counts.clear();
    },
    setRateLimits(on) {
      limiter.isOn = on;
      limiter.reset();
    },
    change,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isRead(request: FastifyRequest, readOnly: ReadonlySet<string>): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true;
  return request.method === 'POST' && readOnly.has(request.routeOptions.url ?? '');
}
