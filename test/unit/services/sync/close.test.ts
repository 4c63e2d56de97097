import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { closeInRun, type Gateway, sharedGateways } from '../../../support/sync-world.ts';

const SOON_MS = 1_200;
const tenantOf = (nativeId: string): FakeTenant => new FakeTenant().fill(12).named(nativeId);

/** Until the record of a run is on its way to the store. */
async function launching({ line }: Gateway): Promise<void> {
  const before = line.calls.get('putRecord') ?? 0;
  while ((line.calls.get('putRecord') ?? 0) === before) await turn();
}

/** Whether the run stands still at a checkpoint, for whoever takes it up. */
async function isLeftBy(gateway: Gateway, other: Gateway, runId: string): Promise<boolean> {
  const { seq } = await other.store.range();
  for (let i = 0; i < 50; i++) await turn();
  const record = await other.store.getRecord('run', runId);
  const lease = await other.store.acquireLease('sync:acme', 'somebody', 1_000);
  if (lease !== null) await other.store.releaseLease(lease);
  const isStill = (await other.store.range()).seq === seq && gateway.sync.progress('acme') === null;
  return isStill && record?.['state'] === 'RUNNING' && lease !== null;
}

test('a run that somebody has just asked for stops too', async () => {
  const acme = tenantOf('acme');
  await using shared = sharedGateways();
  const a = await shared.open('a', { acme });
  const b = await shared.open('b', { acme });
  const held = acme.holdAt('users', 2);
  const launched = launching(a);
  const started = a.sync.start('acme');
  await launched;
  await a.sync.close();
  const { id } = await started;
  held.letGo();
  expect(await isLeftBy(a, b, id)).toBe(true);
  await shared.clock.advance(SOON_MS);
  await b.sync.finished('acme');
  expect((await b.sync.runs('acme'))[0]).toMatchObject({ id, state: 'SUCCEEDED', resumes: 1 });
});

test('a run that the schedule has just begun is not waited for to its end', async () => {
  const acme = tenantOf('acme');
  await using shared = sharedGateways();
  const a = await shared.open('a', { acme });
  const b = await shared.open('b', { acme }, { isWatching: false });
  const launched = launching(a);
  a.sync.schedule();
  await launched;
  await a.sync.close();
  const [run] = await b.sync.runs('acme');
  expect(run).toMatchObject({ state: 'RUNNING' });
  expect(await isLeftBy(a, b, run?.id ?? '')).toBe(true);
});

test('a run that is just being taken over stops too', async () => {
  const acme = tenantOf('acme');
  await using shared = sharedGateways();
  const a = await shared.open('a', { acme });
  const id = await closeInRun(a, acme);
  const b = await shared.open('b', { acme }, { isWatching: false });
  const c = await shared.open('c', { acme }, { isWatching: false });
  const launched = launching(b);
  const resumed = b.sync.resumeInterrupted();
  await launched;
  await b.sync.close();
  await resumed;
  expect(await isLeftBy(b, c, id)).toBe(true);
});

test('all runs stop at the same time', async () => {
  const tenants = { acme: tenantOf('acme'), other: tenantOf('other') };
  await using shared = sharedGateways();
  let endOther = (): void => {};
  const otherEnded = new Promise<void>((resolve) => {
    endOther = resolve;
  });
  let isClosing = false;
  const alter = (store: GraphStore): Partial<GraphStore> => ({
    putRecord: async (type, id, value) => {
      // The first run's end takes as long as the second one's.
      if (isClosing && type === 'run' && id.startsWith('acme/')) await otherEnded;
      return store.putRecord(type, id, value);
    },
  });
  const a = await shared.open('a', tenants, { alter });
  const held = [tenants.acme.holdAt('users', 2), tenants.other.holdAt('users', 2)];
  for (const connector of ['acme', 'other']) await a.sync.start(connector);
  for (const { reached } of held) await reached;
  a.sync.onEvent((event) => {
    if (event.type === 'run-ended' && event.run.connector === 'other') endOther();
  });
  isClosing = true;
  await a.sync.close();
  expect(a.events.filter(({ type }) => type === 'run-ended')).toHaveLength(2);
  for (const { letGo } of held) letGo();
});
