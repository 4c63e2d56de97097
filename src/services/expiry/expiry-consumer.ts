import type { CommittedChange, LinkUpsert, NodeUpsert } from '../../domain/changes.ts';
import { asAppError } from '../../domain/errors.ts';
import { LinkFlag, NodeFlag } from '../../domain/flags.ts';
import { compact } from '../../domain/graph.ts';
import type { Clock } from '../../ports/clock.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ChangeDraft, CommitOptions } from '../graph/graph.ts';
import {
  type Expiring,
  endOfLink,
  endOfNode,
  expiringId,
  expiringLink,
  expiringNode,
  readExpiring,
} from './expiring.ts';

const CONSUMER = 'expiry';
const RECORDS = 'expiry/';
/** The cursor is written once in so many changes; what is read twice does no harm. */
const CURSOR_EVERY = 200;
const BATCH = 500;
const LONGEST_SLEEP_MS = 60 * 60_000;

/** What the consumer asks of the graph. */
export interface ExpiryGraph {
  readonly store: GraphStore;
  readonly index: { readonly seq: number; isAlive(id: number): boolean; sourceOf(id: number): number };
  commit(build: () => Promise<ChangeDraft | null>, options?: CommitOptions): Promise<CommittedChange | null>;
  onChange(listener: (change: CommittedChange) => void): () => void;
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
  readonly #stop = new AbortController();
  #seq = 0;
  #written = 0;
  #unsubscribe: () => void = () => {};
  /** Changes are taken one after the other. */
  #tail: Promise<void> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor(options: { graph: ExpiryGraph; clock: Clock; logger: Logger }) {
    this.#graph = options.graph;
    this.#clock = options.clock;
    this.#logger = options.logger;
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
    this.#unsubscribe = this.#graph.onChange((change) => this.#enqueue(() => this.#follow(change)));
    // What was committed meanwhile.
    this.#enqueue(() => this.#catchUp());
    await this.#tail;
    this.#loop = this.#expire();
  }

  /** How many nodes and links are known to expire. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#wake.abort();
    this.#unsubscribe();
    await this.#loop;
    await this.#tail;
    if (this.#seq > this.#written) await this.#graph.store.setCursor(CONSUMER, this.#seq);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((error: unknown) => {
      this.#logger.error({ error: asAppError(error).message, seq: this.#seq }, 'following expiries failed');
    });
  }

  async #follow(change: CommittedChange): Promise<void> {
    if (change.seq > this.#seq + 1) await this.#catchUp();
    else if (change.seq === this.#seq + 1) await this.#take(change);
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#graph;
    const { horizon } = await store.range();
    if (this.#seq < horizon) {
      // What expires in the rows that are gone is not known here; its connector's next run brings it flagged.
      this.#logger.warn({ seq: this.#seq, horizon }, 'changes were pruned before the expiry consumer read them');
      this.#seq = horizon;
    }
    for await (const change of store.changes(this.#seq)) await this.#take(change);
  }

  async #take(change: CommittedChange): Promise<void> {
    for (const node of change.nodes) await this.#note(expiringId(node), expiringNode(node));
    for (const link of change.links) await this.#note(expiringId(link), expiringLink(link));
    this.#seq = change.seq;
    if (this.#seq - this.#written < CURSOR_EVERY) return;
    await this.#graph.store.setCursor(CONSUMER, this.#seq);
    this.#written = this.#seq;
  }

  async #note(id: string, item: Expiring | null): Promise<void> {
    const known = this.#waiting.get(id);
    if (item === null) {
      if (known === undefined) return;
      await this.#graph.store.putRecord('setting', RECORDS + id, null);
      this.#waiting.delete(id);
      return;
    }
    if (known?.at === item.at) return;
    // First the store: what only memory knows would never be written.
    await this.#graph.store.putRecord('setting', RECORDS + id, compact(item));
    this.#waiting.set(id, item);
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  async #expire(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const signal = this.#wake.signal;
      const now = this.#clock.now();
      const due = [...this.#waiting.values()].filter((item) => item.at <= now).slice(0, BATCH);
      try {
        if (due.length > 0) {
          await this.#flag(due);
          await this.#tail;
          // What the log did not take off the list was no longer as noted.
          for (const item of due) {
            if (this.#waiting.get(expiringId(item)) === item) await this.#note(expiringId(item), null);
          }
        } else {
          await this.#clock.sleep(Math.min(LONGEST_SLEEP_MS, this.#next() - now), signal);
        }
      } catch (error) {
        if (signal.aborted || this.#stop.signal.aborted) continue;
        this.#logger.error({ error: asAppError(error).message }, 'expiring failed; trying again in a minute');
        await this.#clock.sleep(60_000, this.#stop.signal).catch(() => {});
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
    const build = async (): Promise<ChangeDraft | null> => {
      const now = this.#clock.now();
      const nodes = await this.#expiredNodes(due, now);
      const links = await this.#expiredLinks(due, now);
      if (nodes.length + links.length === 0) return null;
      return { cause: 'EXPIRY', connector: null, nodes, links };
    };
    // It writes back what it has read: what a sync on another gateway says meanwhile must not be lost.
    await this.#graph.commit(build, { isExact: true });
  }

  async #expiredNodes(due: readonly Expiring[], now: number): Promise<NodeUpsert[]> {
    const ids = due.flatMap((item) => (item.what === 'node' && this.#graph.index.isAlive(item.id) ? [item.id] : []));
    const found = ids.length === 0 ? [] : await this.#graph.store.nodes(ids);
    return found.flatMap((node) => {
      if (node === null || node.removed || (node.flags & NodeFlag.EXPIRED) !== 0) return [];
      if ((endOfNode(node.kind, node.properties) ?? Number.POSITIVE_INFINITY) > now) return [];
      const { id, key, kind, name, properties, hash } = node;
      return [
        {
          ...{ id, key, kind, name, properties, hash },
          source: this.#graph.index.sourceOf(id),
          flags: node.flags | NodeFlag.EXPIRED,
        },
      ];
    });
  }

  async #expiredLinks(due: readonly Expiring[], now: number): Promise<LinkUpsert[]> {
    const wanted = new Map(due.flatMap((item) => (item.what === 'link' ? [[expiringId(item), item]] : [])));
    const found = wanted.size === 0 ? [] : await this.#graph.store.links([...wanted.values()]);
    const byId = new Map(
      found.flat().map((link) => [`link/${link.source}/${link.from}/${link.kind}/${link.to}/${link.qualifier}`, link]),
    );
    return [...wanted.keys()].flatMap((id) => {
      const link = byId.get(id);
      if (link === undefined || (link.flags & LinkFlag.EXPIRED) !== 0) return [];
      if ((endOfLink(link.properties) ?? Number.POSITIVE_INFINITY) > now) return [];
      return [{ ...link, flags: link.flags | LinkFlag.EXPIRED }];
    });
  }
}
