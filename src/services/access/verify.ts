import type { AccessIndex } from './access-index.ts';

/** What an index has otherwise than a fresh build of the same seq, one sentence each. */
export function compareIndexes(index: AccessIndex, fresh: AccessIndex, nameOf: (source: number) => string): string[] {
  const problems: string[] = [];
  const here = index.countsBySource();
  const there = fresh.countsBySource();
  for (const source of new Set([...here.keys(), ...there.keys()])) {
    const a = here.get(source) ?? { nodes: 0, links: 0, digest: 0 };
    const b = there.get(source) ?? { nodes: 0, links: 0, digest: 0 };
    if (a.nodes !== b.nodes || a.links !== b.links) {
      problems.push(
        `${nameOf(source)}: ${a.nodes} nodes and ${a.links} links in the index, ${b.nodes} and ${b.links} in the store`,
      );
    } else if (a.digest !== b.digest) {
      problems.push(`${nameOf(source)}: as many nodes and links as in the store, but not the same`);
    }
  }
  const conditions = [conditionDigest(index), conditionDigest(fresh)];
  if (conditions[0] !== conditions[1]) problems.push('the conditions of federated log-ins are not those of the store');
  return problems;
}

/** Links whose start or end is not there, at most a hundred of them, one sentence each. */
export function danglingLinks(index: AccessIndex): string[] {
  const problems: string[] = [];
  const { start, length, ends } = index.forward;
  for (let from = 0; from < start.length && problems.length < 100; from++) {
    const stop = start[from]! + length[from]!;
    for (let at = start[from]!; at < stop; at++) {
      if (!index.isAlive(from)) problems.push(`node ${from} is gone, but links start from it`);
      else if (!index.isAlive(ends[at]!)) problems.push(`node ${ends[at]} is gone, but ${from} is linked to it`);
    }
  }
  return problems;
}

/** Order-independent. An application that is gone and one that never was are the same: neither lets anybody through. */
function conditionDigest(index: AccessIndex): number {
  const { federations } = index;
  let digest = 0;
  for (const row of federations.rows()) {
    const via = federations.via[row]!;
    let h = Math.imul(federations.from[row]! ^ 0x9e3779b9, 0x85ebca6b);
    h = Math.imul(h ^ federations.to[row]! ^ (h >>> 15), 0xc2b2ae35);
    h = Math.imul(h ^ (via === 0 || index.isAlive(via) ? via : 0xffffffff) ^ (h >>> 13), 0x27d4eb2f);
    digest = (digest + (h ^ (h >>> 16))) | 0;
  }
  return digest;
}
