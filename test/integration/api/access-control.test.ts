import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ViewerRole } from '../../../src/domain/viewer.ts';
import { startServer } from '../../../src/server/http.ts';
import { startTestServer, type TestServer } from '../../support/api-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { aGraph } from '../../support/graph.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { subscribe } from '../../support/streams.ts';

const keyOf = (role: ViewerRole): string => ['cw', role, 'key', '0123456789'].join('-');
const apiKeys = (['reader', 'operator'] as const).map((role) => ({
  name: `${role}-key`,
  role,
  sha256: createHash('sha256').update(keyOf(role)).digest('hex'),
}));
const bearer = (role: ViewerRole): Record<string, string> => ({ authorization: `Bearer ${keyOf(role)}` });

/** Sends any headers, Host included, which fetch would not. */
function raw(server: TestServer, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}

/** How an attempt to open a WebSocket ends: `open`, or the close code or status. */
function connect(
  server: TestServer,
  headers: Record<string, string>,
  connectionParams?: Record<string, unknown>,
): Promise<unknown> {
  return new Promise((resolve) => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers });
        this.on('unexpected-response', (_, response) => resolve(response.statusCode));
      }
    }
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: Socket,
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => undefined,
      ...(connectionParams ? { connectionParams } : {}),
      on: {
        connected: () => {
          resolve('open');
          void client.dispose();
        },
        closed: (event) => resolve(event instanceof Object && 'code' in event ? event.code : event),
      },
    });
  });
}

describe('a loopback server without keys', () => {
  it('answers whoever is at the machine, as administrator', async () => {
    await using server = await startTestServer();
    const { body } = await server.post('mutation { startSync(connector: "okta") { runId } }');
    expect(body.data).toEqual({ startSync: { runId: 'okta/4' } });
    expect(server.steered).toEqual(['start okta by loopback']);
  });

  it('answers to loopback names only, so that a re-bound name gets nothing', async () => {
    await using server = await startTestServer();
    const port = new URL(server.url).port;
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]', 'LOCALHOST']) {
      expect([host, await raw(server, '/healthz', { host })]).toEqual([host, 200]);
    }
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '10.0.0.1']) {
      expect([host, await raw(server, '/healthz', { host })]).not.toEqual([host, 200]);
      expect([host, await raw(server, '/graphiql', { host })]).not.toEqual([host, 200]);
    }
  });

  it('refuses to stand behind a proxy', async () => {
    await using server = await startTestServer();
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host']) {
      expect(await raw(server, '/schema.graphql', { [name]: '1.2.3.4' })).toBe(403);
    }
  });

  it('lets pages of its own origin call it, and of allowed ones', async () => {
    await using server = await startTestServer({ allowedOrigins: ['https://portal.example'] });
    const ask = (origin: string): Promise<{ status: number; headers: Headers }> =>
      server.post('{ __typename }', {}, { origin });
    expect((await ask(server.url)).status).toBe(200);
    const allowed = await ask('https://portal.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://portal.example');
    for (const origin of ['https://evil.example', 'null', 'https://portal.example.evil.example']) {
      const refused = await ask(origin);
      expect(refused.status).toBe(403);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
    const preflight = await fetch(`${server.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://portal.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
  });

  it('checks host and origin of WebSockets before the handshake', async () => {
    await using server = await startTestServer();
    expect(await connect(server, {})).toBe('open');
    expect(await connect(server, { origin: server.url })).toBe('open');
    expect(await connect(server, { origin: 'https://evil.example' })).toBe(403);
    expect(await connect(server, { host: 'evil.example' })).toBe(403);
    expect(await connect(server, { 'x-forwarded-for': '1.2.3.4' })).toBe(403);
  });
});

describe('a server with keys', () => {
  it('answers nobody without a valid one, also on loopback', async () => {
    await using server = await startTestServer({ apiKeys });
    const wrong: Record<string, string>[] = [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: 'Basic abc' },
      { 'x-api-key': '' },
    ];
    for (const headers of wrong) {
      const { status, body } = await server.post('{ __typename }', {}, headers);
      expect(status).toBe(401);
      expect(body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    }
    expect((await fetch(`${server.url}/schema.graphql`)).status).toBe(401);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('takes a key as bearer or as x-api-key, for any host', async () => {
    await using server = await startTestServer({ apiKeys });
    expect((await server.post('{ graph { seq } }', {}, bearer('reader'))).body.errors).toBeUndefined();
    expect((await server.post('{ graph { seq } }', {}, { 'x-api-key': keyOf('reader') })).body.errors).toBeUndefined();
    expect(await raw(server, '/schema.graphql', { host: 'gateway.example', ...bearer('reader') })).toBe(200);
  });

  it('lets only operators steer', async () => {
    await using server = await startTestServer({ apiKeys });
    const mutations = ['startSync', 'cancelSync', 'confirmRemoval', 'rejectRemoval'];
    for (const name of mutations) {
      const { body } = await server.post(`mutation { ${name}(connector: "okta") { id } }`, {}, bearer('reader'));
      expect(body.errors?.[0]?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        details: { needs: 'operator', has: 'reader' },
      });
    }
    expect(server.steered).toEqual([]);
    for (const name of mutations) {
      const { body } = await server.post(`mutation { ${name}(connector: "okta") { id } }`, {}, bearer('operator'));
      expect(body.errors).toBeUndefined();
    }
    expect(server.steered).toHaveLength(4);
    expect(server.steered.every((line) => line.endsWith('by operator-key'))).toBe(true);
  });

  it('wants the key of a WebSocket in its headers or in connection_init', async () => {
    await using server = await startTestServer({ apiKeys });
    expect(await connect(server, {})).toBe(4401);
    expect(await connect(server, {}, { authorization: 'Bearer nonsense' })).toBe(4401);
    expect(await connect(server, bearer('reader'))).toBe('open');
    expect(await connect(server, {}, { Authorization: `Bearer ${keyOf('reader')}` })).toBe('open');
    expect(await connect(server, {}, { apiKey: keyOf('reader') })).toBe('open');
  });

  it('wants the key of an event stream in its headers', async () => {
    await using server = await startTestServer({ apiKeys });
    const refused = subscribe('graphql-sse', server.url, '{ graph { seq } }');
    await refused.ended;
    expect(refused.heard).toEqual([]);
    const welcome = subscribe('graphql-sse', server.url, '{ graph { seq } }', {}, bearer('reader'));
    await welcome.ended;
    expect(welcome.heard).toEqual([{ graph: { seq: server.graph.seq } }]);
  });
});

describe('listening', () => {
  const deps = async () => ({
    graph: await aGraph(),
    sync: {} as never,
    logger: memoryLogger(),
    clock: fakeClock(),
  });

  it('is refused on an address that others reach while there is no key', async () => {
    const parts = await deps();
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'gateway.example']) {
      await expect(startServer({ ...parts, listen: { host, port: 0 } })).rejects.toMatchObject({
        code: 'LISTEN_REFUSED',
      });
    }
  });

  it('says what to do when the port is taken, and leaves nothing behind', async () => {
    await using server = await startTestServer();
    const parts = await deps();
    const port = Number(new URL(server.url).port);
    await expect(startServer({ ...parts, listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
  });
});
