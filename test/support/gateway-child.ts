import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../src/config/load.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { openGateway } from '../../src/server/compose.ts';

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
  leaseMs: 5_000,
});
const { graph, sync, linker } = gateway;
graph.onChange(({ seq }) => tell({ seq }));

async function syncAll(): Promise<void> {
  const connectors = sync.states().map(({ connector }) => connector);
  const runs = await Promise.all(
    connectors.map(async (connector) => {
      await sync.start(connector);
      await sync.finished(connector);
      return (await sync.runs(connector, 1))[0]!;
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
