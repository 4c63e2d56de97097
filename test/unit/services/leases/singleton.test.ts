import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { Leases } from '../../../../src/services/leases/leases.ts';
import { Singleton } from '../../../../src/services/leases/singleton.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../../support/memory-logger.ts';
import { type SharedLine, sharedDatabase } from '../../../support/shared-store.ts';

interface Gateway {
  readonly name: string;
  readonly line: SharedLine;
  readonly logger: MemoryLogger;
  readonly singleton: Singleton<string>;
  /** What beginning throws, while it is set. */
  fails: Error | null;
  /** Beginning takes as long as it may. */
  isSlow: boolean;
}

/** Gateways of which one at a time does the thing; `told` has who began and ended, in order. */
function gateways(): { clock: ManualClock; told: string[]; gateway(name: string): Gateway } {
  const clock = manualClock();
  const database = sharedDatabase({ clock });
  const told: string[] = [];
  return {
    clock,
    told,
    gateway(name) {
      const line = database.line();
      const logger = memoryLogger();
      const leases = new Leases({ store: line.store, clock, logger, holder: name });
      const singleton = new Singleton({
        name: 'thing',
        leases,
        clock,
        logger,
        begin: async (_, signal) => {
          if (made.fails !== null) throw made.fails;
          if (made.isSlow) await once(signal, 'abort');
          told.push(`${name} begins`);
          return name;
        },
        end: async () => {
          told.push(`${name} ends`);
        },
      });
      const made: Gateway = { name, line, logger, singleton, fails: null, isSlow: false };
      return made;
    },
  };
}

const said = ({ logger }: Gateway): string[] =>
  logger.lines
    .filter(({ message }) => message.startsWith('could not take over'))
    .map(({ fields }) => `${fields['code']}`);

describe('what runs on one gateway among all', () => {
  test('is taken over at once when its gateway closes', async () => {
    const { clock, told, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    await a.singleton.start();
    await b.singleton.start();
    await clock.advance(60_000);
    expect([a.singleton.current, b.singleton.current]).toEqual(['a', null]);
    await a.singleton.close();
    expect(a.singleton.current).toBeNull();
    await clock.advance(1_000);
    expect(b.singleton.current).toBe('b');
    expect(told).toEqual(['a begins', 'a ends', 'b begins']);
    await b.singleton.close();
  });

  test('ends when its lease is lost, within the time that another one waits for it', async () => {
    const { clock, told, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    await a.singleton.start();
    await clock.advance(500);
    await b.singleton.start();
    a.line.isDown = true;
    await clock.advance(15_000);
    expect(told).toEqual(['a begins', 'a ends', 'b begins']);
    a.line.isDown = false;
    await clock.advance(5_000);
    expect([a.singleton.current, b.singleton.current]).toEqual([null, 'b']);
    await Promise.all([a.singleton.close(), b.singleton.close()]);
  });

  test('says once why it cannot begin, however often it tries, and again when it is something else', async () => {
    const { clock, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    await a.singleton.start();
    await b.singleton.start();
    b.fails = new AppError('STORE_REPLACED', 'Another store.');
    await a.singleton.close();
    await clock.advance(10_000);
    expect(said(b)).toEqual(['STORE_REPLACED']);
    b.fails = new AppError('STORE_CORRUPT', 'A row is missing.');
    await clock.advance(10_000);
    expect(said(b)).toEqual(['STORE_REPLACED', 'STORE_CORRUPT']);
    b.fails = null;
    await clock.advance(1_000);
    expect(b.singleton.current).toBe('b');
    await b.singleton.close();
  });

  test('is left to a gateway that can begin by one that cannot', async () => {
    const { clock, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    a.fails = new AppError('STORE_UNAVAILABLE', 'Gone.', { retryable: true });
    await a.singleton.start();
    await b.singleton.start();
    await clock.advance(10_000);
    expect([a.singleton.current, b.singleton.current]).toEqual([null, 'b']);
    a.fails = new AppError('STORE_REPLACED', 'Another store.');
    await b.singleton.close();
    await clock.advance(10_000);
    expect(said(a)).toEqual(['STORE_UNAVAILABLE', 'STORE_REPLACED']);
    await a.singleton.close();
  });

  test('does not start where no repetition would mend it', async () => {
    const { clock, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    a.fails = new AppError('STORE_REPLACED', 'Another store.');
    await expect(a.singleton.start()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    await b.singleton.start();
    expect(b.singleton.current).toBe('b');
    await b.singleton.close();
    expect(clock.sleepers).toBe(0);
  });

  test('closes while it waits for the lease, and while it runs', async () => {
    const { clock, told, gateway } = gateways();
    const [a, b] = [gateway('a'), gateway('b')];
    await a.singleton.start();
    await b.singleton.start();
    await clock.advance(500);
    await b.singleton.close();
    await a.singleton.close();
    expect(told).toEqual(['a begins', 'a ends']);
    expect(clock.sleepers, 'nobody waits any more').toBe(0);
  });

  test('cuts a long beginning short when it closes, and when its lease is lost', async () => {
    const { clock, told, gateway } = gateways();
    const [a, b, c] = [gateway('a'), gateway('b'), gateway('c')];
    for (const { singleton } of [a, b, c]) {
      await singleton.start();
      await clock.advance(300);
    }
    b.isSlow = true;
    c.isSlow = true;
    await a.singleton.close();
    await clock.advance(2_000);
    expect([b.singleton.current, c.singleton.current], 'b has the lease and is beginning').toEqual([null, null]);
    b.line.isDown = true;
    await clock.advance(15_000);
    expect(told.slice(2)).toEqual(['b begins', 'b ends']);
    await c.singleton.close();
    expect(told.slice(4)).toEqual(['c begins', 'c ends']);
    await b.singleton.close();
  });
});
