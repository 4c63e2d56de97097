import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits, REACH_HOPS } from '../../../src/services/access/limits.ts';
import { paths, reach, whoCanReach, whoCanReachAsync } from '../../../src/services/access/queries.ts';
import { ReverseWalk } from '../../../src/services/access/reverse-walk.ts';
import { NaiveAccess, type PlainGraph } from '../../support/naive-access.ts';
import { indexOf } from '../../support/plain-topology.ts';
import { randomGraphs } from '../../support/random-graphs.ts';
import { SqlAccess } from '../../support/sql-access.ts';

const everyKind = { kinds: undefined };
const hopsById = (answer: { ids: Uint32Array; hops: Uint8Array }): [number, number][] =>
  [...answer.ids].map((id, i): [number, number] => [id, answer.hops[i]!]).sort(([a], [b]) => a - b);
const sorted = (map: Map<number, number>): [number, number][] => [...map].sort(([a], [b]) => a - b);
const allKinds = [
  'Identity',
  'Account',
  'Group',
  'Role',
  'Organization',
  'Application',
  'Permission',
  'Credential',
] as const;

describe('random graphs, against the rules by the book', () => {
  it('reach finds the same nodes at the same distance', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), fc.boolean(), async (graph, includeNotLive) => {
        const index = await indexOf(graph, 7);
        const naive = new NaiveAccess(graph, includeNotLive);
        for (const { id } of graph.nodes) {
          const answer = reach(index, id, { ...everyKind, includeNotLive });
          expect(hopsById(answer)).toEqual(sorted(naive.reach(id)));
          expect([...answer.hops]).toEqual([...answer.hops].sort((a, b) => a - b));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('who can reach is the reverse of reach', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), fc.boolean(), async (graph, includeNotLive) => {
        const index = await indexOf(graph);
        const naive = new NaiveAccess(graph, includeNotLive);
        for (const { id } of graph.nodes) {
          const expected = sorted(naive.whoCanReach(id)).filter(([other]) => other !== id);
          expect(hopsById(whoCanReach(index, id, { kinds: allKinds, includeNotLive }))).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('paths are all the simple ones, each once, shortest first, in a stable order', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs({ maxNodes: 8, maxLinks: 18 }), fc.boolean(), async (graph, includeNotLive) => {
        const index = await indexOf(graph);
        const naive = new NaiveAccess(graph, includeNotLive);
        for (const from of graph.nodes) {
          for (const to of graph.nodes) {
            if (from.id === to.id) continue;
            const expected = naive.paths(from.id, to.id, 6);
            const all = paths(index, from.id, to.id, { mode: 'all', maxHops: 6, limit: 100, includeNotLive });
            expect(all.paths.map(plainPath)).toEqual(expected.slice(0, 100));
            expect(all.reason === 'LIMIT').toBe(expected.length > 100);
            const shortest = paths(index, from.id, to.id, { maxHops: 6, limit: 100, includeNotLive });
            const fewest = expected[0]?.length;
            expect(shortest.paths.map(plainPath)).toEqual(
              expected.filter((path) => path.length === fewest).slice(0, 100),
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a path cut at its longest length says so whenever a longer one exists', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomGraphs({ maxNodes: 8, maxLinks: 18 }),
        fc.integer({ min: 1, max: 4 }),
        async (graph, maxHops) => {
          const index = await indexOf(graph);
          const naive = new NaiveAccess(graph);
          for (const { id } of graph.nodes.slice(1)) {
            const longer = naive.paths(1, id, 8).some((path) => path.length > maxHops);
            const { truncated } = paths(index, 1, id, { mode: 'all', maxHops, limit: 100 });
            if (longer) expect(truncated).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('every federated hop shows a way to the application that it goes through', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), async (graph) => {
        const index = await indexOf(graph);
        const naive = new NaiveAccess(graph);
        for (const { id } of graph.nodes.slice(1)) {
          for (const path of paths(index, 1, id, { mode: 'all', limit: 100, maxHops: 5 }).paths) {
            for (const hop of path.hops) {
              if (hop.via === undefined) continue;
              let at = hop.from;
              for (const step of hop.through!) {
                expect(step.from).toBe(at);
                expect(naive.steps(step.from, true).some(({ kind, to }) => kind === step.kind && to === step.to)).toBe(
                  true,
                );
                at = step.to;
              }
              expect(at).toBe(hop.via);
              expect(hop.through!.length).toBe(naive.reach(hop.from, true).get(hop.via) ?? 0);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a walk cut by hops holds exactly what is near enough', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), fc.integer({ min: 0, max: 4 }), async (graph, maxHops) => {
        const index = await indexOf(graph);
        const naive = new NaiveAccess(graph);
        for (const { id } of graph.nodes) {
          const whole = sorted(naive.reach(id));
          const near = whole.filter(([, hops]) => hops <= maxHops);
          const answer = reach(index, id, { maxHops });
          expect(hopsById(answer)).toEqual(near);
          expect(answer.truncated).toBe(near.length < whole.length);
          expect(answer.reason).toBe(near.length < whole.length ? 'MAX_HOPS' : undefined);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('random graphs, against recursive SQL', () => {
  it('reach finds the same nodes', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs({ maxNodes: 20, maxLinks: 60 }), fc.boolean(), async (graph, includeNotLive) => {
        const index = await indexOf(graph);
        using sql = new SqlAccess(graph);
        for (const { id } of graph.nodes) {
          const found = [...reach(index, id, { includeNotLive }).ids].sort((a, b) => a - b);
          expect(found).toEqual(sql.reach(id, includeNotLive));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a company with many federated log-ins', () => {
  it('gives the same people by closure as by looking at each', async () => {
    const graph = federatedCompany();
    const index = await indexOf(graph);
    const naive = new NaiveAccess(graph);
    for (const { id, kind } of graph.nodes.slice(-60)) {
      if (kind === 'Identity') continue;
      const expected = sorted(naive.whoCanReach(id)).filter(([other]) => other !== id);
      expect(hopsById(whoCanReach(index, id, { kinds: allKinds }))).toEqual(expected);
      expect(hopsById(await whoCanReachAsync(index, id, { kinds: allKinds }))).toEqual(expected);
    }
  });
});

describe('what was computed for many log-ins', () => {
  it('is computed anew after a change', async () => {
    const graph = federatedCompany();
    const index = await indexOf(graph);
    const target = graph.nodes.length - 1;
    const before = hopsById(whoCanReach(index, target, { kinds: allKinds }));
    const gate = graph.links.findLast(({ kind }) => kind === 'ASSIGNED_TO')!;
    const row = { ...gate, qualifier: '' };
    const state = { flags: 0, properties: null, hash: 0 };
    index.apply({
      ...{ v: 1, storeId: 'plain', seq: 1, changeId: 'c', at: 0, cause: 'SYNC', connector: null, runId: null },
      ...{ actor: null, nodes: [], links: [{ ...row, before: state, after: null }] },
    });
    const naive = new NaiveAccess({ ...graph, links: graph.links.filter((link) => link !== gate) });
    const expected = sorted(naive.whoCanReach(target)).filter(([other]) => other !== target);
    expect(hopsById(whoCanReach(index, target, { kinds: allKinds }))).toEqual(expected);
    expect(expected.length).toBeLessThan(before.length);
  });
});

describe('a closure that time cut short', () => {
  it('is not kept for the next question', async () => {
    const graph = federatedCompany();
    const index = await indexOf(graph);
    const target = graph.nodes.length - 1;
    for (let looks = 1; looks < 6; looks++) {
      let now = 0;
      // The watch jumps past the deadline at the n-th look: in the walk, or in a closure inside it.
      const walk = new ReverseWalk(
        index,
        target,
        new Limits({ deadlineMs: 50, now: () => (++now > looks ? 100 : 0) }, REACH_HOPS),
      );
      while (!walk.step(25));
      walk.close();
    }
    const naive = new NaiveAccess(graph);
    const expected = sorted(naive.whoCanReach(target)).filter(([other]) => other !== target);
    expect(hopsById(whoCanReach(index, target, { kinds: allKinds }))).toEqual(expected);
  });
});

/** 150 people with an account here and one there; some may log in there through one of two gates, some lost theirs. */
function federatedCompany(): PlainGraph {
  const nodes: PlainGraph['nodes'][number][] = [];
  const links: PlainGraph['links'][number][] = [];
  const add = (kind: PlainGraph['nodes'][number]['kind'], flags = 0): number =>
    nodes.push({ id: nodes.length + 1, kind, flags });
  const link = (from: number, kind: PlainGraph['links'][number]['kind'], to: number, via?: number): void => {
    links.push({ from, kind, to, flags: 0, source: 1, via });
  };
  const people = 150;
  for (let i = 0; i < people; i++) add('Identity');
  for (let i = 0; i < people; i++) link(i + 1, 'HAS_ACCOUNT', add('Account', i % 11 === 0 ? 1 : 0));
  const there = Array.from({ length: people }, () => add('Account'));
  const groups = Array.from({ length: 6 }, () => add('Group'));
  const gates = [add('Application'), add('Application')];
  const roles = [add('Role'), add('Role')];
  const api = add('Application');
  const right = add('Permission');
  for (let i = 0; i < people; i++) {
    const here = people + i + 1;
    link(here, 'MEMBER_OF', groups[i % 5]!);
    if (i % 3 !== 0) link(here, 'FEDERATES', there[i]!, gates[i % 2]!);
    // One account there is shared by many.
    if (i % 7 === 0) link(here, 'FEDERATES', there[0]!, gates[0]!);
    link(there[i]!, 'HAS_ROLE', roles[i % 2]!);
    // Who is there may use a gate there: the own side of a log-in must not go through another log-in.
    if (i % 4 === 0) link(there[i]!, 'ASSIGNED_TO', gates[1]!);
  }
  link(groups[0]!, 'MEMBER_OF', groups[5]!);
  link(groups[5]!, 'ASSIGNED_TO', gates[0]!);
  link(groups[1]!, 'ASSIGNED_TO', gates[1]!);
  link(groups[2]!, 'ASSIGNED_TO', gates[0]!);
  link(roles[0]!, 'GRANTS', right);
  link(right, 'PERMITS', api);
  return { nodes, links };
}

function plainPath(path: { hops: readonly { from: number; kind: string; to: number }[] }) {
  return path.hops.map(({ from, kind, to }) => ({ from, kind, to }));
}
