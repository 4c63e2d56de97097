import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import type { NodeDraft } from '../../../../src/ports/provider.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { syncWorld } from '../../../support/sync-world.ts';

const tenantOf = (accounts: number): FakeTenant => new FakeTenant().fill(accounts);

describe('a run', () => {
  test('brings every node and link of the provider, the tenant and its console', async () => {
    const tenant = tenantOf(5);
    await using world = await syncWorld({ acme: tenant });
    const run = await world.run();

    expect(run).toMatchObject({ state: 'SUCCEEDED', first: true, reasonCode: null });
    expect(await world.counts()).toEqual({ Account: 5, Group: 2, Application: 2, Organization: 1 });
    const { links } = await world.dump();
    expect(links).toContain('["acme/Account/u2","MEMBER_OF","acme/Group/g1","","group-members",0,null]');
    expect(links).toContain('["acme/Account/u2","MEMBER_OF","acme/Organization/acme","","users",0,null]');
    expect(links).toContain(
      '["acme/Account/u2","ASSIGNED_TO","acme/Application/app1","","assignments",0,{"basis":"DIRECT"}]',
    );
    expect(links).toHaveLength(5 + 2 + 1 + 5);
    expect(run.metrics.added).toEqual({
      Account: 5,
      Group: 2,
      Application: 2,
      Organization: 1,
      MEMBER_OF: 8,
      ASSIGNED_TO: 5,
    });
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED', reasonCode: null, staleSince: null });
    expect((await world.graph.verify()).problems).toEqual([]);
    expect(tenant.sessionsOpen).toBe(0);
  });

  test('writes what is large in several change sets', async () => {
    const tenant = tenantOf(24);
    const description = 'x'.repeat(1_000_000);
    tenant.alterPage = (listing, page) =>
      listing === 'users'
        ? {
            ...page,
            nodes: page.nodes.map(
              (node) => ({ ...node, properties: { ...node.properties, description } }) as NodeDraft,
            ),
          }
        : page;
    await using world = await syncWorld({ acme: tenant });
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED' });
    const sizes = world.changes.map(({ nodes }) => nodes.filter(({ kind }) => kind === 'Account').length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(24);
    expect(Math.max(...sizes)).toBe(8);
  });

  test('that finds nothing changed writes no change row', async () => {
    const tenant = tenantOf(7);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const before = world.graph.seq;
    const run = await world.run();
    expect(world.graph.seq).toBe(before);
    expect(run).toMatchObject({ state: 'SUCCEEDED', first: false });
    expect(run.metrics).toMatchObject({ added: {}, changed: {}, removed: {}, commits: 0 });
    expect(run.metrics.rows).toBeGreaterThan(0);
  });

  test('writes a rename, a suspension and a changed assignment, and nothing else', async () => {
    const tenant = tenantOf(6);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const before = world.changes.length;
    tenant.accounts.set('u3', { name: 'Renamed' });
    tenant.accounts.set('u4', { name: 'Person 4', active: false });
    tenant.assignments.set('u5>app1', { properties: { basis: 'GROUP' } });
    await world.run();
    const rows = world.changes.slice(before);
    expect(rows.flatMap((row) => row.nodes.map((node) => [node.key, node.after?.name, node.after?.flags]))).toEqual([
      ['acme/Account/u3', 'Renamed', 0],
      ['acme/Account/u4', 'Person 4', 1],
    ]);
    expect(rows.flatMap((row) => row.links.map((link) => [link.kind, link.after?.properties]))).toEqual([
      ['ASSIGNED_TO', { basis: 'GROUP' }],
    ]);
  });

  test('removes what a complete listing did not contain, with the links that touch it', async () => {
    const tenant = tenantOf(12);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.removeAccount('u6');
    tenant.members.get('g1')!.delete('u2');
    const run = await world.run();
    expect(run.metrics.removed).toEqual({ Account: 1, MEMBER_OF: 4, ASSIGNED_TO: 1 });
    const { nodes, links } = await world.dump();
    expect(nodes.join()).not.toContain('/u6"');
    expect(links.join()).not.toContain('acme/Account/u6"');
    expect(links.join()).not.toContain('"acme/Account/u2","MEMBER_OF","acme/Group/g1"');
    expect((await world.graph.verify()).problems).toEqual([]);
  });

  test('brings a node back under the id it had', async () => {
    const tenant = tenantOf(12);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const whole = await world.dump();
    const [id] = await world.store.idsByKey(['acme/Account/u6']);
    tenant.removeAccount('u6');
    await world.run();
    expect(await world.store.idsByKey(['acme/Account/u6'])).toEqual([null]);
    tenant.accounts.set('u6', { name: 'Person 6' });
    tenant.members.get('g1')!.add('u6');
    tenant.members.get('g2')!.add('u6');
    tenant.assignments.set('u6>app1', { properties: { basis: 'DIRECT' } });
    await world.run();
    expect(await world.store.idsByKey(['acme/Account/u6'])).toEqual([id]);
    expect(await world.dump()).toEqual(whole);
  });

  test('with a newer normaliser rewrites what it must', async () => {
    const tenant = tenantOf(3);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const { store } = world;
    await world.sync.close();
    tenant.normaliserVersion = 2;
    await using later = await syncWorld({ acme: tenant }, { store });
    const run = await later.run();
    expect(run.metrics.changed).toMatchObject({ Account: 3, ASSIGNED_TO: 3 });
  });

  test('keeps links of one kind between the same ends apart by their qualifier', async () => {
    const tenant = tenantOf(2);
    tenant.assignments.set('u1>app1', { qualifier: 'a', properties: { n: 1 } });
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    tenant.assignments.set('u1>app1', { qualifier: 'b', properties: { n: 1 } });
    await world.run();
    const { links } = await world.dump();
    expect(links.filter((link) => link.includes('"acme/Account/u1","ASSIGNED_TO"'))).toEqual([
      '["acme/Account/u1","ASSIGNED_TO","acme/Application/app1","b","assignments",0,{"n":1}]',
    ]);
    const before = world.graph.seq;
    await world.run();
    expect(world.graph.seq).toBe(before);
  });

  test('tells its progress and its end', async () => {
    const tenant = tenantOf(4);
    await using world = await syncWorld({ acme: tenant });
    await world.run();
    const types = world.events.map((event) => event.type);
    expect(types).toContain('run-started');
    expect(types.filter((type) => type === 'listing-ended')).toHaveLength(6);
    expect(types.at(-1)).toBe('run-ended');
    const last = world.events.findLast((event) => event.type === 'progress');
    expect(last).toMatchObject({ progress: { connector: 'acme', total: 16, done: 16 } });
    expect(world.sync.progress('acme')).toBeNull();
  });
});

describe('one run at a time', () => {
  test('a second start answers with the run in progress', async () => {
    const tenant = tenantOf(3);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    tenant.beforePage = (listing) => (listing === 'users' ? gate : undefined);
    await using world = await syncWorld({ acme: tenant });
    const one = await world.sync.start('acme');
    const two = await world.sync.start('acme');
    expect(two.id).toBe(one.id);
    expect(world.sync.state('acme')).toMatchObject({ state: 'SYNCING', activeRunId: one.id });
    release();
    expect(await world.sync.finished('acme')).toMatchObject({ id: one.id, state: 'SUCCEEDED' });
    expect((await world.sync.runs('acme')).map((run) => run.id)).toEqual([one.id]);
  });

  test('several connectors run at the same time and keep to themselves', async () => {
    const tenants = { a: tenantOf(9), b: tenantOf(5), c: tenantOf(3) };
    await using world = await syncWorld(tenants);
    await Promise.all(['a', 'b', 'c'].map((id) => world.run(id)));
    expect(await world.counts()).toEqual({ Account: 17, Group: 6, Application: 6, Organization: 3 });
    expect((await world.graph.verify()).problems).toEqual([]);
  });

  test('a cancelled run keeps what it has committed and goes back to the state before', async () => {
    const tenant = tenantOf(9);
    await using world = await syncWorld({ acme: tenant });
    tenant.beforePage = (listing, page) => {
      if (listing === 'users' && page === 2) return new Promise(() => {});
    };
    await world.sync.start('acme');
    await expect.poll(async () => (await world.counts())['Account']).toBe(4);
    const run = await world.sync.cancel('acme');
    expect(run).toMatchObject({ state: 'CANCELLED', reasonCode: 'CANCELLED' });
    expect(world.sync.state('acme')).toMatchObject({ state: 'NOT_CONNECTED', activeRunId: null });
    expect((await world.counts())['Account']).toBe(4);
    tenant.beforePage = () => {};
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED' });
    expect((await world.counts())['Account']).toBe(9);
  });

  test('cancelling without a run answers null', async () => {
    await using world = await syncWorld({ acme: tenantOf(1) });
    expect(await world.sync.cancel('acme')).toBeNull();
    await expect(world.sync.cancel('nobody')).rejects.toThrow(AppError);
  });
});
