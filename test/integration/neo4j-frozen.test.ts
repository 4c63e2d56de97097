import { setTimeout as sleep } from 'node:timers/promises';
import neo4j, { type Driver } from 'neo4j-driver';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { asAppError } from '../../src/domain/errors.ts';
import type { GraphStore, Lease } from '../../src/ports/graph-store.ts';
import { startBoltRelay } from '../support/bolt-relay.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { errorCode, Playground } from '../support/store-playground.ts';

const HOUR_MS = 3_600_000;
/** The server looks for transactions that have run too long every other second. */
const TAKE_OVER_MS = 15_000;

describe('a commit that is held up', () => {
  let host: Neo4jHost;
  let server: Neo4jServer;
  let driver: Driver;
  let store: GraphStore;
  beforeAll(async () => {
    host = await startNeo4j();
    server = await host.open();
    driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password), { telemetryDisabled: true });
  });
  afterAll(async () => {
    await driver?.close();
    await host?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    store = createNeo4jStore(server);
    await store.open();
  });
  afterEach(() => store.close());

  /** A commit that changes this connector's checkpoint gets no further than that, with the locks that it has by then. */
  async function hold({ connector }: Playground): Promise<{ release(): Promise<void> }> {
    const session = driver.session();
    const tx = session.beginTransaction();
    await tx.run('MATCH (c:_Checkpoint {connector: $connector}) SET c.held = true', { connector });
    return {
      async release() {
        await tx.rollback();
        await session.close();
      },
    };
  }

  const untilHeldUp = (): Promise<void> =>
    vi.waitFor(async () => {
      const { records } = await driver.executeQuery(
        "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN status",
      );
      expect(records).toHaveLength(1);
    }, 5_000);

  /** A node and a checkpoint that are there, a fenced change of both, and the lease. */
  async function changeUnderLease(name: string, writer = store, ttlMs = 60_000) {
    const play = await Playground.open(writer, name);
    const [id] = await play.nodes('Group', 1);
    await play.commit({ checkpoints: [{ source: play.ref, state: { page: 1 } }] });
    const lease: Lease = (await writer.acquireLease(name, 'me', ttlMs))!;
    const fence = { lease: name, token: lease.token };
    const checkpoints = [{ source: play.ref, state: { page: 2 } }];
    const change = { ...play.base(), nodes: [play.node('Group', id!, { name: 'Changed' })], checkpoints, fence };
    return { id: id!, play, lease, change };
  }

  test('by a gateway that froze in it keeps nobody waiting longer than a take-over may last', async () => {
    await using relay = await startBoltRelay(server.uri);
    const frozen = createNeo4jStore({ ...server, uri: relay.uri });
    await frozen.open();
    const { id, play, change } = await changeUnderLease('frozen', frozen, 3_000);
    const held = await hold(play);
    const failed = errorCode(frozen.commit(change));
    await untilHeldUp();
    const began = Date.now();
    relay.isStalled = true;
    await held.release();
    const next = await Playground.open(store, 'next');
    const [other] = await next.ids(1);
    expect(Date.now() - began).toBeLessThan(2_000);

    const takeOver = async (): Promise<number> => {
      for (; ; await sleep(500)) {
        const lease = await store.acquireLease('frozen', 'you', 3_000).catch((error: unknown) => {
          expect(asAppError(error)).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
          return null;
        });
        if (lease !== null) return Date.now() - began;
      }
    };
    const write = async (): Promise<number> => {
      await next.commit({ nodes: [next.node('Group', other!)] });
      return Date.now() - began;
    };
    const [tookOver, wrote] = await Promise.all([takeOver(), write()]);
    process.stdout.write(`behind a frozen gateway: its lease after ${tookOver} ms, a commit after ${wrote} ms\n`);
    expect(tookOver).toBeLessThan(TAKE_OVER_MS);
    expect(wrote).toBeLessThan(TAKE_OVER_MS);
    expect(wrote).toBeGreaterThan(5_000);

    expect(await failed).toBe('STORE_UNAVAILABLE');
    relay.isStalled = false;
    expect((await store.nodes([id]))[0]?.name).not.toBe('Changed');
    expect(await errorCode(frozen.commit(change))).toBe('LEASE_LOST');
    await frozen.close();
  });

  test('does not keep its own lease from being renewed', async () => {
    const { id, play, lease, change } = await changeUnderLease('renewed');
    const held = await hold(play);
    const commit = store.commit(change);
    await untilHeldUp();
    expect(await store.renewLease(lease, 60_000)).toBe(true);
    await held.release();
    expect((await commit)?.nodes).toMatchObject([{ id, after: { name: 'Changed' } }]);
  });

  test.each([
    ['', true],
    [', and it has no effect on the graph', false],
  ])('writes nothing when its lease is taken over meanwhile%s', async (_, hasEffect) => {
    const { id, play, change } = await changeUnderLease(`lost-${hasEffect}`);
    const { seq } = await store.range();
    const later = createNeo4jStore({ ...server, clock: { now: () => Date.now() + HOUR_MS, sleep: async () => {} } });
    await later.open();
    const held = await hold(play);
    const lost = errorCode(store.commit(hasEffect ? change : { ...change, nodes: [] }));
    await untilHeldUp();
    expect((await later.acquireLease(change.fence.lease, 'you', HOUR_MS))?.holder).toBe('you');
    await held.release();
    expect(await lost).toBe('LEASE_LOST');
    expect((await store.range()).seq).toBe(seq);
    expect((await store.nodes([id]))[0]?.name).not.toBe('Changed');
    expect(await store.checkpoint(play.ref)).toEqual({ page: 1 });
    await later.close();
  });
});
