import { describe, expect, test } from 'vitest';
import type { GraphStore } from '../../../../src/ports/graph-store.ts';
import type { StoreChunk } from '../../../../src/ports/store-dump.ts';
import { type CopyOptions, type CopyProgress, copyStore } from '../../../../src/services/copy/copy-store.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { fillStore } from '../../../support/full-store.ts';
import { createMemoryStore, memoryStores } from '../../../support/memory-store.ts';
import { storeAnswers } from '../../../support/store-answers.ts';
import { errorCode, Playground } from '../../../support/store-playground.ts';

const clock = fakeClock();

async function source() {
  const store = createMemoryStore({ clock });
  const info = await store.open();
  return { store, info, full: await fillStore(store, clock) };
}

function copy(from: CopyOptions['from'], to: GraphStore, more: Partial<CopyOptions> = {}) {
  return copyStore({ from, to, replace: false, signal: new AbortController().signal, ...more });
}

/** The same store, but what it dumps goes through `change` first. */
function dumping(store: GraphStore, change: (chunk: StoreChunk) => StoreChunk): GraphStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'dump') {
        return async function* dump() {
          for await (const chunk of target.dump()) yield change(chunk);
        };
      }
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe('copying a store', () => {
  test('tells what was copied, section by section, and the copy answers like the source', async () => {
    const from = await source();
    const to = createMemoryStore({ clock });
    const seen: CopyProgress[] = [];
    const result = await copy(from, to, { onProgress: (progress) => seen.push(progress) });
    expect(result.seq).toBe(from.full.seq);
    expect(result.storeId).not.toBe(from.info.storeId);
    expect(result.sections.find(({ section }) => section === 'nodes')).toMatchObject({ rows: 31 });
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(new Set(['indexing', 'copying', 'verifying', 'comparing']));
    await to.open();
    expect(await storeAnswers(to, from.full)).toEqual(await storeAnswers(from.store, from.full));
  });

  // One field of each section, so that no field is copied without being compared.
  test.each([
    ['meta', { nextId: 999_999 }],
    ['sources', { id: 77 }],
    ...['id', 'source', 'flags', 'hash', 'seq', 'firstSeenAt', 'changedAt'].map(
      (name) => ['nodes', { [name]: 41 }] as const,
    ),
    ['nodes', { name: 'another' }],
    ['nodes', { key: 'okta/Account/another' }],
    ['nodes', { removed: true }],
    ['nodes', { properties: {} }],
    ['redirects', { to: 'okta/Account/another' }],
    ...['source', 'from', 'to', 'flags', 'hash'].map((name) => ['links', { [name]: 41 }] as const),
    ['links', { kind: 'SIGNS_INTO' }],
    ['links', { qualifier: 'another' }],
    ['links', { properties: { another: true } }],
    ['changes', { seq: 41 }],
    ['changes', { changeId: 'another' }],
    ['changes', { at: 41 }],
    ['changes', { cause: 'IMPORT' }],
    ['changes', { connector: 'another' }],
    ['changes', { runId: 'another' }],
    ['changes', { actor: 'another' }],
    ['changes', { nodes: [{ id: 1, key: 'k', kind: 'Account', source: 1, before: null, after: null }] }],
    ['changes', { links: [] }],
    ['quietChanges', { changeId: 'another' }],
    ...['source', 'flags'].map((name) => ['pending', { [name]: 41 }] as const),
    ...['fromKey', 'toKey', 'qualifier'].map((name) => ['pending', { [name]: 'another' }] as const),
    ['pending', { kind: 'HAS_ROLE' }],
    ['pending', { properties: { another: true } }],
    ['checkpoints', { state: { page: 4 } }],
    ['checkpoints', { source: { connector: 'another', listing: 'users' } }],
    ['records', { type: 'history' }],
    ['records', { id: 'another' }],
    ['records', { value: {} }],
    ['cursors', { consumer: 'another' }],
    ['cursors', { seq: 41 }],
  ] as const)('finds out when %s come back with another %o, and leaves the mark', async (section, field) => {
    const from = await source();
    const make = memoryStores({ clock });
    const to = dumping(make(), (chunk) => {
      if (chunk.section !== section || chunk.rows.length === 0) return chunk;
      const [first, ...rest] = chunk.rows;
      return { ...chunk, rows: [{ ...first, ...field }, ...rest] } as StoreChunk;
    });
    await expect(copy(from, to)).rejects.toMatchObject({
      code: 'COPY_DIFFERS',
      message: expect.stringContaining(`${section}: `),
    });
    expect(await errorCode(make().open())).toBe('STORE_INCOMPLETE');
  });

  test('names the section and both counts when a row is lost', async () => {
    const from = await source();
    const to = dumping(createMemoryStore({ clock }), (chunk) =>
      chunk.section === 'records' ? { ...chunk, rows: chunk.rows.slice(1) } : chunk,
    );
    await expect(copy(from, to)).rejects.toThrow(/records: 11 rows in the source, 10 in the target/);
  });

  test('compares the topologies too, because the index is what answers', async () => {
    const from = await source();
    const store = createMemoryStore({ clock });
    const to = new Proxy(store, {
      get(target, name) {
        if (name !== 'topology') return Reflect.get(target, name);
        return async function* topology() {
          for await (const { seq, nodes } of target.topology()) yield { seq, ...(nodes && { nodes }) };
        };
      },
    });
    await expect(copy(from, to)).rejects.toMatchObject({ code: 'COPY_DIFFERS' });
  });

  test('refuses an empty source before it touches the target', async () => {
    const empty = createMemoryStore({ clock });
    const from = { store: empty, info: await empty.open() };
    const make = memoryStores({ clock });
    const there = make();
    await there.open();
    await fillStore(there, clock);
    expect(await errorCode(copy(from, make(), { replace: true }))).toBe('STORE_EMPTY');
    const { seq } = await make().open();
    expect(seq).toBeGreaterThan(0);
  });

  test('refuses to replace a store by itself, whatever its address is', async () => {
    const make = memoryStores({ clock, isShared: true });
    const store = make();
    const info = await store.open();
    const { seq } = await fillStore(store, clock);
    expect(await errorCode(copy({ store, info }, make(), { replace: true }))).toBe('STORE_IN_USE');
    expect((await make().open()).seq).toBe(seq);
  });

  test('notices when somebody writes to the source meanwhile', async () => {
    const from = await source();
    const play = await Playground.open(from.store, 'okta');
    const store = new Proxy(from.store, {
      get(target, name) {
        if (name !== 'dump') return Reflect.get(target, name);
        return async function* dump() {
          const [id] = await play.ids(1);
          await play.commit({ nodes: [play.node('Account', id!)] });
          yield* target.dump();
        };
      },
    });
    const make = memoryStores({ clock });
    await expect(copy({ ...from, store }, make())).rejects.toMatchObject({ code: 'STORE_CHANGED', retryable: true });
    expect(await errorCode(make().open())).toBe('STORE_INCOMPLETE');
  });

  test.each(['copying', 'verifying', 'comparing'])(
    'stops while %s when it is told to, and leaves the mark',
    async (phase) => {
      const from = await source();
      const make = memoryStores({ clock });
      const controller = new AbortController();
      const stopped = copy(from, make(), {
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.phase === phase) controller.abort();
        },
      });
      expect(await errorCode(stopped)).toBe('ABORTED');
      expect(await errorCode(make().open())).toBe('STORE_INCOMPLETE');
      await copy(from, make(), { replace: true });
      expect((await make().open()).seq).toBe(from.full.seq);
    },
  );
});
