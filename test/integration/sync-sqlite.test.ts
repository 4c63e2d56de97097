import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { FakeTenant } from '../support/fake-provider.ts';
import { mortalStore } from '../support/mortal-store.ts';
import { syncWorld } from '../support/sync-world.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crosswalk-sync-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
const newPath = (): string => join(folder, `${++files}.sqlite`);

function company(): FakeTenant {
  const tenant = new FakeTenant().fill(40);
  tenant.pageSize = 7;
  tenant.members.get('g1')!.add('nobody');
  tenant.assignments.set('u1>app1', { qualifier: 'eu', properties: { basis: 'DIRECT' } });
  return tenant;
}

function disturb(tenant: FakeTenant): void {
  tenant.accounts.set('u1', { name: 'Renamed' });
  tenant.accounts.set('u4', { name: 'Person 4', active: false });
  tenant.removeAccount('u2');
  tenant.accounts.set('nobody', { name: 'Arrived' });
  tenant.groups.set('g3', 'Group 3');
  tenant.members.set('g3', new Set(['u3', 'u4']));
  tenant.assignments.set('u3>app1', { properties: { basis: 'GROUP' } });
}

/** What a store in memory makes of the same two runs. */
async function expected() {
  const tenant = company();
  const world = await syncWorld({ acme: tenant });
  await world.run();
  disturb(tenant);
  await world.run();
  return world.dump();
}

describe('syncing into SQLite', () => {
  test('gives the same graph as into memory, and the third run writes nothing', async () => {
    const tenant = company();
    await using world = await syncWorld({ acme: tenant }, { store: createSqliteStore({ path: newPath() }) });
    await world.run();
    disturb(tenant);
    await world.run();
    expect(await world.dump()).toEqual(await expected());
    expect((await world.graph.verify()).problems).toEqual([]);
    const { seq } = world.graph;
    expect(await world.run()).toMatchObject({ state: 'SUCCEEDED', metrics: { commits: 0 } });
    expect(world.graph.seq).toBe(seq);
    expect((await world.sync.history('acme')).length).toBeGreaterThan(4);
    await world.sync.deleteConnector('acme');
    expect(await world.counts()).toEqual({});
    expect((await world.graph.verify()).problems).toEqual([]);
  });

  test.each([3, 6, 9, 12, 15, 18])('a process that dies at write %i loses nothing', async (atWrite) => {
    const tenant = company();
    const path = newPath();
    const open = (): GraphStore => createSqliteStore({ path });
    const inside = open();
    const mortal = mortalStore(inside, { atWrite, after: atWrite % 2 === 0 });
    const first = syncWorld({ acme: tenant }, { store: mortal.store }).then((world) => world.run());
    expect(await Promise.race([first, mortal.died.then(() => 'died')])).toBe('died');
    await inside.close();
    await using world = await syncWorld({ acme: tenant }, { store: open() });
    await world.sync.resumeInterrupted();
    await world.sync.finished('acme');
    disturb(tenant);
    await world.run();
    expect(await world.dump()).toEqual(await expected());
    expect((await world.graph.verify()).problems).toEqual([]);
  });
});
