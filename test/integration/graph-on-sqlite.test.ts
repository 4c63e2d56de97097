import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { expectAnswers } from '../support/access-answers.ts';
import { type AccessCase, accessCases, type CaseRows, rowsOf } from '../support/access-cases.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { aLink, aNode } from '../support/graph-builder.ts';
import { contentOf } from '../support/index-content.ts';
import { type MemoryLogger, memoryLogger } from '../support/memory-logger.ts';

let folder: string;
let logger: MemoryLogger;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graph-'));
  logger = memoryLogger();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (): Promise<Graph> =>
  Graph.open({
    store: createSqliteStore({ path: join(folder, 'graph.sqlite') }),
    snapshotPath: join(folder, 'topology.snap'),
    logger,
    clock: fakeClock(),
  });

const openedFrom = (): unknown => logger.lines.findLast(({ message }) => message === 'graph opened')?.fields['from'];

describe('the graph on SQLite', () => {
  it('answers the golden cases alike as committed, from its snapshot and from its topology', async () => {
    let graph = await open();
    const seeded: { access: AccessCase; rows: CaseRows }[] = [];
    for (const access of accessCases()) {
      const rows = await rowsOf(access, graph.store, access.name);
      await graph.commit(() => ({ cause: 'IMPORT', connector: null, nodes: rows.nodes, links: rows.links }));
      seeded.push({ access, rows });
    }
    const check = (): void => {
      for (const { access, rows } of seeded) expectAnswers(access, rows, graph.index);
    };
    check();
    const content = contentOf(graph.index);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    await graph.close();

    graph = await open();
    expect(openedFrom()).toBe('snapshot');
    expect(contentOf(graph.index)).toEqual(content);
    check();
    await graph.close();

    await rm(join(folder, 'topology.snap'));
    graph = await open();
    expect(openedFrom()).toBe('topology');
    expect(contentOf(graph.index)).toEqual(content);
    check();
    await graph.close();
  });

  it('replays what a process that was killed had committed after its snapshot', async () => {
    let graph = await open();
    await graph.sourceId({ connector: 'okta', listing: 'users' });
    await graph.store.allocateIds(10);
    const nodes = [aNode(1, 'Account', 'anna'), aNode(2, 'Group', 'staff')];
    await graph.commit(() => ({ cause: 'SYNC', connector: 'okta', nodes }));
    await graph.snapshot();
    await graph.commit(() => ({ cause: 'SYNC', connector: 'okta', links: [aLink(1, 'MEMBER_OF', 2)] }));
    // Closed behind the graph's back, so that it writes no snapshot: what a kill leaves.
    await graph.store.close();
    graph = await open();
    expect(openedFrom()).toBe('snapshot');
    expect(graph.seq).toBe(2);
    expect(graph.index.linkFlags(1, 1, 'MEMBER_OF', 2)).toBe(0);
    expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    await graph.close();
  });
});
