import { asAppError } from '../../domain/errors.ts';
import type { SyncDeps } from './deps.ts';
import { stoppedRun } from './new-run.ts';
import type { Slot } from './slot.ts';
import type { SyncRun } from './types.ts';

/** Between two looks at what other gateways do. */
const EVERY_MS = 1_000;
/** A request to end a run on another gateway, in the store's settings. */
const STOP = 'stop/';

/** What the standby does through the service. */
export interface StandbyActions {
  /** Takes up what its gateway has left: a run, a deletion; does nothing while another gateway is at it. */
  takeOver(slot: Slot): Promise<void>;
  /** Ends the run that is in progress here. */
  cancel(slot: Slot): Promise<void>;
}

/**
 * The other gateways on a shared store, as this one sees them: their runs show here as if they were its own, one whose
 * gateway is gone is taken over, and a request to cancel reaches whoever runs it.
 */
export class Standby {
  readonly #deps: SyncDeps;
  readonly #slots: ReadonlyMap<string, Slot>;
  /** By connector, a run of another gateway that has been told as started and not yet as ended. */
  readonly #foreign = new Map<string, SyncRun>();
  #refreshing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(deps: SyncDeps, slots: ReadonlyMap<string, Slot>) {
    this.#deps = deps;
    this.#slots = slots;
  }

  /**
   * Reads the connectors' records, and tells what runs began and ended elsewhere. Calls that wait share one reading; it
   * begins after the call, for the caller may know of something that one under way has missed.
   */
  refresh(): Promise<void> {
    this.#next ??= this.#refreshing
      .catch(() => {})
      .then(() => {
        this.#next = null;
        this.#refreshing = this.#refresh();
        return this.#refreshing;
      });
    return this.#next;
  }

  /** Whether there is something to take up: a run or a deletion, perhaps of a gateway that is still at it. */
  isLeft({ id, active }: Slot): boolean {
    const status = this.#deps.book.get(id);
    return active === null && status !== null && (status.state === 'DELETING' || status.activeRunId !== null);
  }

  /** Until the service closes; never rejects. */
  async watch(actions: StandbyActions): Promise<void> {
    const { clock, stop, logger } = this.#deps;
    let isTroubled = false;
    for (;;) {
      await clock.sleep(EVERY_MS, stop).catch(() => {});
      if (stop.aborted) return;
      try {
        await this.refresh();
        for (const slot of [...this.#slots.values()]) {
          if (slot.active !== null) await this.#obey(slot, actions);
          else if (this.isLeft(slot)) await actions.takeOver(slot);
        }
        isTroubled = false;
      } catch (error) {
        const { code, message } = asAppError(error);
        if (!isTroubled && !stop.aborted) logger.warn({ code, reason: message }, 'other gateways cannot be seen');
        isTroubled = true;
      }
    }
  }

  /** Asks the gateway that runs it to cancel, and waits a little for the end. */
  async askToCancel(connector: string): Promise<SyncRun | null> {
    const { graph, clock, book, runs, stop } = this.#deps;
    await this.refresh();
    const runId = book.get(connector)?.activeRunId ?? null;
    if (runId === null) return null;
    await graph.store.putRecord('setting', STOP + connector, { runId });
    const until = clock.now() + 10 * EVERY_MS;
    for (;;) {
      const run = await runs.get(runId);
      if (run?.state !== 'RUNNING' || clock.now() >= until) return run;
      await clock.sleep(EVERY_MS / 4, stop);
    }
  }

  async #obey(slot: Slot, actions: StandbyActions): Promise<void> {
    const { store } = this.#deps.graph;
    const request = await store.getRecord('setting', STOP + slot.id);
    if (request === null) return;
    await store.putRecord('setting', STOP + slot.id, null);
    if (request['runId'] === slot.active?.execution.record().id) await actions.cancel(slot);
  }

  async #refresh(): Promise<void> {
    const { book } = this.#deps;
    await book.refresh((connector) => this.#slots.get(connector)?.active != null);
    for (const run of [...this.#foreign.values()]) await this.#tellEnd(run);
    for (const slot of this.#slots.values()) {
      const status = book.get(slot.id);
      // A run that is here tells of itself.
      if (slot.active !== null || status === null) continue;
      await this.#tellStart(slot, status.activeRunId);
      if (slot.countedRunId === status.lastRunId) continue;
      const run = await this.#deps.runs.get(status.lastRunId);
      if (run !== null) slot.follow(run);
      else if (status.lastRunId === null) slot.forget();
      slot.countedRunId = status.lastRunId;
    }
  }

  /** Whoever was told of a start hears of the end, also of a run that was replaced here or deleted with its connector. */
  async #tellEnd(told: SyncRun): Promise<void> {
    const { book, runs, clock } = this.#deps;
    const { id, connector } = told;
    const own = this.#slots.get(connector)?.active?.execution.record().id ?? null;
    if (own !== id) {
      if (own === null && book.get(connector)?.activeRunId === id) return;
      const run = await runs.get(id);
      if (run === null && book.get(connector)?.lastRunId === null) this.#slots.get(connector)?.forget();
      book.emit({ type: 'run-ended', run: run ?? stoppedRun(told, 'CANCELLED', clock.now()) });
    }
    this.#foreign.delete(connector);
  }

  async #tellStart(slot: Slot, activeRunId: string | null): Promise<void> {
    if (activeRunId === null || this.#foreign.get(slot.id)?.id === activeRunId) return;
    const run = await this.#deps.runs.get(activeRunId);
    if (run === null) return;
    this.#foreign.set(slot.id, run);
    slot.follow(run);
    this.#deps.book.emit({ type: 'run-started', run });
  }
}
