import type { AccessIndex } from './access-index.ts';
import { Conditions } from './conditions.ts';
import type { Limits, TruncationReason } from './limits.ts';
import { borrow, giveBack } from './scratch.ts';
import { BLOCKED, CONDITIONAL, linkPasses, mayEnter } from './walk-rules.ts';

/** What a walk has seen: nodes nearest first without the start, and their distances. */
export interface Walked {
  readonly ids: Uint32Array;
  readonly hops: Uint8Array;
  readonly reason: TruncationReason | undefined;
}

/** Breadth first along access, from a node that must be live itself. `wanted` by kind code: what to report. */
export function walkForward(index: AccessIndex, from: number, limits: Limits, wanted: Uint8Array): Walked {
  const { nodes, forward } = index;
  const { includeNotLive, maxHops, maxVisited } = limits;
  if (!mayEnter(nodes, from, includeNotLive))
    return { ids: new Uint32Array(0), hops: new Uint8Array(0), reason: undefined };
  const { start, length, ends, meta } = forward;
  const passes = linkPasses(includeNotLive);
  const conditions = new Conditions(index, includeNotLive);
  const scratch = borrow(index);
  const { mark, queue, hops, epoch } = scratch;
  let reason: TruncationReason | undefined;
  let tail = 1;
  queue[0] = from;
  hops[0] = 0;
  mark[from] = epoch;
  walk: for (let head = 0; head < tail; head++) {
    if ((head & 1_023) === 1_023 && limits.isLate) {
      reason = 'DEADLINE';
      break;
    }
    const node = queue[head]!;
    const hop = hops[head]!;
    if (node >= start.length) continue;
    const stop = start[node]! + length[node]!;
    for (let at = start[node]!; at < stop; at++) {
      const pass = passes[meta[at]!];
      if (pass === BLOCKED) continue;
      const end = ends[at]!;
      if (mark[end] === epoch || !mayEnter(nodes, end, includeNotLive)) continue;
      if (pass === CONDITIONAL && conditions.row(node, end) < 0) continue;
      if (hop >= maxHops) {
        reason = 'MAX_HOPS';
        break;
      }
      if (tail > maxVisited) {
        reason = 'VISITED';
        break walk;
      }
      mark[end] = epoch;
      queue[tail] = end;
      hops[tail++] = hop + 1;
    }
  }
  conditions.close();
  const walked = collect(nodes.kind, queue, hops, tail, wanted, reason);
  giveBack(index, scratch);
  return walked;
}

/** Of the first `tail` places, without the start: those of a wanted kind. */
export function collect(
  kinds: Uint8Array,
  queue: Uint32Array,
  hops: Uint8Array,
  tail: number,
  wanted: Uint8Array,
  reason: TruncationReason | undefined,
): Walked {
  let count = 0;
  for (let i = 1; i < tail; i++) if (wanted[kinds[queue[i]!]!] === 1) count++;
  const ids = new Uint32Array(count);
  const distances = new Uint8Array(count);
  let at = 0;
  for (let i = 1; i < tail; i++) {
    if (wanted[kinds[queue[i]!]!] !== 1) continue;
    ids[at] = queue[i]!;
    distances[at++] = hops[i]!;
  }
  return { ids, hops: distances, reason };
}
