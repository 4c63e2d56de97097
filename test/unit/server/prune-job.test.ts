import { describe, expect, test, vi } from 'vitest';
import { AppError } from '../../../src/domain/errors.ts';
import { pruneJob } from '../../../src/server/prune-job.ts';
import { Graph } from '../../../src/services/graph/graph.ts';
import { Leases } from '../../../src/services/leases/leases.ts';
import { put } from '../../support/graph.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { sharedDatabase } from '../../support/shared-store.ts';

const KEEP_MS = 60_000;
const FAILED = 'old changes could not be forgotten; trying again in an hour';

/** A gateway with three changes that are too old; another one may ask for its lease. */
async function oldChanges() {
  const clock = manualClock();
  const database = sharedDatabase({ clock });
  const line = database.line();
  const logger = memoryLogger();
  const graph = await Graph.open({ store: line.store, snapshotPath: null, logger, clock });
  for (let n = 1; n <= 3; n++) await put(graph, [{ key: `okta/Account/${n}` }]);
  await clock.advance(2 * KEEP_MS);
  const leases = new Leases({ store: line.store, clock, logger, holder: 'a' });
  const others = new Leases({ store: database.line().store, clock, logger, holder: 'b' });
  const job = pruneJob({ store: line.store, leases, clock, logger, keepMs: KEEP_MS });
  const said = (): unknown[] =>
    logger.lines
      .filter(({ message }) => message.startsWith('old changes'))
      .map(({ fields, message }) => [message, fields]);
  return { line, graph, job, others, said };
}

describe('forgetting old changes', () => {
  test('gives the lease back when it is done', async () => {
    const { line, graph, job, others, said } = await oldChanges();
    await job();
    expect(await line.store.range()).toEqual({ seq: 3, horizon: 3 });
    expect(said()).toEqual([['old changes forgotten', { seq: 3 }]]);
    expect(await others.acquire('prune')).not.toBeNull();
    await graph.close();
  });

  test('is left to the gateway that is doing it', async () => {
    const { line, graph, job, others, said } = await oldChanges();
    const lease = await others.acquire('prune');
    await job();
    expect([await line.store.range(), said()]).toEqual([{ seq: 3, horizon: 0 }, []]);
    await lease?.release();
    await graph.close();
  });

  test.each(['range', 'changes', 'prune'] as const)(
    'says once that %s failed, and gives the lease back',
    async (call) => {
      const { line, graph, job, others, said } = await oldChanges();
      const fail = vi.spyOn(line.store, call).mockImplementation(() => {
        throw new AppError('STORE_CORRUPT', 'Unreadable.');
      });
      await job();
      await job();
      const failed = [FAILED, { code: 'STORE_CORRUPT', reason: 'Unreadable.' }];
      expect(said()).toEqual([failed]);
      const lease = await others.acquire('prune');
      expect(lease).not.toBeNull();
      await lease?.release();
      fail.mockRestore();
      await job();
      expect(said().slice(1)).toEqual([['old changes forgotten', { seq: 3 }]]);
      await graph.close();
    },
  );

  test('says so when it cannot even ask for the lease, and again when it is something else', async () => {
    const { line, graph, job, said } = await oldChanges();
    line.isDown = true;
    await job();
    line.isDown = false;
    line.fails = new TypeError('unforeseen');
    await job();
    line.fails = null;
    expect(said()).toMatchObject([
      [FAILED, { code: 'STORE_UNAVAILABLE' }],
      [FAILED, { code: 'INTERNAL', err: new TypeError('unforeseen') }],
    ]);
    await graph.close();
  });
});
