import { join } from 'node:path';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { FOLDER, NEO4J, NEO4J_SNAPSHOT, neo4jServer } from '../support/company.ts';

// Opens a graph once, from its snapshot or from the store alone, and says how long that took.
const [, , name, from] = process.argv;
const path = join(FOLDER, name!);
const snapshot = name === NEO4J ? join(FOLDER, NEO4J_SNAPSHOT) : `${path}.topology`;
const store = name === NEO4J ? createNeo4jStore(neo4jServer()) : createSqliteStore({ path });
const started = performance.now();
const graph = await Graph.open({
  store,
  snapshotPath: from === 'snapshot' ? snapshot : null,
  logger: silentLogger,
  clock: systemClock,
});
const ms = performance.now() - started;
console.log(JSON.stringify({ ms, nodes: graph.index.nodeCount, links: graph.index.linkCount }));
await graph.store.close();
process.exit(0);
