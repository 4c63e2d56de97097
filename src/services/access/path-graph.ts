import type { AccessIndex } from './access-index.ts';
import { Conditions } from './conditions.ts';
import type { Limits, TruncationReason } from './limits.ts';
import { borrow, giveBack } from './scratch.ts';
import { BLOCKED, CONDITIONAL, linkPasses, mayEnter, ownSidePasses } from './walk-rules.ts';

/**
 * The part of the graph that a source can reach, small and with its own numbering (0 is the source): links in the
 * order of (end, kind), each once however many sources assert it, conditions already checked.
 */
export interface PathGraph {
  /** Node ids by local number. */
  readonly ids: Uint32Array;
  /** Links of local node n: `first[n]` up to `first[n + 1]`. */
  readonly first: readonly number[];
  readonly to: readonly number[];
  readonly meta: readonly number[];
  /** Row of the condition of a FEDERATES link, else -1. */
  readonly row: readonly number[];
  /** Local number of the target, or -1 when it is not reached. */
  readonly target: number;
  readonly reason: TruncationReason | undefined;
}

export interface PathGraphOptions {
  /** Leaves conditional links out. */
  readonly ownSide?: boolean;
}

/** Everything that a path from `from` to `to` can be made of. Links out of the target are left out. */
export function pathGraph(
  index: AccessIndex,
  from: number,
  to: number,
  limits: Limits,
  options: PathGraphOptions = {},
): PathGraph {
  const { nodes, forward } = index;
  const { includeNotLive, maxVisited } = limits;
  const first: number[] = [0];
  const tos: number[] = [];
  const metas: number[] = [];
  const rows: number[] = [];
  if (!mayEnter(nodes, from, includeNotLive) || !mayEnter(nodes, to, includeNotLive)) {
    return { ids: new Uint32Array(0), first, to: tos, meta: metas, row: rows, target: -1, reason: undefined };
  }
  const { start, length, ends, meta } = forward;
  const passes = options.ownSide ? ownSidePasses(includeNotLive) : linkPasses(includeNotLive);
  const conditions = new Conditions(index, includeNotLive);
  const scratch = borrow(index);
  const { mark, place, queue, epoch } = scratch;
  let reason: TruncationReason | undefined;
  let tail = 1;
  queue[0] = from;
  mark[from] = epoch;
  place[from] = 0;
  for (let head = 0; head < tail; head++) {
    if ((head & 1_023) === 1_023 && limits.isLate) reason = 'DEADLINE';
    const node = queue[head]!;
    const stop = node === to || reason === 'DEADLINE' || node >= start.length ? -1 : start[node]! + length[node]!;
    let lastEnd = -1;
    let lastKind = -1;
    for (let at = start[node] ?? 0; at < stop; at++) {
      const pass = passes[meta[at]!];
      if (pass === BLOCKED) continue;
      const end = ends[at]!;
      const kind = meta[at]! >>> 4;
      if ((end === lastEnd && kind === lastKind) || end === node || !mayEnter(nodes, end, includeNotLive)) continue;
      const row = pass === CONDITIONAL ? conditions.row(node, end) : -1;
      if (pass === CONDITIONAL && row < 0) continue;
      if (mark[end] !== epoch) {
        if (tail > maxVisited) {
          reason ??= 'VISITED';
          continue;
        }
        mark[end] = epoch;
        place[end] = tail;
        queue[tail++] = end;
      }
      tos.push(place[end]!);
      metas.push(meta[at]!);
      rows.push(row);
      lastEnd = end;
      lastKind = kind;
    }
    first.push(tos.length);
  }
  const target = mark[to] === epoch ? place[to]! : -1;
  const ids = queue.slice(0, tail);
  conditions.close();
  giveBack(index, scratch);
  return { ids, first, to: tos, meta: metas, row: rows, target, reason };
}

/** Links to the target by local number, at least; {@link FAR} where none leads there. */
export function distancesToTarget(graph: PathGraph): Uint32Array {
  const { ids, first, to, target } = graph;
  const size = ids.length;
  const distances = new Uint32Array(size).fill(FAR);
  if (target < 0) return distances;
  const at = new Uint32Array(size + 1);
  for (let i = 0; i < to.length; i++) at[to[i]! + 1]!++;
  for (let i = 0; i < size; i++) at[i + 1]! += at[i]!;
  const back = new Uint32Array(to.length);
  const fill = at.slice(0, size);
  for (let node = 0; node < size; node++) {
    for (let i = first[node]!; i < first[node + 1]!; i++) back[fill[to[i]!]!++] = node;
  }
  const queue = new Uint32Array(size);
  queue[0] = target;
  distances[target] = 0;
  for (let head = 0, tail = 1; head < tail; head++) {
    const node = queue[head]!;
    const next = distances[node]! + 1;
    for (let i = at[node]!; i < at[node + 1]!; i++) {
      const before = back[i]!;
      if (distances[before] !== FAR) continue;
      distances[before] = next;
      queue[tail++] = before;
    }
  }
  return distances;
}

/** No way to the target. */
export const FAR = 0xffffffff;
