import { randomUUID } from 'node:crypto';
import type { ChangeSet, CommittedChange, LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { SourceRef } from '../../src/domain/graph.ts';
import { nodeKey } from '../../src/domain/keys.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';

export interface StoreUnderTest {
  /** Not opened yet. */
  readonly store: GraphStore;
  /** Closes the newest store object and gives a new one, not opened, over the same data. */
  reopen(): Promise<GraphStore>;
  /** Closes and deletes. */
  cleanup(): Promise<void>;
}

/** A connector of its own inside a store, with builders for what it asserts. */
export class Playground {
  readonly store: GraphStore;
  readonly connector: string;
  readonly ref: SourceRef;
  readonly source: number;
  readonly #keys = new Map<number, string>();
  #lastHash = 1_000_000;

  static async open(store: GraphStore, connector: string): Promise<Playground> {
    const ref = { connector, listing: 'users' };
    return new Playground(store, ref, await store.sourceId(ref));
  }

  private constructor(store: GraphStore, ref: SourceRef, source: number) {
    this.store = store;
    this.connector = ref.connector;
    this.ref = ref;
    this.source = source;
  }

  changeId(): string {
    return randomUUID();
  }

  /** A content hash that no other state of this playground has. */
  freshHash(): number {
    return ++this.#lastHash;
  }

  base(): Pick<ChangeSet, 'changeId' | 'cause' | 'connector'> {
    return { changeId: this.changeId(), cause: 'SYNC', connector: this.connector };
  }

  commit(change: Partial<ChangeSet>): Promise<CommittedChange | null> {
    return this.store.commit({ ...this.base(), ...change });
  }

  async ids(count: number): Promise<number[]> {
    const first = await this.store.allocateIds(count);
    return Array.from({ length: count }, (_, n) => first + n);
  }

  /** Commits `count` new nodes in one change set. */
  async nodes(kind: NodeKind, count: number): Promise<number[]> {
    const ids = await this.ids(count);
    await this.commit({ nodes: ids.map((id) => this.node(kind, id)) });
    return ids;
  }

  node(kind: NodeKind, id: number, state: Partial<NodeUpsert> = {}): NodeUpsert {
    const key = nodeKey(this.connector, kind, `n${id}`);
    this.#keys.set(id, key);
    const { source } = this;
    return { id, key, kind, source, name: `Node ${id}`, flags: 0, properties: { type: 'T' }, hash: 1, ...state };
  }

  keyOf(id: number): string {
    return this.#keys.get(id)!;
  }

  link(from: number, kind: LinkKind, to: number, state: Partial<LinkUpsert> = {}): LinkUpsert {
    return { source: this.source, from, kind, to, qualifier: '', flags: 0, properties: null, hash: 0, ...state };
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Code of the AppError that a call fails with; anything else fails the test. */
export async function errorCode(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error.code;
  throw error;
}
