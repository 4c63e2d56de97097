import type { Clock } from '../../src/ports/clock.ts';

export interface ManualClock extends Clock {
  /** Moves the time and wakes, in order, whoever has slept long enough; waits for what they do at once. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  readonly sleepers: number;
}

/** Time that moves only when a test says so; sleepers really wait. */
export function manualClock(startMs = Date.parse('2026-08-20T08:00:00.000Z')): ManualClock {
  let now = startMs;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    get sleepers() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const aborted = (): void => {
          sleepers.delete(entry);
          reject(new DOMException('aborted', 'AbortError'));
        };
        const entry = {
          until: now + ms,
          wake: () => {
            sleepers.delete(entry);
            signal?.removeEventListener('abort', aborted);
            resolve();
          },
        };
        if (signal?.aborted) return aborted();
        signal?.addEventListener('abort', aborted, { once: true });
        sleepers.add(entry);
      });
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].filter(({ until }) => until <= end).sort((a, b) => a.until - b.until)[0];
        if (next === undefined) break;
        now = Math.max(now, next.until);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}
