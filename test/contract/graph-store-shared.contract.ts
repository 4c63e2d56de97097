import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { collect, Playground, type StoreUnderTest } from '../support/store-playground.ts';

/** What a store promises besides when several gateways write to it; see `GraphStore.commit`. */
export function sharedContract(create: () => Promise<StoreUnderTest>): void {
  describe('shared by several writers', () => {
    let subject: StoreUnderTest;
    let store: GraphStore;
    let play: Playground;
    beforeAll(async () => {
      subject = await create();
      store = subject.store;
      await store.open();
      play = await Playground.open(store, 'shared');
    });
    afterAll(() => subject.cleanup());

    test('takes along the links of a removed node that its writer did not know of', async () => {
      const [a, b, c] = await play.nodes('Account', 3);
      const [out, into, other] = [
        play.link(a!, 'FEDERATES', b!, { hash: 5, properties: { via: 'x' } }),
        play.link(c!, 'FEDERATES', a!),
        play.link(c!, 'FEDERATES', b!),
      ];
      await play.commit({ links: [out, into, other] });
      const row = await play.commit({ removedNodes: [a!] });
      expect(row?.nodes.map(({ id, after }) => [id, after])).toEqual([[a, null]]);
      const gone = row?.links.map(({ from, to, before, after }) => [from, to, before?.hash, after]);
      expect(gone).toHaveLength(2);
      expect(gone).toEqual(
        expect.arrayContaining([
          [a, b, 5, null],
          [c, a, 0, null],
        ]),
      );
      const pairs = [out, into, other].map(({ from, to }) => ({ from, to }));
      expect((await store.links(pairs)).map((links) => links.length)).toEqual([0, 0, 1]);
    });

    test('leaves out links whose start or end is gone or was never there', async () => {
      const [a, b, gone] = await play.nodes('Account', 3);
      await play.commit({ removedNodes: [gone!] });
      const [never] = await play.ids(1);
      const row = await play.commit({
        links: [
          play.link(a!, 'FEDERATES', gone!),
          play.link(gone!, 'FEDERATES', b!),
          play.link(a!, 'FEDERATES', never!),
          play.link(a!, 'FEDERATES', b!),
        ],
      });
      expect(row?.links.map(({ from, to }) => [from, to])).toEqual([[a, b]]);
      expect(await play.commit({ links: [play.link(b!, 'FEDERATES', gone!)] })).toBeNull();
    });

    test('a link to a node that the same change brings back, or removes, is judged by what is there afterwards', async () => {
      const [a, b, c] = await play.nodes('Account', 3);
      await play.commit({ removedNodes: [b!] });
      const row = await play.commit({
        nodes: [play.node('Account', b!)],
        links: [play.link(a!, 'FEDERATES', b!), play.link(a!, 'FEDERATES', c!)],
        removedNodes: [c!],
      });
      expect(row?.links.map(({ from, to }) => [from, to])).toEqual([[a, b]]);
    });

    test('the topology never has a link without its ends', async () => {
      const nodes = new Set<number>();
      const ends: number[] = [];
      for (const chunk of await collect(store.topology())) {
        for (const id of chunk.nodes?.id ?? []) nodes.add(id);
        ends.push(...(chunk.links?.from ?? []), ...(chunk.links?.to ?? []));
      }
      expect(ends.filter((id) => !nodes.has(id))).toEqual([]);
    });
  });
}
