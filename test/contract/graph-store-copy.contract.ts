import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/ports/clock.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { STORE_SECTIONS, type StoreChunk } from '../../src/ports/store-dump.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { type FullStore, fillStore } from '../support/full-store.ts';
import { storeAnswers } from '../support/store-answers.ts';
import { collect, errorCode, Playground, type StoreUnderTest } from '../support/store-playground.ts';

/** What a store promises to whoever moves its content to another one; see `GraphStore.dump` and `restore`. */
export function copyContract(create: (options: { readonly clock: Clock }) => Promise<StoreUnderTest>): void {
  describe('dumped and restored', () => {
    let clock: FakeClock;
    let from: StoreUnderTest;
    let to: StoreUnderTest;
    let store: GraphStore;
    let copy: GraphStore;
    let full: FullStore;
    beforeAll(async () => {
      clock = fakeClock();
      [from, to] = [await create({ clock }), await create({ clock })];
      ({ store } = from);
      await store.open();
      full = await fillStore(store, clock);
      copy = to.store;
    });
    afterAll(async () => {
      await from.cleanup();
      await to.cleanup();
    });

    /** All chunks of a dump, on their way through JSON as they would travel. */
    async function pour(source: GraphStore, write: (chunk: StoreChunk) => Promise<void>): Promise<void> {
      for await (const chunk of source.dump()) await write(JSON.parse(JSON.stringify(chunk)));
    }

    test('a store that is not there is not made when that is not wanted', async () => {
      const absent = await create({ clock });
      expect(await errorCode(absent.store.open({ create: false }))).toBe('STORE_MISSING');
      await absent.cleanup();
    });

    test('sections come in their order, each row once', async () => {
      const chunks = await collect(store.dump());
      const order = chunks.map(({ section }) => STORE_SECTIONS.indexOf(section));
      expect(order).toEqual([...order].sort((a, b) => a - b));
      const counts = new Map<string, number>();
      for (const { section, rows } of chunks) counts.set(section, (counts.get(section) ?? 0) + rows.length);
      expect(Object.fromEntries(counts)).toEqual({
        meta: 1,
        sources: 4,
        nodes: 31,
        redirects: 3,
        links: 85,
        changes: full.seq - 1,
        quietChanges: 1,
        pending: 5,
        checkpoints: 2,
        records: 11,
        cursors: 2,
      });
    });

    test('answers every read the same, under a store id of its own', async () => {
      const restore = await copy.restore();
      await pour(store, (chunk) => restore.write(chunk));
      await restore.finish();
      expect(await storeAnswers(copy, full)).toEqual(await storeAnswers(store, full));

      const again = await to.reopen();
      const info = await again.open();
      expect(info.storeId).toBe(restore.info.storeId);
      expect(info.seq).toBe(full.seq);
      const { storeId: old } = (await collect(store.changes(1, { limit: 1 })))[0]!;
      expect(info.storeId).not.toBe(old);
      expect((await collect(again.changes(1)))[0]?.storeId).toBe(info.storeId);
      expect(await storeAnswers(again, full)).toEqual(await storeAnswers(store, full));
      const rows = async (of: GraphStore): Promise<string[]> =>
        (await collect(of.dump())).flatMap(({ section, rows }) => rows.map((row) => inWords([section, row]))).sort();
      expect(await rows(again)).toEqual(await rows(store));
      copy = again;
    });

    test('goes on where the other one stood', async () => {
      const answer = await copy.commit({ changeId: full.changeId, cause: 'SYNC', connector: 'okta' });
      expect(answer?.seq).toBeLessThanOrEqual(full.seq);
      expect(await copy.commit({ changeId: full.quietId, cause: 'SYNC', connector: 'okta' })).toBeNull();
      const play = await Playground.open(copy, 'okta');
      expect(await copy.sourceId({ connector: 'new', listing: 'users' })).toBe(5);
      const [id] = await play.ids(1);
      expect(id).toBe(full.lastId + 1);
      const row = await play.commit({ nodes: [play.node('Account', id!)] });
      expect(row?.seq).toBe(full.seq + 1);
      // The original has not heard of it.
      expect((await store.range()).seq).toBe(full.seq);
    });

    test('a store with anything in it is refused, and stays as it is', async () => {
      const before = await storeAnswers(copy, full);
      const other = await to.reopen();
      expect(await errorCode(other.restore())).toBe('STORE_NOT_EMPTY');
      copy = await to.reopen();
      await copy.open();
      expect(await storeAnswers(copy, full)).toEqual(before);
    });

    test('an unfinished one can be neither opened nor filled, only replaced; tokens of leases go on growing', async () => {
      const lease = (await copy.acquireLease('linker', 'somebody', 1))!;
      clock.advance(10);
      const target = await to.reopen();
      const { info, write } = await target.restore({ replace: true });
      let chunks = 0;
      await pour(store, async (chunk) => {
        if (chunks++ < 4) await write(chunk);
      });
      expect(await errorCode((await to.reopen()).open())).toBe('STORE_INCOMPLETE');
      expect(await errorCode((await to.reopen()).restore())).toBe('STORE_INCOMPLETE');

      const repeated = await to.reopen();
      const restore = await repeated.restore({ replace: true });
      expect(restore.info.storeId).not.toBe(info.storeId);
      await pour(store, (chunk) => restore.write(chunk));
      await restore.finish();
      copy = await to.reopen();
      await copy.open();
      expect(await storeAnswers(copy, full)).toEqual(await storeAnswers(store, full));
      expect((await copy.acquireLease('linker', 'somebody', 1))!.token).toBeGreaterThan(lease.token);
    });

    test('a dump is of one moment, or says that it could not be', async () => {
      const before = (await collect(store.dump())).flatMap(({ rows }) => rows.map((row) => inWords(row)));
      const play = await Playground.open(store, 'okta');
      const [id] = await play.ids(1);
      const read: string[] = [];
      let problem: unknown = null;
      try {
        for await (const { section, rows } of store.dump()) {
          read.push(...rows.map((row) => inWords(row)));
          if (section === 'meta') await play.commit({ nodes: [play.node('Account', id!)] });
        }
      } catch (error) {
        problem = error;
      }
      expect((await store.range()).seq).toBe(full.seq + 1);
      if (problem !== null) expect(problem).toMatchObject({ code: 'STORE_CHANGED', retryable: true });
      // The first row tells the next id, and one was handed out in between.
      else expect(read.slice(1)).toEqual(before.slice(1));
    });
  });
}

/** What only a store with several writers has to look out for. */
export function sharedCopyContract(create: (options: { readonly clock: Clock }) => Promise<StoreUnderTest>): void {
  test('a store that gateways work with is not overwritten', async () => {
    const clock = fakeClock();
    const { store, reopen, cleanup } = await create({ clock });
    await store.open();
    await store.acquireLease('linker', 'a gateway', 10_000);
    const other = await reopen();
    expect(await errorCode(other.restore({ replace: true }))).toBe('STORE_IN_USE');
    clock.advance(10_001);
    await (await (await reopen()).restore()).finish();
    await cleanup();
  });
}

/** With sorted members: stores need not agree on the order of their rows' fields. */
function inWords(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
