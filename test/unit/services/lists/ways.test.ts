import { describe, expect, it } from 'vitest';
import { LinkFlag, NodeFlag } from '../../../../src/domain/flags.ts';
import type { Graph } from '../../../../src/services/graph/graph.ts';
import { accountsHolding, type Holding, holdings } from '../../../../src/services/lists/ways.ts';
import { aGraph, put, type SomeLink, type SomeNode } from '../../../support/graph.ts';

const key = (name: string): string => {
  const kinds: Record<string, string> = {
    a: 'Account',
    g: 'Group',
    p: 'Application',
    r: 'Role',
    m: 'Permission',
    o: 'Organization',
  };
  return `okta/${kinds[name[0]!]}/${name}`;
};

async function graphOf(
  links: readonly (readonly [string, SomeLink['kind'], string, number?])[],
  off: readonly string[] = [],
) {
  const names = [...new Set(links.flatMap(([from, , to]) => [from, to]))];
  const graph = await aGraph();
  const nodes: SomeNode[] = names.map((name) => ({
    key: key(name),
    name,
    flags: off.includes(name) ? NodeFlag.INACTIVE : 0,
  }));
  await put(
    graph,
    nodes,
    links.map(([from, kind, to, flags]) => ({ from: key(from), kind, to: key(to), flags: flags ?? 0 })),
  );
  return graph;
}

async function held(graph: Graph, name: string, what: Holding) {
  const [id] = await graph.store.idsByKey([key(name)]);
  const found = [...holdings(graph.index, id!, what)];
  const named = async (node: number): Promise<string> => (node === 0 ? '' : (await graph.store.nodes([node]))[0]!.name);
  return Object.fromEntries(
    await Promise.all(
      found.map(async ([target, ways]) => [
        await named(target),
        await Promise.all(
          ways.map(
            async (way) => `${way.basis}${way.via ? ` ${await named(way.via)}` : ''}${way.isLive ? '' : ' off'}`,
          ),
        ),
      ]),
    ),
  );
}

async function holders(graph: Graph, name: string, what: Holding, liveOnly: boolean): Promise<string[]> {
  const [id] = await graph.store.idsByKey([key(name)]);
  const nodes = await graph.store.nodes([...accountsHolding(graph.index, id!, what, liveOnly)]);
  return nodes.map((node) => node!.name).sort();
}

describe('ways of holding', () => {
  it('are direct, and through groups of any depth, cycles included', async () => {
    const graph = await graphOf([
      ['a1', 'ASSIGNED_TO', 'p1'],
      ['a1', 'MEMBER_OF', 'g1'],
      ['g1', 'MEMBER_OF', 'g2'],
      ['g2', 'MEMBER_OF', 'g1'],
      ['g2', 'ASSIGNED_TO', 'p1'],
      ['g2', 'ASSIGNED_TO', 'p2'],
      ['a2', 'MEMBER_OF', 'g2'],
    ]);
    expect(await held(graph, 'a1', 'Application')).toEqual({ p1: ['DIRECT', 'GROUP g2'], p2: ['GROUP g2'] });
    expect(await holders(graph, 'p1', 'Application', true)).toEqual(['a1', 'a2']);
    expect(await holders(graph, 'p2', 'Application', true)).toEqual(['a1', 'a2']);
  });

  it('show a derived row as evidence only where nothing else explains it', async () => {
    const graph = await graphOf([
      ['a1', 'ASSIGNED_TO', 'p1', LinkFlag.DERIVED],
      ['a1', 'ASSIGNED_TO', 'p2', LinkFlag.DERIVED],
      ['a1', 'MEMBER_OF', 'g1'],
      ['g1', 'ASSIGNED_TO', 'p1'],
    ]);
    expect(await held(graph, 'a1', 'Application')).toEqual({ p1: ['GROUP g1'], p2: ['EVIDENCE off'] });
    expect(await holders(graph, 'p2', 'Application', false)).toEqual(['a1']);
    expect(await holders(graph, 'p2', 'Application', true)).toEqual([]);
  });

  it('are off where a link or a node on the way is', async () => {
    const graph = await graphOf(
      [
        ['a1', 'MEMBER_OF', 'g1', LinkFlag.INACTIVE],
        ['g1', 'ASSIGNED_TO', 'p1'],
        ['a1', 'MEMBER_OF', 'g2'],
        ['g2', 'ASSIGNED_TO', 'p2', LinkFlag.EXPIRED],
        ['a2', 'ASSIGNED_TO', 'p3'],
      ],
      ['a2'],
    );
    expect(await held(graph, 'a1', 'Application')).toEqual({ p1: ['GROUP g1 off'], p2: ['GROUP g2 off'] });
    expect(await held(graph, 'a2', 'Application')).toEqual({ p3: ['DIRECT off'] });
    expect(await holders(graph, 'p3', 'Application', true)).toEqual([]);
    expect(await holders(graph, 'p1', 'Application', true)).toEqual([]);
    expect(await holders(graph, 'p1', 'Application', false)).toEqual(['a1']);
  });

  it('prefer the live one of two to the same group', async () => {
    const graph = await graphOf([
      ['a1', 'MEMBER_OF', 'g1', LinkFlag.INACTIVE],
      ['a1', 'MEMBER_OF', 'g2'],
      ['g2', 'MEMBER_OF', 'g1'],
      ['g1', 'ASSIGNED_TO', 'p1'],
    ]);
    expect(await held(graph, 'a1', 'Application')).toEqual({ p1: ['GROUP g1'] });
  });

  it('give permissions through roles, also those that groups bring', async () => {
    const graph = await graphOf([
      ['a1', 'GRANTS', 'm1'],
      ['a1', 'HAS_ROLE', 'r1'],
      ['r1', 'GRANTS', 'm1'],
      ['a1', 'MEMBER_OF', 'g1'],
      ['g1', 'HAS_ROLE', 'r2'],
      ['r2', 'GRANTS', 'm2'],
    ]);
    expect(await held(graph, 'a1', 'Permission')).toEqual({ m1: ['DIRECT', 'ROLE r1'], m2: ['ROLE r2'] });
    expect(await held(graph, 'a1', 'Role')).toEqual({ r1: ['DIRECT'], r2: ['GROUP g1'] });
  });

  it('do not go through organisations', async () => {
    const graph = await graphOf([
      ['a1', 'MEMBER_OF', 'o1'],
      ['g1', 'MEMBER_OF', 'o1'],
      ['g1', 'ASSIGNED_TO', 'p1'],
    ]);
    expect(await held(graph, 'a1', 'Application')).toEqual({});
  });
});
