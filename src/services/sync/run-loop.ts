import { AppError, asAppError } from '../../domain/errors.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import { type Conclusion, conclude, isFatal, isSuspending } from './conclude.ts';
import { decodeIds } from './id-set.ts';
import { readListing, removeUnseen } from './listing-runner.ts';
import { idsInGraph, type ListingPlace, ListingState } from './listing-state.ts';
import type { ListingTask } from './listing-task.ts';
import { type ApprovedRemovals, describeRemoval, judgeRemoval, type StagedRemoval, stageRemoval } from './removal.ts';
import { commitForRun, type RunContext } from './run-context.ts';
import { TENANT_LISTING } from './tenant-listing.ts';
import type { ListingRemovalPreview, RemovalGuardConfig } from './types.ts';

/** Listings read at the same time. */
const CONCURRENT_LISTINGS = 3;

export interface RunLoopOptions {
  readonly guard: RemovalGuardConfig;
  /** Removals that somebody confirmed, by listing. */
  readonly approved: ApprovedRemovals;
  readonly tenantNativeId: string;
  /** Every listing that the provider's code has, also those that this session leaves out. */
  readonly knownListings: ReadonlySet<string>;
  progressed(): void;
  listingEnded(task: ListingTask): Promise<void>;
}

export interface GuardedRemoval {
  readonly staged: StagedRemoval;
  readonly preview: ListingRemovalPreview;
}

/** Runs the listings of one run: parents first, independent ones side by side. */
export class RunLoop {
  readonly guarded: GuardedRemoval[] = [];
  readonly #run: RunContext;
  readonly #tasks: readonly ListingTask[];
  readonly #options: RunLoopOptions;
  readonly #parents: ReadonlySet<string>;
  /** Ends what still runs when the run has failed as a whole. */
  readonly #halt = new AbortController();
  #fatal: AppError | null = null;
  /** Set once no further listing is to begin. */
  #isOver = false;

  /** @param tasks parents before children, the tenant first */
  constructor(run: RunContext, tasks: readonly ListingTask[], options: RunLoopOptions) {
    this.#run = run;
    this.#tasks = tasks;
    this.#options = options;
    this.#parents = new Set(tasks.flatMap((task) => task.syncer.after ?? []));
  }

  /** @throws AppError `ABORTED` when the signal ended it, or of a shared store that went away; the checkpoints say where it stands */
  async execute(signal: AbortSignal): Promise<Conclusion> {
    const both = AbortSignal.any([signal, this.#halt.signal]);
    const running = new Set<Promise<void>>();
    for (;;) {
      if (!signal.aborted && !this.#isOver) {
        for (const task of this.#tasks) {
          if (running.size >= CONCURRENT_LISTINGS) break;
          if (task.outcome !== 'WAITING' || !this.#parentsOf(task).every((parent) => parent.isDone)) continue;
          task.outcome = 'RUNNING';
          const done: Promise<void> = this.#perform(task, both).finally(() => running.delete(done));
          running.add(done);
        }
      }
      if (running.size === 0) break;
      await Promise.race(running);
    }
    if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true });
    if (this.#isSuspended()) throw this.#fatal;
    for (const task of this.#tasks) {
      if (task.isDone) continue;
      task.end('SKIPPED', this.#run.clock.now(), 'RUN_FAILED', `"${task.syncer.title}" was not read.`);
      await this.#options.listingEnded(task);
    }
    const conclusion = conclude(this.#tasks, this.#fatal);
    if (conclusion.isComplete) await this.#sweep(both);
    return conclusion;
  }

  /**
   * Removes what listings left behind that the provider's code no longer has: after a run in which every listing was
   * complete, nothing of theirs is said by anybody. Listings that it only leaves out this time keep their rows.
   */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { graph, connector, ranks } = this.#run;
    for (const source of [...graph.index.countsBySource().keys()]) {
      const ref = graph.sourceOf(source);
      if (ref.connector !== connector || ranks.has(source) || this.#options.knownListings.has(ref.listing)) continue;
      const place = { listing: ref.listing, source, rank: Number.POSITIVE_INFINITY };
      const staged = stageRemoval(this.#run, await ListingState.begin(this.#run, place, false, null));
      this.#run.logger.warn({ listing: ref.listing, counts: staged.counts }, 'removing what a former listing left');
      await removeUnseen(this.#run, staged, signal);
    }
  }

  /** Never rejects: what goes wrong becomes the task's outcome. */
  async #perform(task: ListingTask, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#run;
    task.startedAt = clock.now();
    try {
      await this.#read(task, signal);
    } catch (thrown) {
      const error = asAppError(thrown);
      if (signal.aborted) {
        task.outcome = 'WAITING';
        task.follow();
        task.state = null;
        return;
      }
      task.endWith(error, clock.now());
      const fields = { listing: task.syncer.name, code: error.code, outcome: task.outcome };
      if (error.code === 'INTERNAL') logger.error({ ...fields, err: error.cause }, 'a listing failed');
      else logger.warn({ ...fields, reason: error.message }, 'a listing failed');
      this.#conclude(task, error);
      // Nothing has come to its end, and there is nowhere to write it.
      if (this.#isSuspended()) return;
    }
    await this.#options.listingEnded(task);
  }

  #isSuspended(): boolean {
    return this.#run.graph.store.isShared && isSuspending(this.#fatal?.code ?? null);
  }

  #conclude(task: ListingTask, error: AppError): void {
    if (isFatal(error)) {
      this.#fatal ??= error;
      this.#isOver = true;
      this.#halt.abort();
    } else if (task.outcome === 'FAILED' && task.syncer.mandatory === true) {
      this.#isOver = true;
    }
  }

  async #read(task: ListingTask, signal: AbortSignal): Promise<void> {
    const { checkpoint, syncer } = task;
    if (checkpoint?.outcome != null) {
      // Finished before the process ended: not repeated.
      task.ids = decodeIds(checkpoint.ids);
      const isComplete = checkpoint.outcome === 'COMPLETE';
      // What a guard held back is not known any more; the next whole run asks again.
      task.end(isComplete ? 'COMPLETE' : 'INCOMPLETE', this.#run.clock.now(), isComplete ? null : 'RESUMED');
      this.#noteTenant(task);
      return;
    }
    const listing = await ListingState.begin(this.#run, this.#place(task), this.#parents.has(syncer.name), checkpoint);
    task.state = listing;
    const isRead = checkpoint !== null && checkpoint.pages > 0 && checkpoint.cursor === null;
    if (!isRead) {
      const hooks = {
        ids: (name: string, kind: NodeKind) => this.#idsFor(task, name, kind),
        node: (kind: NodeKind, nativeId: string) => this.#node(kind, nativeId),
        progressed: () => this.#options.progressed(),
      };
      await readListing(this.#run, syncer, listing, hooks, signal);
    }
    this.#noteTenant(task);
    await this.#finish(task, listing, signal);
  }

  /** Removes what a complete listing did not contain, or says why it does not. */
  async #finish(task: ListingTask, listing: ListingState, signal: AbortSignal): Promise<void> {
    const { clock } = this.#run;
    const doubt = this.#doubt(task, listing);
    let guarded: GuardedRemoval | null = null;
    if (doubt === null) {
      const staged = stageRemoval(this.#run, listing);
      const cause = judgeRemoval(staged, this.#options.guard, this.#options.approved.get(staged.listing) ?? null);
      if (cause === null) {
        await removeUnseen(this.#run, staged, signal);
      } else {
        const preview = await describeRemoval(this.#run.graph, staged, cause, task.syncer.title);
        guarded = { staged, preview };
        this.guarded.push(guarded);
      }
    }
    const outcome = doubt !== null ? 'INCOMPLETE' : guarded !== null ? 'GUARDED' : 'COMPLETE';
    if (this.#parents.has(listing.listing)) {
      task.ids = outcome === 'COMPLETE' ? listing.order : this.#filledUp(listing.order, listing.source);
    }
    await commitForRun(this.#run, async () => ({
      checkpoints: [
        {
          source: { connector: this.#run.connector, listing: listing.listing },
          state: listing.checkpoint(this.#run.runId, outcome, task.ids ?? []),
        },
      ],
    }));
    if (guarded === null) task.end(outcome, clock.now(), doubt?.code ?? null, doubt?.message ?? null);
    else task.end(outcome, clock.now(), 'REMOVAL_GUARD', guardMessage(guarded.preview));
  }

  /** Why the listing may not remove anything; `null` when it may. */
  #doubt(task: ListingTask, listing: ListingState): { code: string; message: string } | null {
    if (task.checkpoint !== null && task.checkpoint.pages > 0) {
      return { code: 'RESUMED', message: `"${task.syncer.title}" was resumed; the next run removes what is gone.` };
    }
    if (listing.incomplete !== null) return { code: 'PARTIAL_VIEW', message: listing.incomplete };
    const parent = this.#parentsOf(task).find((candidate) => !candidate.isSoundParent);
    if (parent === undefined) return null;
    return {
      code: 'PARENT_INCOMPLETE',
      message: `"${task.syncer.title}" builds on "${parent.syncer.title}", which is not complete.`,
    };
  }

  #place(task: ListingTask): ListingPlace {
    return { listing: task.syncer.name, source: task.source, rank: task.rank };
  }

  #parentsOf(task: ListingTask): ListingTask[] {
    const names = task.syncer.after ?? [];
    return this.#tasks.filter(
      (other) =>
        other !== task &&
        (names.includes(other.syncer.name) || (other.rank === 0 && other.syncer.name === TENANT_LISTING)),
    );
  }

  #idsFor(task: ListingTask, name: string, kind: NodeKind): readonly string[] {
    const parent = this.#tasks.find((other) => other.syncer.name === name);
    if (parent === undefined || !(task.syncer.after ?? []).includes(name)) {
      throw new AppError(
        'PROVIDER_CONTRACT',
        `The listing "${task.syncer.name}" asks for ids of "${name}", which is not among its parents.`,
        { audience: 'developer', connector: this.#run.connector },
      );
    }
    return this.#run.keys.nativeIds(kind, this.#idsOf(parent));
  }

  #idsOf(parent: ListingTask): readonly number[] {
    return parent.ids ?? this.#filledUp([], parent.source);
  }

  /** What a listing named, then what the graph has of it besides: children ask about all that may be there. */
  #filledUp(named: readonly number[], source: number): readonly number[] {
    const known = new Set(named);
    return [...named, ...idsInGraph(this.#run, source).filter((id) => !known.has(id))];
  }

  async #node(kind: NodeKind, nativeId: string) {
    const id = this.#run.keys.get(kind, nativeId);
    if (id === undefined) return null;
    const [found] = await this.#run.graph.store.nodes([id]);
    return found == null || found.removed ? null : { name: found.name, properties: found.properties };
  }

  #noteTenant(task: ListingTask): void {
    if (task.syncer.name !== TENANT_LISTING) return;
    this.#run.tenantNode = this.#run.keys.get('Organization', this.#options.tenantNativeId) ?? null;
  }
}

function guardMessage(preview: ListingRemovalPreview): string {
  const what = preview.kinds.map((kind) => `${kind.removed} of ${kind.before} ${kind.kind}`).join(', ');
  const why = preview.cause === 'EMPTY_ANSWER' ? 'came back empty' : 'lacks much of what it had';
  return `The listing "${preview.title}" ${why}; ${what} would be removed. Nothing is until somebody confirms.`;
}
