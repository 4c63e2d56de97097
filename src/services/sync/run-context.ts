import type { CommittedChange } from '../../domain/changes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ChangeDraft } from '../graph/graph.ts';
import type { IdSet } from './id-set.ts';
import type { LinkTable } from './link-table.ts';
import type { PendingBook } from './pending-book.ts';
import type { IdPool, RunKeys } from './run-keys.ts';
import type { SyncGraph } from './sync-graph.ts';
import type { RunMetrics } from './types.ts';

/** What the listings of one run share. */
export interface RunContext {
  readonly connector: string;
  readonly runId: string;
  readonly graph: SyncGraph;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: number;
  readonly keys: RunKeys;
  readonly pending: PendingBook;
  readonly ids: IdPool;
  /** Position of the listing of each source in the provider's order: who owns a node that two listings name. */
  readonly ranks: Map<number, number>;
  /** Links of each source: complete once its listing has begun, before that only those with a hash. */
  readonly tables: Map<number, LinkTable>;
  /** Nodes that a listing named although another one owns them: its owner does not remove them in this run. */
  readonly alsoListed: IdSet;
  /** Nodes that this run has removed. */
  readonly removed: IdSet;
  readonly metrics: MetricsBook;
  /** Change rows in one commit. */
  readonly rowsPerCommit: number;
  /** Id of the tenant's Organization, once its listing has run. */
  tenantNode: number | null;
}

/** Counts what commits did. */
export class MetricsBook {
  #added = new Map<string, number>();
  #changed = new Map<string, number>();
  #removed = new Map<string, number>();
  rows = 0;
  commits = 0;

  constructor(before?: RunMetrics) {
    if (before === undefined) return;
    this.#added = new Map(Object.entries(before.added));
    this.#changed = new Map(Object.entries(before.changed));
    this.#removed = new Map(Object.entries(before.removed));
    this.rows = before.rows;
    this.commits = before.commits;
  }

  count(change: CommittedChange): void {
    this.commits++;
    for (const row of change.nodes) this.#count(row.kind, row.before === null, row.after === null);
    for (const row of change.links) this.#count(row.kind, row.before === null, row.after === null);
  }

  snapshot(): Pick<RunMetrics, 'added' | 'changed' | 'removed' | 'rows' | 'commits'> {
    return {
      added: Object.fromEntries(this.#added),
      changed: Object.fromEntries(this.#changed),
      removed: Object.fromEntries(this.#removed),
      rows: this.rows,
      commits: this.commits,
    };
  }

  #count(kind: string, isNew: boolean, isGone: boolean): void {
    const book = isNew ? this.#added : isGone ? this.#removed : this.#changed;
    book.set(kind, (book.get(kind) ?? 0) + 1);
  }
}

/** Commits for a run and counts the effect. */
export async function commitForRun(
  run: Pick<RunContext, 'graph' | 'connector' | 'runId' | 'metrics'>,
  build: () => Promise<Omit<ChangeDraft, 'cause' | 'connector' | 'runId'> | null>,
): Promise<void> {
  const change = await run.graph.commit(async () => {
    const draft = await build();
    return draft === null ? null : { ...draft, cause: 'SYNC', connector: run.connector, runId: run.runId };
  });
  if (change !== null) run.metrics.count(change);
}
