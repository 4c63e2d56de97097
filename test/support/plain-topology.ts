import { linkKindCode } from '../../src/domain/link-kinds.ts';
import { nodeKindCode } from '../../src/domain/node-kinds.ts';
import { type TopologyChunk, VIA_UNKNOWN } from '../../src/ports/graph-store.ts';
import { AccessIndex } from '../../src/services/access/access-index.ts';
import type { PlainGraph } from './naive-access.ts';

/** The graph as a store would give it, `chunkSize` rows at a time. */
export async function* topologyOf(graph: PlainGraph, seq = 0, chunkSize = 1_000): AsyncIterable<TopologyChunk> {
  for (let at = 0; at < graph.nodes.length; at += chunkSize) {
    const nodes = graph.nodes.slice(at, at + chunkSize);
    yield {
      seq,
      nodes: {
        id: Uint32Array.from(nodes, ({ id }) => id),
        kind: Uint8Array.from(nodes, ({ kind }) => nodeKindCode(kind)),
        flags: Uint8Array.from(nodes, ({ flags }) => flags),
        source: new Uint16Array(nodes.length).fill(1),
        hash: Uint32Array.from(nodes, ({ id }) => id * 7),
      },
    };
  }
  for (let at = 0; at < graph.links.length; at += chunkSize) {
    const links = graph.links.slice(at, at + chunkSize);
    yield {
      seq,
      links: {
        from: Uint32Array.from(links, ({ from }) => from),
        to: Uint32Array.from(links, ({ to }) => to),
        kind: Uint8Array.from(links, ({ kind }) => linkKindCode(kind)),
        flags: Uint8Array.from(links, ({ flags }) => flags),
        source: Uint16Array.from(links, ({ source }) => source),
        via: Uint32Array.from(links, ({ via }) => (via === 'lost' ? VIA_UNKNOWN : (via ?? 0))),
      },
    };
  }
}

export function indexOf(graph: PlainGraph, chunkSize?: number): Promise<AccessIndex> {
  return AccessIndex.build('plain', topologyOf(graph, 0, chunkSize));
}
