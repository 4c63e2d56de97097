import { type AppError, asAppError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/** Quiet time after which the log is asked less often. */
const BUSY_MS = 30_000;
const SLOWER = 1.25;
/** Slowest, as a multiple of the first wait: four times 250 ms keeps even an idle replica within a second. */
const SLOWEST = 4;
/** Longest wait while the store does not answer. */
const MAX_TROUBLE_MS = 2_000;

export interface FollowerOptions {
  /** Takes what is new. @returns whether there was anything */
  readonly catchUp: () => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks while there is something to see. */
  readonly pollMs: number;
}

/** Since when a store has not answered, and what it said. */
export interface StoreTrouble {
  /** Epoch ms of its last answer. */
  readonly lastAnswerAt: number;
  readonly error: AppError;
}

/** Asks a shared store again and again for what others have committed; more rarely while nothing happens. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #lastAnswerAt: number;
  #trouble: StoreTrouble | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#lastAnswerAt = options.clock.now();
  }

  start(): void {
    this.#loop = this.#follow();
  }

  /** `null` while all is well. */
  get trouble(): StoreTrouble | null {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    const { clock, pollMs } = this.#options;
    const { signal } = this.#stop;
    let wait = pollMs;
    let lastMoveAt = clock.now();
    while (!signal.aborted) {
      // A tenth of jitter: replicas that started together must not ask together for ever.
      await clock.sleep(wait * (0.9 + Math.random() / 5), signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const hasMoved = await this.#options.catchUp();
        this.#answered();
        if (hasMoved) lastMoveAt = clock.now();
        const isBusy = clock.now() - lastMoveAt < BUSY_MS;
        wait = isBusy ? pollMs : Math.min(pollMs * SLOWEST, Math.max(pollMs, wait) * SLOWER);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(asAppError(error));
        wait = Math.min(MAX_TROUBLE_MS, Math.max(pollMs, wait) * 2);
      }
    }
  }

  #answered(): void {
    this.#lastAnswerAt = this.#options.clock.now();
    if (this.#trouble === null) return;
    const lostMs = this.#lastAnswerAt - this.#trouble.lastAnswerAt;
    this.#trouble = null;
    this.#options.logger.info({ lostMs }, 'the store answers again');
  }

  #failed(error: AppError): void {
    const isNew = this.#trouble?.error.code !== error.code;
    this.#trouble = { lastAnswerAt: this.#lastAnswerAt, error };
    if (isNew) this.#options.logger.error({ code: error.code, reason: error.message }, 'the store cannot be followed');
  }
}
