import { AppError } from '../../domain/errors.ts';
import { NOT_LIVE_LINK } from '../../domain/flags.ts';
import { type LinkKind, linkKindCode, linkKindOf } from '../../domain/link-kinds.ts';
import { type NodeKind, nodeKindCode } from '../../domain/node-kinds.ts';
import type { AccessIndex } from './access-index.ts';
import { type Walked, walkForward } from './forward-walk.ts';
import {
  bounded,
  Limits,
  PAGE_LIMIT,
  PATH_HOPS,
  PATH_LIMIT,
  REACH_HOPS,
  type TruncationReason,
  type WalkOptions,
} from './limits.ts';
import { type PathGraph, pathGraph } from './path-graph.ts';
import { searchTrails, shortestTrail } from './path-search.ts';
import { ReverseWalk } from './reverse-walk.ts';
import { mayEnter } from './walk-rules.ts';

export interface ReachOptions extends WalkOptions {
  /** Kinds to report; the walk itself goes through all. Reach: default all. Who can reach: default Identity. */
  readonly kinds?: readonly NodeKind[] | undefined;
}

export interface Reached {
  /** Nearest first, then in the order of the walk, which is stable; without the start. */
  readonly ids: Uint32Array;
  /** Links to walk, by place in `ids`. */
  readonly hops: Uint8Array;
  /** True when a limit, not the data, ended the walk; then what is given is right, but not all. */
  readonly truncated: boolean;
  readonly reason?: TruncationReason;
}

export interface PathsOptions extends WalkOptions {
  /** Paths at most; default 10, cap 100. */
  readonly limit?: number | undefined;
  /** `shortest` (default): all of the smallest length. `all`: every one without a repeated node up to `maxHops`. */
  readonly mode?: 'shortest' | 'all' | undefined;
}

export interface Hop {
  readonly from: number;
  readonly to: number;
  readonly kind: LinkKind;
  readonly flags: number;
  /** FEDERATES: the application that the log-in goes through. */
  readonly via?: number;
  /** FEDERATES: how `from` reaches `via` on its own side. */
  readonly through?: readonly Hop[];
}

export interface Path {
  readonly hops: readonly Hop[];
}

export interface Paths {
  /** Shortest first, those of one length by node ids: the same question gives the same order. */
  readonly paths: readonly Path[];
  /** `MAX_HOPS`: longer ones may exist. */
  readonly truncated: boolean;
  readonly reason?: TruncationReason;
}

/** Links that a walk without a break may look at before others get their turn: about a millisecond. */
const STEP = 20_000;
/** So often a yielding walk starts again after the index has moved under it. */
const RESTARTS = 3;
/** Time for a last attempt that lets nobody in between. */
const LAST_ATTEMPT_MS = 250;

/**
 * What a node can reach. A start that is not live (or not there) reaches nothing.
 * @throws AppError `ABORTED`
 */
export function reach(index: AccessIndex, from: number, options: ReachOptions = {}): Reached {
  const limits = new Limits(options, REACH_HOPS);
  return reached(walkForward(index, from, limits, wantedKinds(options.kinds)));
}

/**
 * Who can reach a node: exactly those for whom {@link reach} would find it.
 * @throws AppError `ABORTED`
 */
export function whoCanReach(index: AccessIndex, target: number, options: ReachOptions = {}): Reached {
  const walk = new ReverseWalk(index, target, new Limits(options, REACH_HOPS));
  try {
    while (!walk.step(STEP));
    return reached(walk.result(wantedKinds(options.kinds ?? ['Identity'])));
  } finally {
    walk.close();
  }
}

/**
 * As {@link whoCanReach}, letting others run after every 20,000 links. When the index moves meanwhile it starts again,
 * three times; then once more without a break, for at most 250 ms.
 * @throws AppError `ABORTED`, `INDEX_BUSY` (retryable) when changes came faster than the walk
 */
export async function whoCanReachAsync(
  index: AccessIndex,
  target: number,
  options: ReachOptions = {},
): Promise<Reached> {
  const wanted = wantedKinds(options.kinds ?? ['Identity']);
  const limits = new Limits(options, REACH_HOPS);
  for (let attempt = 0; attempt < RESTARTS; attempt++) {
    const walk = new ReverseWalk(index, target, limits);
    try {
      const { version } = index;
      let done = walk.step(STEP);
      while (!done && index.version === version) {
        await new Promise((resolve) => setImmediate(resolve));
        limits.throwIfAborted();
        if (index.version === version) done = walk.step(STEP);
      }
      if (done) return reached(walk.result(wanted));
    } finally {
      walk.close();
    }
  }
  const answer = whoCanReach(index, target, {
    ...options,
    deadlineMs: Math.min(options.deadlineMs ?? LAST_ATTEMPT_MS, LAST_ATTEMPT_MS),
  });
  if (answer.reason !== 'DEADLINE') return answer;
  throw new AppError('INDEX_BUSY', 'The graph changed faster than the question could be answered; ask again shortly.', {
    retryable: true,
    audience: 'user',
  });
}

/**
 * How a node reaches another. The source and every node on the way must be live; a target that is not is not reached.
 * A node has no path to itself.
 * @throws AppError `ABORTED`
 */
export function paths(index: AccessIndex, from: number, to: number, options: PathsOptions = {}): Paths {
  const limits = new Limits(options, PATH_HOPS);
  const graph = pathGraph(index, from, to, limits);
  const shortestOnly = (options.mode ?? 'shortest') === 'shortest';
  const { trails, reason } = searchTrails(graph, limits, bounded(options.limit, PATH_LIMIT), shortestOnly);
  const subPaths = new Map<number, readonly Hop[]>();
  const found = trails.map((trail) => ({ hops: hopsOf(index, graph, trail, limits, subPaths) }));
  return reason ? { paths: found, truncated: true, reason } : { paths: found, truncated: false };
}

export interface NeighboursOptions {
  /** `out`: links that start here; `in`: links that end here. */
  readonly direction: 'out' | 'in';
  readonly linkKinds: readonly LinkKind[];
  readonly nodeKinds?: readonly NodeKind[] | undefined;
  /** Only links and neighbours that are neither switched off nor expired. */
  readonly liveOnly?: boolean | undefined;
  /** Ids greater than this. */
  readonly after?: number | undefined;
  /** Ids smaller than this. */
  readonly before?: number | undefined;
  /** Default 50, cap 10,000. */
  readonly limit?: number | undefined;
  /** Which end of the remaining ids to take; default `start`. */
  readonly from?: 'start' | 'end' | undefined;
}

export interface Neighbours {
  /** Ascending, each once however many links lead there. */
  readonly ids: number[];
  /** All neighbours of these kinds, whatever `after`, `before` and `limit` say. */
  readonly total: number;
  /** There are more between `after` and `before`, beyond the end of the page that was not asked for. */
  readonly hasMore: boolean;
}

/** A page of the nodes that are linked to a node by any of the kinds, walkable or not. */
export function neighbours(index: AccessIndex, id: number, options: NeighboursOptions): Neighbours {
  const { nodes } = index;
  const { start, length, ends, meta } = options.direction === 'out' ? index.forward : index.reverse;
  const limit = bounded(options.limit, PAGE_LIMIT);
  const atEnd = options.from === 'end';
  const after = options.after ?? 0;
  const before = options.before ?? Number.POSITIVE_INFINITY;
  const links = new Uint8Array(16);
  for (const kind of options.linkKinds) links[linkKindCode(kind)] = 1;
  const kinds = wantedKinds(options.nodeKinds);
  const barredLink = options.liveOnly ? NOT_LIVE_LINK : 0;
  const includeNotLive = !options.liveOnly;
  const ids: number[] = [];
  let total = 0;
  let inRange = 0;
  let last = -1;
  const stop = id < start.length ? start[id]! + length[id]! : 0;
  for (let at = start[id] ?? 0; at < stop; at++) {
    const end = ends[at]!;
    if (end === last || links[meta[at]! >>> 4] === 0 || (meta[at]! & barredLink) !== 0) continue;
    if (kinds[nodes.kind[end]!] !== 1 || !mayEnter(nodes, end, includeNotLive)) continue;
    last = end;
    total++;
    if (end <= after || end >= before) continue;
    inRange++;
    if (atEnd || ids.length < limit) ids.push(end);
  }
  // The slot is in order, so the last ones are a page as well.
  const page = atEnd ? ids.slice(Math.max(0, ids.length - limit)) : ids;
  return { ids: page, total, hasMore: inRange > page.length };
}

function hopsOf(
  index: AccessIndex,
  graph: PathGraph,
  trail: readonly number[],
  limits: Limits,
  subPaths: Map<number, readonly Hop[]>,
): Hop[] {
  const { federations } = index;
  let at = 0;
  return trail.map((link) => {
    const end = graph.to[link]!;
    const meta = graph.meta[link]!;
    const row = graph.row[link]!;
    const hop: Hop = {
      from: graph.ids[at]!,
      to: graph.ids[end]!,
      kind: linkKindOf(meta >>> 4)!,
      flags: row < 0 ? meta & 15 : federations.flags[row]!,
    };
    at = end;
    const via = row < 0 ? 0 : federations.via[row]!;
    if (via === 0) return hop;
    let through = subPaths.get(row);
    if (!through) {
      through = ownSidePath(index, hop.from, via, limits);
      subPaths.set(row, through);
    }
    return { ...hop, via, through };
  });
}

/** The first of the shortest paths without conditional links; of any length, so it is followed, not searched. */
function ownSidePath(index: AccessIndex, from: number, to: number, limits: Limits): Hop[] {
  const graph = pathGraph(index, from, to, limits, { ownSide: true });
  return hopsOf(index, graph, shortestTrail(graph), limits, new Map());
}

function wantedKinds(kinds: readonly NodeKind[] | undefined): Uint8Array {
  const wanted = new Uint8Array(256);
  if (!kinds) wanted.fill(1);
  else for (const kind of kinds) wanted[nodeKindCode(kind)] = 1;
  return wanted;
}

function reached(walked: Walked): Reached {
  const { ids, hops, reason } = walked;
  return reason ? { ids, hops, truncated: true, reason } : { ids, hops, truncated: false };
}
