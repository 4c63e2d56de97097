import { nodeKindCode } from '../../../src/domain/node-kinds.ts';
import type { ListFilter, ListQuery } from '../../../src/ports/graph-store.ts';
import { cut, Field, searchable } from '../shared/extract.ts';
import { fragmentOf, instantOf } from '../shared/list-filter.ts';
import type { Connection, Value } from './driver.ts';
import { trigrams } from './search.ts';

const FEW = 1_000;

/** Conditions on `listed l`: the code of the kind, and more to be joined by `and`, with their values in order. */
export interface Conditions {
  readonly kind: number;
  readonly sql: readonly string[];
  readonly values: readonly Value[];
  /** True when a condition on ids leaves few rows, so that no index by order is needed. */
  readonly narrow: boolean;
}

/** @throws AppError `UNSUPPORTED_QUERY` */
export function conditionsOf(db: Connection, { kind, filter = {} }: ListQuery): Conditions {
  const sql: string[] = [];
  const values: Value[] = [];
  let narrow = false;
  const add = (condition: string, ...more: Value[]): void => {
    sql.push(condition);
    values.push(...more);
  };
  const among = (column: string, wanted: readonly string[] | undefined): void => {
    if (wanted !== undefined) add(`l.${column} in (select value from json_each(?))`, jsonTexts(wanted));
  };
  if (filter.connectors !== undefined) {
    const wanted = JSON.stringify(filter.connectors);
    // Identities belong to no provider; they count for every connector in which they have an account.
    add(
      `(l.connector in (select value from json_each(?))
        or l.connectors is not null and exists (select 1 from json_each(?) c where instr(l.connectors, '|' || c.value || '|')))`,
      ...[wanted, wanted],
    );
  }
  among('type', filter.types);
  among('status', filter.statuses);
  among('entry', filter.entries);
  if (filter.live !== undefined) add('l.live = ?', Number(filter.live));
  if (filter.mfaEnrolled !== undefined) add('l.mfa = ?', Number(filter.mfaEnrolled));
  if (filter.department !== undefined) add('l.department = ?', searchable(filter.department));
  if (filter.createdAfter !== undefined) add('l.created_at > ?', instantOf(filter.createdAfter));
  if (filter.lastLoginBefore !== undefined) add('l.last_login_at < ?', instantOf(filter.lastLoginBefore));
  if (filter.neverLoggedIn !== undefined) add(`l.last_login_at is ${filter.neverLoggedIn ? '' : 'not '}null`);
  if (filter.namePrefix) {
    const prefix = searchable(filter.namePrefix);
    add('l.name >= ? and l.name < ?', prefix, `${prefix}\u{10ffff}`);
  }
  if (filter.nameContains !== undefined) {
    const part = fragmentOf(filter.nameContains);
    add('instr(l.name, ?) > 0', part);
    if (isRare(db, part)) {
      narrow = true;
      add('l.id in (select rowid from search where search match ?)', trigrams(part));
    }
  }
  const exact = exactTerms(filter);
  for (const [field, term] of exact) {
    add('l.id in (select id from term where field = ? and term = ?)', field, cut(term));
  }
  return { kind: nodeKindCode(kind), sql, values, narrow: narrow || exact.length > 0 };
}

/** Found by text first when few have it; walked in list order when many have it, since a page is full soon. */
function isRare(db: Connection, part: string): boolean {
  const sql = 'select count(*) from (select 1 from search where search match ? limit ?)';
  return db.get<[number]>(sql, trigrams(part), FEW + 1)![0] <= FEW;
}

function exactTerms(filter: ListFilter): [field: number, term: string][] {
  const wanted: [number, string | undefined][] = [
    [Field.EMAIL, filter.email],
    [Field.USER_NAME, filter.userName],
    [Field.EMPLOYEE_NUMBER, filter.employeeNumber],
  ];
  return wanted.flatMap(([field, text]) => (text === undefined ? [] : [[field, searchable(text)]]));
}

function jsonTexts(texts: readonly string[]): string {
  return JSON.stringify(texts.map(searchable));
}
