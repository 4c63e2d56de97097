import { AppError } from '../../domain/errors.ts';

/** Why an answer was cut short. */
export type TruncationReason = 'LIMIT' | 'MAX_HOPS' | 'VISITED' | 'DEADLINE';

export interface WalkOptions {
  /** Also goes along links and into nodes that are switched off or expired. Never along evidence. */
  readonly includeNotLive?: boolean | undefined;
  /** Links, not nodes. Reach: default and cap 254. Paths: default 8, cap 16. */
  readonly maxHops?: number | undefined;
  /** Nodes a walk may see, steps a path search may take. Default 5,000,000, cap 50,000,000. */
  readonly maxVisited?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Time for one query. Default 5,000, cap 60,000. */
  readonly deadlineMs?: number | undefined;
  /** A steady clock in ms, for tests. */
  readonly now?: (() => number) | undefined;
}

interface Bound {
  readonly fallback: number;
  readonly cap: number;
}

export const REACH_HOPS: Bound = { fallback: 254, cap: 254 };
export const PATH_HOPS: Bound = { fallback: 8, cap: 16 };
export const PATH_LIMIT: Bound = { fallback: 10, cap: 100 };
export const PAGE_LIMIT: Bound = { fallback: 50, cap: 10_000 };
const VISITED: Bound = { fallback: 5_000_000, cap: 50_000_000 };
const DEADLINE: Bound = { fallback: 5_000, cap: 60_000 };

/** The asked value within 0 and the cap; the default when nothing (or nonsense) was asked. */
export function bounded(asked: number | undefined, bound: Bound): number {
  if (asked === undefined || Number.isNaN(asked)) return bound.fallback;
  return Math.min(Math.max(Math.floor(asked), 0), bound.cap);
}

/** The limits of one query, and its watch. */
export class Limits {
  readonly includeNotLive: boolean;
  readonly maxHops: number;
  readonly maxVisited: number;
  readonly #signal: AbortSignal | undefined;
  readonly #now: () => number;
  readonly #end: number;

  constructor(options: WalkOptions, hops: Bound) {
    this.includeNotLive = options.includeNotLive ?? false;
    this.maxHops = bounded(options.maxHops, hops);
    this.maxVisited = bounded(options.maxVisited, VISITED);
    this.#signal = options.signal;
    this.#now = options.now ?? (() => performance.now());
    this.#end = this.#now() + bounded(options.deadlineMs, DEADLINE);
    this.throwIfAborted();
  }

  get isLate(): boolean {
    return this.#now() > this.#end;
  }

  /** @throws AppError `ABORTED` */
  throwIfAborted(): void {
    if (this.#signal?.aborted) {
      throw new AppError('ABORTED', 'The query was cancelled.', { retryable: true, audience: 'user' });
    }
  }
}
