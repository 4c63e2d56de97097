import type { ChangeSet, CommittedChange, PendingLink } from '../domain/changes.ts';
import type { LinkRecord, NodeRecord, SourceRef } from '../domain/graph.ts';
import type { JsonObject } from '../domain/json.ts';
import type { NodeKind } from '../domain/node-kinds.ts';
import type { RecordType } from '../domain/records.ts';
import type { StoreChunk } from './store-dump.ts';

/**
 * The only durable truth: nodes and links by id, key, filter and text, and the numbered change log. Nothing
 * graph-shaped crosses this port: no paths, no traversal. `test/contract/graph-store.contract.ts` is its law.
 *
 * Errors (AppError codes): `STORE_UNAVAILABLE` (retryable), `STORE_FULL`, `STORE_CORRUPT`, `STORE_SCHEMA_NEWER`,
 * `STORE_IN_USE`, `STORE_CLOSED`, `LEASE_LOST`, `SEQ_MOVED`, `INVALID_CURSOR`, `CURSOR_TOO_OLD`, `UNSUPPORTED_QUERY`,
 * `CHANGE_INVALID` (an id never handed out or of another key, an unknown source, a key not of its kind),
 * `STORE_INCOMPLETE` (a restore into it did not finish), `STORE_MISSING`, `STORE_NOT_EMPTY`, `STORE_CHANGED`,
 * `STORE_REPLACED` (from `range`, `changes` and `commit` of a shared store: another one lies there now).
 */
export interface GraphStore {
  /** Whether other gateways may write to it too: then each follows the log, and writers hold leases. */
  readonly isShared: boolean;

  /**
   * Opens or creates, migrates. Call once, before anything else.
   * @param options.create false: a store that is not there is refused with `STORE_MISSING`; default true
   */
  open(options?: { readonly create?: boolean }): Promise<StoreInfo>;

  /**
   * Opens the store for a {@link dump} of another one: call it in place of {@link open}. The store gets a new id, so
   * that cursors of both are told apart, and a mark: until the restore is finished nobody can open it
   * (`STORE_INCOMPLETE`). Tokens of leases go on growing, also when everything else is replaced.
   * @throws `STORE_NOT_EMPTY`, `STORE_INCOMPLETE` without `replace`; `STORE_IN_USE` while gateways work with the store
   */
  restore(options?: RestoreOptions): Promise<StoreRestore>;

  /**
   * All that the store holds except leases, as of one moment, section by section.
   * @throws `STORE_CHANGED` (at any place) when others wrote meanwhile and the store cannot hold the moment still
   */
  dump(): AsyncIterable<StoreChunk>;

  /**
   * Applies a change set atomically and durably and numbers it with the next seq.
   * Upserts that change nothing and removals of what is not there leave no trace in the row. A change set without
   * any effect on nodes and links takes no seq and answers `null`, its checkpoints, cursors and pending links are
   * written all the same. Commits may be called concurrently; they take effect one after the other.
   * Of several upserts of one node or link the last counts; a removal in the same change set wins over an upsert.
   * An upsert whose key has an id already takes effect on that id, and so do links of the same change set that name
   * the fresh one.
   * A shared store also settles what the writer could not know (`docs/decisions/0007-many-gateways.md`): it removes
   * every link that touches a removed node, listed or not, and leaves out link upserts whose start or end is not
   * there after this change set; the row tells both as they happened.
   * @throws `LEASE_LOST`, `SEQ_MOVED`; then nothing was written
   */
  commit(change: ChangeSet): Promise<CommittedChange | null>;

  /**
   * Rows after `after`, in order. Ends at the newest row at call time.
   * @throws `CURSOR_TOO_OLD` when a row after `after` has been pruned
   */
  changes(
    after: number,
    options?: { readonly signal?: AbortSignal; readonly limit?: number },
  ): AsyncIterable<CommittedChange>;

  /** Newest seq and the oldest `after` that {@link changes} still accepts. */
  range(): Promise<{ readonly seq: number; readonly horizon: number }>;

  /** All living nodes, then all links, as of one seq (given in every chunk). For an index that has no snapshot. */
  topology(): AsyncIterable<TopologyChunk>;

  /** Order kept; `null` for an id that never existed; removed nodes answer with their last state and `removed: true`. */
  nodes(ids: readonly number[]): Promise<readonly (StoredNode | null)[]>;

  /**
   * Order kept; redirects are followed, also chains of them; removed or unknown keys give `null`. A node that is made
   * or brought back under a redirected key ends the redirect.
   */
  idsByKey(keys: readonly string[]): Promise<readonly (number | null)[]>;

  /** Key and id of every node of a connector, removed ones too (`removed` flag): a sync's look-up table. */
  keys(connector: string): AsyncIterable<KeyChunk>;

  /** All links between each pair, in the order of the pairs: properties of links, evidence. */
  links(pairs: readonly { readonly from: number; readonly to: number }[]): Promise<readonly (readonly LinkRecord[])[]>;

  /** Links of these connectors that carry properties (hash ≠ 0), without the properties: what a sync diffs against. */
  linkHashes(connector: string): AsyncIterable<LinkHashChunk>;

  /** First of `count` fresh node ids, handed out once and for all. Ids start at 1 and fit uint32. */
  allocateIds(count: number): Promise<number>;

  /** The uint16 of a source, made at first use. Known ones are in {@link StoreInfo.sources} and here. */
  sourceId(source: SourceRef): Promise<number>;
  /** All sources there are, also those that another gateway has made since {@link open}. */
  sources(): Promise<StoreInfo['sources']>;

  list(query: ListQuery): Promise<Page>;
  search(query: SearchQuery): Promise<Page>;

  checkpoint(source: SourceRef): Promise<JsonObject | null>;
  pendingFor(keys: readonly string[]): Promise<readonly PendingLink[]>;
  /** Pending links of a connector, of all without one. */
  pendingCount(connector?: string): Promise<number>;
  pendingKeys(): AsyncIterable<readonly string[]>;

  /** Small records beside the graph: connectors, runs, decisions. Last write wins; durable when the promise resolves. */
  putRecord(type: RecordType, id: string, value: JsonObject | null): Promise<void>;
  getRecord(type: RecordType, id: string): Promise<JsonObject | null>;
  /** By id, descending when `newestFirst` (ids of runs sort by time). */
  listRecords(
    type: RecordType,
    options?: { readonly prefix?: string; readonly newestFirst?: boolean; readonly limit?: number },
  ): Promise<readonly { readonly id: string; readonly value: JsonObject }[]>;

  /** Where a consumer of the log stands; 0 for a new one. */
  cursor(consumer: string): Promise<number>;
  setCursor(consumer: string, seq: number): Promise<void>;

  /**
   * A lease that has run out is lost, also when nobody took it since.
   * @returns the lease with a token greater than any before, or `null` while somebody else holds it
   */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** @returns false when it was lost */
  renewLease(lease: Lease, ttlMs: number): Promise<boolean>;
  releaseLease(lease: Lease): Promise<void>;

  /** Forgets change rows up to and including `seq`. */
  prune(seq: number): Promise<void>;

  /** Waits for running calls, then closes; safe to call twice. */
  close(): Promise<void>;
}

export interface StoreInfo {
  /** Random, made with the store; a cursor of another store is answered with a reset. */
  readonly storeId: string;
  readonly seq: number;
  /** Schema version after migration. */
  readonly schema: number;
  /** For people: `SQLite 3.53.0`, `Neo4j 5.26.8 community`. */
  readonly engine: string;
  readonly sources: readonly { readonly id: number; readonly source: SourceRef }[];
}

export interface RestoreOptions {
  /** Throws away what the store holds, also an unfinished restore. Default false: then it must be empty. */
  readonly replace?: boolean;
}

/** A store that is being filled. Until {@link StoreRestore.finish} it can be read through its own object, but not opened again. */
export interface StoreRestore {
  /** As {@link GraphStore.open} tells it; the store id is a new one. */
  readonly info: StoreInfo;
  /** Takes the chunks of a dump in their order, each once and one after the other. */
  write(chunk: StoreChunk): Promise<void>;
  /** All is there: from now on the store can be opened. */
  finish(): Promise<void>;
}

export interface StoredNode extends NodeRecord {
  readonly removed: boolean;
}

/** In {@link TopologyChunk}: the link has a `via`, but no node of that key was ever seen. */
export const VIA_UNKNOWN = 0xffffffff;

/** Parallel arrays. A chunk has nodes or links or both; nodes come before the links that need them. */
export interface TopologyChunk {
  readonly seq: number;
  readonly nodes?: {
    readonly id: Uint32Array;
    readonly kind: Uint8Array;
    readonly flags: Uint8Array;
    readonly source: Uint16Array;
    readonly hash: Uint32Array;
  };
  readonly links?: {
    readonly from: Uint32Array;
    readonly to: Uint32Array;
    /** `linkKindCode`. */
    readonly kind: Uint8Array;
    readonly flags: Uint8Array;
    readonly source: Uint16Array;
    /**
     * Ids of the `via` applications of FEDERATES links, 0 elsewhere; absent when there is none in the chunk. A removed
     * application keeps its id; a key that names no node gives {@link VIA_UNKNOWN}, so that it is not taken for "without".
     */
    readonly via?: Uint32Array;
  };
}

export interface KeyChunk {
  readonly ids: Uint32Array;
  readonly keys: readonly string[];
  readonly removed: Uint8Array;
}

export interface LinkHashChunk {
  readonly source: Uint16Array;
  readonly from: Uint32Array;
  readonly kind: Uint8Array;
  readonly to: Uint32Array;
  readonly qualifiers: readonly string[];
  readonly hash: Uint32Array;
}

/** What lists may be sorted by. Ties go by id, in the same direction. Absent values come last, in both directions. */
export const SORT_FIELDS = ['id', 'name', 'createdAt', 'lastLoginAt', 'changedAt'] as const;
export type SortField = (typeof SORT_FIELDS)[number];

/** All given conditions must hold. Texts compare without case (Unicode simple case folding). */
export interface ListFilter {
  /** Of one of these; an identity also counts for every connector in its `connectors` property. */
  readonly connectors?: readonly string[] | undefined;
  /** The `type` property (group, role, organisation, application, account, identity type). */
  readonly types?: readonly string[] | undefined;
  /** The `status` property of accounts. */
  readonly statuses?: readonly string[] | undefined;
  /** True: not flagged inactive or expired; false: flagged. */
  readonly live?: boolean | undefined;
  readonly entries?: readonly string[] | undefined;
  /** Any of its addresses, exact. */
  readonly email?: string | undefined;
  readonly userName?: string | undefined;
  readonly employeeNumber?: string | undefined;
  readonly department?: string | undefined;
  readonly namePrefix?: string | undefined;
  /** Part of the name; needs 3 characters or more. */
  readonly nameContains?: string | undefined;
  /** ISO 8601. */
  readonly createdAfter?: string | undefined;
  readonly lastLoginBefore?: string | undefined;
  readonly neverLoggedIn?: boolean | undefined;
  readonly mfaEnrolled?: boolean | undefined;
}

export interface ListQuery {
  readonly kind: NodeKind;
  readonly filter?: ListFilter | undefined;
  readonly sort?: { readonly field: SortField; readonly descending?: boolean } | undefined;
  /** 1–1,000. */
  readonly limit: number;
  /** `forward`: the first `limit` after the cursor; `backward`: the last `limit` before it, still in list order. */
  readonly direction?: 'forward' | 'backward' | undefined;
  readonly cursor?: string | undefined;
  /** Counts all matches as well; may cost a scan. */
  readonly withTotal?: boolean | undefined;
}

/** Fragment (3+ characters: anywhere; fewer: prefix) of a name, user name, e-mail, employee number or native id. Best first: exact, prefix, inside. */
export interface SearchQuery {
  readonly text: string;
  readonly kinds?: readonly NodeKind[] | undefined;
  readonly connectors?: readonly string[] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Page {
  readonly items: readonly { readonly id: number; readonly cursor: string }[];
  readonly hasMore: boolean;
  readonly total?: number;
}

export interface Lease {
  readonly name: string;
  readonly holder: string;
  /** Fencing number: grows with every new holder. */
  readonly token: number;
  /** Epoch ms. */
  readonly expiresAt: number;
}
