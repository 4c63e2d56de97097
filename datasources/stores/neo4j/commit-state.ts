import type { ChangeSet } from '../../../src/domain/changes.ts';
import type { LinkKey } from '../../../src/domain/graph.ts';
import { isLinkKind, LINK_KIND_NAMES, type LinkKind } from '../../../src/domain/link-kinds.ts';
import type { Transaction } from './driver.ts';

/** A node as it is stored, living or not. */
export interface StoredState {
  readonly id: number;
  readonly key: string;
  readonly flags: number;
  readonly source: number;
  readonly hash: number;
  readonly name: string;
  /** JSON text. */
  readonly properties: string;
  readonly firstSeenAt: number;
  readonly removed: boolean;
}

export interface StoredLink {
  /** Neo4j's own, good inside this transaction only. */
  readonly elementId: string;
  readonly flags: number;
  readonly hash: number;
  /** JSON text. */
  readonly properties: string | null;
}

export interface NodeStates {
  readonly byKey: ReadonlyMap<string, StoredState>;
  readonly byId: ReadonlyMap<number, StoredState>;
}

type StateRow = readonly [number, string, number, number, number, string, string, number, boolean];
const STATE = 'n._id, n.key, n._flags, n._source, n._hash, n.name, n._properties, n._firstSeenAt, n:_Removed';

/** All nodes that a change set speaks of. */
export async function readNodeStates(tx: Transaction, change: ChangeSet): Promise<NodeStates> {
  const keys = [...new Set(change.nodes?.map(({ key }) => key))];
  const ids = [...new Set([...(change.nodes ?? []).map(({ id }) => id), ...(change.removedNodes ?? [])])];
  const rows = await Promise.all([
    keys.length === 0
      ? []
      : tx.run<StateRow>(`UNWIND $keys AS key MATCH (n:_Node {key: key}) RETURN ${STATE}`, { keys }),
    ids.length === 0
      ? []
      : tx.run<StateRow>(`UNWIND $ids AS id MATCH (n:_Node {_id: id}) RETURN ${STATE}`, {
          ids: ids.filter(Number.isSafeInteger),
        }),
  ]);
  const states = rows.flat().map(
    ([id, key, flags, source, hash, name, properties, firstSeenAt, removed]): StoredState => ({
      ...{ id, key, flags, source, hash, name, properties, firstSeenAt, removed },
    }),
  );
  return {
    byKey: new Map(states.map((state) => [state.key, state])),
    byId: new Map(states.map((state) => [state.id, state])),
  };
}

/** What is stored of these links, in their order. */
export async function readLinkStates(tx: Transaction, links: readonly LinkKey[]): Promise<(StoredLink | undefined)[]> {
  const states: (StoredLink | undefined)[] = links.map(() => undefined);
  await Promise.all(
    byKind(links).map(async ([kind, members]) => {
      const rows = await tx.run<[number, string, number, number | null, string | null]>(
        `UNWIND $rows AS r
         MATCH (a:_Node {_id: r[1]}) MATCH (b:_Node {_id: r[2]}) MATCH (a)-[l:${kind}]->(b)
         WHERE l._source = r[3] AND coalesce(l._qualifier, '') = r[4]
         RETURN r[0], elementId(l), l._flags, l._hash, l._properties`,
        { rows: members.map(({ n, item: { from, to, source, qualifier } }) => [n, from, to, source, qualifier]) },
      );
      for (const [n, elementId, flags, hash, properties] of rows) {
        states[n] = { elementId, flags, hash: hash ?? 0, properties };
      }
    }),
  );
  return states;
}

/** Ids among these that are living nodes. */
export async function readLiving(tx: Transaction, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const rows = await tx.run<[number]>('UNWIND $ids AS id MATCH (n:_Node {_id: id}) WHERE NOT n:_Removed RETURN id', {
    ids,
  });
  return new Set(rows.map(([id]) => id));
}

/** Every link that touches one of these nodes, once. */
export async function readLinksOf(
  tx: Transaction,
  ids: readonly number[],
): Promise<{ readonly link: LinkKey; readonly stored: StoredLink }[]> {
  if (ids.length === 0) return [];
  const rows = await tx.run<[number, string, number, number, string, string, number, number | null, string | null]>(
    `UNWIND $ids AS id MATCH (:_Node {_id: id})-[l]-() WHERE l._source IS NOT NULL WITH DISTINCT l
     RETURN startNode(l)._id, type(l), endNode(l)._id, l._source, coalesce(l._qualifier, ''),
       elementId(l), l._flags, l._hash, l._properties`,
    { ids },
  );
  return rows.flatMap(([from, kind, to, source, qualifier, elementId, flags, hash, properties]) =>
    isLinkKind(kind)
      ? [{ link: { source, from, kind, to, qualifier }, stored: { elementId, flags, hash: hash ?? 0, properties } }]
      : [],
  );
}

/** Items by the kind of their link, each with its position: types cannot be parameters. */
export function byKind<T extends { readonly kind: LinkKind }>(
  items: readonly T[],
): [LinkKind, { readonly n: number; readonly item: T }[]][] {
  const groups = new Map<LinkKind, { n: number; item: T }[]>();
  for (const [n, item] of items.entries()) {
    const group = groups.get(item.kind);
    if (group === undefined) groups.set(item.kind, [{ n, item }]);
    else group.push({ n, item });
  }
  // Only names of the register become part of a statement.
  return LINK_KIND_NAMES.flatMap((kind) => {
    const group = groups.get(kind);
    return group === undefined ? [] : [[kind, group] as [LinkKind, typeof group]];
  });
}
