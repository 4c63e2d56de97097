import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { isNodeKind, nodeKindCode } from '../../../src/domain/node-kinds.ts';
import type { Page, SearchQuery } from '../../../src/ports/graph-store.ts';
import { Field, MAX_TERM, searchable, termsOf } from '../shared/extract.ts';
import { CursorCodec, checkLimit } from '../shared/page-cursor.ts';
import type { Connection } from './driver.ts';

/** Candidates looked at before the event loop gets its turn: few at first, up to about 3 ms. */
const FIRST_BATCH = 64;
const MAX_BATCH = 1_024;
/** Trigrams asked of the index; the rest of a long text is compared with the candidates. */
const MAX_TRIGRAMS = 24;

const EXACT = 0;
const PREFIX = 1;
const INSIDE = 2;
const FIELDS: readonly number[] = Object.values(Field);

/** Where a hit stands: best stage first, then field, term and id. `field` and `term` say nothing for {@link INSIDE}. */
type Position = [stage: number, field: number, term: string, id: number];
type Candidate = readonly [
  id: number,
  term: string,
  document: string,
  kind: number,
  connector: string,
  connectors: string | null,
];

const position: z.ZodType<Position> = z.tuple([
  z.int().min(EXACT).max(INSIDE),
  z.int().min(0).max(FIELDS.length),
  z.string(),
  z.int().nonnegative(),
]);

/** Hits in the order of {@link Position}; gives way to others between batches. */
export async function search(db: Connection, query: SearchQuery): Promise<Page> {
  checkLimit(query.limit);
  const text = searchable(query.text).trim();
  const kinds = query.kinds?.filter(isNodeKind).map(nodeKindCode);
  const asked = {
    text,
    kinds: kinds && [...kinds].sort(),
    connectors: query.connectors && [...query.connectors].sort(),
  };
  const codec = new CursorCodec(asked, position);
  let at: Position = query.cursor === undefined ? [EXACT, 0, '', 0] : codec.decode(query.cursor);
  const length = [...text].length;
  const isEmpty = length === 0 || length > MAX_TERM || kinds?.length === 0 || query.connectors?.length === 0;
  if (isEmpty) return { items: [], hasMore: false };

  const fits = filterOf(kinds, query.connectors);
  const items: { id: number; cursor: string }[] = [];
  const stages = length < 3 ? [EXACT, PREFIX] : [EXACT, PREFIX, INSIDE];
  for (const stage of stages) {
    for (const field of stage === INSIDE ? [0] : FIELDS) {
      if (stage < at[0] || (stage === at[0] && field < at[1])) continue;
      if (stage !== at[0] || field !== at[1]) at = [stage, field, '', 0];
      for (let batch = FIRST_BATCH; ; batch = Math.min(2 * batch, MAX_BATCH)) {
        const candidates = read(db, text, at, batch);
        for (const candidate of candidates) {
          const [id, term, document] = candidate;
          at = [stage, field, term, id];
          if (!isBest(document, text, at) || !fits(candidate)) continue;
          if (items.length === query.limit) return { items, hasMore: true };
          items.push({ id, cursor: codec.encode(at) });
        }
        if (candidates.length < batch) break;
        await nextTurn();
      }
    }
  }
  return { items, hasMore: false };
}

function read(db: Connection, text: string, [stage, field, term, id]: Position, batch: number): Candidate[] {
  if (stage === INSIDE) {
    return db.all<Candidate>(
      `select s.id, '', s.text, l.kind, l.connector, l.connectors from search f
       cross join searched s on s.id = f.rowid cross join listed l on l.id = f.rowid
       where f.search match ? and f.rowid > ? order by f.rowid limit ?`,
      ...[trigrams(text), id, batch],
    );
  }
  const columns = 't.id, t.term, s.text, l.kind, l.connector, l.connectors';
  const joined = 'term t cross join searched s on s.id = t.id cross join listed l on l.id = t.id';
  if (stage === EXACT) {
    return db.all<Candidate>(
      `select ${columns} from ${joined} where t.field = ? and t.term = ? and t.id > ? order by t.id limit ?`,
      ...[field, text, id, batch],
    );
  }
  const from = term === '' ? text : term;
  return db.all<Candidate>(
    `select ${columns} from ${joined} where t.field = ? and t.term >= ? and t.term < ? and (t.term > ? or t.id > ?)
     order by t.term, t.id limit ?`,
    ...[field, from, `${text}\u{10ffff}`, from, id, batch],
  );
}

/** A node can match in several ways; it is listed once, where its best match stands. */
function isBest(document: string, text: string, [stage, field, term]: Position): boolean {
  const terms = termsOf(document);
  const exact = terms.find((entry) => entry.term === text);
  if (exact !== undefined) return stage === EXACT && exact.field === field;
  const prefixed = terms.filter((entry) => entry.term.startsWith(text));
  if (prefixed.length === 0) return stage === INSIDE && terms.some((entry) => entry.term.includes(text));
  // Within one field (several e-mails) the first in order.
  const best = prefixed.reduce((a, b) =>
    b.field < a.field || (b.field === a.field && comesBefore(b.term, a.term)) ? b : a,
  );
  return stage === PREFIX && best.field === field && best.term === term;
}

/** Order of SQLite: by bytes of UTF-8, which is by code point. */
function comesBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

function filterOf(
  kinds: readonly number[] | undefined,
  connectors: readonly string[] | undefined,
): (candidate: Candidate) => boolean {
  return ([, , , kind, connector, among]) =>
    (kinds === undefined || kinds.includes(kind)) &&
    (connectors === undefined ||
      connectors.some((wanted) => wanted === connector || among?.includes(`|${wanted}|`) === true));
}

/** The full-text query for what may contain `text` (3 characters or more); the candidates must be looked at. */
export function trigrams(text: string): string {
  const characters = [...text];
  const found = new Set<string>();
  for (let i = 0; i + 3 <= characters.length && found.size < MAX_TRIGRAMS; i++) {
    found.add(
      `"${characters
        .slice(i, i + 3)
        .join('')
        .replaceAll('"', '""')}"`,
    );
  }
  return [...found].join(' ');
}
