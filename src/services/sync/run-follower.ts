import { asAppError } from '../../domain/errors.ts';
import { isSuspending } from './conclude.ts';
import type { SyncDeps } from './deps.ts';
import { settledListings, statusAfter } from './freshness.ts';
import { stoppedRun } from './new-run.ts';
import { type ActiveRun, HOPELESS, type Slot } from './slot.ts';
import type { SyncRunResult } from './sync-run.ts';
import type { ListingRun, SyncRun } from './types.ts';

const PROGRESS_EVERY_MS = 250;
/** Pause before a run that the store suspends again and again is taken up: none, then 1 s, 2 s … */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Follows runs to their end, tells of them and writes down what they mean. */
export class RunFollower {
  readonly #deps: SyncDeps;

  constructor(deps: SyncDeps) {
    this.#deps = deps;
  }

  /** Waits for the end of a run and writes down what it means. Never rejects. */
  async follow(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    const { clock, book } = this.#deps;
    let final = active.execution.record();
    try {
      const result = await active.execution.execute(active.controller.signal);
      final = await this.#concluded(slot, active, result);
    } catch (error) {
      if (this.#suspends(slot, asAppError(error).code)) active.stopCause ??= 'suspend';
      if (!active.controller.signal.aborted) this.#logFailure(slot, error);
      final = await this.#interrupted(slot, active).catch((failure: unknown) => {
        this.#logFailure(slot, failure);
        return active.execution.record();
      });
    } finally {
      await active.lease.release();
      slot.active = null;
      slot.lastEndedAt = clock.now();
      slot.reschedule();
    }
    book.emit({ type: 'run-ended', run: final });
    return final;
  }

  /** Whether the run goes on later; one that comes back without a commit waits longer each time. */
  #suspends(slot: Slot, code: string | null): boolean {
    if (!this.#deps.graph.store.isShared || !isSuspending(code)) return false;
    if (code !== 'LEASE_LOST') {
      const pauseMs = slot.suspensions === 0 ? 0 : FIRST_PAUSE_MS * 2 ** (slot.suspensions - 1);
      slot.resumeAt = this.#deps.clock.now() + Math.min(LONGEST_PAUSE_MS, pauseMs);
      slot.suspensions++;
    }
    return true;
  }

  async #concluded(slot: Slot, active: ActiveRun, result: SyncRunResult): Promise<SyncRun> {
    const { book, runs, clock, logger } = this.#deps;
    const { conclusion } = result;
    if (this.#suspends(slot, conclusion.reasonCode) || !(await active.lease.confirm())) {
      active.stopCause ??= 'suspend';
      return this.#interrupted(slot, active);
    }
    const now = clock.now();
    const record: SyncRun = {
      ...result.record,
      state: conclusion.run,
      reasonCode: conclusion.reasonCode,
      message: conclusion.message,
      retryable: conclusion.retryable,
      endedAt: now,
    };
    for (const listing of settledListings(result)) slot.staged.delete(listing);
    for (const { staged } of result.guarded) slot.staged.set(staged.listing, staged);
    slot.failures = conclusion.retryable ? slot.failures + 1 : 0;
    slot.isHopeless = HOPELESS.has(conclusion.reasonCode ?? '');
    await runs.put(record);
    const before = book.get(slot.id);
    if (before !== null) await book.update(slot.id, statusAfter(before, { ...result, record }, now));
    slot.countedRunId = record.id;
    await runs.trim(slot.id);
    const { metrics, state, reasonCode } = record;
    logger.info({ connector: slot.id, run: record.id, state, reasonCode, metrics }, 'run ended');
    return record;
  }

  /** Cancelled runs are over; one that the closing process stops stays as it is, to be resumed. */
  async #interrupted(slot: Slot, active: ActiveRun): Promise<SyncRun> {
    const { book, runs, clock, logger } = this.#deps;
    const record = active.execution.record();
    if (active.lease.lost.aborted || active.stopCause === 'suspend') {
      // The record belongs to whoever takes it up.
      logger.warn({ connector: slot.id, run: record.id }, 'run suspended; it goes on where its lease is next');
      return record;
    }
    if (active.stopCause === 'close') {
      await runs.put(record);
      return record;
    }
    const final = stoppedRun(record, active.stopCause === null ? 'INTERNAL' : 'CANCELLED', clock.now());
    await runs.put(final);
    await book.update(slot.id, {
      ...active.before,
      previousState: null,
      activeRunId: null,
      lastRunId: final.id,
      ...(active.stopCause === null ? { state: 'ERROR', reasonCode: 'INTERNAL', message: final.message } : {}),
    });
    slot.countedRunId = final.id;
    return final;
  }

  /** Never rejects: a record that could not be written now is written at the end. */
  async listingEnded(slot: Slot, runId: string, listing: ListingRun): Promise<void> {
    const { book, runs, logger } = this.#deps;
    const { listing: name, outcome, rows } = listing;
    logger.info({ connector: slot.id, run: runId, listing: name, outcome, rows }, 'listing ended');
    book.emit({ type: 'listing-ended', runId, connector: slot.id, listing });
    this.progressed(slot, true);
    const record = slot.active?.execution.record();
    if (record === undefined || slot.active?.lease.lost.aborted) return;
    await runs.put(record).catch((error: unknown) => this.#logFailure(slot, error));
  }

  progressed(slot: Slot, always = false): void {
    const { active } = slot;
    if (active === null) return;
    const now = this.#deps.clock.now();
    if (!always && now - active.lastProgressAt < PROGRESS_EVERY_MS) return;
    active.lastProgressAt = now;
    this.#deps.book.emit({ type: 'progress', progress: active.execution.progress() });
  }

  #logFailure(slot: Slot, error: unknown): void {
    this.#deps.logger.error({ connector: slot.id, err: error }, 'a run could not be followed');
  }
}
