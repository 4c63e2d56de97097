import type { CommittedChange } from '../../domain/changes.ts';
import { AppError, asAppError } from '../../domain/errors.ts';
import type { SourceRef } from '../../domain/graph.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { ChangeDraft, CommitOptions } from '../graph/graph.ts';
import type { HeldLease } from './leases.ts';

/** A graph as those see it who write under a lease. */
export interface LeasedGraph<Index> {
  readonly store: GraphStore;
  /** A store that waits a while for a database that is gone; without it, `store` is used. */
  readonly patientStore?: GraphStore;
  readonly index: Index;
  commit(
    build: () => ChangeDraft | null | Promise<ChangeDraft | null>,
    options?: CommitOptions,
  ): Promise<CommittedChange | null>;
  catchUp(): Promise<void>;
  sourceId(ref: SourceRef): Promise<number>;
  sourceOf(id: number): SourceRef;
  onChange(listener: (change: CommittedChange) => void): () => void;
  onReset(listener: () => void): () => void;
}

/**
 * The graph for whoever holds the lease: every change carries its token, and after its loss nothing is built or
 * committed any more.
 * @throws from `commit` also AppError `LEASE_LOST`
 */
export function fenced<Index>(graph: LeasedGraph<Index>, lease: HeldLease): LeasedGraph<Index> {
  const check = (): void => {
    if (!lease.lost.aborted) return;
    throw new AppError('LEASE_LOST', `Another gateway has taken over "${lease.name}"; nothing was written.`);
  };
  return {
    store: graph.patientStore ?? graph.store,
    index: graph.index,
    async commit(build, options) {
      try {
        return await graph.commit(async () => {
          check();
          const draft = await build();
          if (draft === null) return null;
          check();
          return lease.fence === undefined ? draft : { ...draft, fence: lease.fence };
        }, options);
      } catch (error) {
        if (asAppError(error).code === 'LEASE_LOST') lease.lose();
        throw error;
      }
    },
    catchUp: () => graph.catchUp(),
    sourceId: (ref) => graph.sourceId(ref),
    sourceOf: (id) => graph.sourceOf(id),
    onChange: (listener) => graph.onChange(listener),
    onReset: (listener) => graph.onReset(listener),
  };
}
