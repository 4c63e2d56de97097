import type { LinkKey, LinkState, NodeState, SourceRef } from './graph.ts';
import type { JsonObject } from './json.ts';
import type { LinkKind } from './link-kinds.ts';
import type { NodeKind } from './node-kinds.ts';

/** Why a change set was written. */
export type ChangeCause = 'SYNC' | 'LINKING' | 'EXPIRY' | 'DECISION' | 'CONNECTOR' | 'IMPORT';

/** A node to create (its id comes from `allocateIds`), to change, or to bring back: the same key is the same node. */
export interface NodeUpsert extends NodeState {
  readonly id: number;
  readonly key: string;
  readonly kind: NodeKind;
  readonly source: number;
}

export interface LinkUpsert extends LinkKey, LinkState {}

/** A link whose end is not there yet, kept by key until it arrives. */
export interface PendingLink {
  readonly source: number;
  readonly fromKey: string;
  readonly kind: LinkKind;
  readonly toKey: string;
  readonly qualifier: string;
  readonly flags: number;
  readonly properties: JsonObject | null;
}

export type PendingLinkKey = Omit<PendingLink, 'flags' | 'properties'>;

export interface CheckpointWrite {
  readonly source: SourceRef;
  /** `null` forgets it. */
  readonly state: JsonObject | null;
}

/** Proof that the writer still holds a lease; a commit with a stale token fails with `LEASE_LOST`. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}

/**
 * One atomic step of the graph. Order inside: node upserts, link upserts, link removals, node removals.
 * The writer lists every link that touches a removed node under `removedLinks` (the access index knows them);
 * a store that is not shared never searches for them.
 */
export interface ChangeSet {
  /** Random and unique: a repeated commit of the same id answers with the first one's result. */
  readonly changeId: string;
  readonly cause: ChangeCause;
  readonly connector: string | null;
  readonly runId?: string | undefined;
  /** Who decided, for a change made by a person or key. */
  readonly actor?: string | undefined;
  readonly nodes?: readonly NodeUpsert[] | undefined;
  readonly links?: readonly LinkUpsert[] | undefined;
  readonly removedLinks?: readonly LinkKey[] | undefined;
  readonly removedNodes?: readonly number[] | undefined;
  readonly addPending?: readonly PendingLink[] | undefined;
  readonly removePending?: readonly PendingLinkKey[] | undefined;
  /** From now on the first key answers with the second one's node (merged identities). */
  readonly redirects?: readonly { readonly from: string; readonly to: string }[] | undefined;
  readonly checkpoints?: readonly CheckpointWrite[] | undefined;
  /** Cursor of the consumer that writes this change set as its effect, moved in the same transaction. */
  readonly consumer?: { readonly name: string; readonly seq: number } | undefined;
  readonly fence?: Fence | undefined;
  /** Written only if this is still the newest seq, else `SEQ_MOVED`: for a change made of what was read before. */
  readonly expectedSeq?: number | undefined;
  /** The newest seq that its writer knows; a store that has not come so far was put back since: `STORE_REPLACED`. */
  readonly knownSeq?: number | undefined;
}

export interface NodeChange {
  readonly id: number;
  readonly key: string;
  readonly kind: NodeKind;
  readonly source: number;
  /** `null`: it was not there. */
  readonly before: NodeState | null;
  /** `null`: it was removed. */
  readonly after: NodeState | null;
}

/** Ends are ids; `nodes(ids)` also answers for removed nodes, so keys and names can always be told. */
export interface LinkChange extends LinkKey {
  readonly before: LinkState | null;
  readonly after: LinkState | null;
}

/** A row of the change log: what one commit did. Nothing that did not change is in it. */
export interface CommittedChange {
  readonly v: 1;
  readonly storeId: string;
  /** 1, 2, 3 … without gaps. */
  readonly seq: number;
  readonly changeId: string;
  /** Epoch ms, never smaller than that of the row before. */
  readonly at: number;
  readonly cause: ChangeCause;
  readonly connector: string | null;
  readonly runId: string | null;
  readonly actor: string | null;
  readonly nodes: readonly NodeChange[];
  readonly links: readonly LinkChange[];
}
