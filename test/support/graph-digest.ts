import type { Graph } from '../../src/services/graph/graph.ts';

/** Seq and, by source, counts and digest of everything the index holds: equal for replicas that are equal. */
export function graphDigest(graph: Graph): { readonly seq: number; readonly sources: readonly string[] } {
  const sources = [...graph.index.countsBySource()]
    .filter(([, { nodes, links }]) => nodes + links > 0)
    .map(([source, { nodes, links, digest }]) => {
      const { connector, listing } = graph.sourceOf(source);
      return `${connector}/${listing}: ${nodes} nodes, ${links} links, ${digest}`;
    });
  return { seq: graph.seq, sources: sources.sort() };
}
