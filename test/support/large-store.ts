import type { GraphStore } from '../../src/ports/graph-store.ts';
import { Playground } from './store-playground.ts';

const NODES = 2_000;

/** So many change sets of 2,000 accounts and 4,000 links each. @returns the newest seq */
export async function fillLarge(store: GraphStore, changeSets: number): Promise<number> {
  const play = await Playground.open(store, 'okta');
  let seq = 0;
  for (let n = 0; n < changeSets; n++) {
    const ids = await play.ids(NODES);
    const nodes = ids.map((id) =>
      play.node('Account', id, { name: `Person ${id}`, properties: { userName: `u${id}` } }),
    );
    const links = ids.flatMap((id, at) => [
      play.link(id, 'MEMBER_OF', ids[(at + 1) % NODES]!),
      play.link(id, 'MEMBER_OF', ids[(at + 7) % NODES]!),
    ]);
    seq = (await play.commit({ nodes, links }))!.seq;
  }
  return seq;
}
