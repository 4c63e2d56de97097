import { linkKindCode } from '../../domain/link-kinds.ts';
import { VIA_UNKNOWN } from '../../ports/graph-store.ts';
import type { AccessIndex } from './access-index.ts';
import { packMeta } from './adjacency.ts';
import { borrow, giveBack, type Scratch } from './scratch.ts';
import { BLOCKED, linkPasses, mayEnter, ownSidePasses } from './walk-rules.ts';

const FEDERATES = linkKindCode('FEDERATES');

/** Accounts that can reach an application on their own side: one bit a node. */
export type Closure = Uint32Array;

interface ClosureCache {
  version: number;
  readonly closures: Map<string, Closure>;
}

const caches = new WeakMap<AccessIndex, ClosureCache>();

/** Keeps this many closures of the present version: 75 kB each with 600,000 nodes. */
const KEPT_CLOSURES = 64;

/** So many single checks of one application are cheaper than its whole closure. */
const CHECKS_BEFORE_CLOSURE = 32;

/**
 * The conditions of FEDERATES links within one query: a log-in at A opens a session at B only while A itself reaches
 * the application in between, by links of its own side. Single checks search forward from A, which is small; a walk
 * that asks often for one application gets the closure of that application, which answers every further check at once.
 */
export class Conditions {
  readonly #index: AccessIndex;
  readonly #includeNotLive: boolean;
  readonly #passes: Uint8Array;
  readonly #checks = new Map<number, number>();
  #scratch: Scratch | null = null;

  constructor(index: AccessIndex, includeNotLive: boolean) {
    this.#index = index;
    this.#includeNotLive = includeNotLive;
    this.#passes = linkPasses(includeNotLive);
  }

  /** Row of `index.federations` by which the log-in at `from` opens `to`, smallest `via` first; -1 when none holds. */
  row(from: number, to: number): number {
    const { federations } = this.#index;
    let found = -1;
    let unconditional = -1;
    for (let row = federations.first(from); row >= 0; row = federations.after(row)) {
      if (federations.to[row] !== to) continue;
      if (this.#passes[packMeta(FEDERATES, federations.flags[row]!)] === BLOCKED) continue;
      const via = federations.via[row]!;
      if (via === VIA_UNKNOWN) continue;
      if (via === 0) unconditional = row;
      else if ((found < 0 || via < federations.via[found]!) && this.#reaches(from, via)) found = row;
    }
    return found >= 0 ? found : unconditional;
  }

  /** An application whose closure is worth computing before the log-ins into `to` are checked, or 0. */
  closureWanted(to: number): number {
    const { federations, reverse } = this.#index;
    const stop = reverse.start[to]! + reverse.length[to]!;
    let asked = 0;
    for (let at = reverse.start[to]!; at < stop; at++) {
      if (reverse.meta[at]! >>> 4 !== FEDERATES) continue;
      for (let row = federations.first(reverse.ends[at]!); row >= 0; row = federations.after(row)) {
        const via = federations.via[row]!;
        if (federations.to[row] !== to || via === 0 || via === VIA_UNKNOWN) continue;
        if ((this.#checks.get(via) ?? 0) + asked++ >= CHECKS_BEFORE_CLOSURE && !this.#closure(via)) return via;
      }
    }
    return 0;
  }

  keepClosure(via: number, closure: Closure): void {
    let cache = caches.get(this.#index);
    if (!cache || cache.version !== this.#index.version) {
      cache = { version: this.#index.version, closures: new Map() };
      caches.set(this.#index, cache);
    }
    if (cache.closures.size >= KEPT_CLOSURES) {
      for (const oldest of cache.closures.keys()) {
        cache.closures.delete(oldest);
        break;
      }
    }
    cache.closures.set(this.#cacheKey(via), closure);
  }

  close(): void {
    if (this.#scratch) giveBack(this.#index, this.#scratch);
    this.#scratch = null;
  }

  #cacheKey(via: number): string {
    return `${this.#includeNotLive ? 'any' : 'live'}:${via}`;
  }

  #closure(via: number): Closure | undefined {
    const cache = caches.get(this.#index);
    return cache?.version === this.#index.version ? cache.closures.get(this.#cacheKey(via)) : undefined;
  }

  #reaches(from: number, via: number): boolean {
    if (from === via) return true;
    const closure = this.#closure(via);
    if (closure) return (closure[from >>> 5]! & (1 << (from & 31))) !== 0;
    this.#checks.set(via, (this.#checks.get(via) ?? 0) + 1);
    if (!this.#scratch) this.#scratch = borrow(this.#index);
    else this.#scratch.begin(this.#scratch.mark.length);
    return ownSideSearch(this.#index, from, via, this.#includeNotLive, this.#scratch);
  }
}

/** Forward search without conditional links. On success the scratch's queue ends with `target`. */
function ownSideSearch(
  index: AccessIndex,
  from: number,
  target: number,
  includeNotLive: boolean,
  scratch: Scratch,
): boolean {
  const { nodes, forward } = index;
  if (!mayEnter(nodes, target, includeNotLive)) return false;
  const { start, length, ends, meta } = forward;
  const { mark, queue, epoch } = scratch;
  const passes = ownSidePasses(includeNotLive);
  let tail = 1;
  queue[0] = from;
  mark[from] = epoch;
  for (let head = 0; head < tail; head++) {
    const node = queue[head]!;
    if (node >= start.length) continue;
    const stop = start[node]! + length[node]!;
    for (let at = start[node]!; at < stop; at++) {
      if (passes[meta[at]!] === BLOCKED) continue;
      const end = ends[at]!;
      if (mark[end] === epoch) continue;
      mark[end] = epoch;
      if (end === target) return true;
      if (!mayEnter(nodes, end, includeNotLive)) continue;
      queue[tail++] = end;
    }
  }
  return false;
}
