import { nodeKindCode } from '../../domain/node-kinds.ts';
import type { AccessIndex } from './access-index.ts';
import { newUint32 } from './arrays.ts';
import { type Closure, Conditions } from './conditions.ts';
import { collect, type Walked } from './forward-walk.ts';
import type { Limits, TruncationReason } from './limits.ts';
import { borrow, giveBack, type Scratch } from './scratch.ts';
import { BLOCKED, CONDITIONAL, linkPasses, mayEnter, ownSidePasses } from './walk-rules.ts';

const ACCOUNT = nodeKindCode('Account');

/**
 * Breadth first against access, in steps: who can reach the target. A node is taken only where a walk forward from it
 * would get here, so it is live, its links are, and the condition of a FEDERATES holds on the side it comes from.
 * Valid while the index keeps its version.
 */
export class ReverseWalk {
  readonly #index: AccessIndex;
  readonly #limits: Limits;
  readonly #passes: Uint8Array;
  readonly #conditions: Conditions | null;
  readonly #scratch: Scratch;
  #nested: { readonly via: number; readonly walk: ReverseWalk } | null = null;
  #head = 0;
  #tail = 0;
  #reason: TruncationReason | undefined;

  /** @param ownSide leaves conditional links out, and the limits of nodes and hops */
  constructor(index: AccessIndex, target: number, limits: Limits, ownSide = false) {
    this.#index = index;
    this.#limits = limits;
    const { includeNotLive } = limits;
    this.#passes = ownSide ? ownSidePasses(includeNotLive) : linkPasses(includeNotLive);
    this.#conditions = ownSide ? null : new Conditions(index, includeNotLive);
    this.#scratch = borrow(index);
    if (!mayEnter(index.nodes, target, includeNotLive)) return;
    this.#scratch.queue[0] = target;
    this.#scratch.hops[0] = 0;
    this.#scratch.mark[target] = this.#scratch.epoch;
    this.#tail = 1;
  }

  /** Goes on for about `budget` links. @returns whether the walk is done */
  step(budget: number): boolean {
    const { nodes, reverse, federations } = this.#index;
    const { start, length, ends, meta } = reverse;
    const { mark, queue, hops, epoch } = this.#scratch;
    const { includeNotLive, maxVisited } = this.#limits;
    const ownSide = this.#conditions === null;
    const maxHops = ownSide ? 255 : this.#limits.maxHops;
    const passes = this.#passes;
    const askConditions = this.#conditions !== null && federations.size > 0;
    let left = budget;
    let tail = this.#tail;
    for (let head = this.#head; head < tail; head++) {
      if (left <= 0) {
        this.#head = head;
        this.#tail = tail;
        return this.#late();
      }
      const node = queue[head]!;
      const hop = hops[head]!;
      if (node >= start.length) continue;
      if (askConditions && nodes.kind[node] === ACCOUNT) {
        const spent = this.#prepare(node, left);
        if (spent < 0) {
          this.#head = head;
          this.#tail = tail;
          return this.#late();
        }
        left -= spent;
      }
      const from = start[node]!;
      const stop = from + length[node]!;
      left -= stop - from + 1;
      for (let at = from; at < stop; at++) {
        const pass = passes[meta[at]!];
        if (pass === BLOCKED) continue;
        const end = ends[at]!;
        if (mark[end] === epoch || !mayEnter(nodes, end, includeNotLive)) continue;
        if (pass === CONDITIONAL && this.#conditions!.row(end, node) < 0) continue;
        if (hop >= maxHops) {
          this.#reason = 'MAX_HOPS';
          break;
        }
        if (!ownSide && tail > maxVisited) {
          this.#reason = 'VISITED';
          this.#head = tail;
          this.#tail = tail;
          return true;
        }
        mark[end] = epoch;
        queue[tail] = end;
        hops[tail++] = hop < 254 ? hop + 1 : 254;
      }
    }
    this.#head = tail;
    this.#tail = tail;
    return true;
  }

  /** What was found, nearest first. */
  result(wanted: Uint8Array): Walked {
    const { queue, hops } = this.#scratch;
    return collect(this.#index.nodes.kind, queue, hops, this.#tail, wanted, this.#reason);
  }

  /** Always call it: gives the working memory back. */
  close(): void {
    this.#nested?.walk.close();
    this.#conditions?.close();
    giveBack(this.#index, this.#scratch);
  }

  /** Computes closures that the log-ins into `node` want. @returns links spent, or -1 when the budget went first */
  #prepare(node: number, budget: number): number {
    let left = budget;
    for (;;) {
      if (!this.#nested) {
        const via = this.#conditions!.closureWanted(node);
        if (via === 0) return budget - left;
        this.#nested = { via, walk: new ReverseWalk(this.#index, via, this.#limits, true) };
      }
      // A closure that time cut short would deny what is granted: it is never kept.
      if (!this.#nested.walk.step(left) || this.#nested.walk.#reason) return -1;
      left -= this.#nested.walk.#tail;
      this.#conditions!.keepClosure(this.#nested.via, this.#nested.walk.#closure());
      this.#nested.walk.close();
      this.#nested = null;
    }
  }

  #closure(): Closure {
    const { queue, mark } = this.#scratch;
    const bits = newUint32((mark.length >>> 5) + 1);
    for (let i = 0; i < this.#tail; i++) {
      const id = queue[i]!;
      bits[id >>> 5] = bits[id >>> 5]! | (1 << (id & 31));
    }
    return bits;
  }

  /** Whether the walk ends here because its time is over. */
  #late(): boolean {
    this.#limits.throwIfAborted();
    if (!this.#limits.isLate) return false;
    this.#reason = 'DEADLINE';
    this.#head = this.#tail;
    return true;
  }
}
