import type { ListFilter } from '../../../src/ports/graph-store.ts';
import { Field, searchable } from '../shared/extract.ts';
import { fragmentOf, instantOf } from '../shared/list-filter.ts';
import type { Parameters } from './driver.ts';
import { exactNeedle } from './model.ts';
import { inBasicPlane } from './plane.ts';

/** True for nodes of these connectors; an identity counts for every connector in which it has an account. */
export const OF_CONNECTORS = `($connectors IS NULL OR n.connector IN $connectors
   OR any(c IN $connectors WHERE n._connectors CONTAINS '|' + c + '|'))`;

/**
 * Every condition that a filter can have, each true when its parameter is null: one text, so one plan in Neo4j's
 * cache, whatever is asked for. Which index leads to the nodes is decided by the statement around it.
 */
export const FILTER = `${OF_CONNECTORS}
   AND ($types IS NULL OR n._type IN $types)
   AND ($statuses IS NULL OR n._status IN $statuses)
   AND ($entries IS NULL OR n._entry IN $entries)
   AND ($live IS NULL OR n.live = $live)
   AND ($mfaEnrolled IS NULL OR n.mfaEnrolled = $mfaEnrolled)
   AND ($department IS NULL OR n._department = $department)
   AND ($createdAfter IS NULL OR n._createdAt > $createdAfter)
   AND ($lastLoginBefore IS NULL OR n._lastLoginAt < $lastLoginBefore)
   AND ($neverLoggedIn IS NULL OR (n._lastLoginAt IS NULL) = $neverLoggedIn)
   AND ($namePrefix IS NULL OR n._name STARTS WITH $namePrefix)
   AND ($nameContains IS NULL OR n._name CONTAINS $nameContains)
   AND all(needle IN $needles WHERE n._search CONTAINS needle)`;

export interface FilterValues {
  readonly parameters: Parameters;
  /** What the search text of every match contains, when an exact match leaves few nodes. */
  readonly needle: string | null;
}

/** @throws AppError `UNSUPPORTED_QUERY` */
export function filterValues(filter: ListFilter = {}): FilterValues {
  const folded = (texts: readonly string[] | undefined): string[] | null => texts?.map(searchable) ?? null;
  const { namePrefix, nameContains, createdAfter, lastLoginBefore, department } = filter;
  const exact = [
    [Field.EMAIL, filter.email],
    [Field.USER_NAME, filter.userName],
    [Field.EMPLOYEE_NUMBER, filter.employeeNumber],
  ] as const;
  const needles = exact.flatMap(([field, text]) => (text === undefined ? [] : [exactNeedle(searchable(text), field)]));
  return {
    needle: needles[0] ?? null,
    parameters: {
      connectors: filter.connectors ?? null,
      types: folded(filter.types),
      statuses: folded(filter.statuses),
      entries: folded(filter.entries),
      live: filter.live ?? null,
      mfaEnrolled: filter.mfaEnrolled ?? null,
      department: department === undefined ? null : searchable(department),
      createdAfter: createdAfter === undefined ? null : instantOf(createdAfter),
      lastLoginBefore: lastLoginBefore === undefined ? null : instantOf(lastLoginBefore),
      neverLoggedIn: filter.neverLoggedIn ?? null,
      namePrefix: namePrefix === undefined ? null : inBasicPlane(searchable(namePrefix)),
      nameContains: nameContains === undefined ? null : inBasicPlane(fragmentOf(nameContains)),
      needles,
    },
  };
}
