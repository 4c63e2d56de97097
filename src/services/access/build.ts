import { AppError } from '../../domain/errors.ts';
import { linkKindCode } from '../../domain/link-kinds.ts';
import type { TopologyChunk } from '../../ports/graph-store.ts';
import { Adjacency, packMeta } from './adjacency.ts';
import { grownUint32, newUint32, roomFor } from './arrays.ts';
import { Federations } from './federations.ts';
import type { IndexParts } from './index-parts.ts';
import { NodeTable } from './node-table.ts';
import { sortSlots } from './slot-sort.ts';
import { Tally } from './tally.ts';

type Links = NonNullable<TopologyChunk['links']>;

const FEDERATES = linkKindCode('FEDERATES');

/**
 * Counting sort in three passes: degrees while chunks arrive, then forward slots, then the reverse ones by going
 * through the forward ones in order, which leaves them ordered without a sort.
 */
export async function buildParts(
  storeId: string,
  chunks: AsyncIterable<TopologyChunk>,
  seqWhenEmpty: number,
): Promise<IndexParts> {
  const nodes = new NodeTable();
  const tally = new Tally();
  const held: Links[] = [];
  let seq = -1;
  let top = 0;
  let degrees = newUint32(1_024);
  for await (const chunk of chunks) {
    if (seq >= 0 && chunk.seq !== seq) {
      throw new AppError('STORE_CORRUPT', 'The store gave a topology of two different moments; restart the gateway.');
    }
    seq = chunk.seq;
    if (chunk.nodes) {
      const { id, kind, flags, source, hash } = chunk.nodes;
      for (let i = 0; i < id.length; i++) {
        nodes.set(id[i]!, kind[i]!, flags[i]!, hash[i]!, source[i]!);
        tally.node(1, id[i]!, kind[i]!, flags[i]!, hash[i]!, source[i]!);
        if (id[i]! > top) top = id[i]!;
      }
    }
    if (chunk.links) {
      const { from, to } = chunk.links;
      for (let i = 0; i < from.length; i++) {
        const a = from[i]!;
        const b = to[i]!;
        if (a >= degrees.length) degrees = grownUint32(degrees, roomFor(a + 1, degrees.length));
        degrees[a]!++;
        if (a > top) top = a;
        if (b > top) top = b;
      }
      held.push(chunk.links);
    }
  }
  const size = top + 1;
  nodes.resize(size);
  degrees = degrees.length >= size ? degrees.slice(0, size) : grownUint32(degrees, size);
  const forward = Adjacency.sized(degrees, true);
  const federations = new Federations();
  held.reverse();
  for (let links = held.pop(); links; links = held.pop()) fill(links, forward, federations, tally);
  sortSlots(forward);
  return {
    storeId,
    seq: seq < 0 ? seqWhenEmpty : seq,
    nodes,
    forward,
    reverse: reversed(forward),
    federations,
    tally,
  };
}

function fill(links: Links, forward: Adjacency, federations: Federations, tally: Tally): void {
  const { from, to, kind, flags, source, via } = links;
  for (let i = 0; i < from.length; i++) {
    const meta = packMeta(kind[i]!, flags[i]!);
    forward.push(from[i]!, to[i]!, meta, source[i]!);
    tally.link(1, from[i]!, to[i]!, meta, source[i]!);
    if (kind[i] === FEDERATES) federations.add(from[i]!, to[i]!, source[i]!, flags[i]!, via ? via[i]! : 0);
  }
}

/** The other direction. Going through starts in ascending order leaves every slot ordered. */
export function reversed(forward: Adjacency): Adjacency {
  const { start, length, ends, meta } = forward;
  const degrees = newUint32(start.length);
  for (let node = 0; node < start.length; node++) {
    const stop = start[node]! + length[node]!;
    for (let at = start[node]!; at < stop; at++) degrees[ends[at]!]!++;
  }
  const reverse = Adjacency.sized(degrees, false);
  for (let node = 0; node < start.length; node++) {
    const stop = start[node]! + length[node]!;
    for (let at = start[node]!; at < stop; at++) reverse.push(ends[at]!, node, meta[at]!, 0);
  }
  return reverse;
}
