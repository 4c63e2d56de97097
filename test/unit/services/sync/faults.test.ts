import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { aGroup, anAccount, FakeTenant, isMember } from '../../../support/fake-provider.ts';
import { type SyncWorld, syncWorld } from '../../../support/sync-world.ts';

const tenantOf = (accounts: number): FakeTenant => new FakeTenant().fill(accounts);
const upstream = (code: string, details?: { missing: string[] }): AppError =>
  new AppError(`UPSTREAM_${code}`, `The provider says ${code}.`, {
    retryable: code === 'UNAVAILABLE' || code === 'INVALID' || code === 'RATE_LIMITED',
    ...(details === undefined ? {} : { details }),
  });

/** Breaks one listing at a page for good. */
function breakAt(tenant: FakeTenant, listing: string, page: number, error: AppError): void {
  tenant.beforePage = (name, number) => {
    if (name === listing && number >= page) throw error;
  };
}

/** A first whole run; then nothing may be deleted by what follows. */
async function settled(tenant: FakeTenant): Promise<SyncWorld & { keeps(): Promise<void> }> {
  const world = await syncWorld({ acme: tenant });
  await world.run();
  const before = await world.dump();
  return Object.assign(world, {
    async keeps() {
      expect(await world.dump()).toEqual(before);
    },
  });
}

describe('what a provider refuses', () => {
  test('credentials that are refused at connecting ask for a reconnect and keep the data', async () => {
    const tenant = tenantOf(4);
    await using world = await settled(tenant);
    const completeAt = world.sync.state('acme').lastCompleteAt;
    tenant.beforeConnect = () => {
      throw upstream('UNAUTHORIZED');
    };
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'UPSTREAM_UNAUTHORIZED' });
    expect(world.sync.state('acme')).toMatchObject({
      state: 'RECONNECT_REQUIRED',
      reasonCode: 'UPSTREAM_UNAUTHORIZED',
      staleSince: completeAt,
    });
    await world.keeps();
    tenant.beforeConnect = () => {};
    await world.run();
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED', staleSince: null });
    const history = await world.sync.history('acme');
    expect(history.map((entry) => entry.state)).toEqual([
      'CONNECTED',
      'SYNCING',
      'RECONNECT_REQUIRED',
      'SYNCING',
      'CONNECTED',
      'SYNCING',
    ]);
  });

  test('credentials that are refused in the middle end the whole run', async () => {
    const tenant = tenantOf(6);
    await using world = await settled(tenant);
    breakAt(tenant, 'users', 1, upstream('UNAUTHORIZED'));
    const run = await world.run();
    expect(run).toMatchObject({ state: 'FAILED', reasonCode: 'UPSTREAM_UNAUTHORIZED' });
    expect(run.listings.find((listing) => listing.listing === 'assignments')).toMatchObject({ outcome: 'SKIPPED' });
    expect(world.sync.state('acme').state).toBe('RECONNECT_REQUIRED');
    await world.keeps();
  });

  test('a scope that an optional listing misses degrades, names the scope and keeps its rows', async () => {
    const tenant = tenantOf(6);
    await using world = await settled(tenant);
    breakAt(tenant, 'group-members', 0, upstream('FORBIDDEN', { missing: ['okta.groups.read'] }));
    const run = await world.run();
    expect(run).toMatchObject({ state: 'DEGRADED', reasonCode: 'SCOPE_MISSING' });
    expect(world.sync.state('acme')).toMatchObject({
      state: 'DEGRADED',
      missingScopes: ['okta.groups.read'],
      staleSince: null,
    });
    expect(world.sync.state('acme').listings.find((entry) => entry.listing === 'group-members')).toMatchObject({
      lastOutcome: 'SKIPPED',
      reasonCode: 'SCOPE_MISSING',
    });
    await world.keeps();
  });

  test('a scope that a mandatory listing misses fails the run', async () => {
    const tenant = tenantOf(6);
    await using world = await settled(tenant);
    breakAt(tenant, 'users', 0, upstream('FORBIDDEN'));
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'SCOPE_MISSING' });
    expect(world.sync.state('acme')).toMatchObject({ state: 'ERROR', missingScopes: ['users.read'] });
    await world.keeps();
  });

  test('a feature that the tenant does not have is no trouble', async () => {
    const tenant = tenantOf(6);
    breakAt(tenant, 'group-members', 0, upstream('NOT_AVAILABLE'));
    await using world = await syncWorld({ acme: tenant });
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED' });
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED' });
    expect(world.sync.state('acme').lastCompleteAt).not.toBeNull();
  });

  test('a leaver is still removed while another listing may not be read', async () => {
    const tenant = tenantOf(12);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    breakAt(tenant, 'groups', 0, upstream('FORBIDDEN'));
    tenant.removeAccount('u5');
    await world.run();
    expect((await world.counts())['Account']).toBe(11);
    expect((await world.counts())['Group']).toBe(2);
  });
});

describe('what breaks', () => {
  test.each(['UNAVAILABLE', 'INVALID', 'RATE_LIMITED', 'REJECTED'])(
    'an optional listing that ends in %s keeps its rows; the others go on',
    async (code) => {
      const tenant = tenantOf(9);
      await using world = await settled(tenant);
      breakAt(tenant, 'applications', 0, upstream(code));
      tenant.accounts.set('u1', { name: 'Renamed' });
      const run = await world.run();
      expect(run).toMatchObject({ state: 'DEGRADED', reasonCode: `UPSTREAM_${code}` });
      expect(world.sync.state('acme')).toMatchObject({ state: 'DEGRADED' });
      expect(world.sync.state('acme').staleSince).not.toBeNull();
      expect((await world.counts())['Application']).toBe(2);
      expect((await world.dump()).nodes.join()).toContain('Renamed');
    },
  );

  test('a mandatory listing that breaks half-way deletes nothing, keeps what came, and is an error', async () => {
    const tenant = tenantOf(9);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.accounts.set('u1', { name: 'Renamed' });
    tenant.removeAccount('u2');
    breakAt(tenant, 'users', 2, upstream('UNAVAILABLE'));
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(world.sync.state('acme')).toMatchObject({ state: 'ERROR' });
    const { nodes } = await world.dump();
    expect(nodes.join()).toContain('Renamed');
    expect((await world.counts())['Account']).toBe(9);
  });

  test('children of a listing that failed remove nothing', async () => {
    const tenant = tenantOf(9);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    breakAt(tenant, 'groups', 1, upstream('UNAVAILABLE'));
    tenant.pageSize = 1;
    tenant.members.get('g1')!.delete('u2');
    tenant.members.get('g2')!.add('u1');
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'group-members')).toMatchObject({
      outcome: 'INCOMPLETE',
      reasonCode: 'PARENT_INCOMPLETE',
    });
    const { links } = await world.dump();
    expect(links.join()).toContain('"acme/Account/u2","MEMBER_OF","acme/Group/g1"');
    expect(links.join()).toContain('"acme/Account/u1","MEMBER_OF","acme/Group/g2"');
  });

  test('a page that says it is not complete removes nothing', async () => {
    const tenant = tenantOf(12);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.removeAccount('u3');
    tenant.alterPage = (listing, page) => (listing === 'users' ? { ...page, incomplete: 'a partial view' } : page);
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'users')).toMatchObject({
      outcome: 'INCOMPLETE',
      reasonCode: 'PARTIAL_VIEW',
      message: 'a partial view',
    });
    expect((await world.counts())['Account']).toBe(12);
    tenant.alterPage = (_, page) => page;
    await world.run();
    expect((await world.counts())['Account']).toBe(11);
  });

  test('a listing that ends before its last page removes nothing', async () => {
    const tenant = tenantOf(12);
    await using world = await settled(tenant);
    tenant.listings = [
      {
        name: 'users',
        title: 'users',
        nodes: ['Account'],
        links: [],
        requires: [],
        after: ['groups'],
        async *list() {
          yield { nodes: [anAccount('u1', 'Person 1')], links: [], cursor: { at: 1 }, rows: 1 };
        },
      },
    ];
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'users')).toMatchObject({ outcome: 'INCOMPLETE' });
    await world.keeps();
  });

  test('a page token that leads in circles is an invalid answer', async () => {
    const tenant = tenantOf(12);
    await using world = await settled(tenant);
    tenant.listings = [
      {
        name: 'users',
        title: 'users',
        nodes: ['Account'],
        links: [],
        requires: [],
        async *list() {
          for (;;) yield { nodes: [anAccount('u1', 'Person 1')], links: [], cursor: { next: 'again' }, rows: 1 };
        },
      },
    ];
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'users')).toMatchObject({
      outcome: 'FAILED',
      reasonCode: 'UPSTREAM_INVALID',
    });
    await world.keeps();
  });

  test('one connector that fails leaves the others alone', async () => {
    const bad = tenantOf(3);
    bad.beforeConnect = () => {
      throw upstream('UNAVAILABLE');
    };
    await using world = await syncWorld({ bad, good: tenantOf(5) });
    await Promise.all([world.run('bad'), world.run('good')]);
    expect(world.sync.state('bad')).toMatchObject({ state: 'ERROR', reasonCode: 'UPSTREAM_UNAVAILABLE' });
    expect(world.sync.state('good')).toMatchObject({ state: 'CONNECTED' });
    expect((await world.counts())['Account']).toBe(5);
  });

  test('an unknown failure inside is logged and told without its text', async () => {
    const tenant = tenantOf(3);
    tenant.beforePage = (listing) => {
      if (listing === 'users') throw new TypeError('secret-looking internals');
    };
    await using world = await syncWorld({ acme: tenant });
    const run = await world.run();
    expect(run).toMatchObject({ state: 'FAILED', reasonCode: 'INTERNAL' });
    expect(JSON.stringify(run)).not.toContain('secret-looking');
    expect(world.logger.lines.some((line) => line.level === 'error')).toBe(true);
  });
});

describe('rubbish', () => {
  const groups = (tenant: FakeTenant, rows: Parameters<FakeTenant['pages']>[1]): void => {
    tenant.listings = [
      tenant.pages({ name: 'groups', title: 'groups', nodes: ['Group'], links: ['MEMBER_OF'], requires: [] }, rows),
    ];
  };

  test('a row that comes twice in a page or in a run counts once, as it was said first', async () => {
    const tenant = tenantOf(2);
    groups(tenant, () => [
      { nodes: [aGroup('g1', 'First'), aGroup('g1', 'Second')] },
      { nodes: [aGroup('g2')] },
      { nodes: [aGroup('g1', 'Third')] },
    ]);
    await using world = await syncWorld({ acme: tenant });
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'groups')).toMatchObject({ ignored: 2 });
    expect((await world.dump()).nodes.filter((node) => node.includes('Group/g1'))).toHaveLength(1);
    expect((await world.dump()).nodes.join()).toContain('First');
    const before = world.graph.seq;
    await world.run();
    expect(world.graph.seq).toBe(before);
  });

  test('links to itself and impossible ids are left out and counted', async () => {
    const tenant = tenantOf(2);
    const itself = { kind: 'Group', nativeId: 'g1' } as const;
    groups(tenant, () => [
      { nodes: [aGroup('g1'), aGroup(''), aGroup('x'.repeat(2000))] },
      { links: [{ from: itself, kind: 'MEMBER_OF', to: itself }] },
      { nodes: [aGroup('g2')] },
    ]);
    await using world = await syncWorld({ acme: tenant });
    const run = await world.run();
    expect(run).toMatchObject({ state: 'SUCCEEDED' });
    expect(run.listings.find((listing) => listing.listing === 'groups')).toMatchObject({ ignored: 3 });
    expect((await world.counts())['Group']).toBe(2);
  });

  test('a node without a name is called by its id', async () => {
    const tenant = tenantOf(1);
    groups(tenant, () => [{ nodes: [aGroup('g1', '  '), aGroup('g2')] }]);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    expect((await world.dump()).nodes.find((node) => node.includes('Group/g1'))).toContain('"g1"');
  });

  test.each([
    ['a node kind', () => [{ nodes: [anAccount('u9')] }]],
    ['a link kind', () => [{ links: [{ ...isMember('u1', 'g1'), kind: 'OWNS' as const }] }]],
    [
      'a pair of ends',
      () => [
        {
          links: [
            {
              from: { kind: 'Role' as const, nativeId: 'r' },
              kind: 'MEMBER_OF' as const,
              to: { kind: 'Group' as const, nativeId: 'g1' },
            },
          ],
        },
      ],
    ],
    ['a flag', () => [{ nodes: [{ ...aGroup('g1'), flags: 64 }] }]],
  ])('%s that was not declared is refused', async (_, rows) => {
    const tenant = tenantOf(1);
    groups(tenant, rows);
    await using world = await syncWorld({ acme: tenant });
    const run = await world.run();
    expect(run.listings.find((listing) => listing.listing === 'groups')).toMatchObject({
      outcome: 'FAILED',
      reasonCode: 'PROVIDER_CONTRACT',
    });
    expect(run.state).toBe('DEGRADED');
  });

  test('parents in a circle and parents that do not exist are refused', async () => {
    const tenant = tenantOf(1);
    const lone = { title: 'x', nodes: [], links: [], requires: [], list: async function* () {} };
    await using world = await syncWorld({ acme: tenant });
    tenant.listings = [
      { ...lone, name: 'a', after: ['b'] },
      { ...lone, name: 'b', after: ['a'] },
    ];
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'PROVIDER_CONTRACT' });
    tenant.listings = [{ ...lone, name: 'a', after: ['nobody'] }];
    expect(await world.run()).toMatchObject({ state: 'FAILED', reasonCode: 'PROVIDER_CONTRACT' });
  });

  test('a node that two listings name belongs to the first of them, whoever is read first', async () => {
    const tenant = tenantOf(2);
    tenant.listings = [
      tenant.pages({ name: 'more-groups', title: 'more groups', nodes: ['Group'], links: [], requires: [] }, () => [
        { nodes: [aGroup('g1', 'Other words')] },
        { nodes: [aGroup('g3')] },
      ]),
    ];
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    await world.run();
    const { nodes } = await world.dump();
    expect(nodes.find((node) => node.includes('Group/g1'))).toContain('"groups","Group 1"');
    expect(nodes.find((node) => node.includes('Group/g3'))).toContain('"more-groups"');
    const before = world.graph.seq;
    await world.run();
    expect(world.graph.seq).toBe(before);
  });
});

describe('a listing that the provider’s code no longer has', () => {
  const badges = (tenant: FakeTenant): void => {
    tenant.listings = [
      tenant.pages({ name: 'badges', title: 'badges', nodes: ['Group'], links: ['MEMBER_OF'], requires: [] }, () => [
        { nodes: [aGroup('b1'), aGroup('b2')], links: [isMember('u1', 'b1'), isMember('u1', 'g1')] },
      ]),
    ];
  };

  test('leaves nothing behind after a complete run', async () => {
    const tenant = tenantOf(4);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const without = await world.dump();
    badges(tenant);
    await world.run();
    expect((await world.counts())['Group']).toBe(4);
    tenant.listings = [];
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED' });
    expect(await world.dump()).toEqual(without);
    expect((await world.graph.verify()).problems).toEqual([]);
  });

  test('keeps its rows while another listing is not complete, and when it is only left out this time', async () => {
    const tenant = tenantOf(4);
    badges(tenant);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.listings = [];
    breakAt(tenant, 'applications', 0, upstream('UNAVAILABLE'));
    await world.run();
    expect((await world.counts())['Group']).toBe(4);
    const { store } = world;
    await world.sync.close();
    tenant.beforePage = () => {};
    tenant.requires = { badges: ['badges.read'] };
    await using later = await syncWorld({ acme: tenant }, { store });
    expect(await later.run()).toMatchObject({ state: 'SUCCEEDED' });
    expect((await later.counts())['Group']).toBe(4);
  });
});

describe('links that wait for an end', () => {
  test('take effect in the change set that brings the end, also when it comes in a later run', async () => {
    const tenant = tenantOf(4);
    tenant.members.get('g1')!.add('late');
    await using world = await syncWorld({ acme: tenant });
    expect((await world.run()).metrics.pendingLinks).toBe(1);
    expect(await world.store.pendingCount('acme')).toBe(1);
    tenant.accounts.set('late', { name: 'Late' });
    const before = world.changes.length;
    expect((await world.run()).metrics.pendingLinks).toBe(0);
    const row = world.changes.slice(before).find((change) => change.nodes.some((node) => node.key.endsWith('/late')));
    expect(row?.links.map((link) => link.kind)).toEqual(['MEMBER_OF', 'MEMBER_OF']);
    expect(await world.store.pendingCount('acme')).toBe(0);
    const seq = world.graph.seq;
    await world.run();
    expect(world.graph.seq).toBe(seq);
  });

  test('across the pages of one listing', async () => {
    const tenant = tenantOf(1);
    tenant.pageSize = 1;
    tenant.listings = [
      tenant.pages({ name: 'groups', title: 'groups', nodes: ['Group'], links: ['MEMBER_OF'], requires: [] }, () => [
        {
          nodes: [aGroup('child')],
          links: [
            { from: { kind: 'Group', nativeId: 'child' }, kind: 'MEMBER_OF', to: { kind: 'Group', nativeId: 'top' } },
          ],
        },
        { nodes: [aGroup('top')] },
      ]),
    ];
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    expect((await world.dump()).links.join()).toContain('"acme/Group/child","MEMBER_OF","acme/Group/top"');
    expect(await world.store.pendingCount()).toBe(0);
  });

  test('are forgotten when a complete listing no longer says them', async () => {
    const tenant = tenantOf(4);
    tenant.members.get('g1')!.add('nobody');
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.members.get('g1')!.delete('nobody');
    await world.run();
    expect(await world.store.pendingCount()).toBe(0);
  });
});
