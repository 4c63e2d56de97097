import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { ChangeSet, CommittedChange } from '../../domain/changes.ts';
import { AppError, asAppError, storeReplaced } from '../../domain/errors.ts';
import type { SourceRef } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore, StoreInfo } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { AccessIndex } from '../access/access-index.ts';
import { writeSnapshot } from '../access/snapshot-file.ts';
import { compareIndexes, danglingLinks } from '../access/verify.ts';
import { Follower, type StoreTrouble } from './follower.ts';
import { fromSnapshot, fromTopology, type Opened } from './open-index.ts';
import { type PatienceOptions, withPatience } from './patience.ts';
import { patientStore } from './patient-store.ts';
import { SourceBook } from './source-book.ts';
import { namesVia, resolveVias } from './vias.ts';

/** A change set before it has its id, which {@link Graph.commit} makes. */
export type ChangeDraft = Omit<ChangeSet, 'changeId'>;

export interface GraphOptions {
  readonly store: GraphStore;
  /** Where the topology is kept between two runs; `null`: nowhere. */
  readonly snapshotPath: string | null;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Between two looks at the log of a shared store, in ms; default 250, up to four times that while nothing happens. */
  readonly pollMs?: number;
  /** How long commits and work in the background wait for a shared store that is gone, in ms; default 10,000. */
  readonly patienceMs?: number;
}

export interface CommitOptions {
  /**
   * The change rewrites what `build` has read of the store: it is written only while nobody else has committed since,
   * and built again when somebody has. `build` must have no other effects. Default false.
   */
  readonly isExact?: boolean;
}

/** Link changes between two snapshots; an eighth of all links when that is more. */
const SNAPSHOT_EVERY = 50_000;
const DEFAULT_POLL_MS = 250;
const DEFAULT_PATIENCE_MS = 10_000;
/** Rows that a follower takes before commits get their turn. */
const ROWS_PER_TURN = 200;
/** How often an exact change is built again before its writer is told. */
const EXACT_ATTEMPTS = 20;

/** A change that is on its way to the store; its row may arrive by the log before the answer does. */
interface Awaited {
  readonly changeId: string;
  row: CommittedChange | null;
}

/**
 * The one way to change the graph, and the index that answers for it. Commits run one after the other, each built on
 * an index that holds all before it. On a shared store other gateways commit as well: their changes arrive by
 * following the log, and a build may miss the very newest of them (`docs/decisions/0007-many-gateways.md`).
 */
export class Graph {
  readonly store: GraphStore;
  /** The same for work in the background: waits, as commits do, for a shared store that is gone for a while. */
  readonly patientStore: GraphStore;
  readonly info: StoreInfo;
  /** One and the same object for the life of the graph; its content moves with every commit. */
  readonly index: AccessIndex;
  /**
   * Resolves when the store turns out to be another one than was opened, or an older state of it; from then on
   * everything fails with that error, for what this gateway remembers no longer holds: ids it was given, sources, runs.
   */
  readonly replaced: Promise<AppError>;
  readonly #options: GraphOptions;
  readonly #logger: Logger;
  /** Commits, one after the other; may wait for {@link #still} inside, never the other way round. */
  readonly #alone = pLimit(1);
  /** The index moves, or somebody needs it not to: free while a commit waits for a store, so that replicas keep up. */
  readonly #still = pLimit(1);
  readonly #listeners = new Set<(change: CommittedChange) => void>();
  readonly #resetListeners = new Set<() => void>();
  readonly #closing = new AbortController();
  readonly #follower: Follower | null;
  readonly #sources: SourceBook;
  /** Seq up to which listeners have been told. */
  #told: number;
  #isBehind = false;
  #awaited: Awaited | null = null;
  #lastChangeId: string | null;
  #linksSinceSnapshot = 0;
  #savedSeq: number;
  #isSnapshotPlanned = false;
  #isClosed = false;
  /** What everything fails with once the store is known to be another one. */
  #replacedBy: AppError | null = null;
  #tellReplaced: (error: AppError) => void = () => {};

  private constructor(options: GraphOptions, info: StoreInfo, opened: Opened) {
    this.#options = options;
    this.#logger = options.logger;
    this.store = options.store;
    this.patientStore = options.store.isShared ? patientStore(options.store, this.#patience()) : options.store;
    this.info = info;
    this.index = opened.index;
    this.#told = opened.index.seq;
    this.#lastChangeId = opened.lastChangeId;
    this.#savedSeq = opened.savedSeq;
    this.#sources = new SourceBook(options.store, info.sources);
    this.replaced = new Promise((resolve) => {
      this.#tellReplaced = resolve;
    });
    const { clock, pollMs = DEFAULT_POLL_MS } = options;
    this.#follower = options.store.isShared
      ? new Follower({ catchUp: () => this.#followLog(), clock, logger: options.logger, pollMs })
      : null;
  }

  /** Opens the store and makes the index ready: from the snapshot and the changes since, else from the topology. */
  static async open(options: GraphOptions): Promise<Graph> {
    const started = performance.now();
    const info = await options.store.open();
    const opened = (await fromSnapshot(options, info)) ?? (await fromTopology(options.store, info));
    const graph = new Graph(options, info, opened);
    // The rows since may name sources of other gateways.
    if (options.store.isShared) await graph.#sources.refresh();
    graph.#follower?.start();
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
  commit(
    build: () => ChangeDraft | null | Promise<ChangeDraft | null>,
    options: CommitOptions = {},
  ): Promise<CommittedChange | null> {
    return this.#run(async () => {
      for (let attempt = 1; ; attempt++) {
        const change = await this.#still(async (): Promise<ChangeSet | null> => {
          if (this.#isBehind || (options.isExact && this.store.isShared)) await this.#catchUp();
          const draft = await build();
          if (draft === null) return null;
          const expectedSeq = options.isExact ? { expectedSeq: this.#told } : {};
          return { ...draft, changeId: randomUUID(), knownSeq: this.#told, ...expectedSeq };
        });
        if (change === null) return null;
        try {
          const row = await this.#commitOnce(change);
          this.#planSnapshot();
          return row;
        } catch (error) {
          if (asAppError(error).code !== 'SEQ_MOVED' || attempt === EXACT_ATTEMPTS) throw error;
        }
      }
    });
  }

  /** Takes everything that the store has by now, also what others have committed. */
  catchUp(): Promise<void> {
    return this.#inStillness(async () => {
      await this.#catchUp();
    });
  }

  /** Why the store cannot be followed, and since when; `null` while all is well, and always for one that is not shared. */
  get trouble(): StoreTrouble | null {
    return this.#follower?.trouble ?? null;
  }

  /** Id of a source, made at first use. */
  async sourceId(source: SourceRef): Promise<number> {
    return this.#sources.idOf(source);
  }

  /** @throws AppError `SOURCE_UNKNOWN` for an id that neither the store nor {@link sourceId} has told */
  sourceOf(id: number): SourceRef {
    return this.#sources.get(id);
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
   * Called when the graph has moved without its changes being told, for they are no longer in the log. Whoever keeps
   * something made of changes reads it anew.
   * @returns ends it
   */
  onReset(listener: () => void): () => void {
    this.#resetListeners.add(listener);
    return () => this.#resetListeners.delete(listener);
  }

  /**
   * Builds a second index from the store's topology and compares counts and digests of every source, and looks for
   * links whose ends are gone. An index that differs is replaced by the fresh one. Commits wait meanwhile.
   */
  verify(): Promise<{ ok: boolean; problems: string[] }> {
    return this.#inStillness(async () => {
      await this.#catchUp();
      const { index: fresh } = await fromTopology(this.store, { ...this.info, seq: this.index.seq });
      // Another gateway may have written between the two reads: up to there and no further.
      if (fresh.seq > this.index.seq) await this.#catchUp({ limit: fresh.seq - this.index.seq });
      const differences =
        fresh.seq === this.index.seq ? compareIndexes(this.index, fresh, (source) => this.#sources.nameOf(source)) : [];
      const problems = [...differences, ...danglingLinks(fresh)];
      if (differences.length > 0) this.index.adopt(fresh);
      if (problems.length > 0) this.#logger.error({ problems: problems.slice(0, 20) }, 'access index was wrong');
      return { ok: problems.length === 0, problems };
    });
  }

  /** Writes the snapshot file now. Does nothing without a path. */
  snapshot(): Promise<void> {
    return this.#inStillness(() => this.#writeSnapshot());
  }

  /** Waits for running commits, writes a snapshot, closes the store. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.abort();
    await this.#follower?.stop();
    await this.#alone(async () => {
      try {
        await this.#still(() => this.#writeSnapshot());
      } catch (error) {
        this.#logger.warn({ error: asAppError(error).message }, 'snapshot failed');
      }
      await this.store.close();
    });
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(() => this.#whileOpen(work));
  }

  #inStillness<T>(work: () => Promise<T>): Promise<T> {
    return this.#still(() => this.#whileOpen(work));
  }

  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new AppError('STORE_CLOSED', 'The graph is closed; restart the gateway.');
    if (this.#replacedBy !== null) throw this.#replacedBy;
    try {
      return await work();
    } catch (error) {
      this.#noteReplaced(asAppError(error));
      throw error;
    }
  }

  #noteReplaced(error: AppError): void {
    if (error.code !== 'STORE_REPLACED' || this.#replacedBy !== null) return;
    this.#replacedBy = error;
    this.#logger.error({ seq: this.#told }, error.message);
    this.#tellReplaced(error);
  }

  async #commitOnce(change: ChangeSet): Promise<CommittedChange | null> {
    const awaited: Awaited = { changeId: change.changeId, row: null };
    this.#awaited = awaited;
    let row: CommittedChange | null;
    try {
      // A repeat of the same change is answered with the first one's row.
      row = await withPatience(() => this.store.commit(change), this.#patience());
    } catch (error) {
      if (asAppError(error).code !== 'STORE_UNAVAILABLE') throw error;
      // It may have been written before the answer was lost: the log knows.
      this.#isBehind = true;
      await this.#still(() => this.#catchUp()).catch(() => {});
      if (awaited.row === null) throw error;
      return awaited.row;
    }
    if (row === null) return null;
    const written = row;
    this.#isBehind = true;
    await this.#still(async () => {
      if (written.seq === this.#told + 1) await this.#take(written);
      else if (written.seq > this.#told) await this.#catchUp();
      this.#isBehind = false;
    });
    return row;
  }

  /** Takes what the log has beyond the index. */
  async #catchUp(options: { readonly limit?: number } = {}): Promise<void> {
    try {
      for await (const row of this.store.changes(this.#told, options)) await this.#take(row);
    } catch (error) {
      if (asAppError(error).code !== 'CURSOR_TOO_OLD') throw error;
      // Who follows the log has its own cursor and learns there what it has missed.
      await this.#startOver();
    }
    // A part of it says nothing about the rest.
    if (options.limit === undefined) this.#isBehind = false;
  }

  /** One look at a shared store's log. @returns whether there was something new */
  async #followLog(): Promise<boolean> {
    const { seq } = await this.#whileOpen(() => this.store.range());
    if (seq === this.#told) return false;
    while (this.#told < seq && !this.#isClosed) {
      await this.#inStillness(() => this.#catchUp({ limit: ROWS_PER_TURN }));
    }
    if (seq < this.#told && !this.#isClosed) {
      await this.#inStillness(async () => {
        // Asked again: the answer may be older than a commit of this gateway.
        if ((await this.store.range()).seq < this.#told) throw storeReplaced();
      });
    }
    this.#planSnapshot();
    return true;
  }

  async #startOver(): Promise<void> {
    await this.#rebuild();
    this.#told = this.index.seq;
    this.#lastChangeId = null;
    this.#notify(this.#resetListeners, undefined);
  }

  async #take(row: CommittedChange): Promise<void> {
    if (row.seq <= this.#told) return;
    if (row.storeId !== this.info.storeId) throw storeReplaced();
    if (this.store.isShared && !this.#sources.covers(row)) await this.#sources.refresh();
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
    if (this.#awaited?.changeId === row.changeId) this.#awaited.row = row;
    this.#lastChangeId = row.seq === this.index.seq ? row.changeId : null;
    this.#linksSinceSnapshot += row.links.length;
    this.#notify(this.#listeners, row);
  }

  #notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#logger.error({ seq: this.#told, error: asAppError(error).message }, 'change listener failed');
      }
    }
  }

  #patience(): PatienceOptions {
    const { clock, store, patienceMs = DEFAULT_PATIENCE_MS } = this.#options;
    return { clock, forMs: store.isShared ? patienceMs : 0, signal: this.#closing.signal, logger: this.#logger };
  }

  async #rebuild(): Promise<void> {
    const { seq } = await this.store.range();
    if (this.store.isShared) await this.#sources.refresh();
    this.index.adopt((await fromTopology(this.store, { ...this.info, seq })).index);
  }

  /** Once enough has changed: after the running commit, before the next. */
  #planSnapshot(): void {
    const due = Math.max(SNAPSHOT_EVERY, this.index.linkCount >>> 3);
    if (this.#options.snapshotPath === null || this.#isSnapshotPlanned || this.#linksSinceSnapshot < due) return;
    this.#isSnapshotPlanned = true;
    void this.#still(async () => {
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
}
