import { AppError } from '../../../src/domain/errors.ts';
import { fold } from '../../../src/domain/text.ts';
import type { ListFilter } from '../../../src/ports/graph-store.ts';
import { searchable, time } from './extract.ts';

/**
 * The text of a `nameContains`, folded.
 * @throws AppError `UNSUPPORTED_QUERY`
 */
export function fragmentOf(text: string): string {
  const folded = searchable(text);
  if ([...folded].length < 3) {
    throw new AppError('UNSUPPORTED_QUERY', 'nameContains needs 3 characters or more; use namePrefix for fewer.', {
      audience: 'user',
    });
  }
  return folded;
}

/**
 * Epoch ms of a point in time in a filter.
 * @throws AppError `UNSUPPORTED_QUERY`
 */
export function instantOf(text: string): number {
  const ms = time(text);
  if (ms !== null) return ms;
  throw new AppError('UNSUPPORTED_QUERY', 'A point in time must be given as ISO 8601.', { audience: 'user' });
}

/** The filter without what is absent, order of alternatives aside: two spellings of one filter are one query. */
export function canonicalFilter(filter: ListFilter = {}): object {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [
      name,
      Array.isArray(value) ? [...value].sort() : typeof value === 'string' ? fold(value) : value,
    ]),
  );
}
