import { join } from 'node:path';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { FOLDER } from '../support/company.ts';

// Opens a graph once, from its snapshot or from the store alone, and says how long that took.
const [, , name, from] = process.argv;
const path = join(FOLDER, name!);
const started = performance.now();
const graph = await Graph.open({
  store: createSqliteStore({ path }),
  snapshotPath: from === 'snapshot' ? `${path}.topology` : null,
  logger: silentLogger,
  clock: systemClock,
});
const ms = performance.now() - started;
console.log(JSON.stringify({ ms, nodes: graph.index.nodeCount, links: graph.index.linkCount }));
await graph.store.close();
process.exit(0);
