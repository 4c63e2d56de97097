import type { FastifyRequest } from 'fastify';

/** A token bucket: `capacity` requests at once, `perSecond` come back. */
export interface Bucket {
  readonly name: string;
  readonly capacity: number;
  readonly perSecond: number;
}

export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Epoch ms at which the bucket is full again. */
  readonly resetAtMs: number;
  /** Ms until the next request would pass; 0 when one passes now. */
  readonly waitMs: number;
}

/** How a provider limits: which bucket a request draws from, and how it says so. */
export interface RateLimitStyle {
  /** `null`: not limited. */
  bucket(request: FastifyRequest): Bucket | null;
  /** Headers of every limited answer, also of those that pass. */
  headers(state: LimitState): Record<string, string>;
  /** Body (JSON text) and extra headers of the 429. */
  exceeded(state: LimitState): { readonly body: string; readonly headers?: Record<string, string> };
}

/** Real time, since it paces real sockets. Switched off, every bucket stays full and the headers say so. */
export class RateLimiter {
  isOn: boolean;
  readonly #levels = new Map<string, { tokens: number; at: number }>();

  constructor(isOn: boolean) {
    this.isOn = isOn;
  }

  /** Draws one token. `passes` is false when there was none. */
  draw(bucket: Bucket): LimitState & { readonly passes: boolean } {
    const now = Date.now();
    if (!this.isOn) {
      return { limit: bucket.capacity, remaining: bucket.capacity, resetAtMs: now + 1000, waitMs: 0, passes: true };
    }
    const level = this.#levels.get(bucket.name) ?? { tokens: bucket.capacity, at: now };
    const tokens = Math.min(bucket.capacity, level.tokens + ((now - level.at) / 1000) * bucket.perSecond);
    const passes = tokens >= 1;
    const left = passes ? tokens - 1 : tokens;
    this.#levels.set(bucket.name, { tokens: left, at: now });
    return {
      limit: bucket.capacity,
      remaining: Math.floor(left),
      resetAtMs: now + Math.ceil(((bucket.capacity - left) / bucket.perSecond) * 1000),
      waitMs: left >= 1 ? 0 : Math.ceil(((1 - left) / bucket.perSecond) * 1000),
      passes,
    };
  }

  reset(): void {
    this.#levels.clear();
  }
}
