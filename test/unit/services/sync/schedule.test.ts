import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { nextStart, type ScheduleFacts } from '../../../../src/services/sync/schedule.ts';
import { FakeTenant } from '../../../support/fake-provider.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { sharedDatabase } from '../../../support/shared-store.ts';
import { type Gateway, sharedGateways, syncWorld } from '../../../support/sync-world.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-08-20T08:00:00.000Z');
const facts = (given: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  now: NOW,
  lastStartedAt: NOW - 5 * MINUTE,
  lastEndedAt: NOW - 4 * MINUTE,
  failures: 0,
  isHopeless: false,
  random: 0,
  ...given,
});
const tenantOf = (accounts: number): FakeTenant => new FakeTenant().fill(accounts);

describe('when the next run starts', () => {
  test.each([
    ['15 minutes after the last start by default', undefined, {}, NOW + 10 * MINUTE],
    ['at once when there was none', undefined, { lastStartedAt: null }, NOW],
    ['at once when it is overdue', { everySeconds: 60 }, {}, NOW],
    ['with a jitter of at most a tenth', { everySeconds: 3600 }, { random: 1 }, NOW + 56 * MINUTE],
    ['by a cron expression in UTC', { cron: '30 9 * * *' }, {}, Date.parse('2026-08-20T09:30:00.000Z')],
    ['30 seconds after a failure', undefined, { failures: 1, lastEndedAt: NOW, random: 0.5 }, NOW + 30_000],
    ['later after more failures', undefined, { failures: 3, lastEndedAt: NOW, random: 0.5 }, NOW + 120_000],
    ['never later than usual', undefined, { failures: 9, lastEndedAt: NOW }, NOW + 10 * MINUTE],
    ['not at all when it is switched off', { enabled: false }, {}, null],
    ['not at all when it cannot help', undefined, { isHopeless: true }, null],
  ])('%s', (_, config, given, expected) => {
    expect(nextStart(config, facts(given))).toBe(expected);
  });
});

describe('the schedule', () => {
  test('runs at once, then every interval, and tells when', async () => {
    const clock = manualClock(NOW);
    await using world = await syncWorld({ acme: tenantOf(2) }, { clock });
    world.sync.schedule();
    await clock.advance(0);
    expect(await world.sync.runs('acme')).toMatchObject([{ state: 'SUCCEEDED', reason: 'SCHEDULE' }]);
    expect(world.sync.state('acme').nextRunAt).toBe(NOW + 15 * MINUTE);
    await clock.advance(15 * MINUTE - 1);
    expect(await world.sync.runs('acme')).toHaveLength(1);
    await clock.advance(1);
    expect(await world.sync.runs('acme')).toHaveLength(2);
    await clock.advance(60 * MINUTE);
    expect(await world.sync.runs('acme')).toHaveLength(6);
  });

  test('a run that takes longer than the interval is not joined by another', async () => {
    const clock = manualClock(NOW);
    const tenant = tenantOf(2);
    let release = (): void => {};
    tenant.beforeConnect = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    await using world = await syncWorld({ acme: tenant }, { clock });
    world.sync.schedule();
    await clock.advance(40 * MINUTE);
    expect(await world.sync.runs('acme')).toHaveLength(1);
    tenant.beforeConnect = () => {};
    release();
    await clock.advance(0);
    expect(await world.sync.runs('acme')).toHaveLength(2);
  });

  test('a run that somebody asks for moves the next one', async () => {
    const clock = manualClock(NOW);
    await using world = await syncWorld({ acme: tenantOf(2) }, { clock });
    world.sync.schedule();
    await clock.advance(10 * MINUTE);
    await world.run();
    await clock.advance(0);
    expect(world.sync.state('acme').nextRunAt).toBe(NOW + 25 * MINUTE);
  });

  test('a provider that is down is tried again sooner, and with patience', async () => {
    const clock = manualClock(NOW);
    const tenant = tenantOf(2);
    tenant.beforeConnect = () => {
      throw new AppError('UPSTREAM_UNAVAILABLE', 'down', { retryable: true });
    };
    await using world = await syncWorld({ acme: tenant }, { clock });
    world.sync.schedule();
    await clock.advance(14 * MINUTE);
    const tries = await world.sync.runs('acme');
    expect(tries.length).toBeGreaterThan(3);
    expect(tries.length).toBeLessThan(7);
    expect(tries[0]?.reason).toBe('RETRY');
    tenant.beforeConnect = () => {};
    await clock.advance(15 * MINUTE);
    expect(world.sync.state('acme').state).toBe('CONNECTED');
  });

  test('one that cannot be connected by waiting is left alone until somebody asks', async () => {
    const clock = manualClock(NOW);
    const tenant = tenantOf(2);
    await using world = await syncWorld({ acme: tenant }, { clock, connectors: { settings: { token: 1 } } });
    world.sync.schedule();
    await clock.advance(120 * MINUTE);
    expect(await world.sync.runs('acme')).toHaveLength(1);
    expect(world.sync.state('acme').nextRunAt).toBeNull();
  });

  test.each([
    ['the store was away', new AppError('STORE_UNAVAILABLE', 'gone', { retryable: true })],
    ['the store refused the password', new AppError('STORE_UNAUTHORIZED', 'changed')],
    ['of a mistake of ours', new TypeError('not a function')],
  ])('a start that failed because %s is tried again soon, and not given up', async (_, error) => {
    const clock = manualClock(NOW);
    const line = sharedDatabase({ clock }).line();
    await using world = await syncWorld({ acme: tenantOf(2) }, { clock, store: line.store });
    const failed = (): number => world.logger.lines.filter(({ message }) => message.startsWith('a scheduled')).length;
    world.sync.schedule();
    await clock.advance(0);
    await world.sync.finished('acme');
    line.fails = error;
    await clock.advance(17 * MINUTE);
    expect(failed()).toBeGreaterThan(0);
    expect(failed()).toBeLessThan(4);
    line.fails = null;
    await clock.advance(5 * MINUTE);
    expect((await world.sync.runs('acme'))[0]).toMatchObject({ state: 'SUCCEEDED', reason: 'RETRY' });
    const inAll = failed();
    await clock.advance(16 * MINUTE);
    expect((await world.sync.runs('acme'))[0]).toMatchObject({ state: 'SUCCEEDED', reason: 'SCHEDULE' });
    expect(failed()).toBe(inAll);
  });

  test('on a shared store a run that fails at once counts once on every gateway', async () => {
    const tenant = tenantOf(2);
    await using shared = sharedGateways();
    const a = await shared.open('a', { acme: tenant });
    const b = await shared.open('b', { acme: tenant });
    await a.run();
    await shared.clock.advance(2_000);
    tenant.beforeConnect = () => {
      throw new AppError('UPSTREAM_UNAVAILABLE', 'down', { retryable: true });
    };
    const { endedAt } = await a.run();
    await shared.clock.advance(2_000);
    for (const { sync } of [a, b]) {
      sync.schedule();
      expect(sync.state('acme').nextRunAt).toBe((endedAt ?? 0) + 30_000 * 0.75);
    }
  });

  describe('of a gateway while a run on another one outlasts the interval', () => {
    /** The second gateway's run is due again and again, the first one holds it at a page. */
    async function outlasted(options: { isRetry: boolean }) {
      const tenant = tenantOf(8);
      const shared = sharedGateways();
      const connectors = { schedule: { everySeconds: 10 } };
      const a = await shared.open('a', { acme: tenant }, { connectors });
      const b = await shared.open('b', { acme: tenant }, { connectors });
      if (options.isRetry) {
        tenant.beforeConnect = () => {
          throw new AppError('UPSTREAM_UNAVAILABLE', 'down', { retryable: true });
        };
        await a.run();
        tenant.beforeConnect = () => {};
      }
      const held = tenant.holdAt('users', 2);
      await a.sync.start('acme');
      await held.reached;
      b.sync.schedule();
      await shared.clock.advance(15_000);
      return { shared, a, b, held };
    }
    const asked = (gateway: Gateway): number => gateway.line.calls.get('acquireLease') ?? 0;

    test.each([false, true])('asks for the lease now and then (after a failure: %s)', async (isRetry) => {
      const { shared, b, held } = await outlasted({ isRetry });
      await using _ = shared;
      const before = asked(b);
      await shared.clock.advance(MINUTE);
      // Once a second to stand by, and a few times for the run that is due.
      expect(asked(b) - before).toBeLessThan(60 + 10);
      held.letGo();
    });

    test('begins the next one when that has ended', async () => {
      const { shared, a, b, held } = await outlasted({ isRetry: false });
      await using _ = shared;
      held.letGo();
      await a.sync.finished('acme');
      await shared.clock.advance(1_200);
      expect(await b.sync.runs('acme')).toHaveLength(2);
      await shared.clock.advance(10_000);
      expect(await b.sync.runs('acme')).toHaveLength(3);
    });

    test('goes on when that gateway has died', async () => {
      const { shared, a, b, held } = await outlasted({ isRetry: false });
      await using _ = shared;
      a.line.isDown = true;
      await shared.clock.advance(15_000);
      expect((await b.sync.runs('acme')).at(-1)).toMatchObject({ state: 'SUCCEEDED', resumes: 1 });
      await shared.clock.advance(MINUTE);
      expect((await b.sync.runs('acme')).length).toBeGreaterThan(5);
      expect((await b.sync.runs('acme'))[0]).toMatchObject({ state: 'SUCCEEDED', reason: 'SCHEDULE' });
      held.letGo();
    });
  });

  test('keeps its rhythm over a restart', async () => {
    const clock = manualClock(NOW);
    const store = createMemoryStore({ clock });
    const tenant = tenantOf(2);
    const first = await syncWorld({ acme: tenant }, { clock, store });
    await first.run();
    await first.sync.close();
    await clock.advance(5 * MINUTE);
    const world = await syncWorld({ acme: tenant }, { clock, store });
    world.sync.schedule();
    await clock.advance(0);
    expect(await world.sync.runs('acme')).toHaveLength(1);
    await clock.advance(10 * MINUTE);
    expect(await world.sync.runs('acme')).toHaveLength(2);
    await world.sync.close();
  });

  test('closing ends it', async () => {
    const clock = manualClock(NOW);
    const world = await syncWorld({ acme: tenantOf(2) }, { clock });
    world.sync.schedule();
    await clock.advance(0);
    await world.sync.close();
    expect(clock.sleepers).toBe(0);
  });
});
