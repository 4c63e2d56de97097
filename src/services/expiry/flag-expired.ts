import type { LinkUpsert, NodeUpsert } from '../../domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../domain/flags.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import type { ChangeDraft } from '../graph/graph.ts';
import { type Expiring, endOfLink, endOfNode, expiringId } from './expiring.ts';

/** Where what is due is read as it is now. */
export interface ExpiringGraph {
  readonly store: Pick<GraphStore, 'nodes' | 'links'>;
  readonly index: { isAlive(id: number): boolean; sourceOf(id: number): number };
}

/** The change that flags what of these has ended by `now` (epoch ms); `null` when nothing has, or all of it is flagged. */
export async function flagExpired(
  graph: ExpiringGraph,
  due: readonly Expiring[],
  now: number,
): Promise<ChangeDraft | null> {
  const nodes = await expiredNodes(graph, due, now);
  const links = await expiredLinks(graph, due, now);
  if (nodes.length + links.length === 0) return null;
  return { cause: 'EXPIRY', connector: null, nodes, links };
}

async function expiredNodes(
  { store, index }: ExpiringGraph,
  due: readonly Expiring[],
  now: number,
): Promise<NodeUpsert[]> {
  const ids = due.flatMap((item) => (item.what === 'node' && index.isAlive(item.id) ? [item.id] : []));
  const found = ids.length === 0 ? [] : await store.nodes(ids);
  return found.flatMap((node) => {
    if (node === null || node.removed || (node.flags & NodeFlag.EXPIRED) !== 0) return [];
    if ((endOfNode(node.kind, node.properties) ?? Number.POSITIVE_INFINITY) > now) return [];
    const { id, key, kind, name, properties, hash } = node;
    return [
      {
        ...{ id, key, kind, name, properties, hash },
        source: index.sourceOf(id),
        flags: node.flags | NodeFlag.EXPIRED,
      },
    ];
  });
}

async function expiredLinks({ store }: ExpiringGraph, due: readonly Expiring[], now: number): Promise<LinkUpsert[]> {
  const wanted = new Map(due.flatMap((item) => (item.what === 'link' ? [[expiringId(item), item]] : [])));
  const found = wanted.size === 0 ? [] : await store.links([...wanted.values()]);
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
