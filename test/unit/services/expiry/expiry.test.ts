import { afterEach, describe, expect, test, vi } from 'vitest';
import { storeReplaced } from '../../../../datasources/stores/shared/errors.ts';
import { expiryOf } from '../../../../src/services/expiry/expiry.ts';
import type { ExpiryConsumer } from '../../../../src/services/expiry/expiry-consumer.ts';
import { Graph } from '../../../../src/services/graph/graph.ts';
import { Leases } from '../../../../src/services/leases/leases.ts';
import type { Singleton } from '../../../../src/services/leases/singleton.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../../support/memory-logger.ts';
import { type SharedLine, sharedDatabase } from '../../../support/shared-store.ts';

const START = Date.parse('2026-08-20T08:00:00.000Z');

interface Gateway {
  readonly line: SharedLine;
  readonly graph: Graph;
  readonly logger: MemoryLogger;
  readonly expiry: Singleton<ExpiryConsumer>;
}

const gateways: Gateway[] = [];
afterEach(async () => {
  for (const { expiry, graph } of gateways.splice(0)) {
    await expiry.close();
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
    const made = { line, graph, logger, expiry };
    gateways.push(made);
    return made;
  };
}

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
});
