import type { LinkUpsert, NodeUpsert, PendingLink, PendingLinkKey } from '../../domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../domain/flags.ts';
import { compact } from '../../domain/graph.ts';
import { parseKey } from '../../domain/keys.ts';
import { linkKindCode } from '../../domain/link-kinds.ts';
import type { LinkDraft, NodeDraft, NodeRef } from '../../ports/provider.ts';
import { endOfLink, endOfNode } from '../expiry/expiring.ts';
import type { ListingState } from './listing-state.ts';
import { type PendingEntry, pendingKeyOf } from './pending-book.ts';
import { hashOfLink, type PreparedPage, storedName, storedProperties } from './prepare.ts';
import type { RunContext } from './run-context.ts';

const MEMBER_OF = linkKindCode('MEMBER_OF');

/** Of the properties in one change set: stores and the log take it in one piece. */
const CHARACTERS_PER_COMMIT = 8_000_000;

/**
 * The difference between pages and the graph: one change set in the making. It must be filled and committed while
 * nobody else commits, because it reads the index and moves the books of the run along.
 */
export class Plan {
  readonly nodes: NodeUpsert[] = [];
  readonly links: LinkUpsert[] = [];
  readonly addPending: PendingLink[] = [];
  readonly removePending: PendingLinkKey[] = [];
  readonly #run: RunContext;
  readonly #listing: ListingState;
  readonly #now: number;
  /** Created or brought back by this very change set: the index does not have them yet. */
  readonly #fresh = new Set<number>();
  #characters = 0;
  #lastFrom: NodeRef | null = null;
  #lastFromId = -1;

  constructor(run: RunContext, listing: ListingState) {
    this.#run = run;
    this.#listing = listing;
    this.#now = run.clock.now();
  }

  /** Rows that the change set has by now. */
  get size(): number {
    return this.nodes.length + this.links.length + this.addPending.length + this.removePending.length;
  }

  /** Nothing more goes into this change set. */
  get isFull(): boolean {
    return this.size >= this.#run.rowsPerCommit || this.#characters >= CHARACTERS_PER_COMMIT;
  }

  /** Compares the nodes of a page from `start` up to `end`. */
  async compareNodes(page: PreparedPage, start: number, end: number): Promise<void> {
    const { keys, ids } = this.#run;
    let unknown = 0;
    for (let i = start; i < end; i++) {
      const draft = page.nodes[i]!;
      if (keys.get(draft.kind, draft.nativeId) === undefined) unknown++;
    }
    const fresh = unknown === 0 ? [] : await ids.take(unknown);
    let next = 0;
    for (let i = start; i < end; i++) {
      const draft = page.nodes[i]!;
      let id = keys.get(draft.kind, draft.nativeId);
      if (id === undefined) {
        id = fresh[next++]!;
        keys.set(draft.kind, draft.nativeId, id);
      }
      this.#compareNode(id, draft, page.nodeHash[i]!);
    }
  }

  #compareNode(id: number, draft: NodeDraft, hash: number): void {
    const { index } = this.#run.graph;
    const listing = this.#listing;
    // What a listing says first counts: a repetition with other words would else change the node in every run.
    if (!listing.name(id)) {
      listing.ignored++;
      return;
    }
    this.#listing.news++;
    const alive = index.isAlive(id);
    if (alive) {
      const owner = index.sourceOf(id);
      if (owner !== listing.source && (this.#run.ranks.get(owner) ?? Number.POSITIVE_INFINITY) < listing.rank) {
        this.#run.alsoListed.add(id);
        return;
      }
      if (owner !== listing.source || index.hashOf(id) !== hash) this.#upsert(id, draft, hash);
    } else {
      this.#fresh.add(id);
      this.#upsert(id, draft, hash);
      this.#settle(this.#run.keys.key(draft.kind, draft.nativeId));
    }
    if (draft.kind === 'Account') this.#joinTenant(id);
  }

  #upsert(id: number, draft: NodeDraft, hash: number): void {
    const properties = compact(draft.properties);
    this.#characters += JSON.stringify(properties).length;
    const flags = (draft.flags ?? 0) | (this.#isOver(endOfNode(draft.kind, properties)) ? NodeFlag.EXPIRED : 0);
    this.nodes.push({
      id,
      key: this.#run.keys.key(draft.kind, draft.nativeId),
      kind: draft.kind,
      source: this.#listing.source,
      name: storedName(draft),
      flags,
      properties,
      hash,
    });
  }

  /** Beside every account: it is a member of the connector's tenant, as surely as the account is listed. */
  #joinTenant(account: number): void {
    const tenant = this.#run.tenantNode;
    if (tenant === null) return;
    const { table, source } = this.#listing;
    const row = table.find(account, MEMBER_OF, tenant, '');
    if (row >= 0) {
      table.see(row);
      return;
    }
    table.see(table.insert(account, MEMBER_OF, tenant, '', 0, 0));
    this.links.push({
      source,
      from: account,
      kind: 'MEMBER_OF',
      to: tenant,
      qualifier: '',
      flags: 0,
      properties: null,
      hash: 0,
    });
  }

  /** Compares the links of a page from `start` up to `end`; its nodes must have been compared. */
  compareLinks(page: PreparedPage, start: number, end: number): void {
    const { keys, pending } = this.#run;
    const { table, source } = this.#listing;
    for (let i = start; i < end; i++) {
      const draft = page.links[i]!;
      const from = this.#from(draft.from);
      const to = keys.get(draft.to.kind, draft.to.nativeId);
      if (from === undefined || to === undefined || !this.#isThere(from) || !this.#isThere(to)) {
        this.#wait(draft);
        continue;
      }
      const hash = page.linkHash[i]!;
      const flags = draft.flags ?? 0;
      const qualifier = draft.qualifier ?? '';
      const code = linkKindCode(draft.kind);
      let row = table.find(from, code, to, qualifier);
      if (row >= 0) {
        if (!table.see(row)) {
          this.#listing.ignored++;
          continue;
        }
        this.#listing.news++;
        const isSame = table.hash(row) === hash && (hash !== 0 || (table.flags(row) & ~LinkFlag.EXPIRED) === flags);
        if (isSame && !this.#wasCut(from, to)) continue;
        table.set(row, flags, hash);
      } else {
        row = table.insert(from, code, to, qualifier, flags, hash);
        table.see(row);
        this.#listing.news++;
        if (pending.size > 0) this.#dropPending(draft, qualifier);
      }
      const properties = storedProperties(draft.properties);
      if (properties !== null) this.#characters += JSON.stringify(properties).length;
      this.links.push({
        source,
        from,
        kind: draft.kind,
        to,
        qualifier,
        flags: flags | (this.#isOver(endOfLink(properties)) ? LinkFlag.EXPIRED : 0),
        properties,
        hash,
      });
    }
  }

  /** Pages list the links of one node in a row. */
  #from(ref: NodeRef): number | undefined {
    const last = this.#lastFrom;
    if (last !== null && last.nativeId === ref.nativeId && last.kind === ref.kind) return this.#lastFromId;
    const id = this.#run.keys.get(ref.kind, ref.nativeId);
    if (id !== undefined) {
      this.#lastFrom = ref;
      this.#lastFromId = id;
    }
    return id;
  }

  /** Whether an end was removed by this run and has come back since: its links went with it. */
  #wasCut(from: number, to: number): boolean {
    const { removed } = this.#run;
    return removed.size > 0 && (removed.has(from) || removed.has(to));
  }

  /** The expiry consumer flags what ends later; what arrives after its end is born flagged. */
  #isOver(end: number | null): boolean {
    return end !== null && end <= this.#now;
  }

  #isThere(id: number): boolean {
    return this.#run.graph.index.isAlive(id) || this.#fresh.has(id);
  }

  #pendingLink(draft: LinkDraft): PendingLink {
    const { keys } = this.#run;
    return {
      source: this.#listing.source,
      fromKey: keys.key(draft.from.kind, draft.from.nativeId),
      kind: draft.kind,
      toKey: keys.key(draft.to.kind, draft.to.nativeId),
      qualifier: draft.qualifier ?? '',
      flags: draft.flags ?? 0,
      properties: storedProperties(draft.properties),
    };
  }

  #wait(draft: LinkDraft): void {
    const link = this.#pendingLink(draft);
    const known = this.#run.pending.find(link);
    if (known === null || !known.seen) this.#listing.news++;
    this.#listing.pendingSeen++;
    if (this.#run.pending.say(link)) this.addPending.push(link);
  }

  #dropPending(draft: LinkDraft, qualifier: string): void {
    const entry = this.#run.pending.find({ ...this.#pendingLink(draft), qualifier });
    if (entry === null) return;
    this.#run.pending.remove(entry);
    this.removePending.push(pendingKeyOf(entry.link));
  }

  /** A node has arrived: the links that waited for it, and whose other end is there, come with it. */
  #settle(key: string): void {
    if (this.#run.pending.size === 0) return;
    for (const entry of this.#run.pending.waitingFor(key)) {
      const from = this.#idOf(entry.link.fromKey);
      const to = this.#idOf(entry.link.toKey);
      if (from !== null && to !== null) this.#connect(entry, from, to);
    }
  }

  #connect(entry: PendingEntry, from: number, to: number): void {
    const { source, kind, qualifier, flags, properties } = entry.link;
    const hash = hashOfLink(this.#run.version, flags, properties, qualifier);
    this.#run.pending.remove(entry);
    this.removePending.push(pendingKeyOf(entry.link));
    const table = this.#run.tables.get(source);
    if (table !== undefined) {
      let row = table.find(from, linkKindCode(kind), to, qualifier);
      if (row < 0) row = table.insert(from, linkKindCode(kind), to, qualifier, flags, hash);
      else table.set(row, flags, hash);
      if (entry.seen) table.see(row);
    }
    const expired = this.#isOver(endOfLink(properties)) ? LinkFlag.EXPIRED : 0;
    this.links.push({ source, from, kind, to, qualifier, flags: flags | expired, properties, hash });
  }

  #idOf(key: string): number | null {
    const parts = parseKey(key);
    if (parts === null) return null;
    const id = this.#run.keys.get(parts.kind, parts.nativeId);
    return id !== undefined && this.#isThere(id) ? id : null;
  }
}
