import { afterEach, describe, expect, test, vi } from 'vitest';
import { AppError, storeReplaced } from '../../../../src/domain/errors.ts';
import { expiryOf } from '../../../../src/services/expiry/expiry.ts';
import type { ExpiryConsumer } from '../../../../src/services/expiry/expiry-consumer.ts';
import { Graph } from '../../../../src/services/graph/graph.ts';
import { Leases } from '../../../../src/services/leases/leases.ts';
import type { Singleton } from '../../../../src/services/leases/singleton.ts';
import { put, type SomeNode } from '../../../support/graph.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../../support/memory-logger.ts';
import { type SharedLine, sharedDatabase } from '../../../support/shared-store.ts';

const START = Date.parse('2026-08-20T08:00:00.000Z');

interface Gateway {
  readonly clock: ManualClock;
  readonly line: SharedLine;
  readonly graph: Graph;
  readonly logger: MemoryLogger;
  readonly expiry: Singleton<ExpiryConsumer>;
}

const gateways: Gateway[] = [];
afterEach(async () => {
  for (const { clock, expiry, graph } of gateways.splice(0)) {
    const closed = expiry.close();
    await clock.advance(60_000);
    await closed;
    await graph.close();
  }
});

/** Gateways on one database; the first that is opened has the lease. */
function gatewaysOf(clock: ManualClock): (holder: string) => Promise<Gateway> {
  const database = sharedDatabase({ clock });
  return async (holder) => {
    const line = database.line();
    const logger = memoryLogger();
    const graph = await Graph.open({ store: line.store, snapshotPath: null, logger, clock });
    const leases = new Leases({ store: line.store, clock, logger, holder });
    const expiry = expiryOf({ graph, leases, clock, logger });
    await expiry.start();
    const made = { clock, line, graph, logger, expiry };
    gateways.push(made);
    return made;
  };
}

/** A token that ends after so many ms. */
const token = (name: string, endsInMs: number): SomeNode => ({
  key: `okta/Credential/${name}`,
  properties: { type: 'API_TOKEN', expiresAt: new Date(START + endsInMs).toISOString() },
});

describe('expiry among several gateways', () => {
  test('is not kept from the others by a gateway whose store was replaced', async () => {
    const clock = manualClock(START);
    const open = gatewaysOf(clock);
    const [a, old] = [await open('a'), await open('old')];
    for (const call of ['range', 'changes', 'commit'] as const) {
      vi.spyOn(old.line.store, call).mockImplementation(() => {
        throw storeReplaced();
      });
    }
    await a.expiry.close();
    await clock.advance(5_000);
    expect(old.expiry.current).toBeNull();
    const next = await open('next');
    await clock.advance(2_000);
    expect(next.expiry.current).not.toBeNull();
  });

  test('leaves the cursor alone when another gateway has taken over', async () => {
    const clock = manualClock(START);
    const open = gatewaysOf(clock);
    const [a, b] = [await open('a'), await open('b')];
    for (let n = 1; n <= 3; n++) await put(a.graph, [token(`t${n}`, 3_600_000)]);
    await clock.advance(1_000);
    expect(a.expiry.current?.waiting).toBe(3);
    a.line.isDown = true;
    await clock.advance(12_000);
    expect([a.expiry.current, b.expiry.current?.waiting]).toEqual([null, 3]);
    await b.line.store.setCursor('expiry', 2);
    a.line.isDown = false;
    await clock.advance(30_000);
    expect(await b.line.store.cursor('expiry')).toBe(2);
    await b.expiry.close();
    expect(await b.line.store.cursor('expiry'), 'who has the lease writes it').toBe(3);
  });

  test('closes within the time that one call waits for a store that is away', async () => {
    const clock = manualClock(START);
    const { graph, line, expiry } = await gatewaysOf(clock)('a');
    vi.spyOn(line.store, 'putRecord').mockImplementation(() => {
      throw new AppError('STORE_UNAVAILABLE', 'The database is gone.', { retryable: true });
    });
    for (let n = 1; n <= 5; n++) await put(graph, [token(`t${n}`, 3_600_000)]);
    const closed = vi.fn();
    void expiry.close().then(closed);
    await clock.advance(10_000);
    expect(closed).toHaveBeenCalled();
  });

  test('closes in the middle of taking over', async () => {
    const clock = manualClock(START);
    const open = gatewaysOf(clock);
    const [a, b] = [await open('a'), await open('b')];
    const tokens = Array.from({ length: 50 }, (_, n) => token(`t${n}`, 3_600_000));
    const { store } = b.line;
    await a.expiry.close();
    await put(a.graph, tokens);
    const write = store.putRecord.bind(store);
    let notes = 0;
    vi.spyOn(store, 'putRecord').mockImplementation(async (...args) => {
      notes++;
      await clock.sleep(1_000);
      await write(...args);
    });
    await clock.advance(5_000);
    expect(notes).toBeGreaterThan(0);
    const closed = vi.fn();
    void b.expiry.close().then(closed);
    await clock.advance(2_000);
    expect(closed).toHaveBeenCalled();
  });
});
