import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/ports/logger.ts';
import { AccessIndex } from '../../../src/services/access/access-index.ts';
import { type Path, paths, reach, whoCanReach } from '../../../src/services/access/queries.ts';
import { Graph } from '../../../src/services/graph/graph.ts';
import { type AccessCase, accessCases, type CaseRows, rowsOf } from '../../support/access-cases.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

describe.each(accessCases().map((access) => ({ name: access.name, access })))('$name', ({ access }) => {
  it('from the topology of a store', async () => {
    const { rows, graph } = await seeded(access);
    const index = await AccessIndex.build(graph.index.storeId, graph.store.topology());
    expectAnswers(access, rows, index);
  });

  it('kept up to date link by link, last link first', async () => {
    const { rows, graph } = await seeded(access, 1);
    expectAnswers(access, rows, graph.index);
  });
});

async function seeded(access: AccessCase, linksAtOnce = 1_000): Promise<{ rows: CaseRows; graph: Graph }> {
  const graph = await Graph.open({
    store: createMemoryStore(),
    snapshotPath: null,
    logger: silentLogger,
    clock: fakeClock(),
  });
  const rows = await rowsOf(access, graph.store);
  await graph.commit(() => ({ cause: 'IMPORT', connector: null, nodes: rows.nodes }));
  const links = rows.links.toReversed();
  for (let at = 0; at < links.length; at += linksAtOnce) {
    await graph.commit(() => ({ cause: 'IMPORT', connector: null, links: links.slice(at, at + linksAtOnce) }));
  }
  return { rows, graph };
}

function expectAnswers(access: AccessCase, rows: CaseRows, index: AccessIndex): void {
  const names = (ids: Iterable<number>): string[] => [...ids].map(rows.nameOf).sort();
  for (const { from, to, mode, notLive, found } of access.paths) {
    const answer = paths(index, rows.idOf(from), rows.idOf(to), { mode, includeNotLive: notLive, limit: 100 });
    expect({ from, to, found: answer.paths.map((path) => readable(path, rows)) }).toEqual({ from, to, found });
  }
  for (const { from, notLive, finds } of access.reach) {
    const answer = reach(index, rows.idOf(from), { includeNotLive: notLive });
    expect({ from, finds: names(answer.ids) }).toEqual({ from, finds: finds.toSorted() });
    expect(answer.truncated).toBe(false);
  }
  for (const { to, notLive, finds } of access.who) {
    const answer = whoCanReach(index, rows.idOf(to), { includeNotLive: notLive });
    expect({ to, finds: names(answer.ids) }).toEqual({ to, finds: finds.toSorted() });
  }
}

function readable(path: Path, { nameOf }: CaseRows): string {
  return path.hops.reduce(
    (text, hop) => `${text} ${hop.via === undefined ? '>' : `=${nameOf(hop.via)}>`} ${nameOf(hop.to)}`,
    nameOf(path.hops[0]!.from),
  );
}
