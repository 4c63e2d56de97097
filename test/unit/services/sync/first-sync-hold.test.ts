import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import type { RecordType } from '../../../../src/domain/records.ts';
import { holdDuringFirstSyncs } from '../../../../src/services/linking/first-sync-hold.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import {
  closeInRun,
  type GatewayOptions,
  type SyncWorld,
  sharedGateways,
  syncWorld,
} from '../../../support/sync-world.ts';

const TAKE_OVER_MS = 15_000;
const tenantOf = (nativeId: string): FakeTenant => new FakeTenant().fill(12).named(nativeId);

/** Counts what keeps the linker of a gateway waiting. */
function holdsOf({ sync }: Pick<SyncWorld, 'sync'>): { readonly count: number } {
  const holds = new Set<symbol>();
  const hold = (): (() => void) => {
    const one = Symbol();
    holds.add(one);
    return () => void holds.delete(one);
  };
  holdDuringFirstSyncs({ hold }, sync);
  return {
    get count() {
      return holds.size;
    },
  };
}

const endsOf = ({ events }: SyncWorld): string[] =>
  events.flatMap((event) => (event.type === 'run-ended' ? [event.run.id] : []));

/** Gateway `a` in the middle of a first sync, of which `b` has heard. */
async function firstSyncElsewhere(optionsOfB: GatewayOptions = {}) {
  const acme = tenantOf('acme');
  const shared = sharedGateways();
  const a = await shared.open('a', { acme });
  const b = await shared.open('b', { acme }, optionsOfB);
  const holds = holdsOf(b);
  const held = acme.holdAt('users', 2);
  const { id } = await a.sync.start('acme');
  await held.reached;
  await shared.clock.advance(1_200);
  return { shared, a, b, holds, held, id, [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose]() };
}

describe('the linker waits for a first sync on another gateway', () => {
  test('until it ends', async () => {
    await using world = await firstSyncElsewhere();
    const { shared, a, holds, held } = world;
    expect(holds.count).toBe(1);
    held.letGo();
    await a.sync.finished('acme');
    await shared.clock.advance(1_200);
    expect(holds.count).toBe(0);
  });

  test('until it ends, also when its record cannot be read just then', async () => {
    let isRefused = false;
    await using world = await firstSyncElsewhere({
      alter: (store) => ({
        getRecord: async (type: RecordType, id: string) => {
          if (isRefused) throw new AppError('STORE_UNAVAILABLE', 'gone', { retryable: true });
          return store.getRecord(type, id);
        },
      }),
    });
    const { shared, a, b, holds, held, id } = world;
    held.letGo();
    await a.sync.finished('acme');
    isRefused = true;
    await shared.clock.advance(3_000);
    expect(holds.count).toBe(1);
    isRefused = false;
    await shared.clock.advance(1_200);
    expect(holds.count).toBe(0);
    expect(endsOf(b)).toEqual([id]);
  });

  test('until it is deleted with its connector', async () => {
    await using world = await firstSyncElsewhere();
    const { shared, a, b, holds, held, id } = world;
    expect(holds.count).toBe(1);
    const deleted = a.sync.deleteConnector('acme');
    held.letGo();
    await deleted;
    expect(await b.sync.run(id)).toBeNull();
    await shared.clock.advance(1_200);
    expect(holds.count).toBe(0);
    expect(endsOf(b)).toEqual([id]);
  });

  test('until this gateway has begun another in its place, and that ends', async () => {
    await using world = await firstSyncElsewhere();
    const { shared, a, b, holds, held, id } = world;
    // The other one ends its run, and dies before it can say so of the connector.
    a.line.isDown = true;
    const record = await b.store.getRecord('run', id);
    await b.store.putRecord('run', id, { ...record, state: 'FAILED', endedAt: shared.clock.now() });
    await shared.clock.advance(TAKE_OVER_MS);
    await b.sync.finished('acme');
    await shared.clock.advance(1_200);
    const [run] = await b.sync.runs('acme');
    expect(run).toMatchObject({ state: 'SUCCEEDED' });
    expect(endsOf(b).sort()).toEqual([id, run?.id]);
    expect(holds.count).toBe(0);
    held.letGo();
  });

  test('no longer than until a gateway finds that nobody can take it up', async () => {
    const acme = tenantOf('acme');
    await using shared = sharedGateways();
    const a = await shared.open('a', { acme });
    const id = await closeInRun(a, acme);
    const b = await shared.open('b', { other: tenantOf('other') }, { isWatching: false });
    const holds = holdsOf(b);
    expect(b.sync.state('acme')).toMatchObject({ state: 'SYNCING', activeRunId: id });
    await b.sync.resumeInterrupted();
    await shared.clock.advance(2_400);
    expect(holds.count).toBe(0);
    expect(endsOf(b)).toEqual([id]);
    expect(b.sync.state('acme')).toMatchObject({ state: 'NOT_CONNECTED', activeRunId: null, lastRunId: id });
    expect(await b.sync.run(id)).toMatchObject({ state: 'CANCELLED', reasonCode: 'ABANDONED' });
  });
});

test('a run of a connector that is no longer configured is not given up while its gateway is at it', async () => {
  const acme = tenantOf('acme');
  await using shared = sharedGateways();
  const a = await shared.open('a', { acme });
  const held = acme.holdAt('users', 2);
  const { id } = await a.sync.start('acme');
  await held.reached;
  const b = await shared.open('b', { other: tenantOf('other') });
  await shared.clock.advance(30_000);
  expect(b.sync.state('acme')).toMatchObject({ state: 'SYNCING', activeRunId: id });
  held.letGo();
  expect(await a.sync.finished('acme')).toMatchObject({ state: 'SUCCEEDED', resumes: 0 });
});

test('on a store of one process a run of a connector that is no longer configured ends too', async () => {
  const acme = tenantOf('acme');
  const store = createMemoryStore();
  const first = await syncWorld({ acme }, { store });
  await first.run();
  const id = await closeInRun(first, acme);
  await using world = await syncWorld({ other: tenantOf('other') }, { store });
  await world.sync.resumeInterrupted();
  expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED', activeRunId: null, lastRunId: id });
  expect(await world.sync.run(id)).toMatchObject({ state: 'CANCELLED', reasonCode: 'ABANDONED' });
});
