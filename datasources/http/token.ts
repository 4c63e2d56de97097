import type { Clock } from '../../src/ports/clock.ts';

/** A token and when it ends. */
export interface IssuedToken<T> {
  readonly value: T;
  /** Epoch ms. */
  readonly expiresAtMs: number;
}

export interface TokenCacheOptions<T> {
  readonly clock: Clock;
  /** Asks the provider for a new one. A failure is not remembered. */
  issue(): Promise<IssuedToken<T>>;
  /** A token this close to its end is replaced before use; default 5 min, at most a quarter of its life. */
  readonly refreshAheadMs?: number;
}

/** Keeps one token in memory, asks for the next before it ends, and asks once however many callers wait. */
export class TokenCache<T> {
  readonly #options: TokenCacheOptions<T>;
  #current: (IssuedToken<T> & { readonly refreshAtMs: number }) | null = null;
  #pending: Promise<T> | null = null;

  constructor(options: TokenCacheOptions<T>) {
    this.#options = options;
  }

  async get(): Promise<T> {
    if (this.#current !== null && this.#options.clock.now() < this.#current.refreshAtMs) return this.#current.value;
    this.#pending ??= this.#issue().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  /** Forgets a token the provider refused; with `refused` only if it is still the current one (others may have renewed it). */
  drop(refused?: T): void {
    if (refused === undefined || this.#current?.value === refused) this.#current = null;
  }

  async #issue(): Promise<T> {
    const issued = await this.#options.issue();
    const life = issued.expiresAtMs - this.#options.clock.now();
    const ahead = Math.min(this.#options.refreshAheadMs ?? 300_000, life / 4);
    this.#current = { ...issued, refreshAtMs: issued.expiresAtMs - ahead };
    return issued.value;
  }
}
