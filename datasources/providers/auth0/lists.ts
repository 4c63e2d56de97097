import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { LinkDraft, NodeDraft, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import { type Auth0Client, type CheckpointPage, type ListRequest, OFFSET_CEILING } from './client.ts';

/** What some rows say. */
export interface Drafts {
  readonly nodes?: readonly NodeDraft[];
  readonly links?: readonly LinkDraft[];
}

const checkpointCursor = z.object({ from: z.string() });
const childCursor = z.object({ index: z.number().int(), parent: z.string(), from: z.string().nullable() });

/** A cursor of this syncer; one that cannot be read starts the listing again. */
function readCursor<T>(schema: z.ZodType<T>, cursor: JsonObject | null): T | null {
  const parsed = schema.safeParse(cursor);
  return parsed.success ? parsed.data : null;
}

/** Every page of a checkpoint listing, as Auth0 pages it. */
export async function* checkpointList<T>(
  client: Auth0Client,
  context: SyncerContext,
  request: Omit<ListRequest<T>, 'signal'>,
  toDrafts: (rows: readonly T[]) => Drafts,
): AsyncGenerator<SyncPage, void, void> {
  let from = readCursor(checkpointCursor, context.cursor)?.from ?? null;
  do {
    client.checkAborted(context.signal);
    const page = await client.checkpointPage({ ...request, signal: context.signal }, from);
    from = page.next;
    yield syncPage(toDrafts(page.rows), page.rows.length, from === null ? null : { from });
  } while (from !== null);
}

/** All rows of a short checkpoint listing that others need as a look-up. */
export async function readCheckpoints<T>(client: Auth0Client, request: ListRequest<T>): Promise<readonly T[]> {
  const rows: T[] = [];
  let from: string | null = null;
  do {
    client.checkAborted(request.signal);
    const page: CheckpointPage<T> = await client.checkpointPage(request, from);
    rows.push(...page.rows);
    from = page.next;
  } while (from !== null);
  return rows;
}

/** All rows of a listing that knows offsets only. */
export interface StableList<T> {
  readonly rows: readonly T[];
  /** Why it may not be complete. */
  readonly incomplete?: string;
}

const MAX_READS = 4;

/**
 * Reads all (at most ten) pages. Rows shift between unsorted pages when something changes meanwhile, so a list of more
 * than one page is read until two readings agree; if they never do, or rows lie behind the ceiling, it is incomplete.
 */
export async function stableOffsetList<T>(
  client: Auth0Client,
  request: ListRequest<T>,
  idOf: (row: T) => string,
): Promise<StableList<T>> {
  let before: string | null = null;
  for (let read = 1; ; read++) {
    const { rows, pages, isCapped } = await readAllPages(client, request);
    const ids = rows.map(idOf).join('\n');
    const isStable = pages === 1 || ids === before;
    if (!isStable && read < MAX_READS) {
      before = ids;
      continue;
    }
    const unique = [...new Map(rows.map((row) => [idOf(row), row])).values()];
    if (!isStable) return { rows: unique, incomplete: 'the list kept changing while it was read' };
    if (isCapped) return { rows: unique, incomplete: `Auth0 lists the first ${OFFSET_CEILING} rows only` };
    return { rows: unique };
  }
}

async function readAllPages<T>(client: Auth0Client, request: ListRequest<T>) {
  const rows: T[] = [];
  for (let page = 0; ; page++) {
    client.checkAborted(request.signal);
    const answer = await client.offsetPage(request, page);
    rows.push(...answer.rows);
    const total = answer.total ?? Number.POSITIVE_INFINITY;
    const isLast = answer.rows.length < answer.limit || rows.length >= total;
    if (isLast) return { rows, pages: page + 1, isCapped: false };
    if ((page + 2) * answer.limit > OFFSET_CEILING) return { rows, pages: page + 1, isCapped: true };
  }
}

/** A whole offset listing as one page: it is read in one go anyway. */
export async function* offsetList<T>(
  client: Auth0Client,
  context: SyncerContext,
  request: Omit<ListRequest<T>, 'signal'>,
  idOf: (row: T) => string,
  toDrafts: (rows: readonly T[]) => Drafts,
): AsyncGenerator<SyncPage, void, void> {
  const list = await stableOffsetList(client, { ...request, signal: context.signal }, idOf);
  const page = syncPage(toDrafts(list.rows), list.rows.length, null, list.incomplete);
  yield { ...page, total: list.rows.length };
}

export interface ChildPage<T> {
  readonly rows: readonly T[];
  readonly next: string | null;
  readonly incomplete?: string | undefined;
}

export interface ChildList<T> {
  /** In stable order. */
  readonly parents: readonly string[];
  /** @throws AppError; `UPSTREAM_NOT_FOUND`: the parent is gone, which says that it has no children */
  read(parent: string, from: string | null): Promise<ChildPage<T>>;
  toDrafts(parent: string, rows: readonly T[]): Drafts | Promise<Drafts>;
}

/** Parents whose first page is asked for ahead; the client's own limit still holds. */
const AHEAD = 4;
/** A page of the sync holds so many rows, or the children of so many parents, before it is passed on. */
const BATCH_ROWS = 500;
const BATCH_PARENTS = 100;

/**
 * The children of many parents. First pages of the next few parents are under way while one is handled, yet rows
 * come in the order of the parents; small ones share a page. A cursor names the parent and page to go on with.
 */
export async function* childList<T>(
  client: Auth0Client,
  context: SyncerContext,
  list: ChildList<T>,
): AsyncGenerator<SyncPage, void, void> {
  const { parents } = list;
  const resume = readCursor(childCursor, context.cursor);
  let index = resume === null ? 0 : positionOf(parents, resume);
  let from = resume !== null && parents[index] === resume.parent ? resume.from : null;
  const ahead = new Map<number, Promise<ChildPage<T>>>();
  let batch = newBatch();

  const readFirst = (at: number, pageFrom: string | null): Promise<ChildPage<T>> => {
    const page = readOrGone(list, parents[at] ?? '', pageFrom);
    // Whoever awaits it later sees the failure; until then it is not "unhandled".
    page.catch(() => {});
    return page;
  };
  while (index < parents.length) {
    client.checkAborted(context.signal);
    for (let i = index; i < Math.min(parents.length, index + AHEAD); i++) {
      if (!ahead.has(i)) ahead.set(i, readFirst(i, i === index ? from : null));
    }
    const parent = parents[index] ?? '';
    const page = await (ahead.get(index) ?? readFirst(index, from));
    ahead.delete(index);
    if (page.next !== null && page.next === from) throw client.repeats('/children');
    const drafts = await list.toDrafts(parent, page.rows);
    batch.nodes.push(...(drafts.nodes ?? []));
    batch.links.push(...(drafts.links ?? []));
    batch.rows += page.rows.length;
    batch.incomplete ??= page.incomplete;
    from = page.next;
    if (from === null) {
      index += 1;
      batch.parents += 1;
    }
    const next = parents[index];
    if (next !== undefined && (batch.rows >= BATCH_ROWS || batch.parents >= BATCH_PARENTS)) {
      yield syncPage(batch, batch.rows, { index, parent: next, from }, batch.incomplete);
      batch = newBatch();
    }
  }
  yield syncPage(batch, batch.rows, null, batch.incomplete);
}

interface ChildBatch {
  readonly nodes: NodeDraft[];
  readonly links: LinkDraft[];
  rows: number;
  parents: number;
  incomplete: string | undefined;
}

const newBatch = (): ChildBatch => ({ nodes: [], links: [], rows: 0, parents: 0, incomplete: undefined });

async function readOrGone<T>(list: ChildList<T>, parent: string, from: string | null): Promise<ChildPage<T>> {
  try {
    return await list.read(parent, from);
  } catch (error) {
    if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return { rows: [], next: null };
    throw error;
  }
}

/** Where a resumed listing goes on; from the start when its parent is not there any more. */
function positionOf(parents: readonly string[], cursor: { index: number; parent: string }): number {
  if (parents[cursor.index] === cursor.parent) return cursor.index;
  return Math.max(0, parents.indexOf(cursor.parent));
}

export function syncPage(drafts: Drafts, rows: number, cursor: JsonObject | null, incomplete?: string): SyncPage {
  return {
    nodes: drafts.nodes ?? [],
    links: drafts.links ?? [],
    rows,
    cursor,
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}
