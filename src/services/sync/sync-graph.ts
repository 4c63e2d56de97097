import type { CommittedChange } from '../../domain/changes.ts';
import type { SourceRef } from '../../domain/graph.ts';
import type { LinkKind } from '../../domain/link-kinds.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { ChangeDraft } from '../graph/graph.ts';

/** What the sync asks of the access index. */
export interface SyncIndex {
  /** `size`: one more than the highest id. */
  readonly nodes: { readonly size: number };
  isAlive(id: number): boolean;
  kindCodeOf(id: number): number;
  sourceOf(id: number): number;
  hashOf(id: number): number;
  linkFlags(source: number, from: number, kind: LinkKind, to: number): number;
  eachLinkFrom(id: number, visit: (to: number, kindCode: number, flags: number, source: number) => void): void;
  eachLinkTo(id: number, visit: (from: number, kindCode: number, flags: number) => void): void;
  eachNodeOfSource(source: number, visit: (id: number) => void): void;
  eachLinkOfSource(source: number, visit: (from: number, kindCode: number, to: number, flags: number) => void): void;
  countsBySource(): ReadonlyMap<number, { readonly nodes: number; readonly links: number }>;
}

/** What the sync asks of the graph; `Graph` is the real one. */
export interface SyncGraph {
  readonly store: GraphStore;
  readonly patientStore?: GraphStore;
  readonly index: SyncIndex;
  commit(build: () => ChangeDraft | null | Promise<ChangeDraft | null>): Promise<CommittedChange | null>;
  sourceId(ref: SourceRef): Promise<number>;
  sourceOf(id: number): SourceRef;
  onChange(listener: (change: CommittedChange) => void): () => void;
  onReset(listener: () => void): () => void;
  catchUp(): Promise<void>;
}
