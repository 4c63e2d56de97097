import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { ChangeSet, CommittedChange } from '../../domain/changes.ts';
import { AppError, asAppError } from '../../domain/errors.ts';
import type { SourceRef } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore, StoreInfo } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { AccessIndex } from '../access/access-index.ts';
import { writeSnapshot } from '../access/snapshot-file.ts';
import { compareIndexes, danglingLinks } from '../access/verify.ts';
import { fromSnapshot, fromTopology, type Opened } from './open-index.ts';
import { namesVia, resolveVias } from './vias.ts';

/** A change set before it has its id, which {@link Graph.commit} makes. */
export type ChangeDraft = Omit<ChangeSet, 'changeId'>;

export interface GraphOptions {
  readonly store: GraphStore;
  /** Where the topology is kept between two runs; `null`: nowhere. */
  readonly snapshotPath: string | null;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Link changes between two snapshots; an eighth of all links when that is more. */
const SNAPSHOT_EVERY = 50_000;

/**
 * The one way to change the graph, and the index that answers for it. Commits run one after the other, each built on
 * an index that holds all before it.
 */
export class Graph {
  readonly store: GraphStore;
  readonly info: StoreInfo;
  /** One and the same object for the life of the graph; its content moves with every commit. */
  readonly index: AccessIndex;
  readonly #options: GraphOptions;
  readonly #logger: Logger;
  readonly #alone = pLimit(1);
  readonly #listeners = new Set<(change: CommittedChange) => void>();
  readonly #sourceIds = new Map<string, number>();
  readonly #sources = new Map<number, SourceRef>();
  /** Seq up to which listeners have been told. */
  #told: number;
  #isBehind = false;
  #lastChangeId: string | null;
  #linksSinceSnapshot = 0;
  #savedSeq: number;
  #isSnapshotPlanned = false;
  #isClosed = false;

  private constructor(options: GraphOptions, info: StoreInfo, opened: Opened) {
    this.#options = options;
    this.#logger = options.logger;
    this.store = options.store;
    this.info = info;
    this.index = opened.index;
    this.#told = opened.index.seq;
    this.#lastChangeId = opened.lastChangeId;
    this.#savedSeq = opened.savedSeq;
    for (const { id, source } of info.sources) this.#rememberSource(id, source);
  }

  /** Opens the store and makes the index ready: from the snapshot and the changes since, else from the topology. */
  static async open(options: GraphOptions): Promise<Graph> {
    const started = performance.now();
    const info = await options.store.open();
    const opened = (await fromSnapshot(options, info)) ?? (await fromTopology(options.store, info));
    const graph = new Graph(options, info, opened);
    options.logger.info(
      {
        seq: opened.index.seq,
        nodes: opened.index.nodeCount,
        links: opened.index.linkCount,
        from: opened.savedSeq >= 0 ? 'snapshot' : 'topology',
        ms: Math.round(performance.now() - started),
      },
      'graph opened',
    );
    return graph;
  }

  /** Number of the newest change in the index. */
  get seq(): number {
    return this.index.seq;
  }

  /**
   * Runs `build` alone (index up to date, nobody else commits), commits what it returns, brings it to the index, then
   * tells the listeners. Do not commit from inside `build`: it would wait for itself.
   * @returns the row, or `null` when there was nothing to write or it had no effect on nodes and links
   * @throws what `build` or the store throws; after a failed commit the graph is as it was
   */
  commit(build: () => ChangeDraft | null | Promise<ChangeDraft | null>): Promise<CommittedChange | null> {
    return this.#run(async () => {
      if (this.#isBehind) await this.#catchUp();
      const draft = await build();
      if (draft === null) return null;
      const change: ChangeSet = { ...draft, changeId: randomUUID() };
      const row = await this.#commitOnce(change);
      this.#planSnapshot();
      return row;
    });
  }

  /** Id of a source, made at first use. */
  async sourceId(source: SourceRef): Promise<number> {
    const known = this.#sourceIds.get(sourceText(source));
    if (known !== undefined) return known;
    const id = await this.store.sourceId(source);
    this.#rememberSource(id, source);
    return id;
  }

  /** @throws AppError `SOURCE_UNKNOWN` for an id that neither the store nor {@link sourceId} has told */
  sourceOf(id: number): SourceRef {
    const source = this.#sources.get(id);
    if (source) return source;
    throw new AppError('SOURCE_UNKNOWN', `There is no source ${id}.`, { audience: 'developer' });
  }

  /**
   * Called with every change, in seq order, once the index has it, and before {@link commit} resolves. A listener that
   * throws is logged and breaks nothing.
   * @returns ends it
   */
  onChange(listener: (change: CommittedChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Builds a second index from the store's topology and compares counts and digests of every source, and looks for
   * links whose ends are gone. An index that differs is replaced by the fresh one. Commits wait meanwhile.
   */
  verify(): Promise<{ ok: boolean; problems: string[] }> {
    return this.#run(async () => {
      await this.#catchUp();
      const { index: fresh } = await fromTopology(this.store, { ...this.info, seq: this.index.seq });
      // Another gateway may have written between the two reads.
      if (fresh.seq > this.index.seq) await this.#catchUp();
      const differences = fresh.seq === this.index.seq ? compareIndexes(this.index, fresh, this.#nameOf) : [];
      const problems = [...differences, ...danglingLinks(fresh)];
      if (differences.length > 0) this.index.adopt(fresh);
      if (problems.length > 0) this.#logger.error({ problems: problems.slice(0, 20) }, 'access index was wrong');
      return { ok: problems.length === 0, problems };
    });
  }

  /** Writes the snapshot file now. Does nothing without a path. */
  snapshot(): Promise<void> {
    return this.#run(() => this.#writeSnapshot());
  }

  /** Waits for running commits, writes a snapshot, closes the store. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#alone(async () => {
      try {
        await this.#writeSnapshot();
      } catch (error) {
        this.#logger.warn({ error: asAppError(error).message }, 'snapshot failed');
      }
      await this.store.close();
    });
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      if (this.#isClosed) throw new AppError('STORE_CLOSED', 'The graph is closed; restart the gateway.');
      return work();
    });
  }

  async #commitOnce(change: ChangeSet): Promise<CommittedChange | null> {
    let row: CommittedChange | null;
    try {
      row = await this.store.commit(change);
    } catch (error) {
      if (asAppError(error).code !== 'STORE_UNAVAILABLE') throw error;
      // It may have been written before the answer was lost: the log knows.
      this.#isBehind = true;
      const written = await this.#catchUp(change.changeId).catch(() => null);
      if (written === null) throw error;
      return written;
    }
    if (row === null) return null;
    this.#isBehind = true;
    if (row.seq === this.#told + 1) await this.#take(row);
    else await this.#catchUp();
    this.#isBehind = false;
    return row;
  }

  /** Takes what the log has beyond the index. @returns the row of this change id, if it is among it */
  async #catchUp(changeId?: string): Promise<CommittedChange | null> {
    let found: CommittedChange | null = null;
    try {
      for await (const row of this.store.changes(this.#told)) {
        await this.#take(row);
        if (row.changeId === changeId) found = row;
      }
    } catch (error) {
      if (asAppError(error).code !== 'CURSOR_TOO_OLD') throw error;
      // Who follows the log has its own cursor and learns there what it has missed.
      await this.#rebuild();
      this.#told = this.index.seq;
    }
    this.#isBehind = false;
    return found;
  }

  async #take(row: CommittedChange): Promise<void> {
    if (row.seq === this.index.seq + 1) {
      try {
        this.index.apply(row, namesVia(row) ? await resolveVias(this.store, row) : undefined);
      } catch (error) {
        if (asAppError(error).code !== 'INDEX_MISMATCH') throw error;
        this.#logger.error({ seq: row.seq, error: asAppError(error).message }, 'access index rebuilt');
        await this.#rebuild();
      }
    }
    this.#told = row.seq;
    this.#lastChangeId = row.seq === this.index.seq ? row.changeId : null;
    this.#linksSinceSnapshot += row.links.length;
    for (const listener of this.#listeners) {
      try {
        listener(row);
      } catch (error) {
        this.#logger.error({ seq: row.seq, error: asAppError(error).message }, 'change listener failed');
      }
    }
  }

  async #rebuild(): Promise<void> {
    const { seq } = await this.store.range();
    this.index.adopt((await fromTopology(this.store, { ...this.info, seq })).index);
  }

  /** Once enough has changed: after the running commit, before the next. */
  #planSnapshot(): void {
    const due = Math.max(SNAPSHOT_EVERY, this.index.linkCount >>> 3);
    if (this.#options.snapshotPath === null || this.#isSnapshotPlanned || this.#linksSinceSnapshot < due) return;
    this.#isSnapshotPlanned = true;
    void this.#alone(async () => {
      // Closing writes its own.
      if (!this.#isClosed) await this.#writeSnapshot();
    })
      .catch((error) => this.#logger.warn({ error: asAppError(error).message }, 'snapshot failed'))
      .finally(() => {
        this.#isSnapshotPlanned = false;
      });
  }

  async #writeSnapshot(): Promise<void> {
    const { snapshotPath } = this.#options;
    if (snapshotPath === null || this.#savedSeq === this.index.seq) return;
    await writeSnapshot(snapshotPath, this.index.parts(), this.#lastChangeId);
    this.#savedSeq = this.index.seq;
    this.#linksSinceSnapshot = 0;
  }

  #rememberSource(id: number, source: SourceRef): void {
    this.#sourceIds.set(sourceText(source), id);
    this.#sources.set(id, source);
  }

  readonly #nameOf = (source: number): string => {
    const known = this.#sources.get(source);
    return known ? `${known.connector}/${known.listing}` : `source ${source}`;
  };
}

function sourceText(source: SourceRef): string {
  return `${source.connector}/${source.listing}`;
}
