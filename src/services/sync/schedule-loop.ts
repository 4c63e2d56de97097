import type { SyncDeps } from './deps.ts';
import { nextStart } from './schedule.ts';
import type { Slot } from './slot.ts';
import type { RunReason, SyncRun } from './types.ts';

/** Longest single wait; longer ones are waited for in pieces. */
const LONGEST_SLEEP_MS = 60 * 60_000;
/** Pause while a run that is due is in progress on another gateway; its end is told sooner, as a rule. */
const ELSEWHERE_MS = 10_000;

/**
 * Starts one connector's runs at their time, never two at once, until the service closes. Never rejects.
 * @param runToEnd  answers with the record at its end, or as it stands when the run is on another gateway
 */
export async function runSchedule(
  deps: SyncDeps,
  slot: Slot,
  runToEnd: (reason: RunReason) => Promise<SyncRun>,
): Promise<void> {
  const { clock, book, stop, logger } = deps;
  while (!stop.aborted) {
    const { lastStartedAt, lastEndedAt, failures, isHopeless } = slot;
    const at = nextStart(slot.config?.schedule, {
      now: clock.now(),
      lastStartedAt,
      lastEndedAt,
      failures,
      isHopeless,
      random: deps.random(),
    });
    book.note(slot.id, { nextRunAt: at });
    const isDue = await waitUntil(deps, slot, at);
    if (stop.aborted) return;
    if (slot.active !== null) {
      await slot.active.done;
    } else if (isDue) {
      const overtaken = AbortSignal.any([stop, slot.kick.signal]);
      try {
        const { state } = await runToEnd(failures > 0 ? 'RETRY' : 'SCHEDULE');
        if (state === 'RUNNING') await clock.sleep(ELSEWHERE_MS, overtaken).catch(() => {});
      } catch (error) {
        if (stop.aborted) return;
        logger.error({ connector: slot.id, err: error }, 'a scheduled run could not be started');
        // Most often the store is away; in any case as if a run had failed now.
        slot.failures++;
        slot.lastStartedAt = slot.lastEndedAt = clock.now();
      }
    }
  }
}

/** @returns false when the plan was overtaken by a run in between */
async function waitUntil({ clock, stop }: SyncDeps, slot: Slot, at: number | null): Promise<boolean> {
  const signal = AbortSignal.any([stop, slot.kick.signal]);
  try {
    for (;;) {
      const left = at === null ? LONGEST_SLEEP_MS : at - clock.now();
      if (left <= 0) return true;
      await clock.sleep(Math.min(left, LONGEST_SLEEP_MS), signal);
    }
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
