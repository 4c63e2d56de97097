import { type AppError, asAppError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { HeldLease, Leases } from './leases.ts';

/** Between two attempts to become the one. */
const EVERY_MS = 1_000;

export interface SingletonOptions<T> {
  /** Name of its lease. */
  readonly name: string;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Makes it and starts it; what it commits must carry the lease's fence. The signal is aborted when it will be ended
   * at once, so that a long beginning may be cut short.
   */
  readonly begin: (lease: HeldLease, signal: AbortSignal) => Promise<T>;
  /** Ends it. */
  readonly end: (running: T) => Promise<void>;
}

/**
 * Something of which there is one among all gateways: it runs here while this gateway has the lease, else somewhere
 * else, and a gateway that is gone is replaced in time, see {@link Leases}.
 */
export class Singleton<T> {
  readonly #options: SingletonOptions<T>;
  readonly #stop = new AbortController();
  #current: T | null = null;
  #loop: Promise<void> = Promise.resolve();
  /** What has been said about not being able to take over. */
  #trouble: string | null = null;

  constructor(options: SingletonOptions<T>) {
    this.#options = options;
  }

  /** What runs, while it runs here. */
  get current(): T | null {
    return this.#current;
  }

  /**
   * The first attempt; resolves when it runs, or runs elsewhere, or has to wait for the store.
   * @throws what `begin` throws and no repetition mends
   */
  async start(): Promise<void> {
    let lease: HeldLease | null = null;
    try {
      lease = await this.#options.leases.acquire(this.#options.name);
      if (lease !== null) await this.#begin(lease);
    } catch (thrown) {
      const error = asAppError(thrown);
      if (!error.retryable) throw thrown;
      this.#notYet(error);
      lease = null;
    }
    this.#loop = this.#hold(lease);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #begin(lease: HeldLease): Promise<void> {
    try {
      this.#current = await this.#options.begin(lease, this.#over(lease));
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async #hold(first: HeldLease | null): Promise<void> {
    const { name, leases, clock, logger } = this.#options;
    const { signal } = this.#stop;
    let lease = first;
    for (;;) {
      if (lease !== null) {
        await aborted(this.#over(lease));
        await this.#end();
        await lease.release();
        lease = null;
      }
      await clock.sleep(EVERY_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        lease = await leases.acquire(name);
        if (lease !== null) {
          await this.#begin(lease);
          logger.info({ lease: name }, 'taken over');
        }
        this.#trouble = null;
      } catch (error) {
        lease = null;
        this.#notYet(asAppError(error));
      }
    }
  }

  /** Aborted when what runs under the lease has to end. */
  #over(lease: HeldLease): AbortSignal {
    return AbortSignal.any([this.#stop.signal, lease.lost]);
  }

  #notYet({ code, message }: AppError): void {
    const { logger, name } = this.#options;
    if (this.#trouble === code) return;
    this.#trouble = code;
    logger.warn({ lease: name, code, reason: message }, 'could not take over; trying again');
  }

  async #end(): Promise<void> {
    const running = this.#current;
    this.#current = null;
    if (running === null) return;
    await this.#options.end(running).catch((error: unknown) => {
      this.#options.logger.warn({ lease: this.#options.name, err: error }, 'ending failed');
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
