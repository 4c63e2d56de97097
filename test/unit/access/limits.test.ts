import { describe, expect, it } from 'vitest';
import type { LinkUpsert } from '../../../src/domain/changes.ts';
import type { NodeKind } from '../../../src/domain/node-kinds.ts';
import type { AccessIndex } from '../../../src/services/access/access-index.ts';
import { neighbours, paths, reach, whoCanReach, whoCanReachAsync } from '../../../src/services/access/queries.ts';
import { aLink } from '../../support/graph-builder.ts';
import type { PlainGraph, PlainLink } from '../../support/naive-access.ts';
import { indexOf } from '../../support/plain-topology.ts';

const link = (from: number, kind: PlainLink['kind'], to: number, flags = 0): PlainLink => ({
  ...{ from, kind, to, flags },
  source: 1,
});
const nodesOf = (count: number, kind: NodeKind, from = 1): PlainGraph['nodes'] =>
  Array.from({ length: count }, (_, i) => ({ id: from + i, kind, flags: 0 }));

/** 1 → 2 → … → count. */
const chain = (count: number): PlainGraph => ({
  nodes: nodesOf(count, 'Group'),
  links: Array.from({ length: count - 1 }, (_, i) => link(i + 1, 'MEMBER_OF', i + 2)),
});

/** `people` identities, one account each, all in one group that is assigned to one application: the last two ids. */
function bigCompany(people: number): PlainGraph {
  const group = people * 2 + 1;
  const links: PlainLink[] = [link(group, 'ASSIGNED_TO', group + 1)];
  for (let i = 1; i <= people; i++)
    links.push(link(i, 'HAS_ACCOUNT', people + i), link(people + i, 'MEMBER_OF', group));
  return {
    nodes: [
      ...nodesOf(people, 'Identity'),
      ...nodesOf(people, 'Account', people + 1),
      ...nodesOf(1, 'Group', group),
      ...nodesOf(1, 'Application', group + 1),
    ],
    links,
  };
}

/** Layers of `width` groups, everyone a member of all in the next: width ^ layers paths. */
function lattice(width: number, layers: number): PlainGraph {
  const last = width * layers + 2;
  const layer = (n: number): number[] =>
    n === 0 ? [1] : n > layers ? [last] : Array.from({ length: width }, (_, i) => 2 + (n - 1) * width + i);
  const links: PlainLink[] = [];
  for (let n = 0; n <= layers; n++) {
    for (const from of layer(n)) for (const to of layer(n + 1)) links.push(link(from, 'MEMBER_OF', to));
  }
  return { nodes: nodesOf(last, 'Group'), links };
}

/** Time that goes on by a second with every look at it. */
function hastyWatch(): () => number {
  let now = 0;
  return () => {
    now += 1_000;
    return now;
  };
}

describe('a walk says that it was cut short', () => {
  it('by the number of nodes it may see', async () => {
    const index = await indexOf(bigCompany(50));
    expect(whoCanReach(index, 102, { kinds: undefined, maxVisited: 30 })).toMatchObject({
      truncated: true,
      reason: 'VISITED',
    });
    expect(reach(await indexOf(chain(10)), 1, { maxVisited: 4 })).toMatchObject({
      ids: Uint32Array.of(2, 3, 4, 5),
      truncated: true,
      reason: 'VISITED',
    });
    expect(reach(await indexOf(chain(5)), 1, { maxVisited: 4 }).truncated).toBe(false);
  });

  it('by its longest way: 254 links', async () => {
    const index = await indexOf(chain(300));
    const answer = reach(index, 1, { maxHops: 1_000 });
    expect(answer.ids.length).toBe(254);
    expect(answer).toMatchObject({ truncated: true, reason: 'MAX_HOPS' });
    expect(whoCanReach(index, 300, { kinds: ['Group'] })).toMatchObject({ truncated: true, reason: 'MAX_HOPS' });
  });

  it('by time', async () => {
    const index = await indexOf(bigCompany(20_000));
    const late = { deadlineMs: 500, now: hastyWatch() };
    expect(whoCanReach(index, 40_002, late)).toMatchObject({ truncated: true, reason: 'DEADLINE' });
    expect(await whoCanReachAsync(index, 40_002, { ...late, now: hastyWatch() })).toMatchObject({
      truncated: true,
      reason: 'DEADLINE',
    });
    expect(reach(await indexOf(lattice(30, 40)), 1, { ...late, now: hastyWatch() })).toMatchObject({
      reason: 'DEADLINE',
    });
  });

  it('and a search for paths by its limit, its steps and time', async () => {
    const index = await indexOf(lattice(6, 6));
    const all = { mode: 'all' as const, maxHops: 16 };
    expect(paths(index, 1, 38, { ...all, limit: 20 })).toMatchObject({ truncated: true, reason: 'LIMIT' });
    expect(paths(index, 1, 38, { ...all, limit: 20 }).paths.length).toBe(20);
    expect(paths(index, 1, 38, { ...all, limit: 5_000 }).paths.length).toBe(100);
    expect(paths(index, 1, 38, { ...all, limit: 100, maxVisited: 60 })).toMatchObject({
      truncated: true,
      reason: 'VISITED',
    });
    const late = { deadlineMs: 500, now: hastyWatch() };
    expect(paths(await indexOf(lattice(30, 40)), 1, 1_202, { ...all, ...late })).toMatchObject({ reason: 'DEADLINE' });
  });

  it('and paths that are all too long', async () => {
    const index = await indexOf(chain(12));
    expect(paths(index, 1, 12)).toEqual({ paths: [], truncated: true, reason: 'MAX_HOPS' });
    expect(paths(index, 1, 12, { maxHops: 11 }).paths.length).toBe(1);
    expect(paths(index, 12, 1)).toEqual({ paths: [], truncated: false });
  });

  it('but not when exactly as many paths exist as were asked for', async () => {
    const index = await indexOf(lattice(5, 1));
    expect(paths(index, 1, 7, { limit: 5 })).toMatchObject({ truncated: false });
    expect(paths(index, 1, 7, { limit: 4 })).toMatchObject({ truncated: true, reason: 'LIMIT' });
  });
});

describe('hostile shapes', () => {
  it('a maze without an exit ends at the limit of steps, not in a day', async () => {
    // Everybody is a member of everybody: the number of simple paths has no name.
    const size = 40;
    const links: PlainLink[] = [];
    for (let from = 1; from <= size; from++) {
      for (let to = 1; to <= size; to++) links.push(link(from, 'MEMBER_OF', to));
    }
    const index = await indexOf({ nodes: nodesOf(size, 'Group'), links });
    const answer = paths(index, 1, size, { mode: 'all', maxHops: 16, limit: 100 });
    expect(answer).toMatchObject({ truncated: true, reason: 'LIMIT' });
    expect(answer.paths.length).toBe(100);
    expect(new Set(answer.paths.map((path) => path.hops.map(({ to }) => to).join())).size).toBe(100);
  });

  it('a condition proved by a very long way is shown whole', async () => {
    const length = 20_000;
    const graph = chain(length);
    const nodes = [...graph.nodes, ...nodesOf(2, 'Account', length + 1)];
    const index = await indexOf({
      nodes,
      links: [
        ...graph.links,
        link(length + 1, 'MEMBER_OF', 1),
        { ...link(length + 1, 'FEDERATES', length + 2), via: length },
      ],
    });
    const [path] = paths(index, length + 1, length + 2).paths;
    expect(path!.hops[0]!.through!.length).toBe(length);
  });

  it('ids that are not there reach nothing and break nothing', async () => {
    const index = await indexOf(chain(3));
    for (const id of [0, 4, 999, 4_294_967_295, -1, 1.5, Number.NaN]) {
      expect(reach(index, id).ids.length).toBe(0);
      expect(whoCanReach(index, id).ids.length).toBe(0);
      expect(paths(index, id, 1).paths).toEqual([]);
      expect(paths(index, 1, id).paths).toEqual([]);
      expect(neighbours(index, id, { direction: 'out', linkKinds: ['MEMBER_OF'] })).toEqual({
        ids: [],
        total: 0,
        hasMore: false,
      });
    }
  });

  it('limits that make no sense fall back to what is allowed', async () => {
    const index = await indexOf(chain(5));
    expect(reach(index, 1, { maxHops: -3 })).toMatchObject({ truncated: true, reason: 'MAX_HOPS' });
    expect(reach(index, 1, { maxHops: Number.NaN }).ids.length).toBe(4);
    expect(reach(index, 1, { maxHops: 2.9 }).ids.length).toBe(2);
  });
});

describe('a walk that lets others run', () => {
  it('gives what the one without breaks gives', async () => {
    const index = await indexOf(bigCompany(30_000));
    let turns = 0;
    const ticker = setInterval(() => turns++, 0);
    const answer = await whoCanReachAsync(index, 60_002);
    clearInterval(ticker);
    expect(answer).toEqual(whoCanReach(index, 60_002));
    expect(answer.ids.length).toBe(30_000);
    expect(turns).toBeGreaterThan(0);
  });

  it('starts again when the index moves, and answers for the new one', async () => {
    const index = await indexOf(bigCompany(30_000));
    setImmediate(() => takeFromGroup(index, 30_001));
    const answer = await whoCanReachAsync(index, 60_002);
    expect(answer.ids.length).toBe(29_999);
    expect(answer.truncated).toBe(false);
  });

  it('takes one go without a break when the index never rests', async () => {
    const index = await indexOf(bigCompany(30_000));
    let account = 30_001;
    const pulse = (): void => {
      takeFromGroup(index, account++);
      restless = setImmediate(pulse);
    };
    let restless = setImmediate(pulse);
    const answer = await whoCanReachAsync(index, 60_002);
    clearImmediate(restless);
    expect(answer.truncated).toBe(false);
    expect(answer.ids.length).toBe(60_001 - account);
  });

  it('says that it should be asked again when even that took too long', async () => {
    const index = await indexOf(bigCompany(30_000));
    let account = 30_001;
    const pulse = (): void => {
      takeFromGroup(index, account++);
      restless = setImmediate(pulse);
    };
    let restless = setImmediate(pulse);
    let now = 0;
    const answer = whoCanReachAsync(index, 60_002, { now: () => (now += 300) });
    await expect(answer).rejects.toMatchObject({ code: 'INDEX_BUSY', retryable: true });
    clearImmediate(restless);
  });

  it('stops when the asker has gone', async () => {
    const index = await indexOf(bigCompany(30_000));
    const gone = new AbortController();
    setImmediate(() => gone.abort());
    await expect(whoCanReachAsync(index, 60_002, { signal: gone.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(() => reach(index, 1, { signal: gone.signal })).toThrow(expect.objectContaining({ code: 'ABORTED' }));
  });
});

describe('a page of neighbours', () => {
  const graph: PlainGraph = {
    nodes: [
      ...nodesOf(9, 'Account'),
      { id: 10, kind: 'Group', flags: 0 },
      { id: 11, kind: 'Account', flags: 1 },
      ...nodesOf(2, 'Group', 12),
    ],
    links: [
      ...[9, 3, 7, 1, 5, 11].map((id) => link(id, 'MEMBER_OF', 10)),
      { ...link(3, 'MEMBER_OF', 10), source: 2 },
      link(3, 'HAS_ROLE', 10),
      link(7, 'ASSIGNED_TO', 10),
      link(8, 'MEMBER_OF', 10, 4),
      link(12, 'MEMBER_OF', 10),
    ],
  };
  const members = { direction: 'in', linkKinds: ['MEMBER_OF'] } as const;

  it('is in ascending order, each once, and counts all', async () => {
    const index = await indexOf(graph);
    expect(neighbours(index, 10, members)).toEqual({ ids: [1, 3, 5, 7, 8, 9, 11, 12], total: 8, hasMore: false });
    expect(neighbours(index, 10, { ...members, liveOnly: true })).toMatchObject({ ids: [1, 3, 5, 7, 9, 12], total: 6 });
    expect(neighbours(index, 10, { ...members, nodeKinds: ['Group'] })).toMatchObject({ ids: [12], total: 1 });
    expect(neighbours(index, 10, { ...members, linkKinds: ['HAS_ROLE', 'ASSIGNED_TO'] }).ids).toEqual([3, 7]);
    expect(neighbours(index, 3, { direction: 'out', linkKinds: ['MEMBER_OF', 'HAS_ROLE'] }).ids).toEqual([10]);
  });

  it('goes forward and backward by id without gap or repeat', async () => {
    const index = await indexOf(graph);
    expect(neighbours(index, 10, { ...members, limit: 3 })).toEqual({ ids: [1, 3, 5], total: 8, hasMore: true });
    expect(neighbours(index, 10, { ...members, limit: 3, after: 5 })).toEqual({
      ids: [7, 8, 9],
      total: 8,
      hasMore: true,
    });
    expect(neighbours(index, 10, { ...members, limit: 3, after: 9 })).toEqual({
      ids: [11, 12],
      total: 8,
      hasMore: false,
    });
    const last = { ...members, limit: 3, from: 'end' } as const;
    expect(neighbours(index, 10, last)).toEqual({ ids: [9, 11, 12], total: 8, hasMore: true });
    expect(neighbours(index, 10, { ...last, before: 9 })).toEqual({ ids: [5, 7, 8], total: 8, hasMore: true });
    expect(neighbours(index, 10, { ...last, before: 5 })).toEqual({ ids: [1, 3], total: 8, hasMore: false });
    expect(neighbours(index, 10, { ...members, limit: 2, after: 3, before: 9 })).toEqual({
      ids: [5, 7],
      total: 8,
      hasMore: true,
    });
  });
});

/** Takes the account out of the group of a {@link bigCompany} of 30,000. */
function takeFromGroup(index: AccessIndex, account: number): void {
  const gone: LinkUpsert = aLink(account, 'MEMBER_OF', 60_001);
  index.apply({
    ...{ v: 1, storeId: 'plain', seq: index.seq + 1, changeId: `take ${account}`, at: 0, cause: 'SYNC' },
    ...{ connector: null, runId: null, actor: null, nodes: [] },
    links: [{ ...gone, before: gone, after: null }],
  });
}
