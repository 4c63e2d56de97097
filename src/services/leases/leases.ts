import type { Fence } from '../../domain/changes.ts';
import { asAppError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore, Lease } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';

const DEFAULT_TAKE_OVER_MS = 15_000;
/** How much of that a lease lasts in the store; the rest is for noticing that it is free, and for beginning. */
const LASTING = 2 / 3;
/** Wait after a renewal that got no answer. */
const RETRY_MS = 500;

export interface LeasesOptions {
  readonly store: Pick<GraphStore, 'isShared' | 'acquireLease' | 'renewLease' | 'releaseLease'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this gateway among the others; never the same for two. */
  readonly holder: string;
  /**
   * Time within which another gateway has taken over from one that is gone, in ms; default 15,000. A lease lasts two
   * thirds of it and is renewed when a third of those is over.
   */
  readonly takeOverMs?: number;
}

/** Leave to be the only one who does something, until it is lost. */
export interface HeldLease {
  readonly name: string;
  /** For every change set made under it; `undefined` on a store of one process, where nobody else can have it. */
  readonly fence: Fence | undefined;
  /** Aborted when it is lost: whoever works under it stops at once. */
  readonly lost: AbortSignal;
  /** Says that the store has refused it. */
  lose(): void;
  /** Asks the store. @throws AppError `STORE_UNAVAILABLE` */
  confirm(): Promise<boolean>;
  /** Gives it back; never rejects. Safe to call twice, and after a loss. */
  release(): Promise<void>;
}

/**
 * Who may do what alone, among all gateways on one store. A lease lasts as long as it is renewed; one that could not be
 * renewed for its whole time counts as lost here, before the store gives it to somebody else. On a store of one
 * process a lease is a name in memory.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #ttlMs: number;
  readonly #held = new Set<string>();

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#ttlMs = Math.round((options.takeOverMs ?? DEFAULT_TAKE_OVER_MS) * LASTING);
  }

  /** @returns `null` while somebody has it, here or elsewhere */
  async acquire(name: string): Promise<HeldLease | null> {
    if (this.#held.has(name)) return null;
    this.#held.add(name);
    try {
      const { store, clock, holder } = this.#options;
      if (!store.isShared) return this.#local(name);
      const asked = clock.now();
      const lease = await store.acquireLease(name, holder, this.#ttlMs);
      if (lease !== null) return this.#renewed(lease, asked);
    } catch (error) {
      this.#held.delete(name);
      throw error;
    }
    this.#held.delete(name);
    return null;
  }

  #local(name: string): HeldLease {
    return {
      name,
      fence: undefined,
      lost: new AbortController().signal,
      lose: () => {},
      confirm: async () => true,
      release: async () => {
        this.#held.delete(name);
      },
    };
  }

  #renewed(lease: Lease, asked: number): HeldLease {
    const { name, token } = lease;
    const lost = new AbortController();
    const released = new AbortController();
    const over = AbortSignal.any([lost.signal, released.signal]);
    const lose = (): void => {
      if (over.aborted) return;
      this.#options.logger.warn({ lease: name, token }, 'lease lost');
      lost.abort();
    };
    void this.#keep(lease, asked, over, lose);
    return {
      name,
      fence: { lease: name, token },
      lost: lost.signal,
      lose,
      confirm: async () => {
        const isHeld = !over.aborted && (await this.#options.store.renewLease(lease, this.#ttlMs));
        if (!isHeld) lose();
        return isHeld;
      },
      release: async () => {
        if (released.signal.aborted) return;
        released.abort();
        this.#held.delete(name);
        await this.#options.store.releaseLease(lease).catch((error: unknown) => {
          this.#options.logger.warn({ lease: name, reason: asAppError(error).message }, 'lease not given back');
        });
      },
    };
  }

  /** Renews at a third of the time until it is over; never rejects. */
  async #keep(lease: Lease, asked: number, over: AbortSignal, lose: () => void): Promise<void> {
    const { clock, store } = this.#options;
    let until = asked + this.#ttlMs;
    let wait = this.#ttlMs / 3;
    for (;;) {
      await clock.sleep(Math.min(wait, Math.max(0, until - clock.now())), over).catch(() => {});
      if (over.aborted) return;
      const now = clock.now();
      if (now >= until) return lose();
      // A store that does not answer must not keep alive what has run out.
      const answered = new AbortController();
      const late = clock
        .sleep(until - now, AbortSignal.any([over, answered.signal]))
        .catch(() => {})
        .then(() => 'late' as const);
      const answer = await Promise.race([late, store.renewLease(lease, this.#ttlMs).catch(() => null)]);
      answered.abort();
      if (over.aborted) return;
      if (answer === false || answer === 'late') return lose();
      if (answer === true) until = now + this.#ttlMs;
      wait = answer === true ? this.#ttlMs / 3 : RETRY_MS;
    }
  }
}
