import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { syncWorld } from '../../../support/sync-world.ts';

const tenantOf = (accounts: number): FakeTenant => new FakeTenant().fill(accounts);
const removeMany = (tenant: FakeTenant, count: number): void => {
  for (let i = 1; i <= count; i++) tenant.removeAccount(`u${i}`);
};

/** A removal of 20 of 50 accounts waits, and the process has been restarted since. */
async function restartedWithPreview() {
  const tenant = tenantOf(50);
  tenant.pageSize = 50;
  const store = createMemoryStore();
  const first = await syncWorld({ acme: tenant }, { store });
  await first.run();
  removeMany(tenant, 20);
  await first.run();
  const world = await syncWorld({ acme: tenant }, { store });
  return { tenant, world };
}

describe('the guard against removals', () => {
  test('holds an empty answer after a history back, however small, and lets the other listings go on', async () => {
    const tenant = tenantOf(4);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const { links } = await world.dump();
    tenant.alterPage = (listing, page) =>
      listing === 'users' ? { nodes: [], links: [], cursor: null, rows: 0 } : page;
    tenant.applications.set('app2', 'Application 2');
    const run = await world.run();
    expect(run).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
    const status = world.sync.state('acme');
    expect(status).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
    expect(status.staleSince).not.toBeNull();
    expect(status.preview?.listings).toEqual([
      {
        listing: 'users',
        title: 'users',
        cause: 'EMPTY_ANSWER',
        kinds: [{ kind: 'Account', removed: 4, before: 4 }],
        names: ['Person 1', 'Person 2', 'Person 3', 'Person 4'],
      },
    ]);
    expect((await world.counts())['Account']).toBe(4);
    expect((await world.counts())['Application']).toBe(3);
    expect((await world.dump()).links).toEqual(links);
  });

  test('an empty answer that was a passing fault heals by the next run', async () => {
    const tenant = tenantOf(4);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.alterPage = (listing, page) =>
      listing === 'users' ? { nodes: [], links: [], cursor: null, rows: 0 } : page;
    await world.run();
    tenant.alterPage = (_, page) => page;
    await world.run();
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED', preview: null, staleSince: null });
    await expect(world.sync.confirmRemoval('acme')).rejects.toMatchObject({ code: 'NO_PREVIEW' });
  });

  test('an empty answer at the beginning is just an empty tenant', async () => {
    await using world = await syncWorld({ acme: new FakeTenant() });
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED' });
    expect(world.sync.state('acme').state).toBe('CONNECTED');
  });

  test.each([
    [100, 20, 'CONNECTED'],
    [100, 21, 'DEGRADED'],
    [40, 9, 'CONNECTED'],
    [40, 10, 'DEGRADED'],
    [12, 9, 'CONNECTED'],
  ])('of %i accounts %i may go: %s', async (accounts, gone, state) => {
    const tenant = tenantOf(accounts);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    removeMany(tenant, gone);
    // Only the accounts are judged here.
    tenant.assignments.clear();
    tenant.members.clear();
    tenant.listings = ['assignments', 'group-members'].map((name) => ({
      name,
      title: name,
      nodes: [],
      links: [],
      requires: [],
      list: async function* () {
        yield { nodes: [], links: [], cursor: null, rows: 0, incomplete: 'not looked at' };
      },
    }));
    await world.run();
    expect(world.sync.state('acme').state).toBe(state);
    expect((await world.counts())['Account']).toBe(state === 'CONNECTED' ? accounts - gone : accounts);
  });

  test('judges links as well', async () => {
    const tenant = tenantOf(60);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.members.get('g1')!.clear();
    await world.run();
    expect(world.sync.state('acme').preview?.listings).toMatchObject([
      { listing: 'group-members', cause: 'MASS_REMOVAL', kinds: [{ kind: 'MEMBER_OF', removed: 30, before: 50 }] },
    ]);
    expect((await world.dump()).links.filter((link) => link.includes('acme/Group/g1'))).toHaveLength(30);
  });

  test('its thresholds are the connector’s', async () => {
    const tenant = tenantOf(10);
    await using world = await syncWorld(
      { acme: tenant },
      { connectors: { removalGuard: { minimum: 2, share: undefined } } },
    );
    await world.run();
    removeMany(tenant, 3);
    await world.run();
    expect(world.sync.state('acme').state).toBe('DEGRADED');
  });
});

describe('deciding about a removal', () => {
  test('a confirmation removes exactly what the preview showed', async () => {
    const tenant = tenantOf(50);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    removeMany(tenant, 20);
    await world.run();
    expect((await world.counts())['Account']).toBe(50);
    // Gone since, but not in the preview.
    removeMany(tenant, 21);
    const calls = tenant.calls.length;
    const status = await world.sync.confirmRemoval('acme', { actor: 'ann' });
    expect(status).toMatchObject({ state: 'CONNECTED', preview: null, reasonCode: null });
    expect((await world.counts())['Account']).toBe(30);
    expect(tenant.calls).toHaveLength(calls);
    expect(world.changes.at(-1)).toMatchObject({ cause: 'DECISION', actor: 'ann', connector: 'acme' });
    expect((await world.graph.verify()).problems).toEqual([]);
    await world.run();
    expect((await world.counts())['Account']).toBe(29);
  });

  test('after a restart the listing is read again with leave to remove as much', async () => {
    const { world } = await restartedWithPreview();
    expect(world.sync.state('acme').preview).not.toBeNull();
    expect(await world.sync.confirmRemoval('acme')).toMatchObject({ state: 'SYNCING' });
    const run = await world.sync.finished('acme');
    expect(run).toMatchObject({ state: 'SUCCEEDED', reason: 'CONFIRMED_REMOVAL' });
    expect((await world.counts())['Account']).toBe(30);
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED', preview: null });
  });

  test('leave to remove some is no leave to remove more', async () => {
    const { tenant, world } = await restartedWithPreview();
    removeMany(tenant, 40);
    await world.sync.confirmRemoval('acme');
    await world.sync.finished('acme');
    expect(world.sync.state('acme')).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
    expect((await world.counts())['Account']).toBe(50);
  });

  describe.each(['fails', 'is cancelled'])('counts for its run only: when that %s', (end) => {
    async function confirmedInVain() {
      const { tenant, world } = await restartedWithPreview();
      tenant.beforeConnect = () => {
        if (end === 'fails') throw new AppError('UPSTREAM_UNAVAILABLE', 'down', { retryable: true });
        return new Promise(() => {});
      };
      await world.sync.confirmRemoval('acme');
      const run = end === 'fails' ? await world.sync.finished('acme') : await world.sync.cancel('acme');
      expect(run).toMatchObject({ reason: 'CONFIRMED_REMOVAL', state: end === 'fails' ? 'FAILED' : 'CANCELLED' });
      tenant.beforeConnect = () => {};
      return world;
    }

    test('and the removal is rejected, the data is kept', async () => {
      await using world = await confirmedInVain();
      await world.sync.rejectRemoval('acme');
      await world.run();
      expect((await world.counts())['Account']).toBe(50);
      expect(world.sync.state('acme').preview).not.toBeNull();
    });

    test('the next run asks again, and may be confirmed', async () => {
      await using world = await confirmedInVain();
      await world.run();
      expect((await world.counts())['Account']).toBe(50);
      expect(world.sync.state('acme')).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
      await world.sync.confirmRemoval('acme');
      expect((await world.counts())['Account']).toBe(30);
    });

    test('the confirmation may be given again', async () => {
      await using world = await confirmedInVain();
      await world.sync.confirmRemoval('acme');
      await world.sync.finished('acme');
      expect((await world.counts())['Account']).toBe(30);
    });
  });

  test('a rejection keeps the data, and the next run asks again', async () => {
    const tenant = tenantOf(50);
    tenant.pageSize = 50;
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    removeMany(tenant, 20);
    await world.run();
    expect(await world.sync.rejectRemoval('acme')).toMatchObject({ preview: null, reasonCode: 'REMOVAL_REJECTED' });
    await expect(world.sync.confirmRemoval('acme')).rejects.toMatchObject({ code: 'NO_PREVIEW' });
    await world.run();
    expect(world.sync.state('acme').preview).not.toBeNull();
    expect((await world.counts())['Account']).toBe(50);
  });

  test('is refused while a run is in progress', async () => {
    const tenant = tenantOf(50);
    await using world = await syncWorld({ acme: tenant });
    tenant.beforePage = () => new Promise(() => {});
    await world.sync.start('acme');
    await expect(world.sync.confirmRemoval('acme')).rejects.toMatchObject({ code: 'SYNC_RUNNING' });
  });
});
