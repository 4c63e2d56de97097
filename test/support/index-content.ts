import type { AccessIndex } from '../../src/services/access/access-index.ts';

/** Everything an index says, in its own order: two that hold the same graph must be equal here. */
export function contentOf(index: AccessIndex): unknown {
  const nodes: number[][] = [];
  const out: number[][] = [];
  const into: number[][] = [];
  for (let id = 1; id < index.nodes.size; id++) {
    if (index.isAlive(id)) {
      nodes.push([id, index.kindCodeOf(id), index.flagsOf(id), index.sourceOf(id), index.hashOf(id)]);
    }
    index.eachLinkFrom(id, (...link) => out.push([id, ...link]));
    index.eachLinkTo(id, (...link) => into.push([id, ...link]));
  }
  const { federations } = index;
  const conditions = [...federations.rows()]
    .map((row) => {
      const via = federations.via[row]!;
      const open = via === 0 || index.isAlive(via) ? via : -1;
      return [federations.from[row], federations.to[row], federations.source[row], federations.flags[row], open];
    })
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
  return { seq: index.seq, nodes, out, into, conditions };
}
