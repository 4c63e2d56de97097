import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommittedChange, PendingLink } from '../../src/domain/changes.ts';
import { LinkFlag } from '../../src/domain/flags.ts';
import { linkKindCode, linkKindOf } from '../../src/domain/link-kinds.ts';
import { nodeKindCode } from '../../src/domain/node-kinds.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type GraphStore, VIA_UNKNOWN } from '../../src/ports/graph-store.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { changeSets, type Effect, linkName, StoreModel, weirdText } from '../support/store-model.ts';
import { collect, errorCode, Playground, type StoreUnderTest } from '../support/store-playground.ts';
import { copyContract, sharedCopyContract } from './graph-store-copy.contract.ts';
import { listContract } from './graph-store-lists.contract.ts';
import { sharedContract } from './graph-store-shared.contract.ts';

/**
 * The law of every graph store. Nothing here may depend on one of them.
 * @param create an empty store for itself that tells time by `clock`
 * @param isShared what the store says of itself; only then the promises to several writers are tested
 */
export function storeContract(
  name: string,
  {
    create,
    isShared = false,
  }: { create(options: { readonly clock: Clock }): Promise<StoreUnderTest>; readonly isShared?: boolean },
): void {
  describe(`${name} keeps the promises of a graph store`, () => {
    let clock: FakeClock;
    let subject: StoreUnderTest;
    let store: GraphStore;
    beforeAll(async () => {
      clock = fakeClock();
      subject = await create({ clock });
      store = subject.store;
      await store.open();
    });
    afterAll(() => subject.cleanup());

    /** Namespaces of their own keep the tests of one store apart. */
    let plays = 0;
    const playground = (): Promise<Playground> => Playground.open(store, `c${++plays}`);

    describe('opening', () => {
      test('tells who it is, and an empty store has no history', async () => {
        const fresh = await create({ clock });
        const info = await fresh.store.open();
        expect(info.storeId).not.toBe('');
        expect(info.engine).not.toBe('');
        expect(fresh.store.isShared).toBe(isShared);
        expect(info).toMatchObject({ seq: 0, sources: [] });
        expect(await fresh.store.range()).toEqual({ seq: 0, horizon: 0 });
        expect(await collect(fresh.store.changes(0))).toEqual([]);
        const chunks = await collect(fresh.store.topology());
        expect(chunks.map(({ seq }) => seq)).toEqual([0]);
        await fresh.cleanup();
      });

      test('gives everything back after reopening', async () => {
        const own = await create({ clock });
        const before = await own.store.open();
        const play = await Playground.open(own.store, 'okta');
        const [a, b] = await play.nodes('Account', 2);
        const change = await play.commit({
          links: [play.link(a!, 'FEDERATES', b!, { hash: 7, properties: { via: 'x' } })],
        });
        await own.store.putRecord('run', 'r1', { done: true });
        await own.store.setCursor('linker', 2);

        const again = await own.reopen();
        const info = await again.open();
        expect(info.storeId).toBe(before.storeId);
        expect(info.seq).toBe(change!.seq);
        expect(info.sources).toEqual([{ id: play.source, source: { connector: 'okta', listing: 'users' } }]);
        expect((await collect(again.changes(0))).at(-1)).toEqual(change);
        expect((await again.nodes([a!]))[0]?.key).toBe(play.keyOf(a!));
        expect((await again.links([{ from: a!, to: b! }]))[0]).toHaveLength(1);
        expect(await again.getRecord('run', 'r1')).toEqual({ done: true });
        expect(await again.cursor('linker')).toBe(2);
        expect(await again.allocateIds(1)).toBeGreaterThan(b!);
        await own.cleanup();
      });

      test('a closed store refuses every call, and closing twice is no harm', async () => {
        const own = await create({ clock });
        await own.store.open();
        await Promise.all([own.store.close(), own.store.close()]);
        await own.store.close();
        expect(await errorCode(own.store.range())).toBe('STORE_CLOSED');
        expect(await errorCode(own.store.allocateIds(1))).toBe('STORE_CLOSED');
        expect(await errorCode(collect(own.store.changes(0)))).toBe('STORE_CLOSED');
        expect(await errorCode(collect(own.store.topology()))).toBe('STORE_CLOSED');
        await own.cleanup();
      });

      test('closing lets the commits before it finish', async () => {
        const own = await create({ clock });
        await own.store.open();
        const play = await Playground.open(own.store, 'okta');
        const first = await own.store.allocateIds(20);
        const commits = Array.from({ length: 20 }, (_, n) => play.commit({ nodes: [play.node('Group', first + n)] }));
        const [, ...settled] = await Promise.allSettled([own.store.close(), ...commits]);
        expect(settled.map(({ status }) => status)).toEqual(settled.map(() => 'fulfilled'));
        const again = await own.reopen();
        expect((await again.open()).seq).toBe(20);
        await own.cleanup();
      });
    });

    describe('commit', () => {
      test('a new node and link are told with nothing before and everything after', async () => {
        const play = await playground();
        const [from, to] = await play.ids(2);
        const node = play.node('Account', from!, { name: 'Ada', flags: 1, properties: { userName: 'ada' }, hash: 9 });
        const group = play.node('Group', to!);
        const link = play.link(from!, 'MEMBER_OF', to!, { flags: 2, properties: { a: [1, null] }, hash: 3 });
        clock.advance(5);
        const { seq } = await store.range();
        const change = await store.commit({
          ...play.base(),
          runId: 'run-1',
          actor: 'me',
          nodes: [node, group],
          links: [link],
        });
        const { storeId } = change!;
        const { id, key, kind, source, ...after } = node;
        expect(change).toMatchObject({
          v: 1,
          storeId,
          seq: seq + 1,
          at: clock.now(),
          cause: 'SYNC',
          runId: 'run-1',
          actor: 'me',
        });
        expect(change!.nodes).toContainEqual({ id, key, kind, source, before: null, after });
        const { flags, properties, hash, ...linkKey } = link;
        expect(change!.links).toEqual([{ ...linkKey, before: null, after: { flags, properties, hash } }]);
        expect((await store.nodes([from!]))[0]).toEqual({
          ...after,
          ...{ id, key, kind, connector: play.connector, nativeId: `n${from}`, listing: 'users' },
          ...{ seq: seq + 1, firstSeenAt: clock.now(), changedAt: clock.now(), removed: false },
        });
      });

      test('what does not change leaves no trace and takes no seq', async () => {
        const play = await playground();
        const [a, b] = await play.nodes('Account', 2);
        const link = play.link(a!, 'FEDERATES', b!, { properties: { x: 1 }, hash: 5 });
        await play.commit({ links: [link] });
        const { seq } = await store.range();
        const [before] = await store.nodes([a!]);
        expect(
          await play.commit({
            nodes: [play.node('Account', a!)],
            links: [link],
            removedLinks: [{ ...link, qualifier: 'other' }],
            removedNodes: [await store.allocateIds(1)],
            checkpoints: [{ source: play.ref, state: { page: 2 } }],
            consumer: { name: `quiet-${play.connector}`, seq: 3 },
          }),
        ).toBeNull();
        expect((await store.range()).seq).toBe(seq);
        expect((await store.nodes([a!]))[0]).toEqual(before);
        expect(await store.checkpoint(play.ref)).toEqual({ page: 2 });
        expect(await store.cursor(`quiet-${play.connector}`)).toBe(3);
      });

      test.each([
        ['name', { name: 'New name' }],
        ['flags', { flags: 1 }],
        ['hash', { hash: 4_711, properties: { type: 'OTHER' } }],
      ])('a change of the %s alone is a change', async (_, state) => {
        const play = await playground();
        const [id] = await play.nodes('Group', 1);
        const change = await play.commit({ nodes: [play.node('Group', id!, state)] });
        const { name, flags, hash, properties } = play.node('Group', id!);
        expect(change!.nodes[0]).toMatchObject({ before: { name, flags, hash, properties }, after: state });
      });

      test('a node that another listing asserts now is a change', async () => {
        const play = await playground();
        const [id] = await play.nodes('Group', 1);
        const source = await store.sourceId({ connector: play.connector, listing: 'groups' });
        expect((await play.commit({ nodes: [play.node('Group', id!, { source })] }))!.nodes).toHaveLength(1);
        expect((await store.nodes([id!]))[0]?.listing).toBe('groups');
      });

      test('the same link from two sources, or with two qualifiers, is two links', async () => {
        const play = await playground();
        const [a, b] = await play.nodes('Group', 2);
        const source = await store.sourceId({ connector: play.connector, listing: 'roles' });
        const links = [
          play.link(a!, 'MEMBER_OF', b!),
          play.link(a!, 'MEMBER_OF', b!, { source }),
          play.link(a!, 'MEMBER_OF', b!, { qualifier: 'q', hash: 1 }),
        ];
        await play.commit({ links });
        await play.commit({ removedLinks: [links[0]!] });
        const [left] = await store.links([{ from: a!, to: b! }]);
        expect(new Set(left!.map(linkName))).toEqual(new Set(links.slice(1).map(linkName)));
      });

      test('a removed node keeps id, key and last state, and its key brings it back', async () => {
        const play = await playground();
        const [id] = await play.nodes('Account', 1);
        const key = play.keyOf(id!);
        const [living] = await store.nodes([id!]);
        const removal = await play.commit({ removedNodes: [id!] });
        expect(removal!.nodes).toMatchObject([{ id, key, before: { name: living!.name }, after: null }]);
        expect(await store.nodes([id!])).toMatchObject([{ id, key, name: living!.name, removed: true }]);
        expect(await store.idsByKey([key])).toEqual([null]);
        expect(await play.commit({ removedNodes: [id!] })).toBeNull();

        const fresh = await store.allocateIds(1);
        const [other] = await play.nodes('Group', 1);
        const node = { ...play.node('Account', fresh), key };
        const back = await play.commit({ nodes: [node], links: [play.link(fresh, 'MEMBER_OF', other!)] });
        expect(back!.nodes).toMatchObject([{ id, key, before: null }]);
        expect(back!.links).toMatchObject([{ from: id, to: other }]);
        expect(await store.idsByKey([key])).toEqual([id]);
        expect(await store.nodes([id!, fresh])).toMatchObject([
          { removed: false, firstSeenAt: living!.firstSeenAt },
          null,
        ]);
      });

      test('a repeated change set answers with the first result, also after a null', async () => {
        const play = await playground();
        const [id] = await play.ids(1);
        const change = { ...play.base(), nodes: [play.node('Group', id!)] };
        const first = await store.commit(change);
        const quiet = { ...play.base(), removedNodes: [await store.allocateIds(1)] };
        expect(await store.commit(quiet)).toBeNull();
        await play.commit({ removedNodes: [id!] });
        const { seq } = await store.range();
        expect(await store.commit(change)).toEqual(first);
        expect(await store.commit({ ...quiet, removedNodes: [id!] })).toBeNull();
        expect((await store.range()).seq).toBe(seq);
        expect((await store.nodes([id!]))[0]?.removed).toBe(true);
      });

      test('concurrent commits take consecutive numbers in the order in which they were made', async () => {
        const play = await playground();
        const first = await store.allocateIds(30);
        const { seq } = await store.range();
        const changes = await Promise.all(
          Array.from({ length: 30 }, (_, n) => play.commit({ nodes: [play.node('Group', first + n)] })),
        );
        expect(changes.map((change) => change!.seq)).toEqual(changes.map((_, n) => seq + n + 1));
        expect(await collect(store.changes(seq))).toEqual(changes);
      });

      test('time in the log never runs backwards', async () => {
        const own = await create({ clock });
        await own.store.open();
        const play = await Playground.open(own.store, 'okta');
        const first = await own.store.allocateIds(2);
        const late = await play.commit({ nodes: [play.node('Group', first)] });
        clock.advance(-60_000);
        const early = await play.commit({ nodes: [play.node('Group', first + 1)] });
        expect(early!.at).toBe(late!.at);
        clock.advance(60_000);
        await own.cleanup();
      });

      test.each([
        ['an id that was never handed out', { id: 0xfffffff0 }],
        ['an unknown source', { source: 65_000 }],
        ['a key of another kind', { kind: 'Role' as const }],
      ])('refuses %s and writes nothing of the change set', async (_, wrong) => {
        const play = await playground();
        const [good, bad] = await play.ids(2);
        const nodes = [play.node('Group', good!), { ...play.node('Group', bad!), ...wrong }];
        const { seq } = await store.range();
        expect(await errorCode(play.commit({ nodes }))).toBe('CHANGE_INVALID');
        expect((await store.range()).seq).toBe(seq);
        expect(await store.nodes([good!])).toEqual([null]);
      });

      test.each([
        ['a pending link of an unknown source', (play: Playground) => ({ addPending: [pendingOf(play, 65_000)] })],
        ['a cursor that stands nowhere', (play: Playground) => ({ consumer: { name: play.connector, seq: -1 } })],
      ])('refuses %s and leaves nothing behind, neither a node nor a promise', async (_, wrong) => {
        const play = await playground();
        const [hub, ...ids] = await play.nodes('Group', 20);
        const fresh = await play.ids(20);
        const { seq } = await store.range();
        const unheard: unknown[] = [];
        const note = (reason: unknown): number => unheard.push(reason);
        process.on('unhandledRejection', note);
        const invalid = play.commit({
          nodes: [...fresh, ...ids].map((id) => play.node('Group', id, { name: 'new' })),
          links: fresh.map((id) => play.link(id, 'MEMBER_OF', hub!)),
          redirects: [{ from: play.keyOf(hub!), to: play.keyOf(ids[0]!) }],
          checkpoints: [{ source: play.ref, state: { page: 1 } }],
          ...wrong(play),
        });
        expect(await errorCode(invalid)).toBe('CHANGE_INVALID');
        expect((await store.range()).seq).toBe(seq);
        expect(await store.nodes([fresh[0]!])).toEqual([null]);
        expect(await store.idsByKey([play.keyOf(hub!)])).toEqual([hub]);
        expect(await store.checkpoint(play.ref)).toBeNull();
        expect(await store.pendingCount(play.connector)).toBe(0);
        // Node tells of them when the microtasks are through.
        await new Promise((resolve) => setImmediate(resolve));
        process.off('unhandledRejection', note);
        expect(unheard).toEqual([]);
      });

      test('refuses an id that belongs to another key', async () => {
        const play = await playground();
        const [id] = await play.nodes('Group', 1);
        const node = { ...play.node('Group', id!), key: `${play.connector}/Group/other` };
        expect(await errorCode(play.commit({ nodes: [node] }))).toBe('CHANGE_INVALID');
      });

      test('random change sets leave exactly what a plain model says', async () => {
        await fc.assert(
          fc.asyncProperty(fc.gen(), async (gen) => {
            const play = await playground();
            const other = await store.sourceId({ connector: `${play.connector}-b`, listing: 'x' });
            const kinds = ['Account', 'Group', 'Application', 'Account', 'Role', 'Group'] as const;
            const firstId = await store.allocateIds(kinds.length * 2);
            const keys = kinds.map((kind, n) => ({ kind, key: `${play.connector}/${kind}/${n}'"\u0000/ü` }));
            const sources = [play.source, other];
            const model = new StoreModel(store.isShared);
            const { seq: start } = await store.range();
            const answers: CommittedChange[] = [];
            for (const change of gen(changeSets, { keys, firstId, sources })) {
              const set = { ...change, changeId: play.changeId() };
              const answer = await store.commit(set);
              const effects = model.apply(set);
              expect(effectsOf(answer)).toEqual(inOrder(effects));
              if (answer !== null) answers.push(answer);
            }
            expect(answers.map(({ seq }) => seq)).toEqual(answers.map((_, n) => start + n + 1));
            expect(await collect(store.changes(start))).toEqual(answers);
            await expectSame(store, play, model, {
              firstId,
              count: kinds.length * 2,
              keys: keys.map(({ key }) => key),
            });
          }),
          { numRuns: 60, endOnFailure: true },
        );
      });
    });

    describe('the log', () => {
      test('ends at the newest row at call time and keeps to its limit', async () => {
        const play = await playground();
        const { seq } = await store.range();
        await play.nodes('Group', 3);
        const seen: number[] = [];
        for await (const change of store.changes(seq)) {
          seen.push(change.seq);
          if (seen.length < 3) await play.nodes('Group', 1);
        }
        expect(seen).toEqual([seq + 1]);
        await play.nodes('Group', 1);
        expect((await collect(store.changes(seq, { limit: 2 }))).map((row) => row.seq)).toEqual([seq + 1, seq + 2]);
        expect(await collect(store.changes(seq + 1_000))).toEqual([]);
      });

      test('stops when it is told to', async () => {
        const play = await playground();
        const { seq } = await store.range();
        await play.nodes('Group', 1);
        await play.nodes('Group', 1);
        const stop = new AbortController();
        const seen: number[] = [];
        const reading = (async () => {
          for await (const change of store.changes(seq, { signal: stop.signal })) {
            seen.push(change.seq);
            stop.abort();
          }
        })();
        await expect(reading).rejects.toThrow();
        expect(seen).toEqual([seq + 1]);
      });

      test('forgets what was pruned, says so, and numbers go on', async () => {
        const own = await create({ clock });
        await own.store.open();
        const play = await Playground.open(own.store, 'okta');
        for (let n = 0; n < 5; n++) await play.nodes('Group', 1);
        const slow = own.store.changes(0)[Symbol.asyncIterator]();
        expect((await slow.next()).value.seq).toBe(1);
        await own.store.prune(3);
        expect(await errorCode(slow.next())).toBe('CURSOR_TOO_OLD');
        expect(await own.store.range()).toEqual({ seq: 5, horizon: 3 });
        expect(await errorCode(collect(own.store.changes(2)))).toBe('CURSOR_TOO_OLD');
        expect((await collect(own.store.changes(3))).map(({ seq }) => seq)).toEqual([4, 5]);
        await own.store.prune(1);
        await own.store.prune(99);
        expect(await own.store.range()).toEqual({ seq: 5, horizon: 5 });
        const [id] = await play.nodes('Group', 1);
        expect((await own.store.range()).seq).toBe(6);
        expect(await own.store.nodes([id!])).toHaveLength(1);
        await own.cleanup();
      });
    });

    describe('looking up', () => {
      test('answers ids and keys in the order asked, with null for the unknown', async () => {
        const play = await playground();
        const [a, b] = await play.nodes('Account', 2);
        const found = await store.nodes([b!, 0xffffffff, a!, b!, 0, -1, 1.5]);
        expect(found.map((node) => node?.id ?? null)).toEqual([b, null, a, b, null, null, null]);
        const keys = [play.keyOf(b!), 'nonsense', '', play.keyOf(a!), `${play.connector}/Account/`, play.keyOf(b!)];
        expect(await store.idsByKey(keys)).toEqual([b, null, null, a, null, b]);
        expect(await store.nodes([])).toEqual([]);
        expect(await store.idsByKey([])).toEqual([]);
        expect(await store.links([])).toEqual([]);
      });

      test('any text comes back as it was given', async () => {
        const play = await playground();
        const [id] = await play.ids(1);
        await fc.assert(
          fc.asyncProperty(weirdText, async (text) => {
            const properties = { text, [text]: [text] };
            await play.commit({
              nodes: [play.node('Account', id!, { name: text, properties, hash: play.freshHash() })],
            });
            const [node] = await store.nodes([id!]);
            expect(node).toMatchObject({ name: text });
            expect(node!.properties).toEqual(properties);
            await store.putRecord('setting', text, { text });
            expect(await store.getRecord('setting', text)).toEqual({ text });
          }),
          { numRuns: 60 },
        );
      });

      test('redirects are followed at once, through chains, until the key lives again', async () => {
        const play = await playground();
        const [a, b, c] = await play.nodes('Account', 3);
        const [keyA, keyB, keyC] = [a!, b!, c!].map((id) => play.keyOf(id)) as [string, string, string];
        await play.commit({ redirects: [{ from: keyA, to: keyB }], removedNodes: [a!] });
        expect(await store.idsByKey([keyA, keyB])).toEqual([b, b]);
        await play.commit({ redirects: [{ from: keyB, to: keyC }], removedNodes: [b!] });
        expect(await store.idsByKey([keyA, keyB, keyC])).toEqual([c, c, c]);
        await play.commit({ nodes: [play.node('Account', b!)] });
        expect(await store.idsByKey([keyA, keyB])).toEqual([c, b]);
        await play.commit({ removedNodes: [c!] });
        expect(await store.idsByKey([keyA, keyC])).toEqual([null, null]);
      });

      test('a redirect to the end of an older one, and one that turns around, find their node', async () => {
        const play = await playground();
        const [a, b, c] = await play.nodes('Account', 3);
        const [keyA, keyB, keyC] = [a!, b!, c!].map((id) => play.keyOf(id)) as [string, string, string];
        await play.commit({ redirects: [{ from: keyB, to: keyC }] });
        await play.commit({ redirects: [{ from: keyA, to: keyB }] });
        expect(await store.idsByKey([keyA, keyB, keyC])).toEqual([c, c, c]);
        await play.commit({ redirects: [{ from: keyC, to: keyA }] });
        expect(await store.idsByKey([keyA, keyB, keyC])).toEqual([a, a, a]);
      });

      test('a redirect to the key itself ends what was there, and leads nobody else astray', async () => {
        const play = await playground();
        const [a, b, c] = await play.nodes('Account', 3);
        const [keyA, keyB, keyC] = [a!, b!, c!].map((id) => play.keyOf(id)) as [string, string, string];
        await play.commit({ redirects: [{ from: keyA, to: keyB }] });
        await play.commit({ redirects: [{ from: keyC, to: keyA }] });
        expect(await store.idsByKey([keyA, keyC])).toEqual([b, b]);
        await play.commit({ redirects: [{ from: keyA, to: keyA }] });
        expect(await store.idsByKey([keyA, keyB, keyC])).toEqual([a, b, b]);
        await play.commit({ redirects: [{ from: keyA, to: keyA }] });
        expect(await store.idsByKey([keyA])).toEqual([a]);
      });

      test('keys of a connector are complete, with the removed ones, and of no other connector', async () => {
        const play = await playground();
        const near = await Playground.open(store, `${play.connector}-x`);
        await near.nodes('Account', 2);
        const ids = await play.nodes('Account', 3);
        await play.commit({ removedNodes: [ids[1]!] });
        const chunks = await collect(store.keys(play.connector));
        const rows = chunks.flatMap(({ ids, keys, removed }) => keys.map((key, n) => [ids[n], key, removed[n]]));
        expect(new Set(rows.map(String))).toEqual(
          new Set(ids.map((id, n) => String([id, play.keyOf(id), n === 1 ? 1 : 0]))),
        );
        expect(await collect(store.keys('nobody'))).toEqual([]);
      });

      test('ids are handed out once, also to many who ask at the same time', async () => {
        const firsts = await Promise.all(Array.from({ length: 20 }, (_, n) => store.allocateIds(n + 1)));
        const all = firsts.flatMap((first, n) => Array.from({ length: n + 1 }, (_, i) => first + i));
        expect(new Set(all).size).toBe(all.length);
        expect(Math.min(...all)).toBeGreaterThan(0);
      });

      test('a source keeps its number', async () => {
        const play = await playground();
        const ref = { connector: play.connector, listing: 'apps' };
        const [one, two] = await Promise.all([store.sourceId(ref), store.sourceId({ ...ref })]);
        expect(one).toBe(two);
        expect(one).not.toBe(play.source);
        expect(one).toBeLessThanOrEqual(0xffff);
      });
    });

    test('tells the hashes and the pending links of a busy place, each once', async () => {
      const play = await playground();
      const [hub, ...ids] = await play.nodes('Group', 5_100);
      const rich = (from: number, to: number, n: number) =>
        play.link(from, 'MEMBER_OF', to, { hash: n + 1, properties: { n }, qualifier: n % 2 === 0 ? '' : 'q' });
      const links = ids.flatMap((id, n) => [rich(hub!, id, n), ...(n % 3 === 0 ? [rich(id, hub!, n)] : [])]);
      const several = [0, 1, 2].map((n) => play.link(ids[5]!, 'HAS_ROLE', hub!, { hash: n + 1, qualifier: `${n}` }));
      const addPending = ids.map((id) => ({ ...pendingOf(play, play.source), fromKey: play.keyOf(id) }));
      await play.commit({ links: [...links, ...several], addPending });
      const found: string[] = [];
      for await (const { from, to, kind, qualifiers, hash } of store.linkHashes(play.connector)) {
        for (const [n, start] of from.entries()) {
          found.push(String([start, linkKindOf(kind[n]!), to[n], qualifiers[n], hash[n]]));
        }
      }
      const wanted = [...links, ...several].map((link) =>
        String([link.from, link.kind, link.to, link.qualifier, link.hash]),
      );
      expect(found.sort()).toEqual(wanted.sort());
      const pending = await store.pendingFor([addPending[0]!.toKey, addPending[1]!.fromKey]);
      expect(inOrder(pending)).toEqual(inOrder(addPending));
    });

    describe('topology', () => {
      test('tells which application a federation goes through', async () => {
        const play = await playground();
        const [a, b, c, d] = await play.nodes('Account', 4);
        const [app, gone] = await play.nodes('Application', 2);
        const via = (id: number, key: string) => play.link(a!, 'FEDERATES', id, { hash: id, properties: { via: key } });
        await play.commit({
          links: [
            via(b!, play.keyOf(app!)),
            via(c!, play.keyOf(gone!)),
            via(d!, `${play.connector}/Application/never seen`),
            play.link(b!, 'FEDERATES', a!, { hash: 1, properties: { evidence: 'e' } }),
          ],
        });
        await play.commit({ removedNodes: [gone!] });
        const found = new Map<string, number>();
        for await (const { links } of store.topology()) {
          for (const [n, from] of links?.from.entries() ?? [])
            found.set(`${from}>${links!.to[n]}`, links!.via?.[n] ?? 0);
        }
        expect([b, c, d].map((to) => found.get(`${a}>${to}`))).toEqual([app, gone, VIA_UNKNOWN]);
        expect(found.get(`${b}>${a}`)).toBe(0);
      });

      test('is of one moment, while others go on reading and writing the newest', async () => {
        const play = await playground();
        await play.nodes('Group', 1);
        const chunks = store.topology()[Symbol.asyncIterator]();
        const first = await chunks.next();
        const [late] = await play.nodes('Group', 1);
        expect((await store.nodes([late!]))[0]?.id).toBe(late);
        let next = first;
        while (next.done !== true) {
          expect(next.value.seq).toBe(first.value.seq);
          expect(next.value.nodes?.id.includes(late!) ?? false).toBe(false);
          next = await chunks.next();
        }
      });

      test('may be left in the middle', async () => {
        const play = await playground();
        await play.nodes('Group', 1);
        for await (const _ of store.topology()) break;
        await play.nodes('Group', 1);
        expect((await store.range()).seq).toBeGreaterThan(0);
      });
    });

    describe('beside the graph', () => {
      const pendingLink = (play: Playground, n: number): PendingLink => ({
        source: play.source,
        fromKey: `${play.connector}/Account/a${n}`,
        kind: 'MEMBER_OF',
        toKey: `${play.connector}/Group/g${n % 2}`,
        qualifier: n === 3 ? 'q' : '',
        flags: LinkFlag.INACTIVE,
        properties: n === 0 ? null : { n },
      });

      test('pending links are found by either end until they are taken away', async () => {
        const play = await playground();
        const links = [0, 1, 2, 3].map((n) => pendingLink(play, n));
        expect(await play.commit({ addPending: links })).toBeNull();
        await play.commit({ addPending: [{ ...links[2]!, flags: 0 }] });
        links[2] = { ...links[2]!, flags: 0 };
        const find = async (...keys: string[]) => inOrder(await store.pendingFor(keys));
        expect(await find(links[1]!.fromKey)).toEqual([links[1]]);
        expect(await find(links[0]!.toKey)).toEqual(inOrder([links[0], links[2]]));
        expect(await find(links[0]!.toKey, links[0]!.fromKey, links[0]!.fromKey)).toEqual(
          inOrder([links[0], links[2]]),
        );
        expect(await find('unknown')).toEqual([]);
        expect(await store.pendingCount(play.connector)).toBe(4);
        expect(await store.pendingCount()).toBeGreaterThanOrEqual(4);
        const keys = new Set((await collect(store.pendingKeys())).flat());
        for (const key of links.flatMap(({ fromKey, toKey }) => [fromKey, toKey])) expect(keys).toContain(key);
        await play.commit({ removePending: links.slice(0, 3) });
        expect(await find(...links.flatMap(({ fromKey, toKey }) => [fromKey, toKey]))).toEqual([links[3]]);
        expect(await store.pendingCount(play.connector)).toBe(1);
      });

      test('checkpoints belong to one listing and can be forgotten', async () => {
        const play = await playground();
        const other = { ...play.ref, listing: 'groups' };
        await play.commit({
          checkpoints: [
            { source: play.ref, state: { cursor: "it's" } },
            { source: other, state: {} },
          ],
        });
        expect(await store.checkpoint(play.ref)).toEqual({ cursor: "it's" });
        await play.commit({ checkpoints: [{ source: play.ref, state: null }] });
        expect(await store.checkpoint(play.ref)).toBeNull();
        expect(await store.checkpoint(other)).toEqual({});
      });

      test('records are kept by type and listed by id', async () => {
        const play = await playground();
        const id = (n: string): string => `${play.connector}:${n}`;
        for (const n of ['2', '10', '1']) await store.putRecord('run', id(n), { n });
        await store.putRecord('run', id('1'), { n: 'one' });
        await store.putRecord('decision', id('1'), { other: true });
        const ids = async (options: object) => (await store.listRecords('run', options)).map((record) => record.id);
        expect(await ids({ prefix: id('') })).toEqual([id('1'), id('10'), id('2')]);
        expect(await ids({ prefix: id(''), newestFirst: true, limit: 2 })).toEqual([id('2'), id('10')]);
        expect(await ids({ prefix: id('1') })).toEqual([id('1'), id('10')]);
        expect(await store.getRecord('run', id('1'))).toEqual({ n: 'one' });
        await store.putRecord('run', id('1'), null);
        expect(await store.getRecord('run', id('1'))).toBeNull();
        expect(await store.getRecord('decision', id('1'))).toEqual({ other: true });
      });

      test('a consumer starts at 0 and stands where it was put', async () => {
        const play = await playground();
        expect(await store.cursor(play.connector)).toBe(0);
        await store.setCursor(play.connector, 7);
        expect(await store.cursor(play.connector)).toBe(7);
        const [id] = await play.ids(1);
        await play.commit({ nodes: [play.node('Group', id!)], consumer: { name: play.connector, seq: 8 } });
        expect(await store.cursor(play.connector)).toBe(8);
      });

      test('a lease has one holder at a time, and tokens only grow', async () => {
        const lease = (await store.acquireLease('sync:a', 'me', 1_000))!;
        expect(lease).toMatchObject({ name: 'sync:a', holder: 'me', expiresAt: clock.now() + 1_000 });
        expect(await store.acquireLease('sync:a', 'you', 1_000)).toBeNull();
        expect((await store.acquireLease('sync:b', 'you', 1_000))?.holder).toBe('you');
        clock.advance(900);
        expect(await store.renewLease(lease, 1_000)).toBe(true);
        clock.advance(900);
        expect(await store.acquireLease('sync:a', 'you', 1_000)).toBeNull();
        clock.advance(100);
        expect(await store.renewLease(lease, 1_000)).toBe(false);
        const next = (await store.acquireLease('sync:a', 'you', 1_000))!;
        expect(next.token).toBeGreaterThan(lease.token);
        await store.releaseLease(lease);
        expect(await store.acquireLease('sync:a', 'me', 1_000)).toBeNull();
        await store.releaseLease(next);
        const third = (await store.acquireLease('sync:a', 'me', 1_000))!;
        expect(third.token).toBeGreaterThan(next.token);
        expect((await store.acquireLease('sync:a', 'me', 1_000))!.token).toBeGreaterThan(third.token);
      });

      test('a commit under a lost lease writes nothing, and its repeat after success still answers', async () => {
        const play = await playground();
        const lease = (await store.acquireLease(play.connector, 'me', 1_000))!;
        const [one, two] = await play.ids(2);
        const fence = { lease: lease.name, token: lease.token };
        const change = { ...play.base(), nodes: [play.node('Group', one!)], fence };
        const first = await store.commit(change);
        clock.advance(1_000);
        const late = {
          nodes: [play.node('Group', two!)],
          checkpoints: [{ source: play.ref, state: { late: true } }],
          fence,
        };
        expect(await errorCode(play.commit(late))).toBe('LEASE_LOST');
        await store.acquireLease(play.connector, 'you', 1_000);
        expect(await errorCode(play.commit(late))).toBe('LEASE_LOST');
        expect(await errorCode(play.commit({ ...late, fence: { lease: 'no such lease', token: 1 } }))).toBe(
          'LEASE_LOST',
        );
        expect(await store.nodes([two!])).toEqual([null]);
        expect(await store.checkpoint(play.ref)).toBeNull();
        expect(await store.commit(change)).toEqual(first);
      });

      test('a change made for one seq is refused when somebody else was quicker', async () => {
        const play = await playground();
        const { seq } = await store.range();
        const [one, two] = await play.ids(2);
        const change = { ...play.base(), nodes: [play.node('Group', one!)], expectedSeq: seq };
        const first = await store.commit(change);
        expect(first).toMatchObject({ seq: seq + 1 });
        const late = { nodes: [play.node('Group', two!)], checkpoints: [{ source: play.ref, state: { late: true } }] };
        expect(await errorCode(play.commit({ ...late, expectedSeq: seq }))).toBe('SEQ_MOVED');
        expect(await store.nodes([two!])).toEqual([null]);
        expect(await store.checkpoint(play.ref)).toBeNull();
        expect(await store.commit(change)).toEqual(first);
      });

      test('a change whose writer knows more than the store is refused: the store was put back', async () => {
        const play = await playground();
        const { seq } = await store.range();
        const [id] = await play.ids(1);
        const change = { ...play.base(), nodes: [play.node('Group', id!)] };
        expect(await errorCode(store.commit({ ...change, knownSeq: seq + 1 }))).toBe('STORE_REPLACED');
        expect(await store.nodes([id!])).toEqual([null]);
        expect(await store.commit({ ...change, knownSeq: seq })).toMatchObject({ seq: seq + 1 });
      });

      test('tells all sources', async () => {
        const play = await playground();
        const late = { connector: play.connector, listing: 'late' };
        const id = await store.sourceId(late);
        expect(await store.sources()).toContainEqual({ id, source: late });
      });
    });

    if (isShared) sharedContract(() => create({ clock }));
    listContract(() => create({ clock }));
    copyContract(create);
    if (isShared) sharedCopyContract(create);
  });
}

function pendingOf({ connector }: Playground, source: number): PendingLink {
  const ends = { fromKey: `${connector}/Account/a`, toKey: `${connector}/Group/b` };
  return { source, ...ends, kind: 'MEMBER_OF', qualifier: '', flags: 0, properties: null };
}

/** Everything a reader can see of a playground against the model. */
async function expectSame(
  store: GraphStore,
  play: Playground,
  model: StoreModel,
  { firstId, count, keys }: { readonly firstId: number; readonly count: number; readonly keys: readonly string[] },
): Promise<void> {
  const ids = Array.from({ length: count }, (_, n) => firstId + n);
  const mine = new Set(ids);
  const modelNodes = new Map([...model.nodes].map(([key, node]) => [node.id, { key, ...node }]));
  const found = await store.nodes(ids);
  for (const [n, id] of ids.entries()) {
    const expected = modelNodes.get(id);
    if (expected === undefined) expect(found[n]).toBeNull();
    else expect(found[n]).toMatchObject({ id, key: expected.key, removed: expected.removed, ...expected.state });
  }
  const living = keys.map((key) => model.nodes.get(key)).map((node) => (node && !node.removed ? node.id : null));
  expect(await store.idsByKey(keys)).toEqual(living);

  const pairs = ids.flatMap((from) => ids.map((to) => ({ from, to })));
  const modelLinks = [...model.links.values()];
  expect(inOrder((await store.links(pairs)).flat())).toEqual(inOrder(modelLinks));

  const nodeRows: string[] = [];
  const linkRows: string[] = [];
  for await (const { nodes, links } of store.topology()) {
    for (const [n, id] of nodes?.id.entries() ?? []) {
      if (mine.has(id)) nodeRows.push(String([id, nodes!.kind[n], nodes!.flags[n], nodes!.source[n], nodes!.hash[n]]));
    }
    for (const [n, from] of links?.from.entries() ?? []) {
      if (!mine.has(from)) continue;
      linkRows.push(String([from, links!.to[n], links!.kind[n], links!.flags[n], links!.source[n]]));
    }
  }
  const wantedNodes = [...model.nodes].flatMap(([key, { id, source, removed, state }]) => {
    const kind = nodeKindCode(found[id - firstId]!.kind);
    expect(key).toContain(play.connector);
    return removed ? [] : [String([id, kind, state.flags, source, state.hash])];
  });
  expect(nodeRows.sort()).toEqual(wantedNodes.sort());
  expect(linkRows.sort()).toEqual(
    modelLinks.map(({ from, to, kind, flags, source }) => String([from, to, linkKindCode(kind), flags, source])).sort(),
  );

  const hashes: string[] = [];
  for (const connector of [play.connector, `${play.connector}-b`]) {
    for await (const chunk of store.linkHashes(connector)) {
      for (const [n, from] of chunk.from.entries()) {
        const kind = linkKindOf(chunk.kind[n]!)!;
        const key = { source: chunk.source[n]!, from, kind, to: chunk.to[n]!, qualifier: chunk.qualifiers[n]! };
        hashes.push(`${linkName(key)}${chunk.hash[n]}`);
      }
    }
  }
  const hashed = modelLinks.filter(({ hash }) => hash !== 0).map((link) => `${linkName(link)}${link.hash}`);
  expect(hashes.sort()).toEqual(hashed.sort());
}

function effectsOf(change: CommittedChange | null): Effect[] {
  if (change === null) return [];
  return inOrder([
    ...change.nodes.map(({ id, key, source, before, after }) => ({ what: `${id} ${key} ${source}`, before, after })),
    ...change.links.map((link) => ({ what: linkName(link), before: link.before, after: link.after })),
  ]);
}

/** A set as a list that compares. */
function inOrder<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, text: JSON.stringify(item, sortedKeys) }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ item }) => item);
}

function sortedKeys(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
