import { describe, expect, test, vi } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { LinkFlag, NodeFlag } from '../../../../src/domain/flags.ts';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import { ExpiryConsumer } from '../../../../src/services/expiry/expiry-consumer.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { put, type SomeNode } from '../../../support/graph.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { type SyncWorld, syncWorld } from '../../../support/sync-world.ts';

const START = Date.parse('2026-08-20T08:00:00.000Z');
const inMs = (ms: number): string => new Date(START + ms).toISOString();

/** One account with an assignment that ends, and a credential that does. */
function tenantWith(linkEnd: string, credentialEnd?: string): FakeTenant {
  const tenant = new FakeTenant().fill(2);
  tenant.assignments.set('u1>app1', { properties: { validUntil: linkEnd } });
  tenant.listings = [
    tenant.pages({ name: 'tokens', title: 'tokens', nodes: ['Credential'], links: [], requires: [] }, () =>
      credentialEnd === undefined
        ? []
        : [
            {
              nodes: [
                {
                  kind: 'Credential',
                  nativeId: 't1',
                  name: 'Token',
                  properties: { type: 'API_TOKEN', expiresAt: credentialEnd },
                },
              ],
            },
          ],
    ),
  ];
  return tenant;
}

async function linkFlags({ graph }: SyncWorld): Promise<number> {
  const [from, to] = await graph.store.idsByKey(['acme/Account/u1', 'acme/Application/app1']);
  const source = await graph.sourceId({ connector: 'acme', listing: 'assignments' });
  return graph.index.linkFlags(source, from!, 'ASSIGNED_TO', to!);
}

async function tokenFlags({ graph }: SyncWorld, name = 't1'): Promise<number> {
  const [id] = await graph.store.idsByKey([`acme/Credential/${name}`]);
  return graph.index.flagsOf(id!);
}

const aToken = (name: string, endsInMs: number): SomeNode => ({
  key: `acme/Credential/${name}`,
  properties: { type: 'API_TOKEN', expiresAt: inMs(endsInMs) },
});

/** From now on nothing is written beside the graph until the gate is opened; `calls` tells how often it was asked for. */
function gated(store: GraphStore): { calls: number; open(): void } {
  const write = store.putRecord.bind(store);
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gate = { calls: 0, open: () => open() };
  vi.spyOn(store, 'putRecord').mockImplementation(async (...args) => {
    gate.calls++;
    await opened;
    return write(...args);
  });
  return gate;
}

describe('the expiry consumer', () => {
  test('flags a link and a credential at the moment they end, each by one change', async () => {
    const clock = manualClock(START);
    await using world = await syncWorld({ acme: tenantWith(inMs(60_000), inMs(120_000)) }, { clock });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    await world.run();
    await clock.advance(59_999);
    expect(await linkFlags(world)).toBe(0);
    await clock.advance(1);
    expect(await linkFlags(world)).toBe(LinkFlag.EXPIRED);
    expect(world.changes.at(-1)).toMatchObject({ cause: 'EXPIRY', nodes: [], links: [{ kind: 'ASSIGNED_TO' }] });
    expect(await tokenFlags(world)).toBe(0);
    await clock.advance(60_000);
    expect(await tokenFlags(world)).toBe(NodeFlag.EXPIRED);
    expect(expiry.waiting).toBe(0);
    const { seq } = world.graph;
    await world.run();
    expect(world.graph.seq, 'the next run finds nothing changed').toBe(seq);
    await expiry.close();
  });

  test('a validity that is extended in time is not cut', async () => {
    const clock = manualClock(START);
    const tenant = tenantWith(inMs(60_000));
    await using world = await syncWorld({ acme: tenant }, { clock });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    await world.run();
    tenant.assignments.set('u1>app1', { properties: { validUntil: inMs(120_000) } });
    await clock.advance(30_000);
    await world.run();
    await clock.advance(60_000);
    expect(await linkFlags(world)).toBe(0);
    await clock.advance(30_000);
    expect(await linkFlags(world)).toBe(LinkFlag.EXPIRED);
    tenant.assignments.set('u1>app1', { properties: { validUntil: inMs(300_000) } });
    await world.run();
    expect(await linkFlags(world), 'extended afterwards').toBe(0);
    await expiry.close();
  });

  test('what ends while nobody runs is flagged at the next start', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    const tenant = tenantWith(inMs(60_000));
    const world = await syncWorld({ acme: tenant }, { clock, store });
    const first = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await first.start();
    await world.run();
    await first.close();
    await clock.advance(3_600_000);
    const second = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await second.start();
    await clock.advance(0);
    expect(await linkFlags(world)).toBe(LinkFlag.EXPIRED);
    await second.close();
  });

  test('what happened before it first ran is caught up from the log', async () => {
    const clock = manualClock(START);
    await using world = await syncWorld({ acme: tenantWith(inMs(60_000)) }, { clock });
    await world.run();
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    expect(expiry.waiting).toBe(1);
    await clock.advance(60_000);
    expect(await linkFlags(world)).toBe(LinkFlag.EXPIRED);
    await expiry.close();
  });

  test('what arrives after its end is born flagged; what is removed is forgotten', async () => {
    const clock = manualClock(START);
    const tenant = tenantWith(inMs(-1), inMs(60_000));
    await using world = await syncWorld({ acme: tenant }, { clock });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    await world.run();
    await clock.advance(0);
    expect(await linkFlags(world)).toBe(LinkFlag.EXPIRED);
    expect(expiry.waiting).toBe(1);
    await world.sync.deleteConnector('acme');
    await clock.advance(0);
    expect(expiry.waiting).toBe(0);
    await expiry.close();
  });

  test('does not start when it cannot read the log, and leaves nothing behind', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: tenantWith(inMs(60_000)) }, { clock, store });
    await world.run();
    const before = clock.sleepers;
    const write = vi.spyOn(store, 'putRecord').mockRejectedValue(new AppError('STORE_CORRUPT', 'Unreadable.'));
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expect(expiry.start()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    write.mockClear();
    await put(world.graph, [aToken('late', 1_000)]);
    await clock.advance(5_000);
    expect([write.mock.calls, clock.sleepers]).toEqual([[], before]);
    await expiry.close();
    write.mockRestore();
  });

  test('tries again what could not be noted, and says once why it could not', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock, store });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    const write = vi.spyOn(store, 'putRecord').mockRejectedValue(new AppError('STORE_FULL', 'No room.'));
    await put(world.graph, [aToken('t1', 120_000)]);
    await clock.advance(60_000);
    const said = world.logger.lines.filter(({ message }) => message.startsWith('following expiries failed'));
    expect([expiry.waiting, said.length]).toEqual([0, 1]);
    write.mockRestore();
    await clock.advance(5_000);
    expect(expiry.waiting).toBe(1);
    await clock.advance(55_000);
    expect(await tokenFlags(world)).toBe(NodeFlag.EXPIRED);
    await expiry.close();
  });

  test('closes without noting the rest, which is noted at the next start', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock, store });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    const gate = gated(store);
    for (let n = 0; n < 10; n++) {
      await put(
        world.graph,
        Array.from({ length: 10 }, (_, i) => aToken(`t${n}-${i}`, 60_000)),
      );
    }
    const closing = expiry.close();
    gate.open();
    await closing;
    expect(gate.calls).toBe(1);
    const next = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await next.start();
    expect(next.waiting).toBe(100);
    await next.close();
  });

  test('flags in time also while there is much to note', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock, store });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    await put(world.graph, [aToken('t1', 60_000)]);
    await clock.advance(0);
    const gate = gated(store);
    await put(world.graph, [aToken('t2', 120_000), aToken('t3', 60_000)]);
    await clock.advance(60_000);
    expect(await tokenFlags(world)).toBe(NodeFlag.EXPIRED);
    gate.open();
    await clock.advance(0);
    expect([await tokenFlags(world, 't2'), await tokenFlags(world, 't3')]).toEqual([0, NodeFlag.EXPIRED]);
    expect(expiry.waiting).toBe(1);
    await expiry.close();
  });

  test('reads all there is when its cursor is beyond the log, and sets it right', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: tenantWith(inMs(60_000)) }, { clock, store });
    await world.run();
    await store.setCursor('expiry', 999);
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    expect(expiry.waiting).toBe(1);
    await expiry.close();
    expect(await store.cursor('expiry')).toBe(world.graph.seq);
  });

  test('does not read a row again in which nothing ends', async () => {
    const clock = manualClock(START);
    const store = createMemoryStore({ clock });
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock, store });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    await clock.advance(0);
    const read = vi.spyOn(store, 'changes');
    for (let n = 0; n < 5; n++) await put(world.graph, [{ key: `acme/Account/${n}` }]);
    await clock.advance(0);
    expect(read).not.toHaveBeenCalled();
    await put(world.graph, [aToken('t1', 60_000)]);
    await clock.advance(0);
    expect(read).toHaveBeenCalledOnce();
    await expiry.close();
    expect(await store.cursor('expiry')).toBe(6);
  });

  test('reads the log when the graph was not told of every row', async () => {
    const clock = manualClock(START);
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock });
    const { graph } = world;
    vi.spyOn(graph, 'onChange').mockReturnValue(() => {});
    const onReset = vi.spyOn(graph, 'onReset');
    const expiry = new ExpiryConsumer({ graph, clock, logger: world.logger });
    await expiry.start();
    await put(graph, [aToken('t1', 60_000)]);
    const [reset] = onReset.mock.calls[0]!;
    reset();
    await clock.advance(0);
    expect(expiry.waiting).toBe(1);
    await expiry.close();
  });

  test('is woken by what ends sooner than it will look, and by nothing else', async () => {
    const clock = manualClock(START);
    await using world = await syncWorld({ acme: new FakeTenant() }, { clock });
    const expiry = new ExpiryConsumer({ graph: world.graph, clock, logger: world.logger });
    await expiry.start();
    const sleep = vi.spyOn(clock, 'sleep');
    await put(
      world.graph,
      Array.from({ length: 20 }, (_, n) => aToken(`t${n}`, 7_200_000 + n)),
    );
    await clock.advance(0);
    expect([expiry.waiting, sleep.mock.calls]).toEqual([20, []]);
    await put(world.graph, [aToken('soon', 60_000)]);
    await clock.advance(0);
    expect(sleep.mock.calls.map(([ms]) => ms)).toEqual([60_000]);
    await clock.advance(60_000);
    expect(await tokenFlags(world, 'soon')).toBe(NodeFlag.EXPIRED);
    await clock.advance(7_200_000);
    expect(expiry.waiting).toBe(0);
    await expiry.close();
  });
});
