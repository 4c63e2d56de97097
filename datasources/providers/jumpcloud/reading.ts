import { PAGE, type Read, type Slice } from './client.ts';

/** Where a listing by id goes on: the next page begins at `skip`, everything up to `last` is done. */
export interface SortedCursor {
  readonly skip: number;
  readonly last: string;
  /** Rows given so far. */
  readonly count: number;
}

export interface SortedPage<T> {
  readonly rows: readonly T[];
  readonly total: number | null;
  /** `null` after the last page. */
  readonly next: SortedCursor | null;
  readonly incomplete?: string;
}

/** Pages fetched ahead of the one being worked on. */
const AHEAD = 3;
/** Whole reads of an unsorted list until two agree. */
const MAX_READS = 4;

/**
 * A list sorted by id, page by page. Somebody may delete rows while it is read, and then every later row moves up and
 * one slips through between two pages. So pages overlap by one row: a page that begins after the last row known shows
 * that rows moved, and the reader steps back until it sees that row or an older one.
 */
export async function* sortedPages<T>(
  read: Read<T>,
  idOf: (row: T) => string,
  start: SortedCursor | null = null,
): AsyncGenerator<SortedPage<T>, void, void> {
  let { skip, last, count } = start ?? { skip: 0, last: '', count: 0 };
  let ahead = new Map<number, Promise<Slice<T>>>();
  let trouble: string | undefined;
  for (;;) {
    const { rows, total } = await (ahead.get(skip) ?? read(skip));
    ahead.delete(skip);
    const ids = rows.map(idOf);
    if (ids.some((id, i) => id < (ids[i - 1] ?? ''))) trouble = 'the list is not sorted by id';
    if (skip > 0 && trouble === undefined && (ids[0] === undefined || ids[0] > last)) {
      ahead = new Map();
      skip = Math.max(0, skip - PAGE);
      continue;
    }
    const fresh = trouble === undefined ? rows.filter((row) => idOf(row) > last) : rows;
    count += fresh.length;
    last = ids.at(-1) ?? last;
    // Without a total only the row that overlaps comes back after the end.
    const isLast =
      rows.length === 0 || (total === null ? fresh.length === 0 && rows.length < PAGE : skip + rows.length >= total);
    if (isLast && total !== null && count < total) trouble ??= `${total - count} of ${total} rows did not come`;
    const next = isLast ? null : { skip: skip + Math.max(1, rows.length - 1), last, count };
    if (next !== null && total !== null) {
      for (let i = 0, at = next.skip; i < AHEAD && at < total; i++, at += PAGE - 1) {
        if (ahead.has(at)) continue;
        const slice = read(at);
        // A failure counts when its turn comes, if it does.
        slice.catch(() => {});
        ahead.set(at, slice);
      }
    }
    yield { rows: fresh, total, next, ...(trouble === undefined ? {} : { incomplete: trouble }) };
    if (next === null) return;
    skip = next.skip;
  }
}

export interface WholeList<T> {
  readonly rows: readonly T[];
  readonly incomplete?: string;
}

/**
 * A whole list that has no sort. Pages are cut before orphaned associations are dropped, so a page may be short in the
 * middle and the rows fewer than the total. Rows and total agree: one read suffices. They do not, or there is nothing:
 * the list is read again until two reads in a row say the same; then what is missing is orphans. Else it is
 * incomplete, with all rows seen.
 */
export async function wholeList<T>(read: Read<T>, keyOf: (row: T) => string): Promise<WholeList<T>> {
  let before: Pass<T> | null = null;
  const seen = new Map<string, T>();
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const pass: Pass<T> = await readOnce(read, keyOf);
    if (pass.isSteady && pass.rows.size > 0 && pass.rows.size === pass.total) return { rows: [...pass.rows.values()] };
    if (before !== null && pass.isSteady && isSame(before, pass)) return { rows: [...pass.rows.values()] };
    for (const [key, row] of pass.rows) seen.set(key, row);
    before = pass;
  }
  return { rows: [...seen.values()], incomplete: 'an unsorted list changed with every read' };
}

interface Pass<T> {
  readonly rows: ReadonlyMap<string, T>;
  readonly total: number | null;
  /** No page told another total than the first one. */
  readonly isSteady: boolean;
}

async function readOnce<T>(read: Read<T>, keyOf: (row: T) => string): Promise<Pass<T>> {
  const rows = new Map<string, T>();
  const keep = (slice: Slice<T>): void => {
    for (const row of slice.rows) rows.set(keyOf(row), row);
  };
  const first = await read(0);
  keep(first);
  const { total } = first;
  let isSteady = true;
  if (total === null) {
    // Ends at a page without rows, and at one that only repeats: a server that does not know `skip`.
    for (let skip = PAGE, size = 0; rows.size > size; skip += PAGE) {
      size = rows.size;
      keep(await read(skip));
    }
    return { rows, total, isSteady };
  }
  for (let skip = PAGE; skip < total; skip += 4 * PAGE) {
    const window: number[] = [0, 1, 2, 3].map((i) => skip + i * PAGE).filter((at) => at < total);
    const slices: readonly Slice<T>[] = await Promise.all(window.map((at) => read(at)));
    for (const slice of slices) {
      keep(slice);
      isSteady &&= slice.total === null || slice.total === total;
    }
    // Hundreds of rows that all are orphans: rather a total that makes no sense.
    if (slices.every((slice) => slice.rows.length === 0)) return { rows, total, isSteady: skip + 4 * PAGE >= total };
  }
  return { rows, total, isSteady };
}

function isSame<T>(a: Pass<T>, b: Pass<T>): boolean {
  return a.total === b.total && a.rows.size === b.rows.size && [...a.rows.keys()].every((key) => b.rows.has(key));
}

/** `work` on each item, some at a time, results in the order of the items. The first failure ends it. */
export async function* inOrder<A, B>(
  items: readonly A[],
  atOnce: number,
  work: (item: A) => Promise<B>,
): AsyncGenerator<B, void, void> {
  const running: Promise<B>[] = [];
  let next = 0;
  while (next < items.length || running.length > 0) {
    while (next < items.length && running.length < atOnce) {
      const item = items[next++];
      if (item === undefined) continue;
      const result = work(item);
      result.catch(() => {});
      running.push(result);
    }
    const result = running.shift();
    if (result !== undefined) yield await result;
  }
}
