import type { LinkRecord } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { linkKindOf } from '../../../src/domain/link-kinds.ts';
import type { LinkHashChunk } from '../../../src/ports/graph-store.ts';
import type { Connection } from './driver.ts';

/** Links in one chunk: about 5 ms on the main thread. */
const HASH_CHUNK = 5_000;

type LinkRow = readonly [
  pair: number,
  from: number,
  to: number,
  kind: number,
  source: number,
  qualifier: string,
  flags: number,
  hash: number | null,
  properties: string | null,
];

export function readLinks(
  db: Connection,
  pairs: readonly { readonly from: number; readonly to: number }[],
): LinkRecord[][] {
  const result: LinkRecord[][] = pairs.map(() => []);
  const rows = db.all<LinkRow>(
    `select p.key, l.from_id, l.to_id, l.kind, l.source, l.qualifier, l.flags, b.hash, b.properties
     from json_each(?) p
     cross join link l on l.from_id = p.value ->> 0 and l.to_id = p.value ->> 1
     left join link_body b on b.source = l.source and b.from_id = l.from_id and b.to_id = l.to_id
       and b.kind = l.kind and b.qualifier = l.qualifier
     order by p.key, l.kind, l.source, l.qualifier`,
    JSON.stringify(pairs.map(({ from, to }) => [from, to])),
  );
  for (const [pair, from, to, kind, source, qualifier, flags, hash, text] of rows) {
    const properties: JsonObject | null = text === null ? null : JSON.parse(text);
    result[pair]!.push({ source, from, kind: linkKindOf(kind)!, to, qualifier, flags, properties, hash: hash ?? 0 });
  }
  return result;
}

export function* readLinkHashes(db: Connection, sources: readonly number[]): Generator<LinkHashChunk> {
  for (const source of sources) {
    let last: readonly [number, number, number, string] = [0, 0, 0, ''];
    for (;;) {
      const rows = db.all<[number, number, number, string, number]>(
        // The first condition seeks; row values alone would scan the whole source.
        `select from_id, to_id, kind, qualifier, hash from link_body
         where source = ? and from_id >= ? and (from_id, to_id, kind, qualifier) > (?, ?, ?, ?)
         order by from_id, to_id, kind, qualifier limit ?`,
        ...[source, last[0], ...last, HASH_CHUNK],
      );
      const hashed = rows.filter((row) => row[4] !== 0);
      if (hashed.length > 0) {
        yield {
          source: new Uint16Array(hashed.length).fill(source),
          from: Uint32Array.from(hashed, (row) => row[0]),
          to: Uint32Array.from(hashed, (row) => row[1]),
          kind: Uint8Array.from(hashed, (row) => row[2]),
          qualifiers: hashed.map((row) => row[3]),
          hash: Uint32Array.from(hashed, (row) => row[4]),
        };
      }
      if (rows.length < HASH_CHUNK) break;
      const [from, to, kind, qualifier] = rows[rows.length - 1]!;
      last = [from, to, kind, qualifier];
    }
  }
}
