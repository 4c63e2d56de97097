import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { mortalStore } from '../../../support/mortal-store.ts';
import { type SyncWorld, syncWorld } from '../../../support/sync-world.ts';

const tenantOf = (accounts: number): FakeTenant => {
  const tenant = new FakeTenant().fill(accounts);
  tenant.members.get('g1')!.add('nobody');
  return tenant;
};

/** Changes of every sort, few enough for the guard. */
function disturb(tenant: FakeTenant): void {
  tenant.accounts.set('u1', { name: 'Renamed' });
  tenant.removeAccount('u2');
  tenant.accounts.set('nobody', { name: 'Arrived' });
  tenant.groups.set('g3', 'Group 3');
  tenant.members.set('g3', new Set(['u3', 'u4']));
  tenant.assignments.set('u3>app1', { properties: { basis: 'GROUP' } });
  tenant.members.get('g2')!.delete('u3');
}

/** Runs until the store dies; nothing of that process is waited for or closed. */
async function lifeUntilDeath(
  tenant: FakeTenant,
  inside: ReturnType<typeof createMemoryStore>,
  death: { atWrite: number; after: boolean },
): Promise<'died' | 'survived'> {
  const mortal = mortalStore(inside, death);
  const living = (async (): Promise<'survived'> => {
    const world = await syncWorld({ acme: tenant }, { store: mortal.store });
    await world.sync.resumeInterrupted();
    if ((await world.sync.finished('acme')) === null) await world.run();
    return 'survived';
  })();
  return Promise.race([living, mortal.died.then(() => 'died' as const)]);
}

/** A new process: takes up what is there, or begins if nothing was. */
async function nextLife(tenant: FakeTenant, inside: ReturnType<typeof createMemoryStore>): Promise<SyncWorld> {
  const world = await syncWorld({ acme: tenant }, { store: inside });
  await world.sync.resumeInterrupted();
  await world.sync.finished('acme');
  return world;
}

async function undisturbed(prepare?: (tenant: FakeTenant) => void) {
  const tenant = tenantOf(12);
  const world = await syncWorld({ acme: tenant });
  await world.run();
  if (prepare !== undefined) {
    prepare(tenant);
    await world.run();
  }
  return world.dump();
}

describe('a process that dies in the middle of a run', () => {
  test('at any write of the first sync: resumed, the result equals an undisturbed one', async () => {
    const expected = await undisturbed();
    let deaths = 0;
    for (let atWrite = 1; ; atWrite++) {
      for (const after of [false, true]) {
        const tenant = tenantOf(12);
        const inside = createMemoryStore();
        const end = await lifeUntilDeath(tenant, inside, { atWrite, after });
        if (end === 'survived') {
          expect(deaths).toBeGreaterThan(20);
          return;
        }
        deaths++;
        const world = await nextLife(tenant, inside);
        if (world.sync.state('acme').state === 'NOT_CONNECTED') await world.run();
        expect(world.sync.state('acme').state, `death at write ${atWrite}`).toBe('CONNECTED');
        expect(await world.dump(), `death at write ${atWrite}, ${after}`).toEqual(expected);
        expect((await world.graph.verify()).problems).toEqual([]);
      }
    }
  });

  test('any number of times in a later sync: after the next whole run the result equals an undisturbed one', async () => {
    const expected = await undisturbed(disturb);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ atWrite: fc.integer({ min: 1, max: 30 }), after: fc.boolean() }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (deaths) => {
          const tenant = tenantOf(12);
          const inside = createMemoryStore();
          await (await syncWorld({ acme: tenant }, { store: inside })).run();
          disturb(tenant);
          for (const death of deaths) await lifeUntilDeath(tenant, inside, death);
          const world = await nextLife(tenant, inside);
          await world.run();
          expect(await world.dump()).toEqual(expected);
          expect((await world.graph.verify()).problems).toEqual([]);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  test('a resumed listing removes nothing, the next whole run does', async () => {
    const tenant = tenantOf(12);
    const inside = createMemoryStore();
    await (await syncWorld({ acme: tenant }, { store: inside })).run();
    tenant.removeAccount('u2');
    tenant.beforePage = (listing, page) => {
      if (listing === 'users' && page === 3) return new Promise(() => {});
    };
    const first = await syncWorld({ acme: tenant }, { store: inside });
    await first.sync.start('acme');
    await expect
      .poll(() => inside.checkpoint({ connector: 'acme', listing: 'users' }))
      .toMatchObject({ cursor: { at: 6 }, outcome: null });
    await first.sync.close();
    tenant.beforePage = () => {};
    const world = await nextLife(tenant, inside);
    const [run] = await world.sync.runs('acme');
    expect(run).toMatchObject({ state: 'SUCCEEDED', resumes: 1 });
    expect(run?.listings.find((listing) => listing.listing === 'users')).toMatchObject({
      outcome: 'INCOMPLETE',
      reasonCode: 'RESUMED',
    });
    expect((await world.counts())['Account']).toBe(12);
    await world.run();
    expect((await world.counts())['Account']).toBe(11);
  });

  test('listings that were finished are not read again, and their ids keep their order', async () => {
    const tenant = tenantOf(12);
    tenant.groups.clear();
    // Listed in another order than that of their ids.
    for (const id of ['g2', 'g1']) tenant.groups.set(id, id);
    const inside = createMemoryStore();
    await (await syncWorld({ acme: tenant }, { store: inside })).run();
    tenant.groups.clear();
    for (const id of ['g1', 'g3', 'g2']) tenant.groups.set(id, id);
    tenant.members.set('g3', new Set(['u7']));
    tenant.beforePage = (listing, page) => {
      if (listing === 'group-members' && page === 2) return new Promise(() => {});
    };
    const first = await syncWorld({ acme: tenant }, { store: inside });
    await first.sync.start('acme');
    await expect
      .poll(() => first.events.filter((event) => event.type === 'listing-ended').map((event) => event.listing.listing))
      .toContain('assignments');
    await expect
      .poll(() => inside.checkpoint({ connector: 'acme', listing: 'group-members' }))
      .toMatchObject({ cursor: { at: 2 }, outcome: null });
    await first.sync.close();
    tenant.beforePage = () => {};
    tenant.calls.length = 0;
    const world = await nextLife(tenant, inside);
    expect(tenant.calls).toEqual(['group-members:2']);
    expect((await world.dump()).links.join()).toContain('"acme/Account/u7","MEMBER_OF","acme/Group/g3"');
    expect((await world.dump()).links.join()).toContain('"acme/Account/u3","MEMBER_OF","acme/Group/g2"');
  });

  test('closing stops within one page and keeps the run for the next process', async () => {
    const tenant = tenantOf(12);
    const inside = createMemoryStore();
    const first = await syncWorld({ acme: tenant }, { store: inside });
    tenant.beforePage = (listing, page) => {
      if (listing === 'users' && page === 2) void first.sync.close();
    };
    await first.sync.start('acme');
    await first.sync.finished('acme');
    const asked = tenant.calls.filter((call) => call.startsWith('users:')).length;
    expect(asked).toBeLessThanOrEqual(4);
    await expect(first.sync.start('acme')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(first.sync.state('acme')).toMatchObject({ state: 'SYNCING' });
    tenant.beforePage = () => {};
    const world = await nextLife(tenant, inside);
    expect(world.sync.state('acme')).toMatchObject({ state: 'CONNECTED' });
    expect((await world.counts())['Account']).toBe(12);
  });

  test('a start instead of a resume gives the old run up', async () => {
    const tenant = tenantOf(6);
    const inside = createMemoryStore();
    await lifeUntilDeath(tenant, inside, { atWrite: 8, after: true });
    const world = await syncWorld({ acme: tenant }, { store: inside });
    const run = await world.run();
    expect(run).toMatchObject({ state: 'SUCCEEDED', resumes: 0 });
    expect((await world.sync.runs('acme')).map(({ state, reasonCode }) => [state, reasonCode])).toEqual([
      ['SUCCEEDED', null],
      ['CANCELLED', 'ABANDONED'],
    ]);
  });

  test('while its run begins leaves none behind that never ends', async () => {
    for (let atWrite = 1; atWrite <= 10; atWrite++) {
      const tenant = tenantOf(6);
      const inside = createMemoryStore();
      await lifeUntilDeath(tenant, inside, { atWrite, after: true });
      const world = await nextLife(tenant, inside);
      await world.run();
      const runs = await world.sync.runs('acme');
      expect(runs.filter(({ state }) => state === 'RUNNING')).toEqual([]);
    }
  });
});
