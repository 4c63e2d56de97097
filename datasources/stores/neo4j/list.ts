import { z } from 'zod';
import { AppError } from '../../../src/domain/errors.ts';
import { isNodeKind } from '../../../src/domain/node-kinds.ts';
import { type ListQuery, type Page, SORT_FIELDS, type SortField } from '../../../src/ports/graph-store.ts';
import { canonicalFilter } from '../shared/list-filter.ts';
import { CursorCodec, checkLimit } from '../shared/page-cursor.ts';
import type { Database } from './driver.ts';
import { FILTER, type FilterValues, filterValues } from './list-filter.ts';

/** The property that a field sorts by; an index has the kind before it. */
const SORTS: Readonly<Record<SortField, { readonly property: string; readonly nullable: boolean }>> = {
  id: { property: '_id', nullable: false },
  name: { property: '_name', nullable: false },
  createdAt: { property: '_createdAt', nullable: true },
  lastLoginAt: { property: '_lastLoginAt', nullable: true },
  changedAt: { property: '_changedAt', nullable: false },
};

type SortValue = string | number | null;
type Row = readonly [id: number, value: SortValue];
const position = z.tuple([z.union([z.string(), z.number(), z.null()]), z.int().nonnegative()]);

/**
 * A page by keyset. Nodes without a sort value are a second section behind the others, in both directions; each
 * section is one walk of an index.
 */
export async function list(db: Database, query: ListQuery): Promise<Page> {
  checkLimit(query.limit);
  const field = query.sort?.field ?? 'id';
  if (!SORT_FIELDS.includes(field) || !isNodeKind(query.kind)) {
    throw new AppError('UNSUPPORTED_QUERY', 'Lists cannot be made of this kind or sorted by this field.', {
      audience: 'user',
    });
  }
  const descending = query.sort?.descending ?? false;
  const asked = { kind: query.kind, filter: canonicalFilter(query.filter), field, descending };
  const codec = new CursorCodec<[SortValue, number]>(asked, position);
  const after = query.cursor === undefined ? null : codec.decode(query.cursor);
  const filter = filterValues(query.filter);
  const backward = query.direction === 'backward';
  const [rows, total] = await Promise.all([
    readRows(db, query, filter, { field, up: descending === backward, backward, after }),
    query.withTotal === true ? count(db, query, filter) : undefined,
  ]);

  const hasMore = rows.length > query.limit;
  if (hasMore) rows.pop();
  if (backward) rows.reverse();
  const items = rows.map(([id, value]) => ({ id, cursor: codec.encode([value, id]) }));
  return total === undefined ? { items, hasMore } : { items, hasMore, total };
}

interface Walk {
  readonly field: SortField;
  /** Ascending. */
  readonly up: boolean;
  readonly backward: boolean;
  /** Exclusive. */
  readonly after: readonly [SortValue, number] | null;
}

async function readRows(
  db: Database,
  { kind, limit }: ListQuery,
  filter: FilterValues,
  { field, up, backward, after }: Walk,
): Promise<Row[]> {
  const sections: ('values' | 'nulls')[] = SORTS[field].nullable ? ['values', 'nulls'] : ['values'];
  if (backward) sections.reverse();
  if (after !== null) {
    const start = sections.indexOf(after[0] === null ? 'nulls' : 'values');
    sections.splice(0, start === -1 ? sections.length : start);
  }
  const rows: Row[] = [];
  for (const [n, section] of sections.entries()) {
    const wanted = limit + 1 - rows.length;
    if (wanted === 0) break;
    const from = n === 0 ? after : null;
    const byText = filter.needle !== null;
    rows.push(
      ...(await db.read<Row>(statement({ field, section, up, hasCursor: from !== null, byText }), {
        ...filter.parameters,
        ...{ kind, wanted, needle: filter.needle, value: from?.[0] ?? null, id: from?.[1] ?? 0 },
      })),
    );
  }
  return rows;
}

interface Section {
  readonly field: SortField;
  readonly section: 'values' | 'nulls';
  readonly up: boolean;
  readonly hasCursor: boolean;
  /** An exact match leaves few nodes: they are found by text and sorted. */
  readonly byText: boolean;
}

/** The kind is the same for all, but only an order that begins as the index does is read from it instead of sorted. */
function statement({ field, section, up, hasCursor, byText }: Section): string {
  const { property } = SORTS[field];
  const byValue = section === 'values' && property !== '_id';
  const walked = byValue ? property : '_id';
  const [than, order] = up ? ['>', 'ASC'] : ['<', 'DESC'];
  const where = ['n._kind = $kind'];
  if (section === 'nulls') where.push(`n.${property} IS NULL`);
  if (byValue && hasCursor)
    where.push(`n.${property} ${than}= $value AND (n.${property} <> $value OR n._id ${than} $id)`);
  else if (byValue) where.push(`n.${property} IS NOT NULL`);
  else where.push(hasCursor ? `n._id ${than} $id` : 'n._id IS NOT NULL');
  if (byText) where.push('n._search CONTAINS $needle');
  return `MATCH (n:_Node)
   ${byText ? 'USING TEXT INDEX n:_Node(_search)' : `USING INDEX n:_Node(_kind, ${walked})`}
   WHERE ${where.join(' AND ')} AND ${FILTER}
   RETURN n._id AS id, ${section === 'nulls' ? 'null' : `n.${property}`} AS value
   ORDER BY n._kind ${order}, ${byValue ? `n.${property} ${order}, ` : ''}n._id ${order} LIMIT $wanted`;
}

async function count(db: Database, { kind, filter }: ListQuery, { parameters, needle }: FilterValues): Promise<number> {
  const isAll = Object.values(filter ?? {}).every((value) => value === undefined);
  // The kind is one of the register. Neo4j knows how many nodes have a label.
  const [row] = isAll
    ? await db.read<[number]>(`MATCH (n:${kind}) RETURN count(n)`)
    : await db.read<[number]>(
        `MATCH (n:_Node) ${needle === null ? '' : 'USING TEXT INDEX n:_Node(_search)'}
         WHERE n._kind = $kind ${needle === null ? '' : 'AND n._search CONTAINS $needle'} AND ${FILTER}
         RETURN count(n)`,
        { ...parameters, kind, needle },
      );
  return row?.[0] ?? 0;
}
