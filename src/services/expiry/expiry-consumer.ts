import pLimit from 'p-limit';
import type { CommittedChange } from '../../domain/changes.ts';
import { type AppError, asAppError } from '../../domain/errors.ts';
import { compact } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ChangeDraft, CommitOptions } from '../graph/graph.ts';
import { type Expiring, expiringId, expiringLink, expiringNode, readExpiring } from './expiring.ts';
import { type ExpiringGraph, flagExpired } from './flag-expired.ts';

const CONSUMER = 'expiry';
const RECORDS = 'expiry/';
/** The cursor is written once in so many changes; what is read twice does no harm. */
const CURSOR_EVERY = 200;
const BATCH = 500;
const LONGEST_SLEEP_MS = 60 * 60_000;
/** Wait after reading the log has failed. */
const READ_AGAIN_MS = 5_000;
/** Wait after flagging has failed. */
const FLAG_AGAIN_MS = 60_000;

/** What the consumer asks of the graph. */
export interface ExpiryGraph extends ExpiringGraph {
  readonly store: GraphStore;
  readonly index: ExpiringGraph['index'] & { readonly seq: number };
  commit(build: () => Promise<ChangeDraft | null>, options?: CommitOptions): Promise<CommittedChange | null>;
  onChange(listener: (change: CommittedChange) => void): () => void;
  onReset(listener: () => void): () => void;
}

export interface ExpiryConsumerOptions {
  readonly graph: ExpiryGraph;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when it must do no more, also in the middle of its start; it has to be closed all the same. */
  readonly signal?: AbortSignal;
}

/**
 * Flags nodes and links at the moment their validity ends, by a change set like any other, so that every reader sees
 * it. A consumer of the change log: what is going to expire is kept in the store, with a cursor.
 */
export class ExpiryConsumer {
  readonly #graph: ExpiryGraph;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Expiring>();
  /** Reading the log and flagging change the list, one at a time. */
  readonly #alone = pLimit(1);
  readonly #stop = new AbortController();
  /** Closed, or told to stop. */
  readonly #over: AbortSignal;
  #seq = 0;
  #written = 0;
  #unsubscribe: () => void = () => {};
  /** There may be rows after `#seq`. They stay in the log until they are read: none is kept here. */
  #isBehind = false;
  #isReading = false;
  #reading: Promise<void> = Promise.resolve();
  /** What has been said about not being able to read. */
  #trouble: string | null = null;
  #loop: Promise<void> = Promise.resolve();
  #wake = new AbortController();
  /** Epoch ms of the next look at what is due. */
  #sleepsUntil = 0;
  #closed: Promise<void> | null = null;

  constructor({ graph, clock, logger, signal }: ExpiryConsumerOptions) {
    this.#graph = graph;
    this.#clock = clock;
    this.#logger = logger;
    this.#over = signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
    this.#over.addEventListener('abort', () => this.#wake.abort(), { once: true });
  }

  /**
   * Reads what is waiting, catches up with the log, then follows it.
   * @throws what the store throws; then nothing was begun
   */
  async start(): Promise<void> {
    const { store } = this.#graph;
    this.#seq = this.#written = await store.cursor(CONSUMER);
    for (const { value } of await store.listRecords('setting', { prefix: RECORDS })) {
      const item = readExpiring(value);
      if (item !== null) this.#waiting.set(expiringId(item), item);
    }
    await this.#catchUp();
    const endChanges = this.#graph.onChange((change) => this.#hear(change));
    const endResets = this.#graph.onReset(() => this.#read());
    this.#unsubscribe = () => {
      endChanges();
      endResets();
    };
    // What was committed meanwhile.
    this.#read();
    this.#loop = this.#expire();
  }

  /** How many nodes and links are known to expire. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for the call to the store that is under way, not for what else there is to do. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    await Promise.all([this.#loop, this.#reading]);
    // A store that is away would keep it waiting once more.
    if (this.#trouble !== null || this.#seq <= this.#written) return;
    await this.#writeCursor().catch((error: unknown) => {
      this.#logger.debug({ reason: asAppError(error).message, seq: this.#seq }, 'the cursor of expiry was not written');
    });
  }

  #hear(change: CommittedChange): void {
    const isNext = change.seq === this.#seq + 1 && change.seq - this.#written < CURSOR_EVERY;
    // Nothing ends in most rows: they need not be read.
    if (isNext && !this.#isReading && !this.#concerns(change)) this.#seq = change.seq;
    else if (change.seq > this.#seq) this.#read();
  }

  #concerns({ nodes, links }: CommittedChange): boolean {
    return (
      nodes.some((node) => expiringNode(node) !== null || this.#waiting.has(expiringId(node))) ||
      links.some((link) => expiringLink(link) !== null || this.#waiting.has(expiringId(link)))
    );
  }

  #read(): void {
    this.#isBehind = true;
    if (this.#isReading) return;
    this.#isReading = true;
    this.#reading = this.#readOn();
  }

  /** To the end of the log, however often it fails. */
  async #readOn(): Promise<void> {
    while (this.#isBehind && !this.#over.aborted) {
      this.#isBehind = false;
      try {
        await this.#catchUp();
        this.#trouble = null;
      } catch (error) {
        this.#isBehind = true;
        this.#failed(asAppError(error));
        await this.#clock.sleep(READ_AGAIN_MS, this.#over).catch(() => {});
      }
    }
    this.#isReading = false;
  }

  #failed({ code, message }: AppError): void {
    const isNew = this.#trouble !== code;
    this.#trouble = code;
    if (!isNew || this.#over.aborted) return;
    this.#logger.error({ error: message, seq: this.#seq }, 'following expiries failed; trying again every few seconds');
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#graph;
    const { seq, horizon } = await store.range();
    if (this.#seq < horizon) {
      // What expires in the rows that are gone is not known here; its connector's next run brings it flagged.
      this.#logger.warn({ seq: this.#seq, horizon }, 'changes were pruned before the expiry consumer read them');
      this.#seq = horizon;
    } else if (this.#seq > seq) {
      this.#logger.warn({ seq: this.#seq, newest: seq }, 'the cursor of expiry is beyond the log; reading all of it');
      this.#seq = this.#written = horizon;
    }
    for await (const change of store.changes(this.#seq)) {
      await this.#take(change);
      if (this.#over.aborted) return;
    }
  }

  async #take(change: CommittedChange): Promise<void> {
    for (const node of change.nodes) await this.#note(expiringId(node), expiringNode(node));
    for (const link of change.links) await this.#note(expiringId(link), expiringLink(link));
    // Then not all of it was noted.
    if (this.#over.aborted) return;
    this.#seq = change.seq;
    if (this.#seq - this.#written >= CURSOR_EVERY) await this.#writeCursor();
  }

  /** By a change set: a gateway that has lost its lease must not move the cursor of its successor. */
  async #writeCursor(): Promise<void> {
    let seq = this.#seq;
    await this.#graph.commit(async () => {
      // No further than the graph has come: a store that has not come so far refuses that.
      seq = Math.min(this.#seq, this.#graph.index.seq);
      return { cause: 'EXPIRY', connector: null, consumer: { name: CONSUMER, seq } };
    });
    this.#written = seq;
  }

  async #note(id: string, item: Expiring | null): Promise<void> {
    const isNews = (): boolean => this.#waiting.get(id)?.at !== item?.at;
    if (isNews()) await this.#put(id, item, isNews);
  }

  /** Writes it down, or takes it off the list, if that is still right when it is its turn. */
  #put(id: string, item: Expiring | null, isRight: () => boolean): Promise<void> {
    return this.#alone(async () => {
      if (this.#over.aborted || !isRight()) return;
      // First the store: what only memory knows would never be written.
      await this.#graph.store.putRecord('setting', RECORDS + id, item && compact(item));
      if (item === null) {
        this.#waiting.delete(id);
        return;
      }
      this.#waiting.set(id, item);
      // Each look goes through the whole list.
      if (item.at >= this.#sleepsUntil) return;
      this.#wake.abort();
      this.#wake = new AbortController();
    });
  }

  async #expire(): Promise<void> {
    while (!this.#over.aborted) {
      const woken = this.#wake.signal;
      const now = this.#clock.now();
      const due = [...this.#waiting.values()].filter((item) => item.at <= now).slice(0, BATCH);
      if (due.length === 0) {
        this.#sleepsUntil = Math.min(now + LONGEST_SLEEP_MS, this.#next());
        await this.#clock.sleep(this.#sleepsUntil - now, woken).catch(() => {});
        continue;
      }
      try {
        await this.#flag(due);
        for (const item of due) {
          const id = expiringId(item);
          // Flagged, or no longer as noted; a later end comes by the log.
          await this.#put(id, null, () => this.#waiting.get(id) === item);
        }
      } catch (error) {
        if (this.#over.aborted) return;
        this.#logger.error({ error: asAppError(error).message }, 'expiring failed; trying again in a minute');
        await this.#clock.sleep(FLAG_AGAIN_MS, this.#over).catch(() => {});
      }
    }
  }

  #next(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#waiting.values()) next = Math.min(next, at);
    return next;
  }

  /** Reads what is due as it is now, and flags what still ends. */
  async #flag(due: readonly Expiring[]): Promise<void> {
    const build = (): Promise<ChangeDraft | null> => flagExpired(this.#graph, due, this.#clock.now());
    // It writes back what it has read: what a sync on another gateway says meanwhile must not be lost.
    await this.#graph.commit(build, { isExact: true });
  }
}
