import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import type { LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import { nodeKey } from '../../src/domain/keys.ts';
import { linkKindOf } from '../../src/domain/link-kinds.ts';
import { nodeKindOf } from '../../src/domain/node-kinds.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { count, heading, line, median, ms, ratio } from './print.ts';
import { type SyntheticTopology, syntheticTopology } from './topology.ts';

/** Cold start through the SQLite store, with 200,000 links so that filling it takes seconds: from `open()` to a ready index. */
export async function coldStartOfStore(): Promise<void> {
  const topology = syntheticTopology(2_000);
  const folder = await mkdtemp(join(tmpdir(), 'access-bench-'));
  const open = (): Promise<Graph> =>
    Graph.open({
      store: createSqliteStore({ path: join(folder, 'graph.sqlite') }),
      snapshotPath: join(folder, 'topology.snap'),
      logger: silentLogger,
      clock: { now: () => Date.now(), sleep: () => Promise.resolve() },
    });
  try {
    let graph = await open();
    const filling = performance.now();
    await fill(graph, topology);
    const filled = performance.now() - filling;
    const { linkCount } = graph.index;
    heading(`cold start with the SQLite store, ${count(linkCount)} links`);
    line(
      'commits of 5,000 rows, index included',
      `${ms(filled)}, ${((filled * 1_000) / linkCount).toFixed(0)} µs a row`,
    );
    await graph.close();
    const reopen = async (): Promise<number> => {
      const started = performance.now();
      graph = await open();
      const time = performance.now() - started;
      if (graph.index.linkCount !== linkCount) throw new Error('links are missing');
      await graph.store.close();
      return time;
    };
    const fromSnapshot = median([await reopen(), await reopen(), await reopen()]);
    await rm(join(folder, 'topology.snap'));
    const fromTopology = median([await reopen(), await reopen(), await reopen()]);
    line('open from the snapshot', ms(fromSnapshot));
    line('open from the topology', `${ms(fromTopology)} (${ratio(fromTopology, fromSnapshot)})`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(graph: Graph, { nodes, links }: SyntheticTopology): Promise<void> {
  const sources = new Map<number, number>();
  for (const source of new Set([...nodes.source, ...links.source])) {
    sources.set(source, await graph.sourceId({ connector: 'bench', listing: `listing ${source}` }));
  }
  await graph.store.allocateIds(nodes.id.length);
  const size = 5_000;
  const base = { cause: 'IMPORT', connector: null } as const;
  for (let at = 0; at < nodes.id.length; at += size) {
    const rows = Array.from(nodes.id.subarray(at, at + size), (id): NodeUpsert => {
      const kind = nodeKindOf(nodes.kind[id - 1]!)!;
      const source = sources.get(nodes.source[id - 1]!)!;
      const key = nodeKey('bench', kind, String(id));
      return {
        id,
        key,
        kind,
        source,
        name: key,
        flags: nodes.flags[id - 1]!,
        properties: {},
        hash: nodes.hash[id - 1]!,
      };
    });
    await graph.commit(() => ({ ...base, nodes: rows }));
  }
  for (let at = 0; at < links.from.length; at += size) {
    const rows = Array.from(links.from.subarray(at, at + size), (from, i): LinkUpsert => {
      const via = links.via[at + i]!;
      return {
        from,
        kind: linkKindOf(links.kind[at + i]!)!,
        to: links.to[at + i]!,
        source: sources.get(links.source[at + i]!)!,
        qualifier: '',
        flags: 0,
        properties: via === 0 ? null : { via: nodeKey('bench', 'Application', String(via)) },
        hash: via,
      };
    });
    await graph.commit(() => ({ ...base, links: rows }));
  }
}
