import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/server/clock.ts';
import { openGateway } from '../../src/server/compose.ts';
import { createLogger } from '../../src/server/logger.ts';
import { graphDigest } from './graph-digest.ts';

/**
 * One of several gateways on one store, as a process of its own: configuration file, name, and lease time in ms are its
 * arguments. Tells each change when it has it, and answers lines on standard input: `sync <connector>` begins a run,
 * `look` says how it sees the graph and the connectors, `end` closes in good order.
 */
function tell(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const [, , config = '', name = '', takeOverMs = ''] = process.argv;
const gateway = await openGateway(await loadConfig(config, {}), {
  clock: systemClock,
  logger: createLogger({ level: 'error' }),
  version: 'test',
  allowLoopback: true,
  schedules: false,
  name,
  takeOverMs: Number(takeOverMs),
});
const { graph, sync } = gateway;
graph.onChange(({ seq, changeId }) => tell({ seq, changeId, at: Date.now() }));
tell({ ready: gateway.url });

for await (const line of createInterface({ input: process.stdin })) {
  const [command, connector = ''] = line.split(' ');
  if (command === 'sync') await sync.start(connector);
  else if (command === 'look') {
    const states = sync.states().map((status) => [status.connector, status.state, status.lastRunId] as const);
    tell({ look: { ...graphDigest(graph), isLinker: gateway.linker.stats() !== null, states } });
  } else break;
}
await gateway.close();
