import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { differences, wholeGraph } from '../support/whole-graph.ts';

describe('providers that enforce their rate limits', () => {
  let folder: string;
  let emulators: AllEmulators;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-limits-'));
    const { world } = createCompany({ size: 'S', seed: 1 });
    // Auth0 lets 16 requests a second in, and each of its groups takes two.
    for (const id of [...world.auth0.groups.keys()].slice(20)) world.auth0.groups.delete(id);
    emulators = await startAllEmulators({ world });
  });
  afterAll(async () => {
    await emulators?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function syncAll(gateway: Gateway) {
    const runs = await Promise.all(
      emulators.list.map(async ({ name }) => {
        await gateway.sync.start(name);
        return (await gateway.sync.finished(name)) ?? (await gateway.sync.runs(name, 1))[0]!;
      }),
    );
    await gateway.linker.flush();
    expect(runs.map(({ connector, state }) => [connector, state])).toEqual(
      emulators.list.map(({ name }) => [name, 'SUCCEEDED']),
    );
    return runs;
  }

  it('are read more slowly, to the same graph', async () => {
    const free = await openTestGateway(await mkdtemp(join(folder, 'free-')), emulators);
    await syncAll(free);
    const expected = await wholeGraph(free.graph);
    await free.close();

    for (const emulator of emulators.list) emulator.setRateLimits(true);
    const limited = await openTestGateway(await mkdtemp(join(folder, 'limited-')), emulators);
    const runs = await syncAll(limited);
    expect(differences(await wholeGraph(limited.graph), expected)).toEqual({ missing: [], unexpected: [] });
    await limited.close();
    console.info(
      `under rate limits: ${runs.map(({ connector, metrics: { requests, retries, throttledMs, durationMs } }) => `${connector} ${requests} requests, ${retries} repeated, ${throttledMs} of ${durationMs} ms waited`).join('; ')}`,
    );
    const metricsOf = (name: string) => runs.find(({ connector }) => connector === name)!.metrics;
    // Auth0's bucket is smaller than a first sync.
    expect(metricsOf('auth0').throttledMs).toBeGreaterThan(1_000);
    // These two say how much is left, so they are not driven to refuse. JumpCloud and Torq say nothing.
    for (const name of ['auth0', 'okta']) {
      const { requests, retries } = metricsOf(name);
      expect([name, retries <= requests / 50]).toEqual([name, true]);
    }
  }, 480_000);
});
