import { describe, expect, test } from 'vitest';
import type { Database, Parameters, Value } from '../../../../datasources/stores/neo4j/driver.ts';
import { readLinkHashes } from '../../../../datasources/stores/neo4j/link-reader.ts';
import { readChanges } from '../../../../datasources/stores/neo4j/log-reader.ts';
import { hashedOf } from '../../../../datasources/stores/neo4j/model.ts';
import { readPendingFor } from '../../../../datasources/stores/neo4j/side-reader.ts';

const SOURCE = 7;
const PAGE = 5_000;

type Answer = (cypher: string, parameters: Parameters) => readonly (readonly Value[])[];

/** A database that answers like this, and how many rows each answer had. */
function answering(answer: Answer): { readonly db: Pick<Database, 'read' | 'write'>; readonly sizes: number[] } {
  const sizes: number[] = [];
  const db = {
    async read<Row extends readonly Value[]>(cypher: string, parameters: Parameters = {}): Promise<Row[]> {
      const rows = answer(cypher, parameters);
      sizes.push(rows.length);
      return rows as unknown as Row[];
    },
    write: () => Promise.reject(new Error('nothing is written')),
  };
  return { db, sizes };
}

describe('hashes of links', () => {
  /** @param counts links of the starts 1, 2, 3 … */
  async function read(counts: readonly number[]) {
    const links = counts.flatMap((count, n) =>
      Array.from({ length: count }, (_, to) => [hashedOf(SOURCE, n + 1), n + 1, to, '', 1] as const),
    );
    const { db, sizes } = answering((cypher, { first, end, limit }) =>
      cypher.includes(':MEMBER_OF]')
        ? links.filter(([at]) => at >= Number(first) && at < Number(end)).slice(0, Number(limit))
        : [],
    );
    const found: string[] = [];
    for await (const chunk of readLinkHashes(db, [SOURCE])) {
      for (const [n, from] of chunk.from.entries()) found.push(`${from}>${chunk.to[n]}`);
    }
    expect(found).toEqual(links.map(([, from, to]) => `${from}>${to}`));
    return sizes.filter((size) => size > 0);
  }

  test('come in pages, each once, also where the links of a node lie on both sides of a page', async () => {
    expect(await read([])).toEqual([]);
    expect(await read([3, 1])).toEqual([4]);
    expect(Math.max(...(await read(Array.from({ length: 4_001 }, () => 3))))).toBe(PAGE);
    expect(await read([PAGE - 1, 2, 2])).toEqual([PAGE, 4]);
    expect(await read(Array.from({ length: PAGE }, () => 1))).toEqual([PAGE, 1]);
  });

  test('of a node with more than a page are read at once, and nothing else with them', async () => {
    expect(await read([7, PAGE + 5, 7])).toEqual([PAGE, PAGE, PAGE + 5, 7]);
    expect(await read([PAGE])).toEqual([PAGE, PAGE]);
    expect(await read([2 * PAGE])).toEqual([PAGE, 2 * PAGE]);
  });
});

test('rows of the log come in answers of a bearable size, also when large ones follow small ones', async () => {
  const body = (n: number): string => `{"nodes":[],"links":[]${' '.repeat(n)}}`;
  const small = Array.from({ length: 130 }, () => body(0));
  const large = Array.from({ length: 50 }, () => body(150_000));
  const bodies = [...small, ...large, body(5_000_000), ...small];
  let most = 0;
  const { db, sizes } = answering((cypher, { first, end }) => {
    if (cypher.includes(':_Meta')) return [[bodies.length, 0, 'store']];
    const found = bodies.slice(Number(first) - 1, Number(end) - 1);
    if (cypher.includes('size(c.body) ORDER')) return found.map((text) => [text.length]);
    const bytes = found.reduce((sum, text) => sum + text.length, 0);
    if (found.length > 1) most = Math.max(most, bytes);
    return found.map((text, n) => [Number(first) + n, `change-${n}`, 0, 'SYNC', null, null, null, text]);
  });
  const seqs: number[] = [];
  for await (const { seq } of readChanges(db, 'store', 0, {})) seqs.push(seq);
  expect(seqs).toEqual(bodies.map((_, n) => n + 1));
  expect(most).toBeLessThanOrEqual(2_000_000);
  expect(sizes.length).toBeLessThan(40);
});

test('pending links come in pages, each once', async () => {
  const count = 2 * PAGE + 1;
  const rows = Array.from({ length: count }, (_, n) => [
    ...[`id-${String(n).padStart(6, '0')}`, `from-${n}`, 'to', 1, SOURCE, '', 0, null],
  ]);
  const { db, sizes } = answering((_, { after, limit }) =>
    rows.filter(([id]) => String(id) > String(after)).slice(0, Number(limit)),
  );
  const found = await readPendingFor(db, ['to']);
  expect(found.map(({ fromKey }) => fromKey)).toEqual(rows.map(([, fromKey]) => fromKey));
  expect(sizes).toEqual([PAGE, PAGE, 1]);
});
