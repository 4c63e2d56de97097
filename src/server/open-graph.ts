import { type AppError, asAppError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Logger } from '../ports/logger.ts';
import { Graph } from '../services/graph/graph.ts';
import { isPassing } from '../services/graph/patience.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export interface OpenGraphOptions {
  /** A store that is not open yet; called anew for every attempt. */
  readonly create: () => Promise<{ readonly store: GraphStore; readonly snapshotPath: string | null }>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Told after each attempt that failed for now. */
  readonly waiting: (reason: AppError) => void;
}

/**
 * Opens the graph; while a shared store cannot be reached (`STORE_UNAVAILABLE`), again and again with growing waits up
 * to 15 s. A file that cannot be opened, a wrong password or a newer schema are told at once: waiting mends nothing.
 * @throws AppError of the store; what the last attempt threw when the signal ends it
 */
export async function openGraph(options: OpenGraphOptions): Promise<Graph> {
  const { create, clock, logger, signal, waiting } = options;
  let loggedMs = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
    const made = await create();
    try {
      return await Graph.open({ ...made, logger, clock });
    } catch (thrown) {
      await made.store.close().catch(() => {});
      const error = asAppError(thrown);
      if (!made.store.isShared || !isPassing(error) || signal.aborted) throw thrown;
      waiting(error);
      // Once for each step of the wait, not for ever the same line.
      if (waitMs !== loggedMs) {
        logger.warn({ code: error.code, reason: error.message, waitMs }, 'the store cannot be reached; trying again');
      }
      loggedMs = waitMs;
      await clock.sleep(waitMs, signal).catch(() => {});
      if (signal.aborted) throw thrown;
    }
  }
}
