import type { LinkUpsert } from '../../src/domain/changes.ts';
import { compact, contentHash } from '../../src/domain/graph.ts';
import { parseKey } from '../../src/domain/keys.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { fakeClock } from './fake-clock.ts';
import { createMemoryStore } from './memory-store.ts';

/** An empty graph in memory. */
export function aGraph(): Promise<Graph> {
  return Graph.open({ store: createMemoryStore(), snapshotPath: null, logger: silentLogger, clock: fakeClock() });
}

export interface SomeNode {
  readonly key: string;
  readonly name?: string;
  readonly flags?: number;
  readonly properties?: object;
}

export interface SomeLink {
  readonly from: string;
  readonly kind: LinkKind;
  readonly to: string;
  readonly flags?: number;
  readonly properties?: object;
}

/** Commits nodes and links by key, as a connector's listing `test` would. */
export async function put(graph: Graph, nodes: readonly SomeNode[], links: readonly SomeLink[] = []): Promise<void> {
  const sources = new Map<string, number>();
  for (const key of [...nodes.map((node) => node.key), ...links.map((link) => link.from)]) {
    const { connector } = parseKey(key)!;
    sources.set(connector, await graph.sourceId({ connector, listing: 'test' }));
  }
  await graph.commit(async () => {
    const known = await graph.store.idsByKey(nodes.map((node) => node.key));
    let fresh = await graph.store.allocateIds(Math.max(1, nodes.length));
    const ids = new Map(nodes.map((node, i) => [node.key, known[i] ?? fresh++]));
    const ends = [...new Set(links.flatMap((link) => [link.from, link.to]))].filter((key) => !ids.has(key));
    (await graph.store.idsByKey(ends)).forEach((id, i) => {
      if (id === null) throw new Error(`no node ${ends[i]}`);
      ids.set(ends[i]!, id);
    });
    return {
      cause: 'SYNC',
      connector: null,
      nodes: nodes.map((node) => {
        const { kind, connector } = parseKey(node.key)!;
        const properties = compact(node.properties ?? {});
        const name = node.name ?? node.key;
        const flags = node.flags ?? 0;
        return {
          id: ids.get(node.key)!,
          key: node.key,
          kind,
          source: sources.get(connector)!,
          name,
          flags,
          properties,
          hash: contentHash([name, flags, properties]),
        };
      }),
      links: links.map((link): LinkUpsert => {
        const properties = link.properties === undefined ? null : compact(link.properties);
        return {
          source: sources.get(parseKey(link.from)!.connector)!,
          from: ids.get(link.from)!,
          kind: link.kind,
          to: ids.get(link.to)!,
          qualifier: '',
          flags: link.flags ?? 0,
          properties,
          hash: properties === null ? 0 : contentHash(properties) || 1,
        };
      }),
    };
  });
}

/** Removes nodes with everything that touches them. */
export async function remove(graph: Graph, keys: readonly string[]): Promise<void> {
  await graph.commit(async () => {
    const ids = (await graph.store.idsByKey(keys)).filter((id) => id !== null);
    const removedLinks = [];
    for (const id of ids) {
      const pairs: { from: number; to: number }[] = [];
      graph.index.eachLinkFrom(id, (to) => pairs.push({ from: id, to }));
      graph.index.eachLinkTo(id, (from) => pairs.push({ from, to: id }));
      for (const rows of await graph.store.links(pairs)) removedLinks.push(...rows);
    }
    return { cause: 'SYNC', connector: null, removedLinks, removedNodes: ids };
  });
}
