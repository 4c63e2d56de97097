import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../src/services/changes/cursor.ts';
import { startTestServer, type TestServer } from '../../support/api-server.ts';
import { idOf, KEYS } from '../../support/api-world.ts';
import { put, remove } from '../../support/graph.ts';
import { pick, pickText } from '../../support/pick.ts';
import { subscribe, type Transport } from '../../support/streams.ts';

const CHANGES = `subscription ($after: String, $filter: ChangeFilter, $bookmarks: Boolean) {
  graphChanges(after: $after, filter: $filter, bookmarks: $bookmarks) {
    type cursor seq part isLastPart cause connectorId resetReason
    nodes { action kind id name changedFields before { name ... on Account { status } } after { name ... on Account { status } } }
    links { action kind connectorId from { id } to { id } before { isLive } after { isLive properties } }
  }
}`;

const transports: readonly Transport[] = ['graphql-ws', 'graphql-sse'];

/** Three commits: a new account in a group, a renamed one, a removed one. */
async function changeALot(server: TestServer, name: string): Promise<void> {
  const key = `okta/Account/${name}`;
  const properties = { status: 'ACTIVE', active: true, type: 'HUMAN', accountClass: 'USER', entry: 'DIRECT' };
  await put(server.graph, [{ key, name, properties }], [{ from: key, kind: 'MEMBER_OF', to: KEYS.engineering }]);
  await put(server.graph, [{ key, name: `${name} II`, properties: { ...properties, status: 'SUSPENDED' } }]);
  await remove(server.graph, [key]);
}

async function cursorNow(server: TestServer): Promise<string> {
  return pickText(await server.ask('{ graph { cursor } }'), 'graph.cursor');
}

describe.each(transports)('graphChanges over %s', (transport) => {
  it('tells typed nodes and links with before and after', async () => {
    await using server = await startTestServer();
    const subscriber = subscribe(transport, server.url, CHANGES, { after: await cursorNow(server) });
    await changeALot(server, 'eve');
    const events = await subscriber.atLeast(3);
    await subscriber.cut();
    expect(subscriber.errors).toEqual([]);
    expect(events.map((event) => pick(event, 'graphChanges.nodes.0'))).toMatchObject([
      { action: 'ADDED', kind: 'Account', name: 'eve', before: null, after: { name: 'eve', status: 'ACTIVE' } },
      {
        action: 'CHANGED',
        name: 'eve II',
        changedFields: ['name', 'status'],
        before: { name: 'eve', status: 'ACTIVE' },
        after: { name: 'eve II', status: 'SUSPENDED' },
      },
      { action: 'REMOVED', name: 'eve II', before: { status: 'SUSPENDED' }, after: null },
    ]);
    expect(pick(events[0], 'graphChanges.links')).toMatchObject([
      { action: 'ADDED', kind: 'MEMBER_OF', connectorId: 'okta', to: { id: idOf('engineering') }, before: null },
    ]);
    expect(pick(events[2], 'graphChanges.links')).toMatchObject([
      { action: 'REMOVED', kind: 'MEMBER_OF', before: { isLive: true }, after: null },
    ]);
  });

  it('resumes from a cursor with the same events as a client that never left', async () => {
    await using server = await startTestServer();
    const after = await cursorNow(server);
    const faithful = subscribe(transport, server.url, CHANGES, { after });
    const first = subscribe(transport, server.url, CHANGES, { after });
    await changeALot(server, 'one');
    const before = [...(await first.atLeast(2)).slice(0, 2)];
    await first.cut();
    await changeALot(server, 'two');
    const cursor = pickText(before.at(-1), 'graphChanges.cursor');
    const second = subscribe(transport, server.url, CHANGES, { after: cursor });
    await second.atLeast(4);
    await changeALot(server, 'three');
    const rest = await second.atLeast(7);
    const all = await faithful.atLeast(9);
    expect([...before, ...rest]).toEqual(all);
    expect(pick(all, 'graphChanges.seq')).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await Promise.all([second.cut(), faithful.cut()]);
  });

  it('cuts a big change into parts, and resumes in the middle of it', async () => {
    await using server = await startTestServer();
    const after = await cursorNow(server);
    const faithful = subscribe(transport, server.url, CHANGES, { after });
    const nodes = Array.from({ length: 1_200 }, (_, i) => ({ key: `okta/Group/big${i}`, name: `Big ${i}` }));
    await put(server.graph, nodes);
    const all = await faithful.atLeast(3);
    expect(pick(all, 'graphChanges.part')).toEqual([1, 2, 3]);
    expect(pick(all, 'graphChanges.isLastPart')).toEqual([false, false, true]);
    expect(pick(all, 'graphChanges.nodes.name')).toEqual(nodes.map((node) => node.name));
    const middle = pickText(all[0], 'graphChanges.cursor');
    const late = subscribe(transport, server.url, CHANGES, { after: middle });
    expect(await late.atLeast(2)).toEqual(all.slice(1));
    await Promise.all([faithful.cut(), late.cut()]);
  });

  it('answers a cursor of another store with a reset, then goes on live', async () => {
    await using server = await startTestServer();
    const foreign = encodeCursor({ storeId: 'another', seq: 1, items: 0 });
    const subscriber = subscribe(transport, server.url, CHANGES, { after: foreign });
    const [reset] = await subscriber.atLeast(1);
    expect(pick(reset, 'graphChanges')).toMatchObject({
      type: 'RESET',
      resetReason: 'OTHER_STORE',
      nodes: [],
      links: [],
    });
    await put(server.graph, [{ key: 'okta/Group/new', name: 'New' }]);
    const [, event] = await subscriber.atLeast(2);
    expect(pick(event, 'graphChanges')).toMatchObject({ type: 'CHANGE', nodes: [{ name: 'New' }] });
    await subscriber.cut();
  });

  it('answers a cursor from before the retention, and one from the future, with a reset', async () => {
    await using server = await startTestServer();
    const old = await cursorNow(server);
    for (const name of ['a', 'b', 'c']) await changeALot(server, name);
    // A new server: its tail holds none of these rows.
    const { storeId } = server.graph.info;
    await server.graph.store.prune(server.graph.seq - 1);
    const tooOld = subscribe(transport, server.url, CHANGES, { after: encodeCursor({ storeId, seq: 0, items: 0 }) });
    const ahead = subscribe(transport, server.url, CHANGES, { after: encodeCursor({ storeId, seq: 9_999, items: 0 }) });
    expect(pick((await tooOld.atLeast(1))[0], 'graphChanges')).toMatchObject({
      type: 'RESET',
      resetReason: 'CURSOR_TOO_OLD',
    });
    expect(pick((await ahead.atLeast(1))[0], 'graphChanges')).toMatchObject({
      type: 'RESET',
      resetReason: 'CURSOR_AHEAD',
    });
    expect(old).not.toBe(await cursorNow(server));
    await Promise.all([tooOld.cut(), ahead.cut()]);
  });

  it('filters by kinds, link kinds and connectors', async () => {
    await using server = await startTestServer();
    const after = await cursorNow(server);
    const names = async (filter: object, count: number): Promise<unknown> => {
      const subscriber = subscribe(transport, server.url, CHANGES, { after, filter });
      const events = await subscriber.atLeast(count);
      await subscriber.cut();
      return events.map((event) => [
        ...[pick(event, 'graphChanges.nodes.name')].flat(),
        ...[pick(event, 'graphChanges.links.kind')].flat(),
      ]);
    };
    await put(
      server.graph,
      [
        { key: 'okta/Account/x', name: 'x' },
        { key: 'okta/Group/g', name: 'g' },
      ],
      [{ from: 'okta/Account/x', kind: 'MEMBER_OF', to: 'okta/Group/g' }],
    );
    await put(server.graph, [{ key: 'torq/Account/y', name: 'y' }]);
    expect(await names({ kinds: ['Account'] }, 2)).toEqual([['x'], ['y']]);
    expect(await names({ linkKinds: ['MEMBER_OF'] }, 1)).toEqual([['MEMBER_OF']]);
    expect(await names({ connectors: ['torq'] }, 1)).toEqual([['y']]);
    expect(await names({}, 2)).toEqual([['x', 'g', 'MEMBER_OF'], ['y']]);
  });

  it('refuses what is no cursor, and documents beyond the limits', async () => {
    await using server = await startTestServer();
    const nonsense = subscribe(transport, server.url, CHANGES, { after: 'nonsense' });
    await nonsense.atLeast(1);
    expect(nonsense.errors).toMatchObject([{ extensions: { code: 'INVALID_CURSOR', retryable: false } }]);
    const deep = subscribe(transport, server.url, `{ ${'node(id:"x"){id '.repeat(40)}${'}'.repeat(40)} }`);
    await deep.atLeast(1);
    expect(deep.errors).not.toEqual([]);
    const big = subscribe(
      transport,
      server.url,
      '{ accounts(first: 500) { nodes { groups(first: 500) { nodes { members(first: 500) { nodes { id } } } } } } }',
    );
    await big.atLeast(1);
    expect(big.errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_LARGE' } }]);
    await Promise.all([nonsense.cut(), deep.cut(), big.cut()]);
  });

  it('answers plain queries as well', async () => {
    await using server = await startTestServer();
    const query = subscribe(transport, server.url, '{ graph { seq } }');
    await query.atLeast(1);
    await query.ended;
    expect(query.heard).toEqual([{ graph: { seq: server.graph.seq } }]);
    await query.cut();
  });

  it('loses nothing when far more happens than a slow moment can take', async () => {
    await using server = await startTestServer();
    const subscriber = subscribe(
      transport,
      server.url,
      'subscription ($after: String) { graphChanges(after: $after) { seq } }',
      {
        after: await cursorNow(server),
      },
    );
    const start = server.graph.seq;
    for (let i = 0; i < 1_500; i++) await put(server.graph, [{ key: `okta/Group/n${i}`, name: `n${i}` }]);
    const events = await subscriber.atLeast(1_500);
    expect(pick(events, 'graphChanges.seq')).toEqual(Array.from({ length: 1_500 }, (_, i) => start + 1 + i));
    await subscriber.cut();
  });

  it('ends its streams when the server closes', async () => {
    const server = await startTestServer();
    const subscriber = subscribe(transport, server.url, CHANGES, { after: await cursorNow(server) });
    await put(server.graph, [{ key: 'okta/Group/new', name: 'New' }]);
    await subscriber.atLeast(1);
    await server.close();
    await subscriber.ended;
    expect(subscriber.heard).toHaveLength(1);
  });
});

describe('event streams', () => {
  it('number their events, and go on after Last-Event-ID', async () => {
    await using server = await startTestServer();
    const after = await cursorNow(server);
    await changeALot(server, 'eve');
    const read = async (headers: Record<string, string>, count: number): Promise<string[]> => {
      const query = 'subscription ($after: String) { graphChanges(after: $after) { seq } }';
      const parameters = new URLSearchParams({ query, variables: JSON.stringify({ after }) });
      const leaving = new AbortController();
      const answer = await fetch(`${server.url}/graphql/stream?${parameters}`, {
        headers: { accept: 'text/event-stream', ...headers },
        signal: leaving.signal,
      });
      let text = '';
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        if (text.split('event: next').length > count) break;
      }
      leaving.abort();
      return text.split('\n\n').filter((event) => event.includes('event: next'));
    };
    const events = await read({}, 3);
    const ids = events.map((event) => /^id: (\S+)$/m.exec(event)?.[1]);
    expect(ids).toEqual([expect.any(String), expect.any(String), expect.any(String)]);
    const resumed = await read({ 'last-event-id': ids[0]! }, 2);
    expect(resumed.map((event) => /^id: (\S+)$/m.exec(event)?.[1])).toEqual(ids.slice(1));
  });
});
