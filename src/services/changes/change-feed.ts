import type { CommittedChange, LinkChange, NodeChange } from '../../domain/changes.ts';
import { asAppError } from '../../domain/errors.ts';
import { requireRole, type Viewer } from '../../domain/viewer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Graph } from '../graph/graph.ts';
import { isPassing } from '../graph/patience.ts';
import { type ChangeCursor, decodeCursor, encodeCursor } from './cursor.ts';
import { type ChangeFilter, partsOf } from './parts.ts';
import { ChangeTail } from './tail.ts';

export type ResetReason = 'CURSOR_TOO_OLD' | 'OTHER_STORE' | 'CURSOR_AHEAD';

/** One message to a subscriber. `cursor` is where to go on after it. */
export interface FeedEvent {
  readonly type: 'CHANGE' | 'RESET' | 'BOOKMARK';
  readonly cursor: string;
  readonly seq: number;
  readonly part: number;
  readonly isLastPart: boolean;
  readonly row: CommittedChange | null;
  readonly nodes: readonly NodeChange[];
  readonly links: readonly LinkChange[];
  readonly resetReason: ResetReason | null;
}

export interface FeedRequest {
  /** Cursor text; without it, from now on. */
  readonly after?: string | undefined;
  readonly filter: ChangeFilter;
  readonly bookmarks: boolean;
  readonly signal: AbortSignal;
}

export interface ChangeFeedOptions {
  /** Nodes and links in one event; default 500. */
  readonly maxItems?: number | undefined;
  /** Between two bookmarks; default 15,000 ms. */
  readonly bookmarkMs?: number | undefined;
}

const RETRY_MS = 20;
/** Wait of a subscriber that lags while the store is away. */
const STORE_RETRY_MS = 1_000;

/**
 * The change log as a stream for subscribers: from any cursor, without gap or repeat, then live. A cursor that cannot
 * be continued is answered with a RESET first, never silently. Any number of subscribers share one tail; a slow one
 * falls back to reading the store.
 */
export class ChangeFeed {
  readonly #graph: Graph;
  readonly #clock: Clock;
  readonly #maxItems: number;
  readonly #bookmarkMs: number;
  readonly #tail = new ChangeTail();
  #looking: Promise<void> | null = null;
  readonly #stop: () => void;

  constructor(graph: Graph, clock: Clock, options: ChangeFeedOptions = {}) {
    this.#graph = graph;
    this.#clock = clock;
    this.#maxItems = options.maxItems ?? 500;
    this.#bookmarkMs = options.bookmarkMs ?? 15_000;
    const endChanges = graph.onChange((change) => this.#tail.push(change));
    const endResets = graph.onReset(() => this.#tail.reset());
    this.#stop = () => {
      endChanges();
      endResets();
    };
  }

  /** Cursor of this moment: everything after it is new. */
  now(): string {
    return encodeCursor(this.#here());
  }

  /**
   * Ends when the signal is aborted or the iterator is returned, at once, also while it waits.
   * @throws AppError `INVALID_CURSOR` (here, not in the stream)
   */
  subscribe(viewer: Viewer, request: FeedRequest): AsyncGenerator<FeedEvent, void, void> {
    requireRole(viewer, 'reader');
    const start = request.after === undefined ? null : decodeCursor(request.after);
    const ending = new AbortController();
    const signal = AbortSignal.any([request.signal, ending.signal]);
    // "From now on" means from this call, not from the first read.
    const events = this.#events(start ?? this.#here(), { ...request, signal });
    return {
      next: () => events.next(),
      // A generator that waits would take up its return only after the next change.
      return: (value) => {
        ending.abort();
        return events.return(value);
      },
      throw: (error) => {
        ending.abort();
        return events.throw(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await this.return();
      },
    };
  }

  close(): void {
    this.#stop();
  }

  #here(): ChangeCursor {
    return { storeId: this.#graph.info.storeId, seq: this.#graph.seq, items: 0 };
  }

  async *#events(start: ChangeCursor, request: FeedRequest): AsyncGenerator<FeedEvent, void, void> {
    const { signal } = request;
    let at = start;
    /** Newest seq that the subscriber has a cursor of. */
    let told = start.seq;
    const reason = await this.#judge(start, signal);
    if (reason !== null) {
      at = this.#here();
      told = at.seq;
      yield resetEvent(at, reason);
    }
    while (!signal.aborted) {
      const row = this.#tail.get(at.seq + 1);
      if (row !== undefined) {
        for (const event of this.#rowEvents(row, request.filter, at)) {
          yield event;
          told = row.seq;
        }
        at = { ...at, seq: row.seq, items: 0 };
      } else if (this.#graph.seq > at.seq) {
        const before = at.seq;
        try {
          for await (const old of this.#graph.store.changes(at.seq, { signal, limit: 100 })) {
            // Nobody hears of a change before queries show it.
            if (signal.aborted || old.seq > this.#graph.seq) break;
            for (const event of this.#rowEvents(old, request.filter, at)) {
              yield event;
              told = old.seq;
            }
            at = { ...at, seq: old.seq, items: 0 };
          }
        } catch (thrown) {
          if (signal.aborted) return;
          const error = asAppError(thrown);
          if (error.code === 'CURSOR_TOO_OLD') {
            at = this.#here();
            told = at.seq;
            yield resetEvent(at, 'CURSOR_TOO_OLD');
          } else if (isPassing(error)) {
            // Nothing is lost by waiting: it goes on where it stands.
            await this.#clock.sleep(STORE_RETRY_MS, signal).catch(() => undefined);
          } else throw thrown;
        }
        // A reader that lags behind the commit must not be asked without a pause.
        if (at.seq === before) await this.#clock.sleep(RETRY_MS, signal).catch(() => undefined);
      } else {
        const timedOut = await this.#wait(at.seq, signal, request.bookmarks && at.seq > told);
        if (timedOut && !signal.aborted) {
          told = at.seq;
          yield { ...emptyEvent(at), type: 'BOOKMARK', resetReason: null };
        }
      }
    }
  }

  /** Another gateway, which told the subscriber, may be ahead of this one: that is asked of the store first. */
  async #judge(cursor: ChangeCursor, signal: AbortSignal): Promise<ResetReason | null> {
    // The second time it is a look that began after this call.
    for (let looks = 0; looks < 2 && this.#graph.store.isShared; looks++) {
      if (this.#refusal(cursor) !== 'CURSOR_AHEAD') break;
      await this.#catchUp(signal);
    }
    return this.#refusal(cursor);
  }

  /** All that wait share one look at the store. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#looking ??= this.#graph.catchUp().finally(() => {
        this.#looking = null;
      });
      try {
        return await this.#looking;
      } catch (error) {
        if (!isPassing(asAppError(error))) throw error;
        await this.#clock.sleep(STORE_RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  #refusal(cursor: ChangeCursor): ResetReason | null {
    const here = this.#here();
    if (cursor.storeId !== here.storeId) return 'OTHER_STORE';
    // A store that was restored from a backup has forgotten what the cursor stands for.
    if (cursor.seq > here.seq || (cursor.seq === here.seq && cursor.items > 0)) return 'CURSOR_AHEAD';
    return null;
  }

  *#rowEvents(row: CommittedChange, filter: ChangeFilter, at: ChangeCursor): Generator<FeedEvent, void, void> {
    const connectorOf = (source: number): string => this.#graph.sourceOf(source).connector;
    for (const part of partsOf(row, filter, connectorOf, this.#maxItems, at.items)) {
      const next: ChangeCursor =
        part.items === 0 ? { ...at, seq: row.seq, items: 0 } : { ...at, seq: row.seq - 1, items: part.items };
      yield {
        type: 'CHANGE',
        cursor: encodeCursor(next),
        seq: row.seq,
        part: part.part,
        isLastPart: part.isLast,
        row,
        nodes: part.nodes,
        links: part.links,
        resetReason: null,
      };
    }
  }

  /** Until there is a row after `seq`, the signal is aborted, or (when `limited`) a bookmark is due: then `true`. */
  async #wait(seq: number, signal: AbortSignal, limited: boolean): Promise<boolean> {
    if (signal.aborted || this.#graph.seq > seq) return false;
    const done = new AbortController();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const stop = this.#tail.onNext(() => resolve(false));
        done.signal.addEventListener('abort', stop, { once: true });
        signal.addEventListener('abort', () => resolve(false), { once: true, signal: done.signal });
        if (limited) this.#clock.sleep(this.#bookmarkMs, done.signal).then(() => resolve(true), reject);
      });
    } finally {
      done.abort();
    }
  }
}

function emptyEvent(at: ChangeCursor) {
  return {
    cursor: encodeCursor(at),
    seq: at.seq,
    part: 1,
    isLastPart: true,
    row: null,
    nodes: [],
    links: [],
  } as const;
}

function resetEvent(at: ChangeCursor, resetReason: ResetReason): FeedEvent {
  return { ...emptyEvent(at), type: 'RESET', resetReason };
}
