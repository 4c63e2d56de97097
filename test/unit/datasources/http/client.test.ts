import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { HttpClient, type HttpClientOptions } from '../../../../datasources/http/client.ts';
import { AppError } from '../../../../src/domain/errors.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../../support/memory-logger.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Line {
  readonly client: HttpClient;
  readonly clock: FakeClock;
  readonly logger: MemoryLogger;
  readonly url: string;
  readonly controller: AbortController;
  /** `METHOD path` of what arrived. */
  readonly seen: string[];
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const SECRET = ['very', 'secret', 'token'].join('-');

async function aLine(handler: Handler, options: Partial<HttpClientOptions> = {}): Promise<Line> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    handler(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = fakeClock();
  const logger = memoryLogger();
  const controller = new AbortController();
  const client = new HttpClient({
    connector: 'acme',
    baseUrl: url,
    clock,
    logger,
    signal: controller.signal,
    authorize: async () => ({ authorization: `Bearer ${SECRET}` }),
    ...options,
  });
  cleanups.push(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client, clock, logger, url, controller, seen };
}

const json = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

const failure = async (call: Promise<unknown>): Promise<AppError> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error('expected an AppError', { cause: error });
  return error;
};

const schema = z.object({ ok: z.boolean() });
const things = { path: '/things', schema };

describe('a good answer', () => {
  test('is parsed, and the request carries the authorisation of its attempt', async () => {
    let authorization: string | undefined;
    const { client, url } = await aLine((request, response) => {
      authorization = request.headers.authorization;
      json(response, { ok: true, more: 1 });
    });
    const answer = await client.get({ ...things, query: { limit: 5, after: undefined } });
    expect(answer.body).toEqual({ ok: true });
    expect(authorization).toBe(`Bearer ${SECRET}`);
    expect((await client.get({ ...things, path: `${url}/things?after=x` })).status).toBe(200);
    expect(client.stats()).toEqual({ requests: 2, retries: 0, throttledMs: 0 });
  });

  test('may be compressed, may not unpack to more than the limit', async () => {
    const { client } = await aLine(
      (request, response) => {
        const size = request.url === '/small' ? 10 : 100_000;
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(JSON.stringify({ ok: true, filler: 'x'.repeat(size) })));
      },
      { maxBodyBytes: 20_000 },
    );
    expect((await client.get({ ...things, path: '/small' })).body).toEqual({ ok: true });
    const error = await failure(client.get({ ...things, path: '/big' }));
    expect(error.code).toBe('UPSTREAM_INVALID');
    expect(error.message).toContain('body limit');
  });

  test('joins the lines of a repeated header', async () => {
    const { client } = await aLine((_request, response) => {
      response.setHeader('link', ['<https://a/?x>; rel="self"', '<https://a/?y>; rel="next"']);
      json(response, { ok: true });
    });
    const { headers } = await client.get(things);
    expect(headers.get('link')).toBe('<https://a/?x>; rel="self", <https://a/?y>; rel="next"');
  });
});

describe('retries', () => {
  test('a 503 heals', async () => {
    const { client, clock } = await aLine((_request, response, count) =>
      count < 3 ? json(response, {}, 503) : json(response, { ok: true }),
    );
    expect((await client.get(things)).body).toEqual({ ok: true });
    expect(client.stats().retries).toBe(2);
    expect(clock.sleeps).toHaveLength(2);
    expect(clock.sleeps[1]).toBeGreaterThan(clock.sleeps[0] ?? 0);
  });

  test('end after maxAttempts with a retryable error', async () => {
    const { client, seen } = await aLine((_request, response) => json(response, {}, 500), { maxAttempts: 3 });
    const error = await failure(client.get(things));
    expect([error.code, error.retryable, error.connector]).toEqual(['UPSTREAM_UNAVAILABLE', true, 'acme']);
    expect(seen).toHaveLength(3);
  });

  test('end when the whole time is used up', async () => {
    const { client, seen } = await aLine((_request, response) => json(response, {}, 500, { 'retry-after': '60' }), {
      maxAttempts: 50,
      maxTotalMs: 150_000,
    });
    expect((await failure(client.get(things))).code).toBe('UPSTREAM_UNAVAILABLE');
    expect(seen.length).toBeLessThan(5);
  });

  test('wait as long as Retry-After says', async () => {
    const { client, clock } = await aLine((_request, response, count) =>
      count === 1 ? json(response, {}, 429, { 'retry-after': '7' }) : json(response, { ok: true }),
    );
    await client.get(things);
    expect(clock.sleeps.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(7000);
    expect(clock.sleeps.reduce((a, b) => a + b)).toBeLessThan(8000);
  });

  test('a 429 without Retry-After waits for the reset of the bucket', async () => {
    const { client, clock } = await aLine(
      (_request, response, count) => (count === 1 ? json(response, {}, 429) : json(response, { ok: true })),
      { readLimit: () => ({ resetAtMs: fakeClock().now() + 11_000 }) },
    );
    await client.get(things);
    expect(clock.sleeps.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(11_000);
  });

  test('a broken connection is tried again', async () => {
    const { client } = await aLine((_request, response, count) =>
      count === 1 ? void response.destroy() : json(response, { ok: true }),
    );
    expect((await client.get(things)).body).toEqual({ ok: true });
  });

  test('are not made for 400, 403 and 404', async () => {
    const codes: string[] = [];
    for (const status of [400, 403, 404]) {
      const { client, seen } = await aLine((_request, response) => json(response, {}, status));
      codes.push((await failure(client.get(things))).code);
      expect(seen).toHaveLength(1);
    }
    expect(codes).toEqual(['UPSTREAM_REJECTED', 'UPSTREAM_FORBIDDEN', 'UPSTREAM_NOT_FOUND']);
  });

  test('follow the provider’s own classification', async () => {
    const { client } = await aLine((_request, response) => json(response, { errorCode: 'E1' }, 403), {
      classify: (answer) =>
        new AppError('UPSTREAM_MISCONFIGURED', `${answer.status} ${JSON.stringify(answer.body)} ${answer.path}`),
    });
    expect((await failure(client.get(things))).message).toBe('403 {"errorCode":"E1"} /things');
  });
});

describe('an answer that makes no sense', () => {
  test('a cut body is asked for again, then an error', async () => {
    const cut = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"ok": tr', () => response.destroy());
    };
    const once = await aLine((_request, response, count) =>
      count === 1 ? cut(response) : json(response, { ok: true }),
    );
    expect((await once.client.get(things)).body).toEqual({ ok: true });
    const always = await aLine((_request, response) => cut(response));
    const error = await failure(always.client.get(things));
    expect(error.code).toBe('UPSTREAM_INVALID');
    expect(always.seen).toHaveLength(3);
  });

  test('a web page, an empty body and another shape are UPSTREAM_INVALID and name no value', async () => {
    const bodies = ['<!doctype html><p>sign in', '', JSON.stringify({ ok: 'SENSITIVE-VALUE' }), '{"ok": tru'];
    const messages: string[] = [];
    for (const body of bodies) {
      const { client, logger } = await aLine((_request, response) => response.end(body));
      const error = await failure(client.get(things));
      expect(error.code).toBe('UPSTREAM_INVALID');
      messages.push(error.message);
      expect(`${logger.text()}${error.message}${JSON.stringify(error.details)}`).not.toContain('SENSITIVE');
    }
    expect(messages[0]).toContain('web page');
    expect(messages[2]).toContain('ok (invalid_type)');
  });

  test('a body over the limit is not read on', async () => {
    const { client, seen } = await aLine((_request, response) => response.end(`"${'x'.repeat(200_000)}"`), {
      maxBodyBytes: 50_000,
    });
    expect((await failure(client.get(things))).message).toContain('body limit');
    expect(seen).toHaveLength(1);
  });
});

describe('time', () => {
  test('a slow answer is UPSTREAM_UNAVAILABLE', async () => {
    const { client } = await aLine(() => {}, { timeoutMs: 40, maxAttempts: 2 });
    const error = await failure(client.get(things));
    expect([error.code, error.retryable]).toEqual(['UPSTREAM_UNAVAILABLE', true]);
  });

  test('a body that trickles is bounded by the same time-out', async () => {
    const { client } = await aLine(
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 60, maxAttempts: 1 },
    );
    expect((await failure(client.get(things))).code).toBe('UPSTREAM_UNAVAILABLE');
  });

  test('abort ends a request under way and sends no other', async () => {
    const line = await aLine(() => line.controller.abort());
    expect((await failure(line.client.get(things))).code).toBe('ABORTED');
    expect((await failure(line.client.get(things))).code).toBe('ABORTED');
    expect(line.seen).toHaveLength(1);
  });

  test('the signal of one call ends that call only', async () => {
    const own = new AbortController();
    const { client } = await aLine((request, response) =>
      request.url === '/stuck' ? own.abort() : json(response, { ok: true }),
    );
    expect((await failure(client.get({ ...things, path: '/stuck', signal: own.signal }))).code).toBe('ABORTED');
    expect((await client.get(things)).status).toBe(200);
  });
});

describe('limits', () => {
  test('no more than maxConcurrent requests are under way', async () => {
    let now = 0;
    let most = 0;
    const { client } = await aLine(
      (_request, response) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now--;
          json(response, { ok: true });
        }, 5);
      },
      { maxConcurrent: 3 },
    );
    await Promise.all(Array.from({ length: 20 }, () => client.get(things)));
    expect(most).toBe(3);
  });

  test('a nearly empty bucket is left alone until its reset, another bucket goes on', async () => {
    const clock = fakeClock();
    const { client } = await aLine((_request, response) => json(response, { ok: true }), {
      clock,
      readLimit: () => ({ remaining: 19, limit: 100, resetAtMs: Date.parse('2026-08-20T08:00:30.000Z') }),
      bucketOf: (path) => path,
    });
    await client.get(things);
    await client.get({ ...things, path: '/others' });
    expect(clock.sleeps).toEqual([]);
    await client.get(things);
    expect(clock.sleeps[0]).toBeGreaterThanOrEqual(30_000);
    expect(client.stats().throttledMs).toBeGreaterThanOrEqual(30_000);
  });

  test('a reset in a year pauses 90 s at most', async () => {
    const clock = fakeClock();
    const { client } = await aLine((_request, response) => json(response, { ok: true }), {
      clock,
      readLimit: () => ({ remaining: 0, limit: 100, resetAtMs: clock.now() + 365 * 86_400_000 }),
    });
    await client.get(things);
    await client.get(things);
    expect(clock.sleeps[0]).toBeLessThanOrEqual(90_250);
  });
});

describe('where it may go', () => {
  test('no redirect is followed', async () => {
    const { client, seen } = await aLine((_request, response) => {
      response.writeHead(302, { location: '/elsewhere' });
      response.end();
    });
    const error = await failure(client.get(things));
    expect([error.code, seen]).toEqual(['UPSTREAM_INVALID', ['GET /things']]);
  });

  test.each([
    'https://evil.example/things',
    '//evil.example/things',
    'http://user@127.0.0.1/things',
    'javascript:alert(1)',
    'things',
  ])('a link to %s is not followed', async (path) => {
    const { client, seen } = await aLine((_request, response) => json(response, { ok: true }));
    const error = await failure(client.get({ ...things, path }));
    expect(error.code).toMatch(/^UPSTREAM_/);
    expect(seen).toEqual([]);
    expect(error.message).not.toContain('evil');
  });

  test.each(['/things/..', '/things/../admin', '/things/%2e%2E/admin', '/./x'])(
    'the climbing path %s is refused',
    async (path) => {
      const { client, seen } = await aLine((_request, response) => json(response, { ok: true }));
      expect((await failure(client.get({ ...things, path }))).code).toBe('UPSTREAM_REJECTED');
      expect(seen).toEqual([]);
    },
  );

  test('the path of the base URL is kept', async () => {
    const line = await aLine((_request, response) => json(response, { ok: true }));
    const below = new HttpClient({
      connector: 'acme',
      baseUrl: `${line.url}/public/v1/`,
      clock: line.clock,
      logger: line.logger,
      signal: line.controller.signal,
      authorize: async () => ({}),
    });
    await below.get(things);
    await below.close();
    expect(line.seen).toEqual(['GET /public/v1/things']);
  });

  test('only listed POSTs are sent', async () => {
    const { client, seen } = await aLine((_request, response) => json(response, { ok: true }), {
      readOnlyPosts: ['/search/{kind}'],
    });
    expect((await failure(client.post({ ...things, json: {} }))).code).toBe('PROGRAMMING');
    expect((await failure(client.post({ ...things, path: '/search/a/b', json: {} }))).code).toBe('PROGRAMMING');
    expect(seen).toEqual([]);
    await client.post({ ...things, path: '/search/users', json: { q: 1 } });
    expect(seen).toEqual(['POST /search/users']);
  });
});

describe('credentials', () => {
  test('a 401 asks once for new ones', async () => {
    const refused: string[] = [];
    let token = 'old';
    const { client, seen } = await aLine(
      (request, response) =>
        request.headers.authorization === 'Bearer new' ? json(response, { ok: true }) : json(response, {}, 401),
      {
        authorize: async () => ({ authorization: `Bearer ${token}` }),
        onUnauthorized: async (_headers, sent) => {
          refused.push(sent['authorization'] ?? '');
          token = 'new';
          return true;
        },
      },
    );
    expect((await client.get(things)).status).toBe(200);
    expect(refused).toEqual(['Bearer old']);
    token = 'worse';
    expect(seen).toHaveLength(2);
  });

  test('a second 401 is the end', async () => {
    const { client, seen } = await aLine((_request, response) => json(response, {}, 401), {
      onUnauthorized: async () => true,
    });
    expect((await failure(client.get(things))).code).toBe('UPSTREAM_UNAUTHORIZED');
    expect(seen).toHaveLength(2);
  });

  test('a token request passes while all places are taken by calls that wait for it', async () => {
    let client: HttpClient | null = null;
    const form = async () => ({ grant_type: 'client_credentials' });
    const line = await aLine((_request, response) => json(response, { ok: true }), {
      maxConcurrent: 1,
      readOnlyPosts: ['/token'],
      authorize: async () => {
        await client?.post({ path: '/token', schema, form, anonymous: true });
        return {};
      },
    });
    client = line.client;
    await client.get(things);
    expect(line.seen).toEqual(['POST /token', 'GET /things']);
  });

  test('neither they nor ids nor queries nor bodies are in logs and errors', async () => {
    const { client, logger } = await aLine((_request, response) => json(response, { error: SECRET }, 500), {
      maxAttempts: 2,
    });
    const error = await failure(
      client.get({ ...things, path: '/users/00u1abc/groups', query: { search: 'ana@acme.example' } }),
    );
    const everything = `${logger.text()}${error.message}${error.stack}${JSON.stringify(error.details)}`;
    for (const secret of [SECRET, '00u1abc', 'ana@acme.example', 'Bearer']) expect(everything).not.toContain(secret);
    expect(everything).toContain('/users/{id}/groups');
  });
});
