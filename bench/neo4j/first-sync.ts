import assert from 'node:assert/strict';
import type { FirstSync } from '../servers/first-sync.ts';
import { type Child, startChild } from '../support/children.ts';
import { NEO4J, type ServedCompany, SIZE, startEmulators } from '../support/company.ts';
import { figure, median } from '../support/figures.ts';
import { readAll } from '../support/read-all.ts';

const ROUNDS = 3;

/**
 * The same company into SQLite and into Neo4j, each by a gateway in a process of its own, from emulators that are warm;
 * then the time from `open()` to a ready index of both.
 * @param sqliteStore name of the store that stays for who comes after
 * @param neo4jCpu processor seconds of the Neo4j server until now
 */
export async function compareFirstSyncs(sqliteStore: string, neo4jCpu: () => number): Promise<void> {
  const emulators = await startEmulators();
  try {
    await readAll(emulators.said);
    const sqlite = await firstSync(sqliteStore, emulators);
    const cpu = neo4jCpu();
    const neo4j = await firstSync(NEO4J, emulators);
    assert.equal(neo4j.digest, sqlite.digest, 'the graphs in SQLite and Neo4j differ');
    const data = `${SIZE}: ${neo4j.nodes.toLocaleString('en')} nodes, ${neo4j.links.toLocaleString('en')} links, the same in both`;
    const against = (value: number): { peer: { name: string; value: number } } => ({ peer: { name: 'SQLite', value } });
    figure({
      name: 'first sync into Neo4j',
      value: neo4j.syncSeconds,
      unit: 's',
      ...against(sqlite.syncSeconds),
      data,
    });
    figure({ name: '  linking after it', value: neo4j.linkSeconds, unit: 's', ...against(sqlite.linkSeconds) });
    figure({
      name: '  processor time of the gateway, both',
      value: neo4j.cpuSeconds,
      unit: 's',
      ...against(sqlite.cpuSeconds),
    });
    figure({ name: '  processor time of Neo4j, both', value: neo4jCpu() - cpu, unit: 's' });
    figure({ name: '  commits', value: neo4j.commits, unit: 'commits', ...against(sqlite.commits) });
  } finally {
    await emulators.stop();
  }
  for (const from of ['topology', 'snapshot'] as const) {
    const neo4j = await openTimes(NEO4J, from);
    figure({
      name: `open() to a ready index, from ${from === 'topology' ? 'the store alone' : 'the snapshot'}`,
      value: median(neo4j),
      unit: 'ms',
      peer: { name: 'SQLite', value: median(await openTimes(sqliteStore, from)) },
    });
  }
}

async function firstSync(store: string, { said }: Child<ServedCompany>): Promise<FirstSync> {
  const child = await startChild<FirstSync>('../servers/first-sync.js', [store, JSON.stringify(said)]);
  await child.ended;
  return child.said;
}

async function openTimes(store: string, from: 'topology' | 'snapshot'): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const child = await startChild<{ ms: number }>('../servers/open-graph.js', [store, from]);
    await child.ended;
    times.push(child.said.ms);
  }
  return times;
}
