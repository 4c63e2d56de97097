import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { OktaClient, OktaPage, OktaStart } from './client.ts';

/** What some parents' listings held, in the order of the parents. */
export interface ChildBatch<T> {
  readonly parts: readonly { readonly parent: string; readonly rows: readonly T[] }[];
  readonly rows: number;
  /** Where to go on after this batch; `null` after the last one. */
  readonly cursor: JsonObject | null;
}

const cursorSchema = z.object({ parent: z.string(), next: z.string().nullable() });

/**
 * Reads the same listing below each parent (members of every group). First pages are fetched ahead, a few at a time;
 * what comes out is in the order of the parents, so a checkpoint says what is done. Small listings share a batch.
 * A parent that has gone meanwhile has no rows.
 */
export async function* childListings<T>(options: {
  readonly client: Pick<OktaClient, 'pages'>;
  readonly parents: readonly string[];
  readonly cursor: JsonObject | null;
  start(parent: string): OktaStart;
  read(start: OktaStart): Promise<OktaPage<T>>;
  /** Fetched ahead; default 5. */
  readonly ahead?: number;
  /** A batch is given away once it holds this many rows; default 1,000. */
  readonly batchRows?: number;
}): AsyncGenerator<ChildBatch<T>, void, void> {
  const { client, parents, read } = options;
  const ahead = options.ahead ?? 5;
  const batchRows = options.batchRows ?? 1000;
  const resume = options.cursor === null ? null : cursorSchema.parse(options.cursor);
  // A parent that is no longer listed cannot be found again: then from the beginning, which repeats but loses nothing.
  const at = resume === null ? -1 : parents.indexOf(resume.parent);
  const midway = at >= 0 && resume !== null && resume.next !== null ? resume.next : null;
  const from = midway === null ? at + 1 : at;

  const first = (index: number): Promise<OktaPage<T>> => {
    const parent = parents[index] ?? '';
    const start = index === from && midway !== null ? { next: midway } : options.start(parent);
    const page = read(start).catch((error: unknown): OktaPage<T> => {
      if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return { rows: [], next: null };
      throw error;
    });
    // It may fail while nobody waits for it yet; whoever waits later still gets the error.
    page.catch(() => {});
    return page;
  };

  const fetching = new Map<number, Promise<OktaPage<T>>>();
  let parts: { parent: string; rows: readonly T[] }[] = [];
  let rows = 0;
  for (let index = from; index < parents.length; index++) {
    for (let i = index; i < Math.min(parents.length, index + ahead); i++) {
      if (!fetching.has(i)) fetching.set(i, first(i));
    }
    const parent = parents[index] ?? '';
    const firstPage = fetching.get(index);
    fetching.delete(index);
    let isFirst = true;
    const pages = client.pages<T>((start) => {
      if (!isFirst || firstPage === undefined) return read(start);
      isFirst = false;
      return firstPage;
    }, options.start(parent));
    for await (const page of pages) {
      parts.push({ parent, rows: page.rows });
      rows += page.rows.length;
      const isLast = index === parents.length - 1 && page.next === null;
      if (rows < batchRows && !isLast) continue;
      yield { parts, rows, cursor: isLast ? null : { parent, next: page.next } };
      parts = [];
      rows = 0;
    }
  }
  // Nothing was left to read (no parents, or a checkpoint behind the last one): the listing still has to end.
  if (from >= parents.length) yield { parts: [], rows: 0, cursor: null };
}
