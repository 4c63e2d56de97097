import type { Clock } from '../../src/ports/clock.ts';

/** What a provider's headers say about one of its buckets. */
export interface RateLimit {
  readonly remaining?: number;
  readonly limit?: number;
  /** Epoch ms on our clock at which the bucket is full again. */
  readonly resetAtMs?: number;
}

export interface RateGateOptions {
  readonly clock: Clock;
  /** Pause while less than this share of a bucket is left (the rest is the customer's); default 0.2. */
  readonly minRemainingShare: number;
  /** No pause is longer than this, whatever a header says. */
  readonly maxPauseMs: number;
}

/** Holds requests back, per bucket, until the provider has room again. */
export class RateGate {
  readonly #options: RateGateOptions;
  readonly #openAtMs = new Map<string, number>();

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  /** Takes note of an answer's headers. */
  note(bucket: string, limit: RateLimit): void {
    if (limit.remaining === undefined || limit.resetAtMs === undefined) return;
    const floor = limit.limit === undefined ? 1 : Math.max(1, limit.limit * this.#options.minRemainingShare);
    if (limit.remaining < floor) this.closeUntil(bucket, limit.resetAtMs);
  }

  /** Nobody of this bucket passes before `atMs` (capped). */
  closeUntil(bucket: string, atMs: number): void {
    const capped = Math.min(atMs, this.#options.clock.now() + this.#options.maxPauseMs);
    if (capped > (this.#openAtMs.get(bucket) ?? 0)) this.#openAtMs.set(bucket, capped);
  }

  /** How long a request of this bucket has to wait now. */
  waitMs(bucket: string): number {
    const openAt = this.#openAtMs.get(bucket);
    return openAt === undefined ? 0 : Math.max(0, openAt - this.#options.clock.now());
  }

  /** Waits until the bucket is open. @returns how long it waited */
  async pass(bucket: string, signal: AbortSignal): Promise<number> {
    let waited = 0;
    for (let wait = this.waitMs(bucket); wait > 0; wait = this.waitMs(bucket)) {
      // A little spread, so that the waiting ones do not start in the same instant.
      const ms = wait + Math.random() * Math.min(250, wait);
      await this.#options.clock.sleep(ms, signal);
      waited += ms;
    }
    return waited;
  }
}

/** `Retry-After` in ms from now, from seconds or a date; `null` when there is none that makes sense. */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const value = headers.get('retry-after')?.trim();
  if (!value) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
