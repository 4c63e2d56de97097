import type { Limits, TruncationReason } from './limits.ts';
import { distancesToTarget, FAR, type PathGraph } from './path-graph.ts';

/** A path as places in the link arrays of its {@link PathGraph}. */
type Trail = readonly number[];

export interface Trails {
  readonly trails: readonly Trail[];
  readonly reason: TruncationReason | undefined;
}

/**
 * Node-simple paths from local node 0 to the target, shortest first, those of one length in the order of their node
 * ids. Rounds of growing length: a round goes depth first and leaves a branch as soon as its length so far plus the
 * distance to the target exceeds the round's, so nothing is entered that cannot end at the target in time; the
 * smallest excess seen is the next round's length.
 */
export function searchTrails(graph: PathGraph, limits: Limits, limit: number, shortestOnly: boolean): Trails {
  const search = new TrailSearch(graph, limits, limit);
  const shortest = search.distance;
  if (shortest === FAR || graph.target === 0) return { trails: [], reason: graph.reason };
  for (let length = shortest; length <= limits.maxHops; length = search.next) {
    search.round(length);
    if (search.reason || shortestOnly) break;
  }
  const cut = search.reason ?? graph.reason;
  const longer = shortestOnly ? shortest > limits.maxHops : search.next !== FAR;
  return { trails: search.trails, reason: cut ?? (longer ? 'MAX_HOPS' : undefined) };
}

/** The first of the shortest paths, empty when there is none: from each node on to the first one that is nearer. */
export function shortestTrail(graph: PathGraph): Trail {
  const { first, to, target } = graph;
  const distances = distancesToTarget(graph);
  const trail: number[] = [];
  let node = 0;
  while (distances[node] !== FAR && node !== target) {
    let link = first[node]!;
    while (distances[to[link]!]! >= distances[node]!) link++;
    trail.push(link);
    node = to[link]!;
  }
  return trail;
}

class TrailSearch {
  readonly trails: Trail[] = [];
  reason: TruncationReason | undefined;
  /** Length of the next round: the smallest total that this one had to leave. */
  next: number;
  readonly distance: number;
  readonly #graph: PathGraph;
  readonly #limits: Limits;
  readonly #limit: number;
  readonly #distances: Uint32Array;
  readonly #onTrail: Uint8Array;
  readonly #trail: number[] = [];
  #length = 0;
  #steps = 0;

  constructor(graph: PathGraph, limits: Limits, limit: number) {
    this.#graph = graph;
    this.#limits = limits;
    this.#limit = limit;
    this.#distances = distancesToTarget(graph);
    this.#onTrail = new Uint8Array(graph.ids.length);
    this.distance = this.#distances[0] ?? FAR;
    this.next = this.distance;
  }

  round(length: number): void {
    this.#length = length;
    this.next = FAR;
    this.#onTrail[0] = 1;
    this.#extend(0, 0);
  }

  /** @returns false when the search is over */
  #extend(node: number, depth: number): boolean {
    const { first, to, target } = this.#graph;
    const distances = this.#distances;
    const stop = first[node + 1]!;
    for (let link = first[node]!; link < stop; link++) {
      const end = to[link]!;
      const distance = distances[end]!;
      if (distance === FAR || this.#onTrail[end] === 1) continue;
      const total = depth + 1 + distance;
      if (total > this.#length) {
        if (total < this.next) this.next = total;
        continue;
      }
      if (this.#isOver()) return false;
      this.#trail.push(link);
      let goOn = true;
      if (end !== target) {
        this.#onTrail[end] = 1;
        goOn = this.#extend(end, depth + 1);
        this.#onTrail[end] = 0;
      } else if (depth + 1 === this.#length) {
        goOn = this.#take();
      }
      this.#trail.pop();
      if (!goOn) return false;
    }
    return true;
  }

  #take(): boolean {
    if (this.trails.length === this.#limit) {
      this.reason = 'LIMIT';
      return false;
    }
    this.trails.push(this.#trail.slice());
    return true;
  }

  #isOver(): boolean {
    const steps = ++this.#steps;
    if (steps > this.#limits.maxVisited) this.reason = 'VISITED';
    else if ((steps & 1_023) === 0 && this.#limits.isLate) this.reason = 'DEADLINE';
    return this.reason !== undefined;
  }
}
