import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommittedChange, LinkChange } from '../src/domain/changes.ts';
import { type LinkKind, linkKindOf } from '../src/domain/link-kinds.ts';
import { AccessIndex } from '../src/services/access/access-index.ts';
import { neighbours, paths, reach, whoCanReach, whoCanReachAsync } from '../src/services/access/queries.ts';
import { readSnapshot, writeSnapshot } from '../src/services/access/snapshot-file.ts';
import { graphology, mapOfSets, type Peer, walkedLinks } from './access/peers.ts';
import { chunksOf, type SyntheticTopology, seeded, syntheticTopology } from './access/topology.ts';
import { figure, median, percentile } from './support/figures.ts';

const MEGABYTE = 1e6;
const PEOPLE: { readonly [size: string]: number } = { S: 1_000, M: 10_000, L: 100_000 };

/**
 * The access index on an invented company of about 100 links a person: `ACCESS_BENCH` S, M (1 M links, the default) or L
 * (10 M). Build, memory, queries, updates and the snapshot, and up to M the ratio to two peers in the same run.
 */
export async function run(): Promise<void> {
  const size = process.env['ACCESS_BENCH'] || 'M';
  const people = PEOPLE[size] ?? PEOPLE['M']!;
  const topology = syntheticTopology(people);
  const builds = await asyncTimes(3, () => AccessIndex.build('bench', chunksOf(topology)));
  const index = await AccessIndex.build('bench', chunksOf(topology));
  const data = `${size}: ${count(index.nodeCount)} nodes, ${count(index.linkCount)} links`;
  figure({ name: 'index: build from topology', value: median(builds), unit: 'ms', data });
  const memory = size === 'L' ? { target: '< 150' } : {};
  figure({ name: 'index: memory', value: index.bytes / MEGABYTE, unit: 'MB', ...memory, data });
  figure({
    name: 'index: memory of a link, nodes shared out',
    value: index.bytes / index.linkCount,
    unit: 'bytes',
    data,
  });
  measureQueries(index, topology, data);
  await measureBigWalks(index, topology, data);
  if (people <= 10_000) comparePeers(index, topology);
  measureUpdates(index, topology);
  await measureSnapshot(index, topology, data);
}

function measureQueries(index: AccessIndex, topology: SyntheticTopology, data: string): void {
  const random = seeded(11);
  const someone = (): number => 1 + Math.floor(random() * topology.people);
  const pick = (ids: ArrayLike<number>): number => ids[Math.floor(random() * ids.length)]!;
  const pairs = Array.from({ length: 1_000 }, () => {
    const from = someone();
    const { ids } = reach(index, from, { kinds: ['Application'] });
    return { from, to: ids.length > 0 ? pick(ids) : topology.biggest };
  });
  const pair = (n: number) => pairs[n % pairs.length]!;
  const starts = Array.from({ length: 2_000 }, someone);
  const accounts = Array.from({ length: 2_000 }, () => pick(topology.accounts));

  spread(
    'reach: applications of an identity',
    data,
    '< 5',
    timesOf(2_000, (n) => reach(index, starts[n]!, { kinds: ['Application'] })),
  );
  spread(
    'paths: 10 of a pair',
    data,
    '< 5',
    timesOf(1_000, (n) => paths(index, pair(n).from, pair(n).to, { mode: 'all', limit: 10 })),
  );
  spread(
    'paths: all shortest of a pair',
    data,
    '< 5',
    timesOf(1_000, (n) => paths(index, pair(n).from, pair(n).to, { limit: 100 })),
  );
  spread(
    'neighbours: groups of an account',
    data,
    undefined,
    timesOf(2_000, (n) => neighbours(index, accounts[n]!, { direction: 'out', linkKinds: ['MEMBER_OF'] })),
  );
  spread(
    'neighbours: 50 members of the group of all',
    data,
    undefined,
    timesOf(100, () => neighbours(index, topology.groups[0]!, { direction: 'in', linkKinds: ['MEMBER_OF'] })),
  );
}

async function measureBigWalks(index: AccessIndex, topology: SyntheticTopology, data: string): Promise<void> {
  const { biggest, applications } = topology;
  const random = seeded(12);
  const targets = Array.from({ length: 100 }, () => applications[Math.floor(random() * applications.length)]!);
  const target = topology.people > 10_000 ? '< 300' : '< 30';
  const found = `${data}; ${count(whoCanReach(index, biggest).ids.length)} found`;
  spread(
    'who can reach: biggest application',
    found,
    target,
    timesOf(30, () => whoCanReach(index, biggest)),
  );
  const yielding = await asyncTimes(30, () => whoCanReachAsync(index, biggest));
  spread('who can reach: the same, letting others run', found, target, yielding);
  spread(
    'who can reach: random application',
    data,
    target,
    timesOf(100, (n) => whoCanReach(index, targets[n]!)),
  );
}

function comparePeers(index: AccessIndex, topology: SyntheticTopology): void {
  const random = seeded(13);
  const links = walkedLinks(index);
  const { applications, biggest } = topology;
  const starts = Array.from({ length: 1_000 }, () => 1 + Math.floor(random() * topology.people));
  const targets = Array.from({ length: 30 }, () => applications[Math.floor(random() * applications.length)]!);
  const measured = (peer: Peer): { sum: number; times: Readonly<Record<string, number>> } => {
    let sum = 0;
    const add = (found: number): void => {
      sum += found;
    };
    const times = {
      'reach of an identity': median(timesOf(starts.length, (n) => add(peer.reach(starts[n]!)))),
      'who can reach the biggest application': median(timesOf(7, () => add(peer.whoCanReach(biggest)))),
      'who can reach a random application': median(timesOf(targets.length, (n) => add(peer.whoCanReach(targets[n]!)))),
    };
    return { sum, times };
  };
  const own: Peer = {
    name: 'index',
    buildMs: 0,
    reach: (from) => reach(index, from).ids.length,
    whoCanReach: (target) => whoCanReach(index, target).ids.length,
  };
  measured(own);
  const ours = measured(own);
  for (const make of [mapOfSets, graphology]) {
    const peer = make(index, links);
    const theirs = measured(peer);
    if (theirs.sum !== ours.sum) throw new Error(`${peer.name} finds ${theirs.sum}, the index ${ours.sum}`);
    for (const [what, value] of Object.entries(ours.times)) {
      figure({
        name: `${what}, against ${peer.name}`,
        value,
        unit: 'ms, p50',
        peer: { name: peer.name, value: theirs.times[what]! },
      });
    }
  }
}

/** Takes links out and puts them back, in change sets of the size of a sync's. */
function measureUpdates(index: AccessIndex, { links }: SyntheticTopology): void {
  const random = seeded(14);
  const size = 500;
  const state = { flags: 0, properties: null, hash: 0 };
  const sets = Array.from({ length: 40 }, () => {
    const chosen = new Map<number, { from: number; kind: LinkKind; to: number; source: number; qualifier: string }>();
    while (chosen.size < size) {
      const i = Math.floor(random() * links.from.length);
      const kind = linkKindOf(links.kind[i]!)!;
      if (kind !== 'FEDERATES') {
        chosen.set(i, { from: links.from[i]!, kind, to: links.to[i]!, source: links.source[i]!, qualifier: '' });
      }
    }
    return [...chosen.values()];
  });
  const apply = (changes: readonly LinkChange[]): void => {
    const change: CommittedChange = {
      ...{ v: 1, storeId: 'bench', seq: index.seq + 1, changeId: '', at: 0, cause: 'SYNC' },
      ...{ connector: null, runId: null, actor: null, nodes: [], links: changes },
    };
    index.apply(change);
  };
  const before = JSON.stringify([...index.countsBySource()]);
  const times = timesOf(sets.length, (n) => {
    apply(sets[n]!.map((link) => ({ ...link, before: state, after: null })));
    apply(sets[n]!.map((link) => ({ ...link, before: null, after: state })));
  });
  if (before !== JSON.stringify([...index.countsBySource()])) throw new Error('the digests differ after the updates');
  spread(
    `update: ${size} links out and in again`,
    `${((median(times) * 1_000) / size).toFixed(1)} µs a link`,
    undefined,
    times,
  );
}

async function measureSnapshot(index: AccessIndex, topology: SyntheticTopology, data: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'access-bench-'));
  try {
    const path = join(folder, 'topology.snap');
    const writes = await asyncTimes(3, () => writeSnapshot(path, index.parts(), null));
    figure({ name: 'snapshot: write, flushed', value: median(writes), unit: 'ms', data });
    const loads = await asyncTimes(5, async () => {
      const snapshot = await readSnapshot(path, 'bench');
      if (snapshot === null || typeof snapshot === 'string') throw new Error(`not read: ${snapshot}`);
      if (new AccessIndex(snapshot.parts).linkCount !== index.linkCount) throw new Error('links are missing');
    });
    const rebuilds = await asyncTimes(3, () => AccessIndex.build('bench', chunksOf(topology)));
    const peer = { name: 'build from arrays', value: median(rebuilds) };
    figure({ name: 'snapshot: load', value: median(loads), unit: 'ms', peer, data });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Times of `work(0)`, `work(1)` …, the first tenth once more beforehand to warm up. */
function timesOf(rounds: number, work: (n: number) => unknown): number[] {
  for (let n = 0; n < Math.ceil(rounds / 10); n++) work(n);
  return Array.from({ length: rounds }, (_, n) => {
    const started = performance.now();
    work(n);
    return performance.now() - started;
  });
}

async function asyncTimes(rounds: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times;
}

/** Median and 95th percentile; the target is for the latter. */
function spread(name: string, data: string, target: string | undefined, times: readonly number[]): void {
  figure({ name, value: median(times), unit: 'ms, p50', data });
  figure({ name, value: percentile(times, 0.95), unit: 'ms, p95', data, ...(target === undefined ? {} : { target }) });
}

function count(n: number): string {
  return n.toLocaleString('en');
}
