import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';

/** Rows looked at for their time in one step. */
const STEP = 256;

/**
 * Forgets changes older than `keepMs`. Cheap when there is nothing to forget: it reads from the oldest row on and
 * stops at the first one that is kept.
 * @returns the last seq that was forgotten, or `null`
 */
export async function pruneChanges(store: GraphStore, clock: Clock, keepMs: number): Promise<number | null> {
  const { horizon } = await store.range();
  const oldest = clock.now() - keepMs;
  let last: number | null = null;
  for (let after = horizon; ; ) {
    let read = 0;
    for await (const change of store.changes(after, { limit: STEP })) {
      read++;
      if (change.at >= oldest) {
        read = 0;
        break;
      }
      last = change.seq;
      after = change.seq;
    }
    if (read < STEP) break;
  }
  if (last !== null) await store.prune(last);
  return last;
}
