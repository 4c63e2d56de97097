import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { DEFAULT_LIMITS } from '../../../src/server/limits.ts';
import { startTestServer, type TestServer } from '../../support/api-server.ts';
import { put } from '../../support/graph.ts';
import { pick } from '../../support/pick.ts';
import { subscribe } from '../../support/streams.ts';

const CHANGES = 'subscription { graphChanges { seq } }';

/** A socket that speaks the protocol by hand, so that it may break its rules. */
async function open(server: TestServer, first: unknown = { type: 'connection_init' }): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(typeof first === 'string' ? first : JSON.stringify(first));
  return socket;
}

async function closeCode(socket: WebSocket): Promise<unknown> {
  const [code] = await once(socket, 'close');
  return code;
}

describe('a WebSocket', () => {
  it('is closed when it talks nonsense, starts before it said who it is, or sends too much', async () => {
    await using server = await startTestServer({ limits: { maxBodyBytes: 10_000 } });
    expect(await closeCode(await open(server, 'nonsense'))).toBe(4400);
    expect(await closeCode(await open(server, { type: 'subscribe', id: '1', payload: { query: CHANGES } }))).toBe(4401);
    expect(await closeCode(await open(server, 'x'.repeat(20_000)))).toBe(1009);
    expect(pick((await server.post('{ graph { seq } }')).body, 'data.graph.seq')).toBe(1);
  });

  it('runs a limited number of operations at once', async () => {
    await using server = await startTestServer({ limits: { maxOperationsPerSocket: 3 } });
    const socket = await open(server);
    await once(socket, 'message');
    for (const id of ['1', '2', '3', '4'])
      socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query: CHANGES } }));
    const [message] = await once(socket, 'message');
    expect(JSON.parse(String(message))).toMatchObject({
      id: '4',
      type: 'error',
      payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }],
    });
    socket.terminate();
  });

  it('frees its subscription when it goes away without a word', async () => {
    await using server = await startTestServer();
    const socket = await open(server);
    await once(socket, 'message');
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: CHANGES } }));
    socket.terminate();
    await closeCode(socket).catch(() => undefined);
    await put(server.graph, [{ key: 'okta/Group/new', name: 'New' }]);
    expect(server.logs.lines.filter((line) => line.level === 'error')).toEqual([]);
  });
});

describe('streams of all kinds', () => {
  it('share one limit, and give their place back', async () => {
    await using server = await startTestServer({ limits: { maxStreams: 2 } });
    const socket = await open(server);
    const stream = subscribe('graphql-sse', server.url, CHANGES);
    // The stream is open once it has told something.
    const telling = setInterval(() => void put(server.graph, [{ key: `okta/Group/${Math.random()}`, name: 'x' }]), 10);
    await stream.atLeast(1);
    clearInterval(telling);
    const third = subscribe('graphql-sse', server.url, CHANGES);
    await third.ended;
    expect(third.errors).toMatchObject([{ extensions: { code: 'TOO_MANY_STREAMS', retryable: true } }]);
    socket.terminate();
    await closeCode(socket);
    await vi.waitFor(async () => {
      const fourth = subscribe('graphql-sse', server.url, '{ graph { seq } }');
      await fourth.ended;
      expect(fourth.heard).toHaveLength(1);
    });
    await stream.cut();
  });

  it('are limited by documented defaults', () => {
    expect(DEFAULT_LIMITS).toMatchObject({ maxStreams: 2_000, maxOperationsPerSocket: 50, heartbeatMs: 12_000 });
  });
});
