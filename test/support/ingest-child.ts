import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { NODES_EACH, plannedChange, REF } from './ingest-plan.ts';

/**
 * Ingests the plan from where the store stands, several commits under way at a time, and writes the seq of each one
 * that was acknowledged to standard output. Goes on until it is killed, or until a line arrives on standard input:
 * then it closes the store while commits are still running and ends by itself.
 */
const store = createSqliteStore({ path: process.argv[2]! });
const { seq } = await store.open();
const source = await store.sourceId(REF);
let running = true;
process.stdin.once('data', () => {
  running = false;
});

async function ingest(step: number): Promise<void> {
  const change = plannedChange(step, source);
  const committed = await store.commit(change);
  process.stdout.write(`${committed!.seq}\n`);
}

// The ids of the plan follow from the step; a crash between the two calls leaves some unused, never one twice.
const commits: Promise<void>[] = [];
let reserved = (await store.allocateIds(1)) - 1;
for (let step = seq + 1; running; step++) {
  while (reserved < step * NODES_EACH) reserved = (await store.allocateIds(1_000)) + 999;
  commits.push(ingest(step));
  if (commits.length % 8 === 0) await commits.at(-8);
}
const closing = store.close();
const settled = await Promise.allSettled(commits);
await closing;
process.stdin.destroy();
const failed = settled.filter(({ status }) => status === 'rejected').length;
process.stdout.write(`end ${settled.length} ${failed}\n`);
