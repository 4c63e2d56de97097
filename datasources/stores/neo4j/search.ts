import { z } from 'zod';
import type { Page, SearchQuery } from '../../../src/ports/graph-store.ts';
import { MAX_TERM, searchable } from '../shared/extract.ts';
import { CursorCodec, checkLimit } from '../shared/page-cursor.ts';
import type { Database } from './driver.ts';
import { OF_CONNECTORS } from './list-filter.ts';
import { exactNeedle, prefixNeedle } from './model.ts';
import { inBasicPlane } from './plane.ts';

const EXACT = 0;
const INSIDE = 2;

/** Where a hit stands: by stage (exact, prefix, inside), then by id. */
const position = z.tuple([z.int().min(EXACT).max(INSIDE), z.int().nonnegative()]);

/** Every statement is a walk of the one text index; a hit belongs to the first stage that finds it. */
const STATEMENT = `MATCH (n:_Node) USING TEXT INDEX n:_Node(_search)
   WHERE n._search CONTAINS $needle AND ($unless IS NULL OR NOT n._search CONTAINS $unless)
     AND ($kinds IS NULL OR n._kind IN $kinds) AND ${OF_CONNECTORS} AND n._id > $after
   RETURN n._id ORDER BY n._id LIMIT $limit`;

export async function search(db: Database, query: SearchQuery): Promise<Page> {
  checkLimit(query.limit);
  const text = searchable(query.text).trim();
  const kinds = query.kinds && [...query.kinds].sort();
  const connectors = query.connectors && [...query.connectors].sort();
  const codec = new CursorCodec({ text, kinds, connectors }, position);
  const [stage, id] = query.cursor === undefined ? [EXACT, 0] : codec.decode(query.cursor);
  const length = [...text].length;
  if (length === 0 || length > MAX_TERM) return { items: [], hasMore: false };

  const needles: readonly (readonly [needle: string, unless: string | null])[] = [
    [exactNeedle(text), null],
    [prefixNeedle(text), exactNeedle(text)],
    ...(length < 3 ? [] : [[inBasicPlane(text), prefixNeedle(text)] as const]),
  ];
  const hits = await db.reads((tx) =>
    Promise.all(
      needles.map(async ([needle, unless], n) => {
        if (n < stage) return [];
        const rows = await tx.run<[number]>(STATEMENT, {
          ...{ needle, unless, kinds: kinds ?? null, connectors: connectors ?? null },
          ...{ after: n === stage ? id : 0, limit: query.limit + 1 },
        });
        return rows.map(([found]): [number, number] => [n, found]);
      }),
    ),
  );
  const found = hits.flat();
  const items = found.slice(0, query.limit).map((hit) => ({ id: hit[1], cursor: codec.encode(hit) }));
  return { items, hasMore: found.length > query.limit };
}
