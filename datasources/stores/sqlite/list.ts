import { z } from 'zod';
import { AppError } from '../../../src/domain/errors.ts';
import { type ListQuery, type Page, SORT_FIELDS } from '../../../src/ports/graph-store.ts';
import { canonicalFilter } from '../shared/list-filter.ts';
import { CursorCodec, checkLimit } from '../shared/page-cursor.ts';
import type { Connection } from './driver.ts';
import { conditionsOf } from './list-filter.ts';
import { count, type Row, SORTS, type SortValue, scan } from './list-scan.ts';

const position = z.tuple([z.union([z.string(), z.number(), z.null()]), z.int().nonnegative()]);

/**
 * A page by keyset. Rows without a sort value are a second section behind the others, in both directions; each
 * section is one seek in an index.
 */
export async function list(db: Connection, query: ListQuery): Promise<Page> {
  checkLimit(query.limit);
  const field = query.sort?.field ?? 'id';
  if (!SORT_FIELDS.includes(field)) {
    throw new AppError('UNSUPPORTED_QUERY', 'Lists cannot be sorted by this field.', { audience: 'user' });
  }
  const descending = query.sort?.descending ?? false;
  const asked = { kind: query.kind, filter: canonicalFilter(query.filter), field, descending };
  const codec = new CursorCodec<[SortValue, number]>(asked, position);
  const after = query.cursor === undefined ? null : codec.decode(query.cursor);
  const conditions = conditionsOf(db, query);
  const backward = query.direction === 'backward';

  const sections: ('values' | 'nulls')[] = SORTS[field].nullable ? ['values', 'nulls'] : ['values'];
  if (backward) sections.reverse();
  if (after !== null) {
    const start = sections.indexOf(after[0] === null ? 'nulls' : 'values');
    sections.splice(0, start === -1 ? sections.length : start);
  }
  const rows: Row[] = [];
  for (const [n, section] of sections.entries()) {
    const wanted = query.limit + 1 - rows.length;
    if (wanted === 0) break;
    const from = n === 0 ? after : null;
    const up = descending === backward;
    rows.push(...(await scan(db, conditions, { ...SORTS[field], section, up, from, wanted })));
  }
  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();
  if (backward) rows.reverse();
  const items = rows.map(([id, value]) => ({ id, cursor: codec.encode([value, id]) }));
  if (query.withTotal !== true) return { items, hasMore };
  return { items, hasMore, total: await count(db, conditions) };
}
