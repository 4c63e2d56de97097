import { z } from 'zod';
import { AppError } from '../../../src/domain/errors.ts';
import { type ListQuery, type Page, SORT_FIELDS, type SortField } from '../../../src/ports/graph-store.ts';
import type { Connection, Value } from './driver.ts';
import { type Conditions, canonicalFilter, conditionsOf } from './list-filter.ts';
import { CursorCodec, checkLimit } from './page-cursor.ts';

/** Where a sort field lives: its column and the index that has the kind before it. */
const SORTS: Readonly<
  Record<SortField, { readonly column: string; readonly index: string; readonly nullable: boolean }>
> = {
  id: { column: 'id', index: 'listed_id', nullable: false },
  name: { column: 'name', index: 'listed_name', nullable: false },
  createdAt: { column: 'created_at', index: 'listed_created', nullable: true },
  lastLoginAt: { column: 'last_login_at', index: 'listed_login', nullable: true },
  changedAt: { column: 'changed_at', index: 'listed_changed', nullable: false },
};

type SortValue = string | number | null;
type Row = readonly [id: number, value: SortValue];
const position = z.tuple([z.union([z.string(), z.number(), z.null()]), z.int().nonnegative()]);

/**
 * A page by keyset. Rows without a sort value are a second section behind the others, in both directions; each
 * section is one seek in an index.
 */
export function list(db: Connection, query: ListQuery): Page {
  checkLimit(query.limit);
  const field = query.sort?.field ?? 'id';
  if (!SORT_FIELDS.includes(field)) {
    throw new AppError('UNSUPPORTED_QUERY', 'Lists cannot be sorted by this field.', { audience: 'user' });
  }
  const descending = query.sort?.descending ?? false;
  const asked = { kind: query.kind, filter: canonicalFilter(query.filter), field, descending };
  const codec = new CursorCodec<[SortValue, number]>(asked, position);
  const after = query.cursor === undefined ? null : codec.decode(query.cursor);
  const conditions = conditionsOf(query);
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
    rows.push(...readSection(db, conditions, { field, section, up: descending === backward, from, wanted }));
  }
  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();
  if (backward) rows.reverse();
  const items = rows.map(([id, value]) => ({ id, cursor: codec.encode([value, id]) }));
  if (query.withTotal !== true) return { items, hasMore };
  return { items, hasMore, total: count(db, conditions) };
}

interface Section {
  readonly field: SortField;
  readonly section: 'values' | 'nulls';
  /** Ascending read. */
  readonly up: boolean;
  /** Exclusive. */
  readonly from: readonly [SortValue, number] | null;
  readonly wanted: number;
}

function readSection(db: Connection, conditions: Conditions, { field, section, up, from, wanted }: Section): Row[] {
  const { column, index, nullable } = SORTS[field];
  const where = [...conditions.sql];
  const values: Value[] = [...conditions.values];
  const [than, order] = up ? ['>', 'asc'] : ['<', 'desc'];
  const byValue = section === 'values' && column !== 'id';
  if (nullable) where.push(`l.${column} is ${section === 'nulls' ? '' : 'not '}null`);
  if (from !== null && byValue) {
    // Spelled out: SQLite does not seek with row values behind an equality (8 times slower).
    where.push(`l.${column} ${than}= ? and (l.${column} ${than} ? or l.id ${than} ?)`);
    values.push(from[0], from[0], from[1]);
  } else if (from !== null) {
    where.push(`l.id ${than} ?`);
    values.push(from[1]);
  }
  const source = conditions.narrow ? 'listed l' : `listed l indexed by ${index}`;
  const sorted = byValue ? `l.${column} ${order}, l.id ${order}` : `l.id ${order}`;
  const sql = `select l.id, l.${column} from ${source} where ${where.join(' and ')} order by ${sorted} limit ?`;
  return db.all<Row>(sql, ...values, wanted);
}

function count(db: Connection, { sql, values }: Conditions): number {
  return db.get<[number]>(`select count(*) from listed l where ${sql.join(' and ')}`, ...values)![0];
}
