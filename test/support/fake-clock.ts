import type { Clock } from '../../src/ports/clock.ts';

export interface FakeClock extends Clock {
  /** Every wait so far, in ms. */
  readonly sleeps: number[];
  advance(ms: number): void;
}

/** Time that stands still until somebody sleeps: then it jumps, and nobody waits. */
export function fakeClock(startMs = Date.parse('2026-08-20T08:00:00.000Z')): FakeClock {
  let now = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    advance(ms) {
      now += ms;
    },
    async sleep(ms, signal) {
      if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
      sleeps.push(ms);
      now += ms;
    },
  };
}
