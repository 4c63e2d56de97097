import { compact } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import { stoppedRun } from './new-run.ts';
import { readRun } from './records.ts';
import type { SyncRun } from './types.ts';

const KEPT = 200;

/** The records of runs, as they are in the store. */
export class RunRecords {
  readonly #store: GraphStore;
  readonly #clock: Clock;

  constructor(options: { store: GraphStore; clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** `null` also for one that another version has written. */
  async get(id: string | null): Promise<SyncRun | null> {
    return id === null ? null : readRun(await this.#store.getRecord('run', id));
  }

  put(run: SyncRun): Promise<void> {
    return this.#store.putRecord('run', run.id, compact(run));
  }

  /** Newest first. */
  async newest(connector: string, limit: number): Promise<readonly SyncRun[]> {
    const found = await this.#store.listRecords('run', { prefix: `${connector}/`, newestFirst: true, limit });
    return found.flatMap(({ value }) => readRun(value) ?? []);
  }

  /** Ends the record of a run that nobody is at, and that nobody takes up. */
  async abandon(id: string): Promise<void> {
    const run = await this.get(id);
    if (run !== null) await this.#abandon(run);
  }

  /** One whose process ended after it was written down and before its connector said so: nobody would ever end it. */
  async abandonNewest(connector: string): Promise<void> {
    for (const run of await this.newest(connector, 1)) await this.#abandon(run);
  }

  /** Forgets the oldest. */
  async trim(connector: string): Promise<void> {
    await this.#forgetFrom(connector, KEPT);
  }

  async forgetAll(connector: string): Promise<void> {
    await this.#forgetFrom(connector, 0);
  }

  async #abandon(run: SyncRun): Promise<void> {
    if (run.state === 'RUNNING') await this.put(stoppedRun(run, 'ABANDONED', this.#clock.now()));
  }

  async #forgetFrom(connector: string, kept: number): Promise<void> {
    const records = await this.#store.listRecords('run', { prefix: `${connector}/`, newestFirst: true });
    for (const { id } of records.slice(kept)) await this.#store.putRecord('run', id, null);
  }
}
