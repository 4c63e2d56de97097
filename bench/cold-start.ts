import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './support/children.ts';
import { companyStore, FOLDER, SIZE } from './support/company.ts';
import { figure, median } from './support/figures.ts';

const ROUNDS = 5;

interface OpenedGraph {
  readonly ms: number;
  readonly nodes: number;
  readonly links: number;
}

/**
 * From `open()` of an existing store to a ready index, with the snapshot and without; and from the start of the process
 * to the first answer over HTTP. Every round is a process of its own; the file system's cache is warm.
 */
export async function run(): Promise<void> {
  const store = await companyStore();
  const snapshot = `${join(FOLDER, store)}.topology`;
  const opened = { snapshot: [] as OpenedGraph[], topology: [] as OpenedGraph[] };
  const answered: number[] = [];
  const answeredWithout: number[] = [];
  const empty: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    opened.snapshot.push(await openGraph(store, 'snapshot'));
    opened.topology.push(await openGraph(store, 'topology'));
    empty.push(emptyProcess());
    answered.push(await firstAnswer(store));
  }
  for (let round = 0; round < 2; round++) {
    rmSync(snapshot, { force: true });
    // Writes the snapshot anew when it ends.
    answeredWithout.push(await firstAnswer(store));
  }
  const { nodes, links } = opened.snapshot[0]!;
  const data = `${SIZE}: ${nodes.toLocaleString('en')} nodes, ${links.toLocaleString('en')} links`;
  const fromSnapshot = median(opened.snapshot.map(({ ms }) => ms));
  const fromTopology = median(opened.topology.map(({ ms }) => ms));
  const target = { target: '< 1000' };
  figure({ name: 'open() to a ready index, from the snapshot', value: fromSnapshot, unit: 'ms', ...target, data });
  figure({
    name: 'open() to a ready index, from the store alone',
    value: fromTopology,
    unit: 'ms',
    ...target,
    peer: { name: 'from the snapshot', value: fromSnapshot },
  });
  figure({
    name: 'start of the process to the first answer',
    value: median(answered),
    unit: 'ms',
    peer: { name: 'an empty Node process', value: median(empty) },
  });
  figure({
    name: '  without a snapshot',
    value: Math.min(...answeredWithout),
    unit: 'ms',
    peer: { name: 'with one', value: median(answered) },
  });
}

async function openGraph(store: string, from: 'snapshot' | 'topology'): Promise<OpenedGraph> {
  const child = await startChild<OpenedGraph>('../servers/open-graph.js', [store, from]);
  await child.stop();
  return child.said;
}

async function firstAnswer(store: string): Promise<number> {
  const started = performance.now();
  const gateway = await startChild<{ url: string }>('../servers/gateway.js', [store]);
  const answer = await fetch(`${gateway.said.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ identities(first: 1) { nodes { id displayName } } }"}',
  });
  const text = await answer.text();
  const ms = performance.now() - started;
  await gateway.stop();
  if (!text.includes('"displayName"')) throw new Error(text.slice(0, 500));
  return ms;
}

function emptyProcess(): number {
  const started = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - started;
}
