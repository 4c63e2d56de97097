import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { type ChangeDraft, Graph } from '../../src/services/graph/graph.ts';
import { type BoltRelay, startBoltRelay } from '../support/bolt-relay.ts';
import { aLink, aNode } from '../support/graph-builder.ts';
import { graphDigest } from '../support/graph-digest.ts';
import { memoryStores } from '../support/memory-store.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { type Neo4jGateway, startNeo4jGateway } from '../support/neo4j-gateway.ts';
import { subscribe } from '../support/streams.ts';

const ROUNDS = Number(process.env['CROSSWALK_CUT_ROUNDS'] ?? 40);
const GROUPS_PER_ROUND = 3;
const TAKE_OVER_MS = 7_500;
const IN_STORE = '{ accounts(first: 1, filter: { nameContains: "nobody" }) { totalCount } }';

describe('a network between a gateway and Neo4j', () => {
  let host: Neo4jHost;
  beforeAll(async () => {
    host = await startNeo4j();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
  });

  const openGraph = (server: Neo4jServer, uri = server.uri): Promise<Graph> =>
    Graph.open({
      store: createNeo4jStore({ ...server, uri }),
      ...{ snapshotPath: null, logger: silentLogger, clock: systemClock },
    });

  test(`that breaks ${ROUNDS} times, before, in and after commits, loses nothing and doubles nothing`, async () => {
    const server = await host.open();
    await using relay = await startBoltRelay(server.uri);
    const graph = await openGraph(server, relay.uri);
    const twin = await Graph.open({
      store: memoryStores({ isShared: true })(),
      ...{ snapshotPath: null, logger: silentLogger, clock: systemClock },
    });
    const listing = { connector: 'okta', listing: 'users' };
    const source = await graph.sourceId(listing);
    expect(await twin.sourceId(listing)).toBe(source);
    const size = ROUNDS * GROUPS_PER_ROUND;
    const first = await graph.store.allocateIds(size);
    expect(await twin.store.allocateIds(size)).toBe(first);
    const random = seeded(11);
    const drafts = Array.from({ length: size }, (_, n) => draftOf(n, first, source, random));
    const began = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const three = drafts.slice(round * GROUPS_PER_ROUND, (round + 1) * GROUPS_PER_ROUND);
      const moment = random() * 40;
      const kind = random();
      if (kind < 0.35) relay.cutAtCommit = 'after';
      else if (kind < 0.6) relay.cutAtCommit = 'before';
      const cut = kind < 0.6 ? null : sleep(moment).then(() => relay.cut());
      await Promise.all(three.map((draft) => graph.commit(() => draft)));
      await cut;
      for (const draft of three) await twin.commit(() => draft);
      expect(graph.seq).toBe(twin.seq);
    }
    const { total, before, after } = relay.cuts;
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(
      `${size} commits in ${seconds} s while ${total} connections broke, ${before} just before a commit and ${after} just after one\n`,
    );
    expect(after).toBeGreaterThan(ROUNDS / 5);
    expect(before).toBeGreaterThan(ROUNDS / 10);
    expect(graphDigest(graph)).toEqual(graphDigest(twin));
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    const seqs: number[] = [];
    const changeIds = new Set<string>();
    for await (const change of graph.store.changes(0)) {
      seqs.push(change.seq);
      changeIds.add(change.changeId);
    }
    expect(seqs).toEqual(Array.from({ length: twin.seq }, (_, n) => n + 1));
    expect(changeIds.size).toBe(twin.seq);
    await graph.close();
    await twin.close();
  });

  describe('behind which a gateway stands', () => {
    let server: Neo4jServer;
    let relay: BoltRelay;
    let running: Neo4jGateway;
    beforeAll(async () => {
      server = await host.open();
      relay = await startBoltRelay(server.uri);
      running = await startNeo4jGateway({ server: { ...server, uri: relay.uri }, takeOverMs: TAKE_OVER_MS });
      await running.opened;
    });
    afterAll(async () => {
      await running?.[Symbol.asyncDispose]();
      await relay?.[Symbol.asyncDispose]();
    });
    const leasesLost = (): number => running.logger.lines.filter(({ message }) => message === 'lease lost').length;
    const ready = () =>
      vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(200), { timeout: 20_000 });

    test('makes it slow, not wrong, with 200 ms each way: it is ready, answers, and keeps its leases', async () => {
      relay.delayMs = 200;
      const until = Date.now() + TAKE_OVER_MS;
      const times: number[] = [];
      while (Date.now() < until) {
        const { body, ms } = await running.ask('/graphql', IN_STORE);
        expect(body).toMatchObject({ data: { accounts: { totalCount: 0 } } });
        times.push(ms);
        expect((await running.ask('/readyz')).status).toBe(200);
      }
      relay.delayMs = 0;
      expect(leasesLost()).toBe(0);
      expect(Math.min(...times)).toBeGreaterThan(400);
      expect(Math.max(...times)).toBeLessThan(5_000);
    });

    test('that falls silent is noticed: what waits fails in time, what comes fails at once, leases end', async () => {
      await ready();
      relay.isStalled = true;
      const [waited, notReady] = await Promise.all([running.ask('/graphql', IN_STORE), running.ask('/readyz')]);
      expect(waited.body.errors?.[0]?.extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(waited.ms).toBeLessThan(12_000);
      expect(notReady).toMatchObject({ status: 503 });
      expect(notReady.ms).toBeLessThan(4_000);
      const later = await running.ask('/graphql', IN_STORE);
      expect(later.body.errors?.[0]?.extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(later.ms).toBeLessThan(3_000);
      const figures = [waited, notReady, later].map(({ ms }) => `${Math.round(ms)} ms`);
      process.stdout.write(
        `on a silent network: a question under way ${figures[0]}, /readyz ${figures[1]}, the next ${figures[2]}\n`,
      );
      await vi.waitFor(() => expect(leasesLost()).toBeGreaterThan(1), 1.5 * TAKE_OVER_MS);
      relay.isStalled = false;
      await ready();
      expect((await running.ask('/graphql', IN_STORE)).body.errors).toBeUndefined();
    });

    test('that was down: a subscriber then hears what another gateway committed meanwhile, and what comes', async () => {
      await ready();
      const other = await openGraph(server);
      const source = await other.sourceId({ connector: 'okta', listing: 'users' });
      const commit = async (nativeId: string): Promise<void> => {
        const id = await other.store.allocateIds(1);
        const nodes = [aNode(id, 'Group', nativeId, { source })];
        await other.commit(() => ({ cause: 'SYNC', connector: 'okta', nodes }));
      };
      const subscriber = subscribe('graphql-sse', running.url, 'subscription { graphChanges { seq nodes { key } } }');
      await commit('before');
      await subscriber.atLeast(1);
      relay.isDown = true;
      relay.cut();
      await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(503), 5_000);
      for (const nativeId of ['meanwhile-1', 'meanwhile-2']) await commit(nativeId);
      relay.isDown = false;
      await ready();
      await commit('afterwards');
      const heard = await subscriber.atLeast(4);
      expect(heard.map(({ graphChanges }) => graphChanges)).toEqual(
        ['before', 'meanwhile-1', 'meanwhile-2', 'afterwards'].map((nativeId, n) => ({
          seq: n + 1,
          nodes: [{ key: `okta/Group/${nativeId}` }],
        })),
      );
      expect(subscriber.errors).toEqual([]);
      await subscriber.cut();
      await other.close();
    });
  });
});

/** A group, with links to some that are there already; now and then one goes. */
function draftOf(n: number, first: number, source: number, random: () => number): ChangeDraft {
  const id = first + n;
  const removed = n > 20 && random() < 0.2 ? [first + Math.floor(random() * 10)] : [];
  const members = n === 0 ? [] : [...new Set([1, 2, 3].map(() => first + Math.floor(random() * n)))];
  return {
    cause: 'SYNC',
    connector: 'okta',
    nodes: [aNode(id, 'Group', `g${id}`, { source })],
    links: n > 10 ? [] : members.map((member) => aLink(id, 'MEMBER_OF', member, { source })),
    removedNodes: removed,
  };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
