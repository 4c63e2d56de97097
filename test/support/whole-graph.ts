import { CROSSWALK, parseKey } from '../../src/domain/keys.ts';
import { linkKindOf } from '../../src/domain/link-kinds.ts';
import type { Graph } from '../../src/services/graph/graph.ts';
import { identitiesOf } from './graph-content.ts';

/**
 * All that a graph says, in words that do not depend on the order in which it learnt it: every node with the hash of
 * what it holds, every link with its flags, sorted. An identity is named by its accounts.
 */
export async function wholeGraph(graph: Graph): Promise<{ nodes: string[]; links: string[] }> {
  const { index } = graph;
  const ids: number[] = [];
  for (const source of index.countsBySource().keys()) index.eachNodeOfSource(source, (id) => ids.push(id));
  const accounts = new Map<number, string[]>();
  for (const [account, identity] of await identitiesOf(graph)) {
    accounts.set(identity, [...(accounts.get(identity) ?? []), account].sort());
  }
  const names = new Map<number, string>();
  const nodes: string[] = [];
  for (let i = 0; i < ids.length; i += 1_000) {
    for (const node of await graph.store.nodes(ids.slice(i, i + 1_000))) {
      const { id, key, flags, hash } = node!;
      const isIdentity = parseKey(key)!.kind === 'Identity';
      const name = isIdentity ? `${CROSSWALK}/Identity/${accounts.get(id)?.join('+')}` : key;
      names.set(id, name);
      // What an identity shows is put together from its accounts, and holds when it was made.
      nodes.push(isIdentity ? name : `${name} ${flags} ${hash}`);
    }
  }
  const links: string[] = [];
  for (const source of index.countsBySource().keys()) {
    const { connector } = graph.sourceOf(source);
    index.eachLinkOfSource(source, (from, kind, to, flags) =>
      links.push(`${connector}: ${names.get(from)} ${linkKindOf(kind)} ${names.get(to)} ${flags}`),
    );
  }
  return { nodes: nodes.sort(), links: links.sort() };
}

/** The first few of each side that the other lacks: a diff of 100,000 lines helps nobody. */
export function differences(
  have: { nodes: readonly string[]; links: readonly string[] },
  want: { nodes: readonly string[]; links: readonly string[] },
): { missing: string[]; unexpected: string[] } {
  const all = (graph: typeof have): string[] => [...graph.nodes, ...graph.links];
  return { missing: surplus(all(want), all(have)), unexpected: surplus(all(have), all(want)) };
}

function surplus(of: readonly string[], over: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of over) counts.set(line, (counts.get(line) ?? 0) + 1);
  const found: string[] = [];
  for (const line of of) {
    const left = counts.get(line) ?? 0;
    if (left === 0) found.push(line);
    else counts.set(line, left - 1);
  }
  return found.slice(0, 10);
}
