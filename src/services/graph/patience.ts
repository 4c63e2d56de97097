import { type AppError, asAppError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

export interface PatienceOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long to go on trying; 0: not at all. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

/** True while waiting may help: the store cannot be reached for now. */
export function isPassing(error: AppError): boolean {
  return error.code === 'STORE_UNAVAILABLE' && error.retryable;
}

/**
 * Does `work`, and again while the store is unavailable for a while (`STORE_UNAVAILABLE`, retryable), with growing
 * waits. The work must bear repetition.
 * @throws what the last attempt threw
 */
export async function withPatience<T>(work: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { clock, forMs, signal, logger } = options;
  const until = clock.now() + forMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    try {
      return await work();
    } catch (thrown) {
      const error = asAppError(thrown);
      if (!isPassing(error) || signal.aborted || clock.now() + waitMs > until) throw thrown;
      logger.warn({ reason: error.message, waitMs }, 'the store is not available; trying again');
      await clock.sleep(waitMs, signal).catch(() => {});
    }
  }
}
