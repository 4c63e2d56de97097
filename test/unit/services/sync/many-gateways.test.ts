import { afterEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import type { SyncEvent } from '../../../../src/services/sync/types.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { graphDigest } from '../../../support/graph-digest.ts';
import { type Gateway, sharedGateways, syncWorld } from '../../../support/sync-world.ts';

const TAKE_OVER_MS = 15_000;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each[Symbol.asyncDispose]()));
});

/** Two gateways with one configuration on one database, watching each other. */
async function twoGateways(tenant: FakeTenant) {
  const shared = sharedGateways();
  open.push(shared);
  const gateway = (name: string): Promise<Gateway> => shared.open(name, { acme: tenant });
  return { clock: shared.clock, a: await gateway('a'), b: await gateway('b'), third: () => gateway('c') };
}

const kinds = (events: readonly SyncEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'run-started' || event.type === 'run-ended' ? [event.type] : []));

async function undisturbed(accounts: number) {
  const world = await syncWorld({ acme: new FakeTenant().fill(accounts) });
  open.push(world);
  await world.run();
  return world.dump();
}

describe('two gateways with one connector', () => {
  test('one reads it, both have it, and both show the run', async () => {
    const tenant = new FakeTenant().fill(8);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 2);
    const run = await a.sync.start('acme');
    await held.reached;
    await clock.advance(1_200);
    expect(b.sync.state('acme')).toMatchObject({ state: 'SYNCING', activeRunId: run.id });
    // A start on the other one answers with the run in progress, and reads nothing twice.
    const calls = tenant.calls.length;
    expect((await b.sync.start('acme')).id).toBe(run.id);
    expect(tenant.calls).toHaveLength(calls);
    held.letGo();
    await a.sync.finished('acme');
    await clock.advance(1_200);
    expect(b.sync.state('acme')).toMatchObject({ state: 'CONNECTED', lastRunId: run.id, activeRunId: null });
    expect(kinds(b.events)).toEqual(['run-started', 'run-ended']);
    expect(graphDigest(b.graph)).toEqual(graphDigest(a.graph));
    expect(await b.dump()).toEqual(await undisturbed(8));
  });

  test('after each change both say the same, whichever of them reads', async () => {
    const tenant = new FakeTenant().fill(10);
    const { clock, a, b } = await twoGateways(tenant);
    const changes = [
      () => tenant.accounts.set('u1', { name: 'Renamed' }),
      () => tenant.removeAccount('u2'),
      () => tenant.groups.set('g3', 'Group 3'),
      () => tenant.members.set('g3', new Set(['u3', 'u4'])),
      () => tenant.accounts.set('u2', { name: 'Back again' }),
    ];
    for (const [n, change] of changes.entries()) {
      change();
      const reader = n % 2 === 0 ? a : b;
      expect((await reader.run()).state).toBe('SUCCEEDED');
      await clock.advance(1_200);
      expect(graphDigest(b.graph)).toEqual(graphDigest(a.graph));
    }
    const seqs = Array.from({ length: a.graph.seq }, (_, n) => n + 1);
    for (const { changes: told } of [a, b]) expect(told.map(({ seq }) => seq)).toEqual(seqs);
    for (const { graph } of [a, b]) expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    expect(await a.dump()).toEqual(await b.dump());
  });

  test('schedules on both make one run, not two', async () => {
    const tenant = new FakeTenant().fill(4);
    const { clock, a, b } = await twoGateways(tenant);
    a.sync.schedule();
    b.sync.schedule();
    await clock.advance(3_000);
    expect(await a.sync.runs('acme')).toHaveLength(1);
    await clock.advance(15 * 60_000 + 5_000);
    expect(await a.sync.runs('acme')).toHaveLength(2);
    expect(await b.sync.runs('acme')).toHaveLength(2);
  });

  test('a run is cancelled from the other gateway', async () => {
    const tenant = new FakeTenant().fill(8);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 2);
    await a.sync.start('acme');
    await held.reached;
    const cancelled = b.sync.cancel('acme');
    await clock.advance(2_500);
    expect(await cancelled).toMatchObject({ state: 'CANCELLED' });
    held.letGo();
    await clock.advance(2_000);
    expect(b.sync.state('acme')).toMatchObject({ activeRunId: null });
    expect((await a.sync.runs('acme'))[0]).toMatchObject({ state: 'CANCELLED' });
  });
});

describe('a gateway that dies in the middle of a run', () => {
  test('is replaced in time, not before its lease is over, and nothing is lost or doubled', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    const run = await a.sync.start('acme');
    await held.reached;
    await clock.advance(1_200);
    // From now on nothing of it reaches the database: no renewal, no row.
    a.line.isDown = true;
    await clock.advance((TAKE_OVER_MS * 2) / 3 - 1_500);
    expect(b.sync.progress('acme')).toBeNull();
    await clock.advance(TAKE_OVER_MS / 3);
    const taken = (await b.sync.finished('acme')) ?? (await b.sync.runs('acme', 1))[0];
    expect(taken).toMatchObject({ id: run.id, resumes: 1, state: 'SUCCEEDED' });
    expect(tenant.calls.filter((call) => call === 'users:0')).toHaveLength(1);
    expect(await b.dump()).toEqual(await undisturbed(12));
    expect(b.changes.map(({ seq }) => seq)).toEqual(Array.from({ length: b.graph.seq }, (_, n) => n + 1));
    held.letGo();
  });

  test('cannot commit another row when it comes back, and shows the other one’s run', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    const run = await a.sync.start('acme');
    await held.reached;
    a.line.isDown = true;
    await clock.advance(TAKE_OVER_MS);
    await b.sync.finished('acme');
    const { seq } = await b.store.range();
    a.line.isDown = false;
    held.letGo();
    await clock.advance(8_000);
    expect(await b.store.range()).toMatchObject({ seq });
    expect(a.sync.state('acme')).toMatchObject({ state: 'CONNECTED', lastRunId: run.id });
    expect(graphDigest(a.graph)).toEqual(graphDigest(b.graph));
    expect((await a.sync.runs('acme'))[0]).toMatchObject({ id: run.id, state: 'SUCCEEDED', resumes: 1 });
  });

  test('whose lease somebody else has taken is refused at its next commit', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, third } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    await a.sync.start('acme');
    await held.reached;
    // As after a long pause of the whole process: it does not know yet.
    const lease = await a.store.acquireLease('sync:acme', 'a', 60_000);
    expect(lease).not.toBeNull();
    const rows = (await a.store.range()).seq;
    held.letGo();
    await a.sync.finished('acme');
    expect((await a.store.range()).seq).toBe(rows);
    expect(a.logger.text()).toContain('run suspended');
    await a.store.releaseLease(lease!);
    const c = await third();
    await clock.advance(3_000);
    await c.sync.finished('acme');
    await clock.advance(3_000);
    expect(await a.dump()).toEqual(await undisturbed(12));
  });

  test('in good order leaves its run to the other at once', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    const run = await a.sync.start('acme');
    await held.reached;
    const closed = a.sync.close();
    held.letGo();
    await closed;
    await clock.advance(1_500);
    const taken = (await b.sync.finished('acme')) ?? (await b.sync.runs('acme', 1))[0];
    expect(taken).toMatchObject({ id: run.id, resumes: 1, state: 'SUCCEEDED' });
  });
});

describe('a store that goes away in the middle of a run', () => {
  test('for a few seconds makes the run wait', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    await a.sync.start('acme');
    await held.reached;
    a.line.isDown = true;
    held.letGo();
    await clock.advance(4_000);
    a.line.isDown = false;
    await clock.advance(3_000);
    const run = (await a.sync.finished('acme')) ?? (await a.sync.runs('acme', 1))[0];
    expect(run).toMatchObject({ state: 'SUCCEEDED', resumes: 0 });
    expect(await a.dump()).toEqual(await undisturbed(12));
  });

  test('for longer suspends it, and it goes on at its checkpoint when the store is back', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    const run = await a.sync.start('acme');
    await held.reached;
    a.line.isDown = true;
    b.line.isDown = true;
    held.letGo();
    await clock.advance(60_000);
    a.line.isDown = false;
    b.line.isDown = false;
    await clock.advance(10_000);
    await a.sync.finished('acme');
    await b.sync.finished('acme');
    await clock.advance(2_000);
    expect((await a.sync.runs('acme'))[0]).toMatchObject({ id: run.id, state: 'SUCCEEDED', resumes: 1 });
    expect(a.sync.state('acme').state).toBe('CONNECTED');
    expect(await a.dump()).toEqual(await undisturbed(12));
  });
});

describe('a run that is cancelled while the store is away', () => {
  test('is not called cancelled: it goes on when the store is back, and can be cancelled then', async () => {
    const tenant = new FakeTenant().fill(12);
    const { clock, a, b } = await twoGateways(tenant);
    const held = tenant.holdAt('users', 3);
    const run = await a.sync.start('acme');
    await held.reached;
    a.line.isDown = true;
    b.line.isDown = true;
    const refused = expect(a.sync.cancel('acme')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    held.letGo();
    await clock.advance(30_000);
    await refused;
    const again = tenant.holdAt('users', 3);
    a.line.isDown = false;
    b.line.isDown = false;
    const clocked = clock.advance(30_000);
    await again.reached;
    const cancelled = a.sync.state('acme').activeRunId === run.id ? a.sync.cancel('acme') : b.sync.cancel('acme');
    again.letGo();
    await clocked;
    expect(await cancelled).toMatchObject({ id: run.id, state: 'CANCELLED' });
  });
});

describe('a removal that the guard held back on one gateway', () => {
  async function heldBack() {
    const tenant = new FakeTenant().fill(50);
    tenant.pageSize = 50;
    const gateways = await twoGateways(tenant);
    await gateways.a.run();
    for (let i = 1; i <= 20; i++) tenant.removeAccount(`u${i}`);
    await gateways.a.run();
    await gateways.clock.advance(1_200);
    expect(gateways.b.sync.state('acme').preview).not.toBeNull();
    return { tenant, ...gateways };
  }

  test('is carried out when somebody confirms it on the other', async () => {
    const { b } = await heldBack();
    await b.sync.confirmRemoval('acme');
    expect(await b.sync.finished('acme')).toMatchObject({ state: 'SUCCEEDED', reason: 'CONFIRMED_REMOVAL' });
    expect((await b.counts())['Account']).toBe(30);
  });

  test('gives way to what the other has held back since: a confirmation removes that', async () => {
    const { tenant, a, b } = await heldBack();
    await a.run();
    tenant.fill(50);
    for (let i = 31; i <= 50; i++) tenant.removeAccount(`u${i}`);
    await b.run();
    await a.sync.confirmRemoval('acme');
    await a.sync.finished('acme');
    const { nodes } = await a.dump();
    const accounts = nodes.flatMap((node) => /acme\/Account\/(u\d+)/.exec(node)?.[1] ?? []);
    expect(accounts.sort()).toEqual([...tenant.accounts.keys()].sort());
  });

  test('is not, when it was rejected after a confirmation that came to nothing', async () => {
    const { tenant, clock, a, b } = await heldBack();
    tenant.beforeConnect = () => {
      throw new AppError('UPSTREAM_UNAVAILABLE', 'down', { retryable: true });
    };
    await b.sync.confirmRemoval('acme');
    expect(await b.sync.finished('acme')).toMatchObject({ state: 'FAILED' });
    tenant.beforeConnect = () => {};
    await clock.advance(1_200);
    await a.sync.rejectRemoval('acme');
    await clock.advance(1_200);
    await b.run();
    expect((await b.counts())['Account']).toBe(50);
    expect(b.sync.state('acme').preview).not.toBeNull();
  });
});

describe('a deletion', () => {
  test('that its gateway did not finish is finished by the other', async () => {
    const tenant = new FakeTenant().fill(6);
    const { clock, a, b } = await twoGateways(tenant);
    await a.run();
    await clock.advance(1_200);
    a.line.isDown = true;
    await b.store.putRecord('connector', 'acme', {
      ...((await b.store.getRecord('connector', 'acme')) ?? {}),
      state: 'DELETING',
    });
    await clock.advance(3_000);
    expect(b.sync.state('acme').state).toBe('NOT_CONNECTED');
    expect((await b.dump()).nodes).toEqual([]);
  });
});
