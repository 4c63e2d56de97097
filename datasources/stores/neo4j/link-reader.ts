import type { LinkRecord } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { isLinkKind, LINK_KIND_NAMES, linkKindCode } from '../../../src/domain/link-kinds.ts';
import type { LinkHashChunk } from '../../../src/ports/graph-store.ts';
import type { Database } from './driver.ts';

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

export async function* readLinkHashes(db: Database, sources: readonly number[]): AsyncGenerator<LinkHashChunk> {
  for (const source of sources) {
    for (const kind of LINK_KIND_NAMES) {
      const rows = await db.read<[number, number, string, number]>(
        `MATCH (a:_Node)-[l:${kind}]->(b:_Node) WHERE l._hashed = $source
         RETURN a._id, b._id, coalesce(l._qualifier, ''), l._hash`,
        { source },
      );
      for (let at = 0; at < rows.length; at += HASH_CHUNK) {
        const part = rows.slice(at, at + HASH_CHUNK);
        yield {
          source: new Uint16Array(part.length).fill(source),
          from: Uint32Array.from(part, (row) => row[0]),
          to: Uint32Array.from(part, (row) => row[1]),
          kind: new Uint8Array(part.length).fill(linkKindCode(kind)),
          qualifiers: part.map((row) => row[2]),
          hash: Uint32Array.from(part, (row) => row[3]),
        };
      }
    }
  }
}
