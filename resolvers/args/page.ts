import { z } from 'zod';
import type { ListQuery } from '../../src/ports/graph-store.ts';
import { type PageRequest, parseNodeCursor } from '../../src/services/lists/page.ts';
import { optional, parseArgs } from './parse.ts';

const DEFAULT_SIZE = 50;
const MAX_SIZE = 500;

const size = z.int().min(1, 'must be 1–500').max(MAX_SIZE, 'must be 1–500');
/** A list sorted by name has the name in it, see the stores. */
const cursor = z.string().min(1, 'must not be empty').max(40_000, 'is no cursor');
const pageSchema = z
  .object({ first: optional(size), after: optional(cursor), last: optional(size), before: optional(cursor) })
  .refine((page) => page.first === undefined || page.last === undefined, {
    message: 'give first or last, not both',
    path: ['last'],
  });

/** Relay's paging arguments as they come. */
export interface RawPageArgs {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/**
 * Paging of a list under a node.
 * @throws AppError `BAD_USER_INPUT`, `INVALID_CURSOR`
 */
export function readPage(args: RawPageArgs, storeId: string): PageRequest {
  if (isPlain(args)) return { size: args.first ?? DEFAULT_SIZE, backward: false, after: undefined, before: undefined };
  const { first, after, last, before } = parseArgs(pageSchema, pickPage(args));
  return {
    size: last ?? first ?? DEFAULT_SIZE,
    backward: last !== undefined,
    after: after === undefined ? undefined : parseNodeCursor(storeId, after),
    before: before === undefined ? undefined : parseNodeCursor(storeId, before),
  };
}

/**
 * Paging of a list that the store sorts; it makes and reads the cursors itself.
 * @throws AppError `BAD_USER_INPUT`
 */
export function readStorePage(args: RawPageArgs): Pick<ListQuery, 'limit' | 'direction' | 'cursor'> {
  const page = parseArgs(
    pageSchema.refine((given) => given.after === undefined || given.before === undefined, {
      message: 'give after or before, not both',
      path: ['before'],
    }),
    pickPage(args),
  );
  // `before` without `last` reads backwards as well: Relay leaves it open, and nothing else is useful.
  const backward = page.last !== undefined || page.before !== undefined;
  return {
    limit: page.last ?? page.first ?? DEFAULT_SIZE,
    direction: backward ? 'backward' : 'forward',
    cursor: backward ? page.before : page.after,
  };
}

/** Only `first`, and a right one: what nearly every list of a nested query asks, hundreds of times in one answer. */
function isPlain({ first, after, last, before }: RawPageArgs): boolean {
  if (after != null || last != null || before != null) return false;
  return first == null || (Number.isInteger(first) && first >= 1 && first <= MAX_SIZE);
}

function pickPage({ first, after, last, before }: RawPageArgs): RawPageArgs {
  return { first: first ?? null, after: after ?? null, last: last ?? null, before: before ?? null };
}
