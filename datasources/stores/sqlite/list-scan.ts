import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SortField } from '../../../src/ports/graph-store.ts';
import type { Connection, Value } from './driver.ts';
import type { Conditions } from './list-filter.ts';

/** Rows looked at before the event loop gets its turn: few at first, up to about 5 ms. */
const FIRST_STEP = 500;
const MAX_STEP = 8_000;

interface Sort {
  readonly column: string;
  /** Has the kind before the column. */
  readonly index: string;
  readonly nullable: boolean;
}

/** Where each sort field lives in `listed`. */
export const SORTS: Readonly<Record<SortField, Sort>> = {
  id: { column: 'id', index: 'listed_id', nullable: false },
  name: { column: 'name', index: 'listed_name', nullable: false },
  createdAt: { column: 'created_at', index: 'listed_created', nullable: true },
  lastLoginAt: { column: 'last_login_at', index: 'listed_login', nullable: true },
  changedAt: { column: 'changed_at', index: 'listed_changed', nullable: false },
};

export type SortValue = string | number | null;
export type Row = readonly [id: number, value: SortValue];
type Place = readonly [value: SortValue, id: number];

interface Section extends Sort {
  readonly section: 'values' | 'nulls';
  /** Ascending read. */
  readonly up: boolean;
  /** Exclusive. */
  readonly from: Place | null;
  readonly wanted: number;
}

/**
 * The first `wanted` rows of a section that meet the conditions, in order. A filter that few rows meet walks the
 * whole index of the kind, so it walks in steps and lets others in between.
 */
export async function scan(db: Connection, conditions: Conditions, section: Section): Promise<Row[]> {
  const { sql, narrow } = conditions;
  if (narrow || sql.length === 0) return read(db, conditions, section, section.from, null);
  const rows: Row[] = [];
  let from = section.from;
  for (let step = FIRST_STEP; ; step = Math.min(2 * step, MAX_STEP)) {
    const until = stepEnd(db, conditions, section, from, step);
    rows.push(...read(db, conditions, { ...section, wanted: section.wanted - rows.length }, from, until));
    if (until === null || rows.length === section.wanted) return rows;
    from = until;
    await nextTurn();
  }
}

/** How many nodes meet the conditions. */
export async function count(db: Connection, { kind, sql, values, narrow }: Conditions): Promise<number> {
  const all = `select count(*) from listed l where ${['l.kind = ?', ...sql].join(' and ')}`;
  if (narrow || sql.length === 0) return db.get<[number]>(all, kind, ...values)![0];
  let total = 0;
  let from = 0;
  for (;;) {
    const next = 'select id from listed indexed by listed_id where kind = ? and id > ? order by id limit 1 offset ?';
    const until = db.get<[number]>(next, kind, from, MAX_STEP - 1)?.[0];
    const last = until ?? Number.MAX_SAFE_INTEGER;
    total += db.get<[number]>(`${all} and l.id > ? and l.id <= ?`, kind, ...values, from, last)![0];
    if (until === undefined) return total;
    from = until;
    await nextTurn();
  }
}

function read(
  db: Connection,
  conditions: Conditions,
  section: Section,
  from: Place | null,
  until: Place | null,
): Row[] {
  const { column, index, wanted } = section;
  const range = rangeOf(section, from, until);
  const where = ['l.kind = ?', ...conditions.sql, ...range.sql].join(' and ');
  const source = conditions.narrow ? 'listed l' : `listed l indexed by ${index}`;
  return db.all<Row>(
    `select l.id, l.${column} from ${source} where ${where} order by ${orderOf(section)} limit ?`,
    ...[conditions.kind, ...conditions.values, ...range.values, wanted],
  );
}

/** The place `step` rows further on, by the index alone; `null` when the section ends before. */
function stepEnd(
  db: Connection,
  { kind }: Conditions,
  section: Section,
  from: Place | null,
  step: number,
): Place | null {
  const range = rangeOf(section, from, null);
  const where = ['l.kind = ?', ...range.sql].join(' and ');
  const place = db.get<Place>(
    `select l.${section.column}, l.id from listed l indexed by ${section.index} where ${where}
     order by ${orderOf(section)} limit 1 offset ?`,
    ...[kind, ...range.values, step - 1],
  );
  return place ?? null;
}

function rangeOf(section: Section, from: Place | null, until: Place | null): { sql: string[]; values: Value[] } {
  const { column, nullable, up } = section;
  const sql = nullable ? [`l.${column} is ${section.section === 'nulls' ? '' : 'not '}null`] : [];
  const values: Value[] = [];
  for (const [place, than, includes] of [
    [from, up ? '>' : '<', ''],
    [until, up ? '<' : '>', '='],
  ] as const) {
    if (place === null) continue;
    const [value, id] = place;
    if (isById(section)) {
      sql.push(`l.id ${than}${includes} ?`);
      values.push(id);
    } else {
      // Spelled out: SQLite does not seek with row values behind an equality (8 times slower).
      sql.push(`l.${column} ${than}= ? and (l.${column} ${than} ? or l.id ${than}${includes} ?)`);
      values.push(value, value, id);
    }
  }
  return { sql, values };
}

function orderOf(section: Section): string {
  const way = section.up ? 'asc' : 'desc';
  return isById(section) ? `l.id ${way}` : `l.${section.column} ${way}, l.id ${way}`;
}

/** Within the absent values only the id is left to sort by. */
function isById({ column, section }: Section): boolean {
  return column === 'id' || section === 'nulls';
}
