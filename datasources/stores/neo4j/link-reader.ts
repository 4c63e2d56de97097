import type { LinkRecord } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { isLinkKind, LINK_KIND_NAMES, type LinkKind, linkKindCode } from '../../../src/domain/link-kinds.ts';
import type { LinkHashChunk } from '../../../src/ports/graph-store.ts';
import type { Database } from './driver.ts';
import { hashedOf } from './model.ts';

/** Links read at once, and in a chunk; more only where one node alone has more. */
const HASH_CHUNK = 5_000;

type LinkRow = readonly [
  pair: number,
  kind: string,
  source: number,
  qualifier: string,
  flags: number,
  hash: number,
  properties: string | null,
];

export async function readLinks(
  db: Database,
  pairs: readonly { readonly from: number; readonly to: number }[],
): Promise<LinkRecord[][]> {
  const result: LinkRecord[][] = pairs.map(() => []);
  if (pairs.length === 0) return result;
  const rows = await db.read<LinkRow>(
    `UNWIND $rows AS r
     MATCH (a:_Node {_id: r[1]}) MATCH (b:_Node {_id: r[2]}) MATCH (a)-[l]->(b)
     RETURN r[0] AS pair, type(l) AS kind, l._source AS source, coalesce(l._qualifier, '') AS qualifier,
       coalesce(l._flags, 0), coalesce(l._hash, 0), l._properties
     ORDER BY pair, source, qualifier`,
    { rows: pairs.map(({ from, to }, n) => [n, from, to]) },
  );
  for (const [pair, kind, source, qualifier, flags, hash, text] of rows) {
    // Analysts may draw relationships of their own.
    if (!isLinkKind(kind) || source === null) continue;
    const properties: JsonObject | null = text === null ? null : JSON.parse(text);
    result[pair]!.push({ ...pairs[pair]!, source, kind, qualifier, flags, properties, hash });
  }
  for (const links of result) links.sort((a, b) => linkKindCode(a.kind) - linkKindCode(b.kind));
  return result;
}

/** Kind by kind and start by start, in pages that the index gives in this order. */
export async function* readLinkHashes(
  db: Pick<Database, 'read'>,
  sources: readonly number[],
): AsyncGenerator<LinkHashChunk> {
  for (const source of sources) {
    for (const kind of LINK_KIND_NAMES) {
      const end = hashedOf(source + 1, 0);
      for (let first = hashedOf(source, 0); ; ) {
        const rows = await readHashes(db, kind, { first, end, limit: HASH_CHUNK });
        if (rows.length < HASH_CHUNK) {
          if (rows.length > 0) yield hashChunk(source, kind, rows);
          break;
        }
        // Of its last start, which may be its only one, a full page need not have all links.
        const last = rows[rows.length - 1]![0];
        const isOneStart = rows[0]![0] === last;
        const page = isOneStart
          ? await readHashes(db, kind, { first: last, end: last + 1, limit: Number.MAX_SAFE_INTEGER })
          : rows.filter(([at]) => at !== last);
        yield hashChunk(source, kind, page);
        first = isOneStart ? last + 1 : last;
      }
    }
  }
}

type HashRow = readonly [hashed: number, from: number, to: number, qualifier: string, hash: number];

/** By {@link hashedOf}, from `first` up to below `end`. */
function readHashes(
  db: Pick<Database, 'read'>,
  kind: LinkKind,
  range: { readonly first: number; readonly end: number; readonly limit: number },
): Promise<HashRow[]> {
  return db.read<HashRow>(
    `MATCH (a:_Node)-[l:${kind}]->(b:_Node) USING INDEX l:${kind}(_hashed)
     WHERE l._hashed >= $first AND l._hashed < $end
     RETURN l._hashed AS hashed, a._id, b._id, coalesce(l._qualifier, ''), l._hash ORDER BY hashed LIMIT $limit`,
    range,
  );
}

function hashChunk(source: number, kind: LinkKind, rows: readonly HashRow[]): LinkHashChunk {
  return {
    source: new Uint16Array(rows.length).fill(source),
    from: Uint32Array.from(rows, (row) => row[1]),
    to: Uint32Array.from(rows, (row) => row[2]),
    kind: new Uint8Array(rows.length).fill(linkKindCode(kind)),
    qualifiers: rows.map((row) => row[3]),
    hash: Uint32Array.from(rows, (row) => row[4]),
  };
}
