import { CROSSWALK, parseKey } from '../../src/domain/keys.ts';
import { linkKindOf } from '../../src/domain/link-kinds.ts';
import type { Graph } from '../../src/services/graph/graph.ts';

/** Everything that one connector asserts, as native ids by kind and `from → to` by kind of link. */
export async function contentOf(
  graph: Graph,
  connector: string,
): Promise<{ nodes: Record<string, string[]>; links: Record<string, string[]> }> {
  const ids: number[] = [];
  const raw: [from: number, kind: string, to: number][] = [];
  for (const source of graph.index.countsBySource().keys()) {
    if (graph.sourceOf(source).connector !== connector) continue;
    graph.index.eachNodeOfSource(source, (id) => ids.push(id));
    graph.index.eachLinkOfSource(source, (from, kind, to) => raw.push([from, linkKindOf(kind)!, to]));
  }
  const native = new Map<number, string>();
  const nodes: Record<string, string[]> = {};
  for (let i = 0; i < ids.length; i += 1_000) {
    for (const node of await graph.store.nodes(ids.slice(i, i + 1_000))) {
      const { kind, nativeId } = parseKey(node!.key)!;
      native.set(node!.id, nativeId);
      const list = nodes[kind] ?? [];
      nodes[kind] = list;
      list.push(nativeId);
    }
  }
  const links: Record<string, string[]> = {};
  for (const [from, kind, to] of raw) {
    const list = links[kind] ?? [];
    links[kind] = list;
    list.push(`${native.get(from)} → ${native.get(to)}`);
  }
  return { nodes, links };
}

/** Identity (its node id) of every account, by the account's key. */
export async function identitiesOf(graph: Graph): Promise<Map<string, number>> {
  const source = await graph.sourceId({ connector: CROSSWALK, listing: 'linking' });
  const owned: [identity: number, account: number][] = [];
  graph.index.eachLinkOfSource(source, (from, kind, to) => {
    if (linkKindOf(kind) === 'HAS_ACCOUNT') owned.push([from, to]);
  });
  const found = new Map<string, number>();
  for (let i = 0; i < owned.length; i += 1_000) {
    const part = owned.slice(i, i + 1_000);
    const nodes = await graph.store.nodes(part.map(([, account]) => account));
    for (const [j, node] of nodes.entries()) found.set(node!.key, part[j]![0]);
  }
  return found;
}

/** How the links from accounts to identities compare with the truth, over pairs of accounts. */
export function compareWithTruth(
  identities: ReadonlyMap<string, number>,
  people: readonly { readonly id: string; readonly accounts: readonly string[] }[],
  machines: readonly { readonly accounts: readonly string[] }[],
): { precision: number; recall: number; pairs: number; wrong: [string, string][] } {
  const personOf = new Map(people.flatMap(({ id, accounts }) => accounts.map((key) => [key, id] as const)));
  for (const { accounts } of machines) for (const key of accounts) personOf.set(key, `machine ${accounts[0]}`);
  const byIdentity = new Map<number, string[]>();
  for (const [key, identity] of identities) byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), key]);
  let right = 0;
  const wrong: [string, string][] = [];
  for (const keys of byIdentity.values()) {
    for (let i = 0; i < keys.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [keys[i]!, keys[j]!];
        // An account that the truth does not give to a person belongs to nobody else either.
        if ((personOf.get(a) ?? a) === (personOf.get(b) ?? b)) right++;
        else wrong.push([a, b]);
      }
    }
  }
  const all = people.reduce((sum, { accounts }) => sum + (accounts.length * (accounts.length - 1)) / 2, 0);
  return { precision: right / Math.max(1, right + wrong.length), recall: right / Math.max(1, all), pairs: all, wrong };
}
