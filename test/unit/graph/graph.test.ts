import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeSet } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import type { GraphStore } from '../../../src/ports/graph-store.ts';
import { reach } from '../../../src/services/access/queries.ts';
import { type ChangeDraft, Graph } from '../../../src/services/graph/graph.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { aLink, aNode } from '../../support/graph-builder.ts';
import { type MemoryLogger, memoryLogger } from '../../support/memory-logger.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const FROM_OKTA = { connector: 'okta', listing: 'users' };

let folder: string;
let logger: MemoryLogger;
const clock = fakeClock();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graph-'));
  logger = memoryLogger();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A store that outlives the graph on it, as a file would. */
function lasting(store: GraphStore): GraphStore {
  return { ...store, close: async () => undefined };
}

function open(store: GraphStore): Promise<Graph> {
  return Graph.open({ store, snapshotPath: join(folder, 'topology.snap'), logger, clock });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A graph on the other store that took the snapshot of this one. */
async function openOver(graph: Graph, store: GraphStore): Promise<Graph> {
  await graph.snapshot();
  return open(store);
}

const draft = (more: Partial<ChangeDraft>): ChangeDraft => ({ cause: 'SYNC', connector: 'okta', ...more });

async function withAnna(store: GraphStore): Promise<Graph> {
  const graph = await open(store);
  await graph.sourceId(FROM_OKTA);
  await store.allocateIds(10);
  await graph.commit(() =>
    draft({
      nodes: [aNode(1, 'Account', 'anna'), aNode(2, 'Group', 'staff'), aNode(3, 'Application', 'wiki')],
      links: [aLink(1, 'MEMBER_OF', 2), aLink(2, 'ASSIGNED_TO', 3)],
    }),
  );
  return graph;
}

describe('committing', () => {
  it('brings a change to the index before the listeners hear of it', async () => {
    const graph = await withAnna(createMemoryStore());
    const heard: string[] = [];
    graph.onChange((change) =>
      heard.push(`${change.seq} ${graph.seq} ${graph.index.linkFlags(1, 1, 'ASSIGNED_TO', 3)}`),
    );
    await graph.commit(() => draft({ links: [aLink(1, 'ASSIGNED_TO', 3)] }));
    expect(heard).toEqual(['2 2 0']);
  });

  it('builds each change on the index that holds the one before', async () => {
    const graph = await withAnna(createMemoryStore());
    const seen: number[] = [];
    await Promise.all(
      [4, 5, 6].map((id) =>
        graph.commit(async () => {
          seen.push(graph.index.nodeCount);
          await Promise.resolve();
          return draft({ nodes: [aNode(id, 'Account', `account ${id}`)] });
        }),
      ),
    );
    expect(seen).toEqual([3, 4, 5]);
  });

  it('answers null and tells nobody when nothing changes', async () => {
    const graph = await withAnna(createMemoryStore());
    const heard: number[] = [];
    graph.onChange((change) => heard.push(change.seq));
    expect(await graph.commit(() => null)).toBeNull();
    expect(await graph.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }))).toBeNull();
    expect(heard).toEqual([]);
    expect(graph.seq).toBe(1);
  });

  it('leaves the index as it was when the store refuses, and passes the error on', async () => {
    const graph = await withAnna(createMemoryStore());
    const refused = graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'x', { source: 99 })] }));
    await expect(refused).rejects.toMatchObject({ code: 'CHANGE_INVALID' });
    expect(graph.seq).toBe(1);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    expect(await graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'x')] }))).toMatchObject({ seq: 2 });
  });

  it('finds its change in the log when the answer of the store was lost', async () => {
    const memory = createMemoryStore();
    let cut = false;
    const store: GraphStore = {
      ...memory,
      async commit(change: ChangeSet) {
        const row = await memory.commit(change);
        if (cut) throw new AppError('STORE_UNAVAILABLE', 'gone', { retryable: true });
        return row;
      },
    };
    const graph = await withAnna(store);
    const heard: number[] = [];
    graph.onChange((change) => heard.push(change.seq));
    cut = true;
    const row = await graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'bert')] }));
    expect(row).toMatchObject({ seq: 2 });
    expect(graph.index.isAlive(4)).toBe(true);
    expect(heard).toEqual([2]);
  });

  it('has what was written before the next build, when even the log could not be read at first', async () => {
    const memory = createMemoryStore();
    let isDown = false;
    const down = (): never => {
      throw new AppError('STORE_UNAVAILABLE', 'gone', { retryable: true });
    };
    const store: GraphStore = {
      ...memory,
      async commit(change: ChangeSet) {
        const row = await memory.commit(change);
        return isDown ? down() : row;
      },
      changes: (after, options) => (isDown ? down() : memory.changes(after, options)),
    };
    const graph = await withAnna(store);
    isDown = true;
    const lost = graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'bert')] }));
    await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    isDown = false;
    let isThere = false;
    await graph.commit(() => {
      isThere = graph.index.isAlive(4);
      return null;
    });
    expect(isThere).toBe(true);
  });

  it('passes the error on when the change never reached the log', async () => {
    const memory = createMemoryStore();
    let cut = false;
    const store: GraphStore = {
      ...memory,
      async commit(change: ChangeSet) {
        if (cut) throw new AppError('STORE_UNAVAILABLE', 'gone', { retryable: true });
        return memory.commit(change);
      },
    };
    const graph = await withAnna(store);
    cut = true;
    const refused = graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'bert')] }));
    await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    cut = false;
    expect(await graph.commit(() => draft({ nodes: [aNode(5, 'Account', 'carl')] }))).toMatchObject({ seq: 2 });
    expect(graph.index.isAlive(4)).toBe(false);
  });

  it('takes what another writer committed in between, in order', async () => {
    const store = createMemoryStore();
    const graph = await withAnna(store);
    const heard: number[] = [];
    graph.onChange((change) => heard.push(change.seq));
    await store.commit({ ...draft({ nodes: [aNode(4, 'Account', 'bert')] }), changeId: 'elsewhere' });
    await graph.commit(() => draft({ nodes: [aNode(5, 'Account', 'carl')] }));
    expect(heard).toEqual([2, 3]);
    expect(graph.index.isAlive(4)).toBe(true);
  });

  it('goes on when a listener throws, and logs it', async () => {
    const graph = await withAnna(createMemoryStore());
    const heard: number[] = [];
    graph.onChange(() => {
      throw new Error('broken listener');
    });
    graph.onChange((change) => heard.push(change.seq));
    await graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'bert')] }));
    expect(heard).toEqual([2]);
    expect(logger.text()).toContain('change listener failed');
  });

  it('tells a listener nothing after it left', async () => {
    const graph = await withAnna(createMemoryStore());
    const heard: number[] = [];
    const leave = graph.onChange((change) => heard.push(change.seq));
    leave();
    await graph.commit(() => draft({ nodes: [aNode(4, 'Account', 'bert')] }));
    expect(heard).toEqual([]);
  });

  it('refuses after close', async () => {
    const graph = await withAnna(createMemoryStore());
    await graph.close();
    await graph.close();
    await expect(graph.commit(() => null)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });
});

describe('federated log-ins', () => {
  const gate = 'okta/Application/gate';

  it('go through an application of the same change, by its key', async () => {
    const graph = await withAnna(createMemoryStore());
    await graph.commit(() =>
      draft({
        nodes: [aNode(4, 'Account', 'anna elsewhere'), aNode(5, 'Application', 'gate')],
        links: [aLink(1, 'FEDERATES', 4, { via: gate }), aLink(2, 'ASSIGNED_TO', 5)],
      }),
    );
    expect([...reach(graph.index, 1, { kinds: ['Account'] }).ids]).toEqual([4]);
    await graph.commit(() => draft({ removedLinks: [aLink(2, 'ASSIGNED_TO', 5)] }));
    expect([...reach(graph.index, 1, { kinds: ['Account'] }).ids]).toEqual([]);
  });

  it('keep the right condition when one of two between the same accounts goes', async () => {
    const graph = await withAnna(createMemoryStore());
    const through = (app: string) => aLink(1, 'FEDERATES', 4, { qualifier: app, via: `okta/Application/${app}` });
    await graph.commit(() =>
      draft({
        nodes: [aNode(4, 'Account', 'there'), aNode(5, 'Application', 'gate'), aNode(6, 'Application', 'door')],
        links: [through('gate'), through('door'), aLink(2, 'ASSIGNED_TO', 6)],
      }),
    );
    const reached = () => [...reach(graph.index, 1, { kinds: ['Account'] }).ids];
    await graph.commit(() => draft({ removedLinks: [through('gate')] }));
    expect(reached()).toEqual([4]);
    await graph.commit(() => draft({ links: [through('gate')], removedLinks: [through('door')] }));
    expect(reached()).toEqual([]);
    await graph.commit(() => draft({ links: [through('door')] }));
    expect(reached()).toEqual([4]);
    await graph.commit(() => draft({ removedLinks: [through('door')] }));
    expect(reached()).toEqual([]);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
  });

  it('that were taken back while they waited open nothing when their application comes', async () => {
    const graph = await withAnna(createMemoryStore());
    const waiting = aLink(1, 'FEDERATES', 4, { via: gate });
    const other = aLink(1, 'FEDERATES', 6, { via: 'okta/Application/never' });
    await graph.commit(() =>
      draft({ nodes: [aNode(4, 'Account', 'there'), aNode(6, 'Account', 'elsewhere')], links: [waiting] }),
    );
    await graph.commit(() => draft({ removedLinks: [waiting] }));
    await graph.commit(() => draft({ links: [other] }));
    await graph.commit(() => draft({ nodes: [aNode(5, 'Application', 'gate')], links: [aLink(2, 'ASSIGNED_TO', 5)] }));
    expect([...reach(graph.index, 1, { kinds: ['Account'] }).ids]).toEqual([]);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
  });

  it('wait for an application that comes later, also over a restart with and without snapshot', async () => {
    for (const keepsSnapshot of [true, false]) {
      const store = createMemoryStore();
      let graph = await withAnna(lasting(store));
      await graph.commit(() =>
        draft({
          nodes: [aNode(4, 'Account', 'anna elsewhere')],
          links: [aLink(1, 'FEDERATES', 4, { via: gate })],
        }),
      );
      expect([...reach(graph.index, 1, { kinds: ['Account'] }).ids]).toEqual([]);
      await graph.close();
      if (!keepsSnapshot) await rm(join(folder, 'topology.snap'));
      graph = await open(store);
      await graph.commit(() =>
        draft({ nodes: [aNode(5, 'Application', 'gate')], links: [aLink(2, 'ASSIGNED_TO', 5)] }),
      );
      expect([...reach(graph.index, 1, { kinds: ['Account'] }).ids]).toEqual([4]);
      expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    }
  });
});

describe('opening', () => {
  it('takes the snapshot and the changes since', async () => {
    const store = createMemoryStore();
    const first = await withAnna(lasting(store));
    await first.close();
    await store.commit({ ...draft({ links: [aLink(1, 'ASSIGNED_TO', 3)] }), changeId: 'later' });
    const second = await open(store);
    expect(logger.text()).toContain('snapshot');
    expect(second.seq).toBe(2);
    expect(second.index.linkFlags(1, 1, 'ASSIGNED_TO', 3)).toBe(0);
    expect(await second.verify()).toEqual({ ok: true, problems: [] });
  });

  it('rebuilds from the topology when the snapshot is torn', async () => {
    const store = createMemoryStore();
    await (await withAnna(lasting(store))).close();
    const path = join(folder, 'topology.snap');
    await writeFile(path, (await readFile(path)).subarray(0, -7));
    const graph = await open(store);
    expect(logger.text()).toContain('topology snapshot not used');
    expect(graph.index.linkCount).toBe(2);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
  });

  it('does not take a snapshot that is ahead of the store', async () => {
    const store = createMemoryStore();
    const graph = await withAnna(lasting(store));
    const early = await collect(store.topology());
    await graph.commit(() => draft({ links: [aLink(1, 'ASSIGNED_TO', 3)] }));
    await graph.close();
    const setBack: GraphStore = {
      ...store,
      open: async () => ({ ...(await store.open()), seq: 1 }),
      range: async () => ({ seq: 1, horizon: 0 }),
      changes: (after, options) => store.changes(after, { ...options, limit: Math.max(0, 1 - after) }),
      async *topology() {
        yield* early;
      },
    };
    const again = await open(setBack);
    expect(again.seq).toBe(1);
    expect(again.index.linkCount).toBe(2);
  });

  it('does not take the snapshot of another store', async () => {
    await (await withAnna(createMemoryStore())).close();
    const other = await open(createMemoryStore());
    expect(other.index.nodeCount).toBe(0);
    expect(logger.text()).toContain('belongs to another store');
  });

  it('does not take a snapshot whose history the store does not share', async () => {
    const store = createMemoryStore();
    const graph = await withAnna(lasting(store));
    await graph.close();
    const setBack: GraphStore = {
      ...store,
      async *changes(after, options) {
        for await (const row of store.changes(after, options)) yield { ...row, changeId: `other ${row.changeId}` };
      },
    };
    const again = await open(setBack);
    expect(logger.text()).toContain('another history');
    expect(again.index.nodeCount).toBe(3);
  });

  it('rebuilds when the changes since the snapshot have been pruned', async () => {
    const store = createMemoryStore();
    await (await withAnna(lasting(store))).close();
    await store.commit({ ...draft({ nodes: [aNode(4, 'Account', 'bert')] }), changeId: 'later' });
    await store.commit({ ...draft({ nodes: [aNode(5, 'Account', 'carl')] }), changeId: 'latest' });
    await store.prune(2);
    const graph = await open(store);
    expect(graph.index.nodeCount).toBe(5);
  });

  it('writes a snapshot by itself once 50,000 links have changed', async () => {
    const graph = await withAnna(lasting(createMemoryStore()));
    const links = Array.from({ length: 50_000 }, (_, i) => aLink(1, 'MEMBER_OF', 2, { qualifier: String(i) }));
    const path = join(folder, 'topology.snap');
    await graph.commit(() => draft({ links: links.slice(0, 40_000) }));
    await graph.commit(() => null);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await graph.commit(() => draft({ links: links.slice(40_000) }));
    await graph.commit(() => null);
    expect((await stat(path)).size).toBeGreaterThan(50_000);
  });

  it('goes on when the snapshot cannot be written, and says so', async () => {
    const store = createMemoryStore();
    const graph = await Graph.open({ store, snapshotPath: join(folder, 'nowhere', 'x.snap'), logger, clock });
    await graph.sourceId(FROM_OKTA);
    await store.allocateIds(10);
    await graph.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }));
    await expect(graph.snapshot()).rejects.toThrow();
    await graph.close();
    expect(logger.text()).toContain('snapshot failed');
    await expect(store.range()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
  });

  it('works without a snapshot path', async () => {
    const graph = await Graph.open({ store: createMemoryStore(), snapshotPath: null, logger, clock });
    await graph.snapshot();
    expect(graph.seq).toBe(0);
    await graph.close();
  });
});

describe('sources', () => {
  it('have one id each, known again after a restart', async () => {
    const store = createMemoryStore();
    const graph = await open(lasting(store));
    const id = await graph.sourceId(FROM_OKTA);
    expect(await graph.sourceId({ ...FROM_OKTA })).toBe(id);
    expect(graph.sourceOf(id)).toEqual(FROM_OKTA);
    expect(() => graph.sourceOf(77)).toThrow(expect.objectContaining({ code: 'SOURCE_UNKNOWN' }));
    await graph.close();
    expect((await open(store)).sourceOf(id)).toEqual(FROM_OKTA);
  });
});

describe('verifying', () => {
  it('names a node that is gone with links still on it', async () => {
    const graph = await withAnna(createMemoryStore());
    await graph.commit(() => draft({ removedNodes: [3] }));
    const { ok, problems } = await graph.verify();
    expect(ok).toBe(false);
    expect(problems).toEqual(['node 3 is gone, but 2 is linked to it']);
  });

  it('sees other links and nodes although there are as many', async () => {
    for (const wrong of ['link', 'flag', 'node'] as const) {
      const store = createMemoryStore();
      const graph = await withAnna(store);
      const shown = await collect(store.topology());
      const lying: GraphStore = {
        ...store,
        async *topology() {
          for (const { seq, nodes, links } of shown) {
            const other = structuredClone({ seq, nodes: nodes!, links: links! });
            if (wrong === 'link') other.links.to[1] = 1;
            if (wrong === 'flag') other.links.flags[1] = 1;
            if (wrong === 'node') other.nodes.hash[1] = 77;
            yield other;
          }
        },
      };
      const { ok, problems } = await (await openOver(graph, lying)).verify();
      expect({ wrong, ok, problems }).toEqual({
        wrong,
        ok: false,
        problems: ['okta/users: as many nodes and links as in the store, but not the same'],
      });
    }
  });

  it('names the source that differs, and serves what the store has from then on', async () => {
    const store = createMemoryStore();
    const graph = await withAnna(store);
    graph.index.apply({
      ...(await graph.store.changes(0)[Symbol.asyncIterator]().next()).value,
      seq: 2,
      nodes: [],
      links: [{ ...aLink(1, 'ASSIGNED_TO', 3), before: null, after: aLink(1, 'ASSIGNED_TO', 3) }],
    });
    await store.commit({ ...draft({ nodes: [aNode(4, 'Account', 'bert')] }), changeId: 'elsewhere' });
    const { ok, problems } = await graph.verify();
    expect(ok).toBe(false);
    expect(problems).toEqual(['okta/users: 3 nodes and 3 links in the index, 4 and 2 in the store']);
    expect(graph.index.linkFlags(1, 1, 'ASSIGNED_TO', 3)).toBe(-1);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
  });
});
