import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { LinkDraft, NodeDraft, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import type { ParentLinks } from './bindings.ts';
import type { Read } from './client.ts';
import { inOrder, sortedPages, wholeList } from './reading.ts';

const sortedCursorSchema = z.object({ skip: z.number(), last: z.string(), count: z.number() });
const parentCursorSchema = z.object({ parent: z.number().int().min(0) });

/** Links of one page of a child listing, about. */
const LINKS_PER_PAGE = 1000;
/** Parents read at the same time. */
const PARENTS_AT_ONCE = 6;

interface Drafts {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
}

/** A listing sorted by id, page for page. */
export async function* listSorted<T>(
  { cursor }: SyncerContext,
  read: Read<T>,
  idOf: (row: T) => string,
  toDrafts: (row: T) => Drafts,
): AsyncGenerator<SyncPage, void, void> {
  const start = sortedCursorSchema.safeParse(cursor);
  for await (const page of sortedPages(read, idOf, start.success ? start.data : null)) {
    const drafts = page.rows.map(toDrafts);
    yield {
      nodes: drafts.flatMap((draft) => draft.nodes),
      links: drafts.flatMap((draft) => draft.links),
      cursor: page.next === null ? null : { ...page.next },
      rows: page.rows.length,
      ...(page.total === null ? {} : { total: page.total }),
      ...(page.incomplete === undefined ? {} : { incomplete: page.incomplete }),
    };
  }
}

/** A short list without a sort of ours, as one page. */
export async function* listWhole<T>(
  read: Read<T>,
  idOf: (row: T) => string,
  toDrafts: (row: T) => Drafts,
): AsyncGenerator<SyncPage, void, void> {
  const { rows, incomplete } = await wholeList(read, idOf);
  const drafts = rows.map(toDrafts);
  yield {
    nodes: unique(drafts.flatMap((draft) => draft.nodes)),
    links: unique(drafts.flatMap((draft) => draft.links)),
    cursor: null,
    rows: rows.length,
    total: rows.length,
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}

/**
 * The links of every parent, several parents at a time, in pages of about a thousand. A page ends with a parent; only
 * a parent with more links than that is spread over pages, and read again from its beginning after a resume.
 */
export async function* listOfParents(
  { cursor }: SyncerContext,
  parents: readonly string[],
  work: (parentId: string) => Promise<ParentLinks>,
): AsyncGenerator<SyncPage, void, void> {
  const start = parentCursorSchema.safeParse(cursor);
  let done = start.success ? start.data.parent : 0;
  let page = emptyPage();
  for await (const parent of inOrder(parents.slice(done), PARENTS_AT_ONCE, work)) {
    page.rows += parent.rows;
    page.incomplete ??= parent.incomplete;
    for (let at = 0; at < parent.links.length; at += LINKS_PER_PAGE) {
      page.links.push(...parent.links.slice(at, at + LINKS_PER_PAGE));
      if (at + LINKS_PER_PAGE >= parent.links.length) break;
      yield finished(page, { parent: done });
      page = { ...emptyPage(), incomplete: parent.incomplete };
    }
    done += 1;
    if (page.links.length < LINKS_PER_PAGE || done >= parents.length) continue;
    yield finished(page, { parent: done });
    page = emptyPage();
  }
  yield finished(page, null);
}

interface OpenPage {
  readonly links: LinkDraft[];
  rows: number;
  incomplete: string | undefined;
}

const emptyPage = (): OpenPage => ({ links: [], rows: 0, incomplete: undefined });

function finished({ links, rows, incomplete }: OpenPage, cursor: JsonObject | null): SyncPage {
  return { nodes: [], links, rows, cursor, ...(incomplete === undefined ? {} : { incomplete }) };
}

/** Roles share their scopes: each permission and each of its links once. */
function unique<T extends NodeDraft | LinkDraft>(drafts: readonly T[]): readonly T[] {
  const kept = new Map<string, T>();
  for (const draft of drafts) {
    const key =
      'from' in draft ? JSON.stringify([draft.from, draft.kind, draft.to]) : `${draft.kind} ${draft.nativeId}`;
    kept.set(key, draft);
  }
  return [...kept.values()];
}
