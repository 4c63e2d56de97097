import { describe, expect, it } from 'vitest';
import { LOOPBACK_VIEWER } from '../../../../src/domain/viewer.ts';
import type { Clock } from '../../../../src/ports/clock.ts';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import { silentLogger } from '../../../../src/ports/logger.ts';
import { ChangeFeed, type FeedEvent, type FeedRequest } from '../../../../src/services/changes/change-feed.ts';
import { decodeCursor, encodeCursor } from '../../../../src/services/changes/cursor.ts';
import { Graph } from '../../../../src/services/graph/graph.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { aGraph, put } from '../../../support/graph.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { sharedDatabase } from '../../../support/shared-store.ts';

const EVERYTHING = { kinds: null, linkKinds: null, connectors: null };

async function group(graph: Graph, name: string): Promise<void> {
  await put(graph, [{ key: `okta/Group/${name}`, name }]);
}

function feedOf(graph: Graph, clock: Clock = fakeClock()) {
  const feed = new ChangeFeed(graph, clock, { maxItems: 2 });
  const subscribe = (more: Partial<FeedRequest> = {}) =>
    feed.subscribe(LOOPBACK_VIEWER, {
      filter: EVERYTHING,
      bookmarks: false,
      signal: new AbortController().signal,
      ...more,
    });
  return { feed, subscribe };
}

async function take(events: AsyncGenerator<FeedEvent, void, void>, count: number): Promise<FeedEvent[]> {
  const taken: FeedEvent[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

describe('the change feed', () => {
  it('starts from now on without a cursor, counted from the call', async () => {
    const graph = await aGraph();
    const { subscribe } = feedOf(graph);
    await group(graph, 'before');
    const events = subscribe();
    await group(graph, 'after');
    const [first] = await take(events, 1);
    expect(first?.nodes.map((node) => node.after?.name)).toEqual(['after']);
  });

  it('reads from the store what its tail has forgotten, then goes on live', async () => {
    const graph = await aGraph();
    const { subscribe, feed } = feedOf(graph);
    const start = feed.now();
    for (let i = 0; i < 1_200; i++) await group(graph, `g${i}`);
    const events = subscribe({ after: start });
    const old = await take(events, 1_200);
    await group(graph, 'live');
    const [live] = await take(events, 1);
    expect([...old, live!].map((event) => event.seq)).toEqual(Array.from({ length: 1_201 }, (_, i) => i + 1));
  });

  it('serves a consumer that reads slowly while the graph runs away from it', async () => {
    const graph = await aGraph();
    const { subscribe } = feedOf(graph);
    const events = subscribe();
    const seen: number[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 300; i++) await group(graph, `g${round}-${i}`);
      seen.push(...(await take(events, 10)).map((event) => event.seq));
    }
    seen.push(...(await take(events, 1_450)).map((event) => event.seq));
    expect(seen).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 1));
  });

  it('tells with a reset when the store forgot rows while a consumer was asleep', async () => {
    const graph = await aGraph();
    const { subscribe, feed } = feedOf(graph);
    const start = feed.now();
    for (let i = 0; i < 1_100; i++) await group(graph, `g${i}`);
    await graph.store.prune(50);
    const events = subscribe({ after: start });
    const [reset] = await take(events, 1);
    expect(reset).toMatchObject({ type: 'RESET', resetReason: 'CURSOR_TOO_OLD', seq: 1_100 });
    await group(graph, 'next');
    expect((await take(events, 1))[0]).toMatchObject({ type: 'CHANGE', seq: 1_101 });
  });

  it('looks into a shared store before it refuses a cursor that another gateway gave', async () => {
    const database = sharedDatabase();
    const clock = manualClock();
    const [lineA, lineB] = [database.line(), database.line()];
    const open = (store: GraphStore) => Graph.open({ store, snapshotPath: null, logger: silentLogger, clock });
    const [a, b] = [await open(lineA.store), await open(lineB.store)];
    for (const name of ['one', 'two', 'three']) await group(a, name);
    expect(b.seq).toBe(0);
    lineB.isDown = true;
    const { subscribe } = feedOf(b, clock);
    const { storeId } = a.info;
    const early = subscribe({ after: encodeCursor({ storeId, seq: 2, items: 0 }) });
    const wrong = subscribe({ after: encodeCursor({ storeId, seq: 9, items: 0 }) });
    const first = take(early, 1);
    const refused = take(wrong, 1);
    await clock.advance(500);
    lineB.isDown = false;
    await clock.advance(3_000);
    expect(await first).toMatchObject([{ type: 'CHANGE', seq: 3 }]);
    expect(await refused).toMatchObject([{ type: 'RESET', resetReason: 'CURSOR_AHEAD', seq: 3 }]);
    await Promise.all([early.return(), wrong.return()]);
    await Promise.all([a.close(), b.close()]);
  });

  it('ends at once when it is returned or aborted while it waits', async () => {
    const graph = await aGraph();
    const { subscribe } = feedOf(graph);
    const returned = subscribe();
    const waiting = returned.next();
    await returned.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const leaving = new AbortController();
    const aborted = subscribe({ signal: leaving.signal }).next();
    leaving.abort();
    expect(await aborted).toEqual({ done: true, value: undefined });
  });

  it('gives a fresh cursor now and then to a stream whose filter hides everything', async () => {
    const graph = await aGraph();
    const { subscribe } = feedOf(graph);
    const filter = { ...EVERYTHING, connectors: new Set(['torq']) };
    const events = subscribe({ filter, bookmarks: true });
    const first = take(events, 1);
    await group(graph, 'hidden');
    const [bookmark] = await first;
    expect(bookmark).toMatchObject({ type: 'BOOKMARK', nodes: [], links: [] });
    expect(decodeCursor(bookmark!.cursor)).toEqual({ storeId: graph.info.storeId, seq: 1, items: 0 });
  });

  it('resumes between any two events exactly where it was', async () => {
    const graph = await aGraph();
    const { subscribe, feed } = feedOf(graph);
    const start = feed.now();
    await put(
      graph,
      Array.from({ length: 7 }, (_, i) => ({ key: `okta/Group/${i}`, name: `${i}` })),
    );
    await group(graph, 'last');
    const all = await take(subscribe({ after: start }), 5);
    expect(all.map((event) => event.nodes.length)).toEqual([2, 2, 2, 1, 1]);
    for (let i = 0; i < 4; i++) {
      expect(await take(subscribe({ after: all[i]!.cursor }), 4 - i)).toEqual(all.slice(i + 1));
    }
  });

  it('refuses what is no cursor before anything is streamed', async () => {
    const { subscribe } = feedOf(await aGraph());
    for (const after of ['', 'x', encodeCursor({ storeId: 's', seq: 1, items: 0 }).slice(1), 'ZTo6MTow']) {
      expect(() => subscribe({ after })).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
    }
  });
});
