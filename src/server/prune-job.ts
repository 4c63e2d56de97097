import { asAppError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Logger } from '../ports/logger.ts';
import { pruneChanges } from '../services/changes/retention.ts';
import type { Leases } from '../services/leases/leases.ts';

export interface PruneJobOptions {
  readonly store: GraphStore;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long changes are kept, in ms. */
  readonly keepMs: number;
}

/**
 * What the schedule calls to forget old changes; another gateway that is just doing it is left alone.
 * @returns never rejects; says once why it failed, until it succeeds or fails for another reason
 */
export function pruneJob({ store, leases, clock, logger, keepMs }: PruneJobOptions): () => Promise<void> {
  let trouble: string | null = null;
  return async () => {
    try {
      const lease = await leases.acquire('prune');
      if (lease === null) return;
      const last = await pruneChanges(store, clock, keepMs).finally(() => lease.release());
      trouble = null;
      if (last !== null) logger.info({ seq: last }, 'old changes forgotten');
    } catch (thrown) {
      const { code, message, cause } = asAppError(thrown);
      if (code === trouble) return;
      trouble = code;
      const fields = { code, reason: message, ...(code === 'INTERNAL' ? { err: cause } : {}) };
      logger.error(fields, 'old changes could not be forgotten; trying again in an hour');
    }
  };
}
