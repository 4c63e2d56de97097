import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommittedChange, LinkUpsert, NodeUpsert } from '../../../src/domain/changes.ts';
import type { LinkKey } from '../../../src/domain/graph.ts';
import { LINK_KIND_NAMES } from '../../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../../src/domain/node-kinds.ts';
import { silentLogger } from '../../../src/ports/logger.ts';
import { AccessIndex } from '../../../src/services/access/access-index.ts';
import { reach } from '../../../src/services/access/queries.ts';
import { Graph } from '../../../src/services/graph/graph.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { aLink, aNode } from '../../support/graph-builder.ts';
import { contentOf } from '../../support/index-content.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const IDS = 14;
const keyOfId = (id: number): string => `okta/${NODE_KINDS[id % NODE_KINDS.length]}/n${id}`;

/** One thing to do; ends and vias are taken by number and need not be there. */
const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      id: fc.integer({ min: 1, max: IDS }),
      flags: fc.nat(3),
      source: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), id: fc.integer({ min: 1, max: IDS }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      from: fc.integer({ min: 1, max: IDS }),
      kind: fc.constantFrom(...LINK_KIND_NAMES, 'FEDERATES', 'FEDERATES', 'MEMBER_OF'),
      to: fc.integer({ min: 1, max: IDS }),
      flags: fc.oneof(fc.constant(0), fc.nat(15)),
      source: fc.integer({ min: 1, max: 2 }),
      qualifier: fc.constantFrom('', '', 'second'),
      via: fc.option(fc.integer({ min: 1, max: IDS }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('unlink' as const), which: fc.nat(1_000) }) },
);
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

describe('an index kept up to date', () => {
  it('equals one built from the store, entry by entry, after any change sets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(steps, { minLength: 1, maxLength: 12 }), { maxLength: 12 }),
        async (batches) => {
          const store = createMemoryStore();
          const graph = await Graph.open({ store, snapshotPath: null, logger: silentLogger, clock: fakeClock() });
          await store.allocateIds(IDS + 1);
          for (const listing of ['users', 'groups']) await graph.sourceId({ connector: 'okta', listing });
          const alive = new Set<number>();
          const present = new Map<string, LinkUpsert>();
          for (const batch of batches) {
            const draft = draftOf(batch, alive, present);
            await graph.commit(() => ({ cause: 'SYNC', connector: 'okta', ...draft }));
          }
          const fresh = await AccessIndex.build(graph.index.storeId, store.topology());
          expect(contentOf(graph.index)).toEqual(contentOf(fresh));
          expect(graph.index.countsBySource()).toEqual(fresh.countsBySource());
          expect(graph.index.countByKind()).toEqual(fresh.countByKind());
          for (let id = 1; id <= IDS; id++) expect(reach(graph.index, id)).toEqual(reach(fresh, id));
          expect(await graph.verify()).toEqual({ ok: true, problems: [] });
        },
      ),
      { numRuns: 250 },
    );
  });
});

/** A valid change set: links between what is there, and with a node goes everything that hangs on it. */
function draftOf(batch: readonly Step[], alive: Set<number>, present: Map<string, LinkUpsert>) {
  const nodes: NodeUpsert[] = [];
  const links: LinkUpsert[] = [];
  const removedLinks: LinkKey[] = [];
  const removedNodes: number[] = [];
  const touched = new Set<number>();
  const text = (link: LinkKey): string => `${link.source} ${link.from} ${link.kind} ${link.to} ${link.qualifier}`;
  const unlink = (link: LinkUpsert): void => {
    removedLinks.push(link);
    present.delete(text(link));
  };
  for (const step of batch) {
    if (step.do === 'put' && !touched.has(step.id)) {
      nodes.push(aNode(step.id, NODE_KINDS[step.id % NODE_KINDS.length]!, `n${step.id}`, step));
      alive.add(step.id);
      touched.add(step.id);
    } else if (step.do === 'remove' && alive.has(step.id) && !touched.has(step.id)) {
      touched.add(step.id);
      alive.delete(step.id);
      removedNodes.push(step.id);
      for (const link of [...present.values()]) if (link.from === step.id || link.to === step.id) unlink(link);
    } else if (step.do === 'link' && alive.has(step.from) && alive.has(step.to)) {
      const via = step.kind === 'FEDERATES' && step.via !== undefined ? keyOfId(step.via) : undefined;
      const link = aLink(step.from, step.kind, step.to, { ...step, via });
      // Taken out in the same change set: a removal would win.
      if (removedLinks.some((gone) => text(gone) === text(link))) continue;
      links.push(link);
      present.set(text(link), link);
    } else if (step.do === 'unlink' && present.size > 0) {
      unlink([...present.values()][step.which % present.size]!);
    }
  }
  return { nodes, links, removedLinks, removedNodes };
}

describe('a change', () => {
  const change = (seq: number, more: Partial<CommittedChange> = {}): CommittedChange => ({
    ...{ v: 1, storeId: 'plain', seq, changeId: `c${seq}`, at: 0, cause: 'SYNC', connector: null },
    ...{ runId: null, actor: null, nodes: [], links: [] },
    ...more,
  });
  const put = (id: number, kind: NodeUpsert['kind']) => {
    const { key, source, ...state } = aNode(id, kind, `n${id}`);
    return { id, key, kind, source, before: null, after: state };
  };
  const empty = (): Promise<AccessIndex> => AccessIndex.build('plain', nothing());

  it('is refused unless it is the next one of the same store', async () => {
    const index = await empty();
    for (const wrong of [change(2), change(0), { ...change(1), storeId: 'other' }]) {
      expect(() => index.apply(wrong)).toThrow(expect.objectContaining({ code: 'INDEX_GAP', retryable: true }));
    }
    index.apply(change(1));
    expect(index.seq).toBe(1);
  });

  it('that does not fit what is there is told as a mismatch', async () => {
    const gone = { ...aLink(1, 'MEMBER_OF', 2), before: aLink(1, 'MEMBER_OF', 2), after: null };
    const { after: state, ...node } = put(1, 'Account');
    const wrongs: Partial<CommittedChange>[] = [
      { links: [gone] },
      { nodes: [{ ...node, before: state, after: null }] },
      { nodes: [{ ...node, before: state, after: state }] },
    ];
    for (const wrong of wrongs) {
      const index = await empty();
      expect(() => index.apply(change(1, wrong))).toThrow(expect.objectContaining({ code: 'INDEX_MISMATCH' }));
    }
  });

  it('leaves a tombstone where a node was, and the same id can come back', async () => {
    const index = await empty();
    index.apply(change(1, { nodes: [put(1, 'Account')] }));
    const there = put(1, 'Account');
    index.apply(change(2, { nodes: [{ ...there, before: there.after, after: null }] }));
    expect([index.isAlive(1), index.kindCodeOf(1), index.nodeCount]).toEqual([false, 255, 0]);
    index.apply(change(3, { nodes: [put(1, 'Account')] }));
    expect([index.isAlive(1), index.kindCodeOf(1), index.nodeCount]).toEqual([true, 2, 1]);
  });

  it('of links with two qualifiers removes one at a time', async () => {
    const index = await empty();
    const link = (qualifier: string) => aLink(1, 'MEMBER_OF', 2, { qualifier });
    const add = (qualifier: string) => ({ ...link(qualifier), before: null, after: link(qualifier) });
    index.apply(change(1, { nodes: [put(1, 'Account'), put(2, 'Group')], links: [add('a'), add('b')] }));
    expect(index.linkCount).toBe(2);
    index.apply(change(2, { links: [{ ...link('a'), before: link('a'), after: null }] }));
    expect(index.linkFlags(1, 1, 'MEMBER_OF', 2)).toBe(0);
    index.apply(change(3, { links: [{ ...link('b'), before: link('b'), after: null }] }));
    expect(index.linkFlags(1, 1, 'MEMBER_OF', 2)).toBe(-1);
    expect(index.countsBySource().get(1)).toMatchObject({ nodes: 2, links: 0 });
  });

  it('by change grows the pools without losing anything, and holes are closed again', async () => {
    const index = await empty();
    const groups = 40;
    const accounts = 2_000;
    index.apply(
      change(1, {
        nodes: Array.from({ length: groups + accounts }, (_, i) => put(i + 1, i < groups ? 'Group' : 'Account')),
      }),
    );
    const add = (from: number, to: number) => {
      const link = aLink(from, 'MEMBER_OF', to);
      return { ...link, before: null, after: link };
    };
    let seq = 1;
    for (let group = 1; group <= groups; group++) {
      const links = Array.from({ length: accounts }, (_, i) => add(groups + ((i * 7) % accounts) + 1, group));
      index.apply(change(++seq, { links }));
    }
    expect(index.linkCount).toBe(groups * accounts);
    for (const adjacency of [index.forward, index.reverse]) {
      expect(adjacency.used - adjacency.links).toBeLessThanOrEqual(adjacency.used / 4);
    }
    expect(index.bytes / index.linkCount).toBeLessThan(20);
    for (let id = groups + 1; id <= groups + accounts; id += 97) {
      const ends: number[] = [];
      index.eachLinkFrom(id, (to) => ends.push(to));
      expect(ends).toEqual(Array.from({ length: groups }, (_, i) => i + 1));
    }
  });
});

describe('looking things up', () => {
  it('visits nodes and links of one source only', async () => {
    const store = createMemoryStore();
    const graph = await Graph.open({ store, snapshotPath: null, logger: silentLogger, clock: fakeClock() });
    await store.allocateIds(10);
    for (const listing of ['users', 'groups']) await graph.sourceId({ connector: 'okta', listing });
    await graph.commit(() => ({
      cause: 'SYNC',
      connector: 'okta',
      nodes: [aNode(1, 'Account', 'a'), aNode(2, 'Group', 'g', { source: 2, flags: 4 })],
      links: [aLink(1, 'MEMBER_OF', 2), aLink(1, 'MEMBER_OF', 2, { source: 2, flags: 2 })],
    }));
    const { index } = graph;
    const nodes: number[] = [];
    const links: unknown[] = [];
    index.eachNodeOfSource(2, (id) => nodes.push(id));
    index.eachLinkOfSource(2, (...link) => links.push(link));
    expect(nodes).toEqual([2]);
    expect(links).toEqual([[1, 2, 2, 2]]);
    expect([index.linkFlags(1, 1, 'MEMBER_OF', 2), index.linkFlags(2, 1, 'MEMBER_OF', 2)]).toEqual([0, 2]);
    expect(index.linkFlags(2, 1, 'HAS_ROLE', 2)).toBe(-1);
    expect([index.flagsOf(2), index.sourceOf(2), index.kindCodeOf(2)]).toEqual([4, 2, 3]);
    expect(index.hashOf(2)).toBe(aNode(2, 'Group', 'g', { flags: 4 }).hash);
    expect([index.kindCodeOf(99), index.flagsOf(99), index.isAlive(99), index.isAlive(0)]).toEqual([
      0,
      0,
      false,
      false,
    ]);
    expect(index.linkFlags(1, 99, 'MEMBER_OF', 2)).toBe(-1);
    const into: unknown[] = [];
    index.eachLinkTo(2, (...link) => into.push(link));
    expect(into).toEqual([
      [1, 2, 0],
      [1, 2, 2],
    ]);
  });
});

async function* nothing() {}
