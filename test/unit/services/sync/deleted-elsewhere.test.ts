import { describe, expect, test } from 'vitest';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { sharedGateways } from '../../../support/sync-world.ts';

const tenantOf = (nativeId: string): FakeTenant => new FakeTenant().fill(8).named(nativeId);
const AS_NEW = { state: 'NOT_CONNECTED', tenant: null, activeRunId: null, lastRunId: null, lastCompleteAt: null };

/** Two gateways that have read a connector; the first is configured with it, or only knows it from before. */
async function bothHaveRead(options: { isConfigured: boolean }) {
  const acme = tenantOf('acme');
  const shared = sharedGateways();
  const b = await shared.open('b', { acme });
  await b.run();
  const a = await shared.open('a', options.isConfigured ? { acme } : { other: tenantOf('other') });
  await shared.clock.advance(1_200);
  return { acme, shared, a, b };
}

describe('a connector that another gateway has deleted', () => {
  test.each([true, false])('is as new here too (configured there: %s)', async (isConfigured) => {
    const { acme, shared, a, b } = await bothHaveRead({ isConfigured });
    await using _ = shared;
    expect(b.sync.state('acme')).toMatchObject({ state: 'CONNECTED', tenant: { nativeId: 'acme' } });
    await a.sync.deleteConnector('acme');
    await shared.clock.advance(1_200);
    expect(b.sync.state('acme')).toMatchObject(AS_NEW);
    const events = b.events.length;
    await shared.clock.advance(5_000);
    expect(b.events).toHaveLength(events);
    expect(await b.counts()).toEqual({});
    // Another tenant may have its name now.
    acme.tenant = { ...acme.tenant, nativeId: 'acme-2', name: 'Acme 2' };
    expect(await b.run()).toMatchObject({ state: 'SUCCEEDED', first: true });
  });

  test('in the middle of a run stays deleted', async () => {
    const { acme, shared, a, b } = await bothHaveRead({ isConfigured: true });
    await using _ = shared;
    const held = acme.holdAt('users', 2);
    const { id } = await a.sync.start('acme');
    await held.reached;
    await shared.clock.advance(1_200);
    expect(b.sync.state('acme')).toMatchObject({ state: 'SYNCING', activeRunId: id });
    const deleted = a.sync.deleteConnector('acme');
    held.letGo();
    await deleted;
    const calls = acme.calls.length;
    await shared.clock.advance(60_000);
    expect(acme.calls).toHaveLength(calls);
    for (const { sync, counts } of [a, b]) {
      expect(sync.state('acme')).toMatchObject(AS_NEW);
      expect(await counts()).toEqual({});
    }
  });

  test.each([true, false])('is not read again by the schedule here (configured there: %s)', async (isConfigured) => {
    const { acme, shared, a, b } = await bothHaveRead({ isConfigured });
    await using _ = shared;
    b.sync.schedule();
    await a.sync.deleteConnector('acme');
    const calls = acme.calls.length;
    await shared.clock.advance(60 * 60_000);
    expect(acme.calls).toHaveLength(calls);
    expect(b.sync.state('acme')).toMatchObject({ ...AS_NEW, nextRunAt: null });
    await b.run();
    await shared.clock.advance(15 * 60_000 + 1_000);
    expect(await b.sync.runs('acme')).toHaveLength(2);
  });

  test('in its first run is not read again by the schedule here', async () => {
    const acme = tenantOf('acme');
    await using shared = sharedGateways();
    const a = await shared.open('a', { acme });
    const b = await shared.open('b', { acme });
    const held = acme.holdAt('users', 2);
    await a.sync.start('acme');
    await held.reached;
    await shared.clock.advance(1_200);
    b.sync.schedule();
    const deleted = a.sync.deleteConnector('acme');
    held.letGo();
    await deleted;
    const calls = acme.calls.length;
    await shared.clock.advance(60 * 60_000);
    expect(acme.calls).toHaveLength(calls);
  });

  test('is gone here too when neither is configured with it', async () => {
    const { shared, a, b } = await bothHaveRead({ isConfigured: false });
    await using _ = shared;
    await b.sync.close();
    const c = await shared.open('c', { third: tenantOf('third') });
    expect(c.sync.states().map(({ connector }) => connector)).toEqual(['acme', 'third']);
    await a.sync.deleteConnector('acme');
    await shared.clock.advance(1_200);
    expect(c.sync.states().map(({ connector }) => connector)).toEqual(['third']);
    await expect(c.sync.deleteConnector('acme')).rejects.toMatchObject({ code: 'CONNECTOR_NOT_FOUND' });
  });

  test('and read again is not deleted a second time by a gateway that has seen the deletion', async () => {
    const acme = tenantOf('acme');
    await using shared = sharedGateways();
    const a = await shared.open('a', { acme });
    let letGo = (): void => {};
    let isAsked = false;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const alter = (store: GraphStore): Partial<GraphStore> => ({
      acquireLease: async (...args) => {
        isAsked = true;
        await gate;
        return store.acquireLease(...args);
      },
    });
    const b = await shared.open('b', { acme }, { alter });
    await a.run();
    // As it stands in the middle of a deletion; both want to finish it.
    const status = await a.store.getRecord('connector', 'acme');
    await a.store.putRecord('connector', 'acme', { ...status, state: 'DELETING' });
    await shared.clock.advance(1_100);
    expect(isAsked).toBe(true);
    expect(b.sync.state('acme').state).toBe('DELETING');
    expect(a.sync.state('acme').state).toBe('NOT_CONNECTED');
    await a.run();
    letGo();
    await shared.clock.advance(3_000);
    expect(a.sync.state('acme').state).toBe('CONNECTED');
    expect((await a.counts())['Account']).toBe(8);
  });
});
