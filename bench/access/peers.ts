import { DirectedGraph } from 'graphology';
import type { AccessIndex } from '../../src/services/access/access-index.ts';
import { reach } from '../../src/services/access/queries.ts';
import { linkPasses, mayEnter } from '../../src/services/access/walk-rules.ts';

/** The same walk by other means: what one would write first, and what one would install. */
export interface Peer {
  readonly name: string;
  readonly buildMs: number;
  reach(from: number): number;
  whoCanReach(target: number): number;
}

/** Links that a walk of the index would take, with the conditions of federated log-ins decided beforehand. */
export function walkedLinks(index: AccessIndex): [from: number, to: number][] {
  const passes = linkPasses(false);
  const { nodes, forward, federations } = index;
  const walked: [number, number][] = [];
  for (let from = 1; from < nodes.size; from++) {
    if (!mayEnter(nodes, from, false)) continue;
    const stop = forward.start[from]! + forward.length[from]!;
    for (let at = forward.start[from]!; at < stop; at++) {
      const to = forward.ends[at]!;
      const pass = passes[forward.meta[at]!];
      if (pass === 1 && mayEnter(nodes, to, false)) walked.push([from, to]);
    }
    for (let row = federations.first(from); row >= 0; row = federations.after(row)) {
      const applications = reach(index, from, { kinds: ['Application'], maxHops: 10 }).ids;
      if (applications.includes(federations.via[row]!) && mayEnter(nodes, federations.to[row]!, false)) {
        walked.push([from, federations.to[row]!]);
      }
    }
  }
  return walked;
}

export function mapOfSets(index: AccessIndex, links: readonly (readonly [number, number])[]): Peer {
  const started = performance.now();
  const out = new Map<number, Set<number>>();
  const into = new Map<number, Set<number>>();
  const add = (map: Map<number, Set<number>>, a: number, b: number): void => {
    const set = map.get(a);
    if (set) set.add(b);
    else map.set(a, new Set([b]));
  };
  for (const [from, to] of links) {
    add(out, from, to);
    add(into, to, from);
  }
  const walk = (map: Map<number, Set<number>>, start: number): Set<number> => {
    const seen = new Set([start]);
    for (const node of seen) {
      const next = map.get(node);
      if (next) for (const end of next) seen.add(end);
    }
    return seen;
  };
  return {
    name: 'Map<Set>',
    buildMs: performance.now() - started,
    reach: (from) => walk(out, from).size - 1,
    whoCanReach: (target) => countIdentities(index, walk(into, target)),
  };
}

export function graphology(index: AccessIndex, links: readonly (readonly [number, number])[]): Peer {
  const started = performance.now();
  const graph = new DirectedGraph({ allowSelfLoops: true });
  for (const [from, to] of links) graph.mergeEdge(from, to);
  const walk = (start: number, each: 'out' | 'in'): Set<string> => {
    const seen = new Set([String(start)]);
    for (const node of seen) {
      if (!graph.hasNode(node)) continue;
      if (each === 'out') graph.forEachOutNeighbor(node, (end) => void seen.add(end));
      else graph.forEachInNeighbor(node, (end) => void seen.add(end));
    }
    return seen;
  };
  return {
    name: 'graphology',
    buildMs: performance.now() - started,
    reach: (from) => walk(from, 'out').size - 1,
    whoCanReach: (target) => countIdentities(index, walk(target, 'in')),
  };
}

function countIdentities(index: AccessIndex, seen: Iterable<number | string>): number {
  let count = 0;
  for (const id of seen) if (index.kindCodeOf(Number(id)) === 1) count++;
  return count;
}
