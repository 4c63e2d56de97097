import { describe, expect, it } from 'vitest';
import { NodeReader } from '../../../../src/services/nodes/node-reader.ts';
import { aGraph, put } from '../../../support/graph.ts';

const ADA = 'crosswalk/Identity/ada';
const TWIN = 'crosswalk/Identity/twin';

async function twoIdentities() {
  const graph = await aGraph();
  await put(graph, [
    { key: ADA, name: 'Ada' },
    { key: TWIN, name: 'Ada again' },
  ]);
  const reader = new NodeReader(graph);
  const [ada, twin] = await reader.idsByKey([ADA, TWIN]);
  await reader.read([ada!, twin!]);
  return { graph, reader, ada: ada!, twin: twin! };
}

describe('keys of nodes that are in memory', () => {
  it('give the ids of the store', async () => {
    const { reader, ada, twin } = await twoIdentities();
    expect(await reader.idsByKey([TWIN, ADA])).toEqual([twin, ada]);
    expect(await reader.idsByKey([ADA, 'crosswalk/Identity/nobody'])).toEqual([ada, null]);
  });

  it('give nothing once the node is gone', async () => {
    const { graph, reader, ada } = await twoIdentities();
    await graph.commit(() => ({ cause: 'LINKING', connector: null, removedNodes: [ada] }));
    expect(await reader.idsByKey([ADA])).toEqual([null]);
  });

  it('lead to the identity that theirs was merged into', async () => {
    const { graph, reader, ada, twin } = await twoIdentities();
    await graph.commit(() => ({
      cause: 'LINKING',
      connector: null,
      removedNodes: [twin],
      redirects: [{ from: TWIN, to: ADA }],
    }));
    expect(await reader.idsByKey([TWIN])).toEqual([ada]);
  });

  it('still lead there when the merged record itself is read again', async () => {
    const { graph, reader, ada, twin } = await twoIdentities();
    await graph.commit(() => ({
      cause: 'LINKING',
      connector: null,
      removedNodes: [twin],
      redirects: [{ from: TWIN, to: ADA }],
    }));
    expect((await reader.read([twin]))[0]?.removed).toBe(true);
    expect(await reader.idsByKey([TWIN])).toEqual([ada]);
  });
});
