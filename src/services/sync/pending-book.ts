import type { PendingLink, PendingLinkKey } from '../../domain/changes.ts';
import { AppError } from '../../domain/errors.ts';
import type { SyncGraph } from './sync-graph.ts';

export interface PendingEntry {
  readonly link: PendingLink;
  /** Whether a listing of this run has said it. */
  seen: boolean;
}

/** The links of one connector that wait for an end, in memory for the length of a run. */
export class PendingBook {
  readonly #entries = new Map<string, PendingEntry>();
  readonly #byKey = new Map<string, Set<PendingEntry>>();

  static async load(graph: SyncGraph, connector: string, signal: AbortSignal): Promise<PendingBook> {
    const book = new PendingBook();
    const prefix = `${connector}/`;
    for await (const keys of graph.store.pendingKeys()) {
      if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true, connector });
      const own = keys.filter((key) => key.startsWith(prefix));
      if (own.length === 0) continue;
      for (const link of await graph.store.pendingFor(own)) {
        if (graph.sourceOf(link.source).connector === connector) book.#put(link, false);
      }
    }
    return book;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns false when it is there already and nothing about it changed */
  say(link: PendingLink): boolean {
    const known = this.#entries.get(identity(link));
    if (known !== undefined && known.link.flags === link.flags && sameRecord(known.link, link)) {
      known.seen = true;
      return false;
    }
    if (known !== undefined) this.remove(known);
    this.#put(link, true);
    return true;
  }

  find(key: PendingLinkKey): PendingEntry | null {
    return this.#entries.size === 0 ? null : (this.#entries.get(identity(key)) ?? null);
  }

  waitingFor(nodeKey: string): readonly PendingEntry[] {
    const waiting = this.#byKey.get(nodeKey);
    return waiting === undefined ? [] : [...waiting];
  }

  all(): PendingEntry[] {
    return [...this.#entries.values()];
  }

  unseenOf(source: number): PendingEntry[] {
    return [...this.#entries.values()].filter((entry) => !entry.seen && entry.link.source === source);
  }

  remove(entry: PendingEntry): void {
    this.#entries.delete(identity(entry.link));
    for (const key of [entry.link.fromKey, entry.link.toKey]) {
      const waiting = this.#byKey.get(key);
      waiting?.delete(entry);
      if (waiting?.size === 0) this.#byKey.delete(key);
    }
  }

  #put(link: PendingLink, seen: boolean): void {
    if (this.#entries.has(identity(link))) return;
    const entry = { link, seen };
    this.#entries.set(identity(link), entry);
    for (const key of [link.fromKey, link.toKey]) {
      const waiting = this.#byKey.get(key);
      if (waiting === undefined) this.#byKey.set(key, new Set([entry]));
      else waiting.add(entry);
    }
  }
}

/** The key alone, as `removePending` wants it. */
export function pendingKeyOf(link: PendingLink): PendingLinkKey {
  const { source, fromKey, kind, toKey, qualifier } = link;
  return { source, fromKey, kind, toKey, qualifier };
}

function identity(link: PendingLinkKey): string {
  return `${link.source}\n${link.kind}\n${link.fromKey}\n${link.toKey}\n${link.qualifier}`;
}

function sameRecord(a: PendingLink, b: PendingLink): boolean {
  return JSON.stringify(a.properties) === JSON.stringify(b.properties);
}
