import { describe, expect, test } from 'vitest';
import { Graph } from '../../../../src/services/graph/graph.ts';
import { SyncService } from '../../../../src/services/sync/sync-service.ts';
import type { ConnectorConfig } from '../../../../src/services/sync/types.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { memoryLogger } from '../../../support/memory-logger.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { syncWorld } from '../../../support/sync-world.ts';

const tenantOf = (accounts: number): FakeTenant => new FakeTenant().fill(accounts);

async function serviceWith(connectors: readonly ConnectorConfig[], tenant = tenantOf(1), store = createMemoryStore()) {
  const clock = manualClock();
  const logger = memoryLogger();
  const graph = await Graph.open({ store, snapshotPath: null, logger, clock });
  const providers = new Map([['fake', tenant.provider()]]);
  const sync = new SyncService({ graph, providers, connectors, clock, logger });
  return { sync, graph, store };
}

/** A service whose connector `old` has been read. */
async function formerly() {
  const store = createMemoryStore();
  const tenant = tenantOf(3);
  const first = await serviceWith([{ id: 'old', provider: 'fake', settings: {} }], tenant, store);
  await first.sync.open();
  await first.sync.start('old');
  await first.sync.finished('old');
  return { store, tenant, first };
}

describe('tenants', () => {
  test('a second connector on the same tenant is refused with the name of the first', async () => {
    const tenant = tenantOf(3);
    const { sync } = await serviceWith(
      [
        { id: 'one', name: 'Acme production', provider: 'fake', settings: {} },
        { id: 'two', provider: 'fake', settings: {} },
      ],
      tenant,
    );
    await sync.open();
    await sync.start('one');
    await sync.finished('one');
    await sync.start('two');
    expect(await sync.finished('two')).toMatchObject({ state: 'FAILED', reasonCode: 'TENANT_ALREADY_CONNECTED' });
    expect(sync.state('two')).toMatchObject({ state: 'ERROR', reasonCode: 'TENANT_ALREADY_CONNECTED', tenant: null });
    expect(sync.state('two').message).toContain('Acme production');
    await sync.close();
  });

  test('of two that connect at the same moment one is refused', async () => {
    const { sync } = await serviceWith(
      ['one', 'two'].map((id) => ({ id, provider: 'fake', settings: {} })),
      tenantOf(3),
    );
    await sync.open();
    await Promise.all([sync.start('one'), sync.start('two')]);
    await Promise.all([sync.finished('one'), sync.finished('two')]);
    expect([sync.state('one').state, sync.state('two').state].sort()).toEqual(['CONNECTED', 'ERROR']);
    await sync.close();
  });

  test('settings that suddenly lead to another tenant do not mix the two', async () => {
    const tenant = tenantOf(3);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const before = await world.dump();
    tenant.tenant = { ...tenant.tenant, nativeId: 'other', name: 'Other' };
    tenant.accounts.clear();
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'TENANT_CHANGED' });
    expect(await world.dump()).toEqual(before);
  });
});

describe('a configuration that cannot work', () => {
  test.each([
    [[{ id: 'Bad Id', provider: 'fake', settings: {} }], 'CONNECTOR_INVALID'],
    [[{ id: 'crosswalk', provider: 'fake', settings: {} }], 'CONNECTOR_INVALID'],
    [['a', 'a'].map((id) => ({ id, provider: 'fake', settings: {} })), 'CONNECTOR_INVALID'],
    [[{ id: 'a', provider: 'nobody', settings: {} }], 'PROVIDER_UNKNOWN'],
    [[{ id: 'a', provider: 'fake', settings: {}, schedule: { cron: 'whenever' } }], 'SCHEDULE_INVALID'],
    [[{ id: 'a', provider: 'fake', settings: {}, schedule: { everySeconds: 1 } }], 'SCHEDULE_INVALID'],
  ])('%j is refused with %s', async (connectors, code) => {
    const { sync } = await serviceWith(connectors);
    await expect(sync.open()).rejects.toMatchObject({ code });
  });

  test('settings that the provider does not take are named without their values', async () => {
    await using world = await syncWorld({ acme: tenantOf(1) }, { connectors: { settings: { token: 42 } } });
    const run = await world.run();
    expect(run).toMatchObject({ state: 'FAILED', reasonCode: 'SETTINGS_INVALID', retryable: false });
    expect(run.message).toContain('token');
    expect(run.message).not.toContain('42');
    expect(world.sync.state('acme').state).toBe('ERROR');
  });

  test('a connector that nobody configured is not found', async () => {
    await using world = await syncWorld({ acme: tenantOf(1) });
    await expect(world.sync.start('nobody')).rejects.toMatchObject({ code: 'CONNECTOR_NOT_FOUND' });
    expect(() => world.sync.state('nobody')).toThrow('There is no connector "nobody"');
  });
});

describe('deleting a connector', () => {
  test('takes everything of it out of the graph and nothing else', async () => {
    const a = tenantOf(9);
    a.members.get('g1')!.add('nobody');
    await using world = await syncWorld({ a, b: tenantOf(4) });
    await world.run('b');
    const rest = await world.dump();
    await world.run('a');
    await world.sync.deleteConnector('a', { actor: 'ann' });
    expect(await world.dump()).toEqual(rest);
    expect(await world.store.pendingCount()).toBe(0);
    expect(await world.sync.runs('a')).toEqual([]);
    expect(await world.store.checkpoint({ connector: 'a', listing: 'users' })).toBeNull();
    expect(world.sync.state('a')).toMatchObject({ state: 'NOT_CONNECTED', tenant: null, lastCompleteAt: null });
    expect((await world.sync.history('a')).map((entry) => entry.state).slice(0, 2)).toEqual([
      'NOT_CONNECTED',
      'DELETING',
    ]);
    expect(world.changes.at(-1)).toMatchObject({ cause: 'CONNECTOR', connector: 'a', actor: 'ann' });
    expect((await world.graph.verify()).problems).toEqual([]);
  });

  test('stops its run first, and the connector may be read again afterwards', async () => {
    const tenant = tenantOf(9);
    await using world = await syncWorld({ acme: tenant });
    tenant.beforePage = (listing) => (listing === 'assignments' ? new Promise(() => {}) : undefined);
    await world.sync.start('acme');
    await expect.poll(async () => (await world.counts())['Account']).toBe(9);
    await world.sync.deleteConnector('acme');
    expect(await world.counts()).toEqual({});
    tenant.beforePage = () => {};
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED', first: true });
    expect((await world.counts())['Account']).toBe(9);
  });

  test('that was interrupted goes on at the next start', async () => {
    const tenant = tenantOf(9);
    const store = createMemoryStore();
    const first = await syncWorld({ acme: tenant }, { store });
    await first.run();
    const status = await store.getRecord('connector', 'acme');
    await store.putRecord('connector', 'acme', { ...status, state: 'DELETING' });
    await using world = await syncWorld({ acme: tenant }, { store });
    await expect(world.sync.start('acme')).rejects.toMatchObject({ code: 'CONNECTOR_DELETING' });
    await world.sync.resumeInterrupted();
    await expect.poll(() => world.sync.state('acme').state).toBe('NOT_CONNECTED');
    expect(await world.counts()).toEqual({});
  });

  test('leaves nothing of it when the configuration no longer names it afterwards', async () => {
    const { store, tenant, first } = await formerly();
    await first.sync.deleteConnector('old');
    await first.sync.close();
    const { sync } = await serviceWith([{ id: 'new', provider: 'fake', settings: {} }], tenant, store);
    await sync.open();
    expect(sync.states().map(({ connector }) => connector)).toEqual(['new']);
    await sync.close();
  });

  test('works for one that the configuration no longer names', async () => {
    const { store, tenant, first } = await formerly();
    await first.sync.close();
    const { sync, graph } = await serviceWith([{ id: 'new', provider: 'fake', settings: {} }], tenant, store);
    await sync.open();
    expect(sync.states().map(({ connector }) => connector)).toEqual(['new', 'old']);
    await expect(sync.start('old')).rejects.toMatchObject({ code: 'CONNECTOR_NOT_CONFIGURED' });
    await sync.start('new');
    expect(await sync.finished('new')).toMatchObject({ reasonCode: 'TENANT_ALREADY_CONNECTED' });
    await sync.deleteConnector('old');
    expect(graph.index.nodeCount).toBe(0);
    expect(sync.states().map(({ connector }) => connector)).toEqual(['new']);
    await sync.start('new');
    expect(await sync.finished('new')).toMatchObject({ state: 'SUCCEEDED' });
    await sync.close();
  });
});
