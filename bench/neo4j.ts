import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startNeo4j, whyNoNeo4j } from '../test/support/neo4j/server.ts';
import { compareQuestions } from './neo4j/ask.ts';
import { compareFirstSyncs } from './neo4j/first-sync.ts';
import { compareNested } from './neo4j/nested.ts';
import { cpuSeconds } from './support/children.ts';
import { FOLDER, NEO4J_SNAPSHOT, SIZE } from './support/company.ts';

/** Applications, identities and pairs that are asked about. */
const SAMPLE = 40;

/**
 * The store in Neo4j beside the embedded one, and the access index beside the best Cypher on the same server: one real
 * Neo4j, one company, in one run. Says in one line why when there is no Java or Maven to run Neo4j with.
 */
export async function run(): Promise<void> {
  const missing = await whyNoNeo4j();
  if (missing !== null) {
    console.log(`skipped: ${missing}`);
    return;
  }
  const memory = SIZE === 'S' ? { heapMiB: 2_048, pageCacheMiB: 512 } : { heapMiB: 4_096, pageCacheMiB: 2_048 };
  await using host = await startNeo4j(memory);
  process.env['BENCH_NEO4J'] = JSON.stringify(await host.open());
  // Both stores begin empty, also in a folder that was kept.
  const sqlite = `beside-neo4j-${SIZE}.sqlite`;
  const files = ['', '-wal', '-shm', '.topology'].map((ending) => `${sqlite}${ending}`);
  for (const name of [...files, NEO4J_SNAPSHOT]) rmSync(join(FOLDER, name), { force: true });
  const neo4jCpu = (): number => cpuSeconds(host.pid);
  await compareFirstSyncs(sqlite, neo4jCpu);
  await compareQuestions(SAMPLE);
  await compareNested(sqlite, neo4jCpu);
}
