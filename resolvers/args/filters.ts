import { z } from 'zod';
import type { ListFilter, ListQuery, SortField } from '../../src/ports/graph-store.ts';
import { optional, parseArgs, shortList, shortText } from './parse.ts';

const texts = optional(shortList(shortText));
const date = optional(z.date().transform((value) => value.toISOString()));
const truth = optional(z.boolean());
const filterSchema = z
  .object({
    connectors: texts,
    types: texts,
    statuses: texts,
    entries: texts,
    isLive: truth,
    email: optional(shortText),
    userName: optional(shortText),
    employeeNumber: optional(shortText),
    department: optional(shortText),
    namePrefix: optional(shortText),
    nameContains: optional(shortText.min(3, 'must have 3 characters or more')),
    createdAfter: date,
    lastLoginBefore: date,
    neverLoggedIn: truth,
    mfaEnrolled: truth,
  })
  .transform(({ isLive, ...rest }): ListFilter => ({ ...rest, live: isLive }));

const SORT: Readonly<Record<string, SortField>> = {
  ID: 'id',
  NAME: 'name',
  CREATED_AT: 'createdAt',
  LAST_LOGIN_AT: 'lastLoginAt',
  CHANGED_AT: 'changedAt',
};

/**
 * The typed filter inputs in the words of the store.
 * @throws AppError `BAD_USER_INPUT`
 */
export function readFilter(filter: object | null | undefined): ListFilter | undefined {
  return filter == null ? undefined : parseArgs(filterSchema, { ...filter });
}

/** Default by name. */
export function readOrder(
  order: { readonly field: string; readonly direction?: string | null } | null | undefined,
): ListQuery['sort'] {
  return { field: SORT[order?.field ?? 'NAME'] ?? 'name', descending: order?.direction === 'DESC' };
}
