import type { CommittedChange, PendingLink } from '../domain/changes.ts';
import type { LinkRecord, NodeState, SourceRef } from '../domain/graph.ts';
import type { JsonObject } from '../domain/json.ts';
import type { RecordType } from '../domain/records.ts';

/** All sections of a dump, in the order in which they come: what a row names is there before it. */
export const STORE_SECTIONS = [
  'meta',
  'sources',
  'nodes',
  'redirects',
  'links',
  'changes',
  'quietChanges',
  'pending',
  'checkpoints',
  'records',
  'cursors',
] as const;
export type StoreSection = (typeof STORE_SECTIONS)[number];

/** One row of each section. */
export interface StoreRows {
  /** One row: the counters. `at` is the time of the newest change, epoch ms; `nextId` the next fresh node id. */
  readonly meta: { readonly seq: number; readonly horizon: number; readonly at: number; readonly nextId: number };
  readonly sources: { readonly id: number; readonly source: SourceRef };
  readonly nodes: DumpedNode;
  readonly redirects: { readonly from: string; readonly to: string };
  readonly links: LinkRecord;
  /** Rows of the log after the horizon, by seq. */
  readonly changes: DumpedChange;
  /** Change sets without effect that are still known by their id, oldest first. */
  readonly quietChanges: { readonly changeId: string };
  readonly pending: PendingLink;
  readonly checkpoints: { readonly source: SourceRef; readonly state: JsonObject };
  readonly records: { readonly type: RecordType; readonly id: string; readonly value: JsonObject };
  readonly cursors: { readonly consumer: string; readonly seq: number };
}

/** A node as it is stored: living, or removed with its last state. */
export interface DumpedNode extends NodeState {
  readonly id: number;
  readonly key: string;
  readonly source: number;
  readonly removed: boolean;
  /** Seq of its last change. */
  readonly seq: number;
  /** Epoch ms. */
  readonly firstSeenAt: number;
  readonly changedAt: number;
}

export type DumpedChange = Omit<CommittedChange, 'v' | 'storeId'>;

/** Some rows of one section: a few thousand at most, one very large change alone. */
export type StoreChunk = {
  [S in StoreSection]: { readonly section: S; readonly rows: readonly StoreRows[S][] };
}[StoreSection];
