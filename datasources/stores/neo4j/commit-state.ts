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

/** What is stored under the keys of a change set, and under its ids where that is another node. */
export async function readNodeStates(tx: Transaction, change: ChangeSet): Promise<NodeStates> {
  const keys = [...new Set(change.nodes?.map(({ key }) => key))];
  const claimed = [
    ...(change.nodes ?? []).map(({ id, key }) => [id, key] as const),
    ...(change.removedNodes ?? []).map((id) => [id, null] as const),
  ].filter(([id]) => Number.isSafeInteger(id));
  const rows = await Promise.all([
    keys.length === 0
      ? []
      : tx.run<StateRow>(`UNWIND $keys AS key MATCH (n:_Node {key: key}) RETURN ${STATE}`, { keys }),
    claimed.length === 0
      ? []
      : tx.run<StateRow>(
          `UNWIND $claimed AS c MATCH (n:_Node {_id: c[0]}) WHERE c[1] IS NULL OR n.key <> c[1] RETURN ${STATE}`,
          { claimed },
        ),
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

type LinkStateRow = readonly [
  from: number,
  to: number,
  source: number,
  qualifier: string,
  elementId: string,
  flags: number,
  hash: number,
  properties: string | null,
];

/**
 * What is stored of these links, in their order. Asked hub by hub: that a group, role or application has no link of a
 * kind at all answers for all its members at once. A first sync is mostly that.
 * @param fresh ids of nodes that are not there yet
 */
export async function readLinkStates(
  tx: Transaction,
  links: readonly LinkKey[],
  fresh: ReadonlySet<number> = new Set(),
): Promise<(StoredLink | undefined)[]> {
  const asked = links.filter(({ from, to }) => !fresh.has(from) && !fresh.has(to));
  const found = new Map<string, StoredLink>();
  await Promise.all(
    byKind(asked).map(async ([kind, members]) => {
      const { hub, other, groups } = byHub(members.map(({ item }) => item));
      const [tail, head] = hub === 'to' ? ['<-', '-'] : ['-', '->'];
      // The ends go through a list, so that the planner cannot walk all links of a hub to find a few.
      const rows = await tx.run<LinkStateRow>(
        `UNWIND $groups AS g
         MATCH (hub:_Node {_id: g[0]}) WHERE EXISTS { (hub)${tail}[:${kind}]${head}() }
         WITH hub, COLLECT { UNWIND g[1] AS id MATCH (n:_Node {_id: id}) RETURN n } AS ends
         UNWIND ends AS end
         MATCH (hub)${tail}[l:${kind}]${head}(end)
         WITH l, hub._id AS ${hub}, end._id AS ${other} WHERE l._source IS NOT NULL
         RETURN from, to, l._source, coalesce(l._qualifier, ''),
           elementId(l), coalesce(l._flags, 0), coalesce(l._hash, 0), l._properties`,
        { groups: groups.map(([id, group]) => [id, [...new Set(group.map((link) => link[other]))]]) },
      );
      for (const [from, to, source, qualifier, elementId, flags, hash, properties] of rows) {
        found.set(linkText({ from, to, source, qualifier, kind }), { elementId, flags, hash, properties });
      }
    }),
  );
  return found.size === 0 ? links.map(() => undefined) : links.map((link) => found.get(linkText(link)));
}

/** Ids among these that are living nodes. */
export async function readLiving(tx: Transaction, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const [row] = await tx.run<[readonly number[]]>(
    'MATCH (n:_Node) USING INDEX n:_Node(_id) WHERE n._id IN $ids AND NOT n:_Removed RETURN collect(n._id)',
    { ids },
  );
  return new Set(row?.[0]);
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
       elementId(l), coalesce(l._flags, 0), l._hash, l._properties`,
    { ids },
  );
  return rows.flatMap(([from, kind, to, source, qualifier, elementId, flags, hash, properties]) =>
    isLinkKind(kind)
      ? [{ link: { source, from, kind, to, qualifier }, stored: { elementId, flags, hash: hash ?? 0, properties } }]
      : [],
  );
}

/** Items by the kind of their link, each with its position: types of what is read cannot be parameters. */
export function byKind<T extends { readonly kind: LinkKind }>(
  items: readonly T[],
): [LinkKind, { readonly n: number; readonly item: T }[]][] {
  const groups = grouped(
    items.map((item, n) => ({ n, item })),
    ({ item }) => item.kind,
  );
  // Only names of the register become part of a statement.
  return LINK_KIND_NAMES.flatMap((kind) => {
    const group = groups.get(kind);
    return group === undefined ? [] : [[kind, group] as [LinkKind, typeof group]];
  });
}

export function linkText({ source, from, kind, to, qualifier }: LinkKey): string {
  return `${source},${from},${kind},${to},${qualifier}`;
}

interface Hubs<T> {
  readonly hub: 'from' | 'to';
  readonly other: 'from' | 'to';
  readonly groups: readonly (readonly [hubId: number, links: readonly T[]])[];
}

/** Links by the ends that they share most: by their starts or by their ends, whichever are fewer. */
export function byHub<T extends Pick<LinkKey, 'from' | 'to'>>(links: readonly T[]): Hubs<T> {
  const [starts, ends] = [grouped(links, ({ from }) => from), grouped(links, ({ to }) => to)];
  return starts.size < ends.size
    ? { hub: 'from', other: 'to', groups: [...starts] }
    : { hub: 'to', other: 'from', groups: [...ends] };
}

export function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
