import { describe, it } from 'vitest';
import { silentLogger } from '../../../src/ports/logger.ts';
import { AccessIndex } from '../../../src/services/access/access-index.ts';
import { Graph } from '../../../src/services/graph/graph.ts';
import { expectAnswers } from '../../support/access-answers.ts';
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
