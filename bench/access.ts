import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommittedChange, LinkChange } from '../src/domain/changes.ts';
import { type LinkKind, linkKindOf } from '../src/domain/link-kinds.ts';
import { AccessIndex } from '../src/services/access/access-index.ts';
import { neighbours, paths, reach, whoCanReach, whoCanReachAsync } from '../src/services/access/queries.ts';
import { readSnapshot, writeSnapshot } from '../src/services/access/snapshot-file.ts';
import { graphology, mapOfSets, type Peer, walkedLinks } from './access/peers.ts';
import { count, heading, line, median, ms, ratio, spread } from './access/print.ts';
import { coldStartOfStore } from './access/store.ts';
import { chunksOf, type SyntheticTopology, seeded, syntheticTopology } from './access/topology.ts';

const MEGABYTE = 1e6;

/**
 * The access index on an invented company: M (10,000 people, 1 M links) or, with `ACCESS_BENCH=L`, 100,000 people and
 * 10 M links. Prints build, memory, queries, updates and the snapshot, and in M the ratio to two peers in the same run.
 */
export async function run(): Promise<void> {
  const people = process.env['ACCESS_BENCH'] === 'L' ? 100_000 : 10_000;
  const topology = syntheticTopology(people);
  const random = seeded(11);

  const builds: number[] = [];
  let index = await built(topology, builds);
  for (let i = 0; i < 2; i++) index = await built(topology, builds);
  heading(`access index: ${count(people)} people, ${count(index.nodeCount)} nodes, ${count(index.linkCount)} links`);
  line('build from topology', ms(median(builds)));
  line(
    'memory',
    `${(index.bytes / MEGABYTE).toFixed(1)} MB, ${(index.bytes / index.linkCount).toFixed(1)} bytes a link ` +
      `(${count(index.federations.size)} federated log-ins)`,
  );

  const someone = (): number => 1 + Math.floor(random() * people);
  const pick = (ids: readonly number[]): number => ids[Math.floor(random() * ids.length)]!;
  const quick = timesOf(2_000, () => {
    const from = someone();
    return () => reach(index, from, { kinds: ['Application'] }).ids.length;
  });
  line('reach of an identity: applications', spread(quick));
  const biggest = whoCanReach(index, topology.biggest).ids.length;
  line(
    `who can reach the biggest application (${count(biggest)})`,
    spread(timesOf(people > 10_000 ? 15 : 40, () => () => whoCanReach(index, topology.biggest))),
  );
  line('  the same, letting others run', spread(await asyncTimes(10, () => whoCanReachAsync(index, topology.biggest))));
  line(
    'who can reach a random application',
    spread(
      timesOf(100, () => {
        const target = pick(topology.applications);
        return () => whoCanReach(index, target);
      }),
    ),
  );
  const pairs = Array.from({ length: 1_000 }, () => {
    const from = someone();
    const { ids } = reach(index, from, { kinds: ['Application'] });
    return { from, to: ids.length > 0 ? ids[Math.floor(random() * ids.length)]! : topology.biggest };
  });
  let at = 0;
  line(
    '10 paths of a pair',
    spread(
      timesOf(1_000, () => {
        const { from, to } = pairs[at++ % pairs.length]!;
        return () => paths(index, from, to, { mode: 'all', limit: 10 });
      }),
    ),
  );
  line(
    'all shortest paths of a pair',
    spread(
      timesOf(1_000, () => {
        const { from, to } = pairs[at++ % pairs.length]!;
        return () => paths(index, from, to, { limit: 100 });
      }),
    ),
  );
  line(
    'neighbours: groups of an account',
    spread(
      timesOf(2_000, () => {
        const id = pick(topology.accounts);
        return () => neighbours(index, id, { direction: 'out', linkKinds: ['MEMBER_OF'], limit: 50 });
      }),
    ),
  );
  line(
    'neighbours: 50 of everybody in a group',
    spread(
      timesOf(
        100,
        () => () => neighbours(index, topology.groups[0]!, { direction: 'in', linkKinds: ['MEMBER_OF'], limit: 50 }),
      ),
    ),
  );

  if (people <= 10_000) comparePeers(index, topology, random);
  updateCost(index, topology, random);
  await coldStart(index, topology);
  await coldStartOfStore();
}

async function built(topology: SyntheticTopology, builds: number[]): Promise<AccessIndex> {
  const started = performance.now();
  const index = await AccessIndex.build('bench', chunksOf(topology));
  builds.push(performance.now() - started);
  return index;
}

function comparePeers(index: AccessIndex, topology: SyntheticTopology, random: () => number): void {
  heading('the same walks in the same process');
  const links = walkedLinks(index);
  const starts = Array.from({ length: 1_000 }, () => 1 + Math.floor(random() * topology.people));
  const targets = Array.from(
    { length: 30 },
    () => topology.applications[Math.floor(random() * topology.applications.length)]!,
  );
  const own: Peer = {
    name: 'index',
    buildMs: 0,
    reach: (from) => reach(index, from).ids.length,
    whoCanReach: (target) => whoCanReach(index, target).ids.length,
  };
  const measured = (peer: Peer) => {
    let sum = 0;
    const count = (found: number): void => {
      sum += found;
    };
    const turn = { s: 0, t: 0 };
    const reachMs = median(
      timesOf(
        starts.length,
        () => {
          const from = starts[turn.s++ % starts.length]!;
          return () => count(peer.reach(from));
        },
        0,
      ),
    );
    const biggestMs = median(timesOf(7, () => () => count(peer.whoCanReach(topology.biggest)), 0));
    const randomMs = median(
      timesOf(
        targets.length,
        () => {
          const target = targets[turn.t++ % targets.length]!;
          return () => count(peer.whoCanReach(target));
        },
        0,
      ),
    );
    return { reachMs, biggestMs, randomMs, sum };
  };
  measured(own);
  const ours = measured(own);
  for (const make of [mapOfSets, graphology]) {
    const peer = make(index, links);
    const theirs = measured(peer);
    if (theirs.sum !== ours.sum) throw new Error(`${peer.name} finds ${theirs.sum}, the index ${ours.sum}`);
    line(
      peer.name,
      `build ${ms(peer.buildMs)} · reach ${ms(theirs.reachMs)} (${ratio(theirs.reachMs, ours.reachMs)}) · ` +
        `who can, biggest ${ms(theirs.biggestMs)} (${ratio(theirs.biggestMs, ours.biggestMs)}) · ` +
        `random ${ms(theirs.randomMs)} (${ratio(theirs.randomMs, ours.randomMs)})`,
    );
  }
}

/** Takes links out and puts them back, in change sets of the size of a sync's. */
function updateCost(index: AccessIndex, { links }: SyntheticTopology, random: () => number): void {
  heading('updates');
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
  const before = index.countsBySource();
  const times = sets.map((set) => {
    const started = performance.now();
    apply(set.map((link) => ({ ...link, before: state, after: null })));
    apply(set.map((link) => ({ ...link, before: null, after: state })));
    return performance.now() - started;
  });
  if (JSON.stringify([...before]) !== JSON.stringify([...index.countsBySource()])) throw new Error('digests differ');
  line(`${size} links out and in again`, `${spread(times)}, ${((median(times) * 1_000) / size).toFixed(1)} µs a link`);
}

async function coldStart(index: AccessIndex, topology: SyntheticTopology): Promise<void> {
  heading('cold start of the index');
  const folder = await mkdtemp(join(tmpdir(), 'access-bench-'));
  try {
    const path = join(folder, 'topology.snap');
    const writes = await asyncTimes(3, () => writeSnapshot(path, index.parts(), null));
    const { size } = await stat(path);
    line('write the snapshot, flushed', `${ms(median(writes))}, ${(size / MEGABYTE).toFixed(1)} MB`);
    const loads = await asyncTimes(5, async () => {
      const snapshot = await readSnapshot(path, 'bench');
      if (snapshot === null || typeof snapshot === 'string') throw new Error(`not read: ${snapshot}`);
      if (new AccessIndex(snapshot.parts).linkCount !== index.linkCount) throw new Error('links are missing');
    });
    const rebuilds = await asyncTimes(3, () => AccessIndex.build('bench', chunksOf(topology)));
    line('load the snapshot', spread(loads));
    line('rebuild from topology in memory', `${ms(median(rebuilds))} (${ratio(median(rebuilds), median(loads))})`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `prepare` is not timed, what it returns is. A tenth of the rounds warms up. */
function timesOf(rounds: number, prepare: () => () => unknown, warmUp = Math.ceil(rounds / 10)): number[] {
  const times: number[] = [];
  for (let i = -warmUp; i < rounds; i++) {
    const work = prepare();
    const started = performance.now();
    work();
    if (i >= 0) times.push(performance.now() - started);
  }
  return times;
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
