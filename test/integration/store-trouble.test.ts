import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { systemClock } from '../../src/server/clock.ts';
import { type Gateway, openGateway } from '../../src/server/compose.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { sharedDatabase } from '../support/shared-store.ts';

const gateways: Gateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

function open(
  port: number,
  store: () => GraphStore,
  more: { logger?: ReturnType<typeof memoryLogger>; signal?: AbortSignal } = {},
) {
  const config = parseConfig(JSON.stringify({ listen: { port } }), {}, 'test');
  const opened = openGateway(
    { config, folder: tmpdir() },
    { clock: systemClock, logger: memoryLogger(), version: 'test', schedules: false, store, ...more },
  );
  void opened.then(
    (gateway) => gateways.push(gateway),
    () => {},
  );
  return opened;
}

const ask = async (url: string, body?: object) => {
  const response = await fetch(url, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
};

describe('a gateway whose shared store is not there', () => {
  it('listens nowhere without keys but on loopback, not even while it waits', async () => {
    const config = parseConfig(JSON.stringify({ listen: { host: '0.0.0.0', port: await freePort() } }), {}, 'test');
    let asked = 0;
    const store = (): GraphStore => {
      asked++;
      return sharedDatabase().line().store;
    };
    const opened = openGateway(
      { config, folder: tmpdir() },
      { clock: systemClock, logger: memoryLogger(), version: 'test', store },
    );
    await expect(opened).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
    expect(asked).toBe(0);
  });

  it('listens, says that it is not ready and why, and becomes ready when the store appears', async () => {
    const database = sharedDatabase();
    let isDown = true;
    const store = (): GraphStore => {
      const line = database.line();
      line.isDown = isDown;
      return line.store;
    };
    const port = await freePort();
    const logger = memoryLogger();
    const opened = open(port, store, { logger });
    const at = (path: string): string => `http://127.0.0.1:${port}${path}`;
    await vi.waitFor(async () => {
      expect(await ask(at('/readyz'))).toMatchObject({ status: 503, answer: { code: 'STORE_UNAVAILABLE' } });
    });
    expect(await ask(at('/healthz'))).toEqual({ status: 200, answer: { status: 'ok' } });
    expect(await ask(at('/graphql'), { query: '{ graph { seq } }' })).toMatchObject({
      status: 503,
      answer: { errors: [{ extensions: { code: 'STORE_UNAVAILABLE', retryable: true } }] },
    });
    isDown = false;
    const gateway = await opened;
    expect(gateway.url).toBe(at(''));
    expect(await ask(at('/readyz'))).toMatchObject({ status: 200, answer: { status: 'ok' } });
    const said = logger.lines.filter(({ message }) => message.startsWith('the store cannot be reached'));
    expect(new Set(said.map(({ fields }) => fields['waitMs'])).size).toBe(said.length);
    expect(said.length).toBeGreaterThan(0);
  });

  it('gives up at once where waiting mends nothing', async () => {
    const inner = sharedDatabase().line().store;
    const store = new Proxy(inner, {
      get: (target, name) =>
        name === 'open'
          ? () => Promise.reject(new AppError('STORE_SCHEMA_NEWER', 'Made by a newer version.'))
          : Reflect.get(target, name),
    });
    await expect(open(await freePort(), () => store)).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER' });
  });

  it('stops waiting when it is told to end, and frees the port', async () => {
    const line = sharedDatabase().line();
    line.isDown = true;
    const port = await freePort();
    const ending = new AbortController();
    const opened = open(port, () => line.store, { signal: ending.signal });
    const refused = expect(opened).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await vi.waitFor(async () => expect((await ask(`http://127.0.0.1:${port}/readyz`)).status).toBe(503));
    ending.abort();
    await refused;
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

describe('a gateway that loses its shared store', () => {
  it('is not ready, answers what it has in memory with a notice, and recovers', async () => {
    const line = sharedDatabase().line();
    const { url } = await open(0, () => line.store);
    line.isDown = true;
    const notice = { connectorId: 'crosswalk', reasonCode: 'STORE_UNAVAILABLE', ageSeconds: expect.any(Number) };
    await vi.waitFor(async () => {
      expect(await ask(`${url}/graphql`, { query: '{ graph { seq } }' })).toMatchObject({
        status: 200,
        answer: { data: { graph: { seq: expect.anything() } }, extensions: { notices: [notice] } },
      });
    }, 5_000);
    expect(await ask(`${url}/readyz`)).toMatchObject({
      status: 503,
      answer: { errors: [{ extensions: { code: 'STORE_UNAVAILABLE' } }] },
    });
    line.isDown = false;
    await vi.waitFor(async () => expect((await ask(`${url}/readyz`)).status).toBe(200), 10_000);
    const { answer } = await ask(`${url}/graphql`, { query: '{ graph { seq } }' });
    expect(answer).not.toMatchObject({ extensions: { notices: expect.anything() } });
  });
});
