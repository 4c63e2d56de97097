import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import { asAppError } from '../../src/domain/errors.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { openGateway } from '../../src/server/compose.ts';
import type { SyncRun } from '../../src/services/sync/types.ts';

/**
 * A gateway as a process of its own, on the configuration file in its first argument. Goes on with interrupted runs,
 * starts the others, links, and tells it: each committed change, then `synced`. The line `again`
 * on standard input repeats it, `end` closes in good order.
 */
function tell(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const gateway = await openGateway(await loadConfig(process.argv[2]!, {}), {
  clock: systemClock,
  logger: silentLogger,
  version: 'test',
  allowLoopback: true,
  schedules: false,
  // One that was killed keeps its connectors from the next one for so long.
  takeOverMs: 5_000,
});
const { graph, sync, linker } = gateway;
graph.onChange(({ seq }) => tell({ seq }));

/** On a shared store the lease of one that was killed has to run out first; then its run goes on by itself. */
async function startWhenFree(connector: string): Promise<SyncRun> {
  for (;;) {
    try {
      return await sync.start(connector);
    } catch (error) {
      if (asAppError(error).code !== 'SYNC_RUNNING') throw error;
      await wait(50);
    }
  }
}

async function syncAll(): Promise<void> {
  const connectors = sync.states().map(({ connector }) => connector);
  const runs = await Promise.all(
    connectors.map(async (connector) => {
      const { id } = await startWhenFree(connector);
      for (;;) {
        await sync.finished(connector);
        const run = (await sync.runs(connector, 5)).find((one) => one.id === id);
        if (run !== undefined && run.state !== 'RUNNING') return run;
        await wait(50);
      }
    }),
  );
  await linker.flush();
  tell({
    synced: runs.map(({ connector, id, state, resumes, listings }) => ({
      connector,
      id,
      state,
      resumes,
      rows: Object.fromEntries(listings.map(({ listing, rows }) => [listing, rows])),
    })),
  });
}

await syncAll();
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'again') await syncAll();
  else break;
}
await gateway.close();
