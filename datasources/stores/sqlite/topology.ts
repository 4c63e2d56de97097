import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { type TopologyChunk, VIA_UNKNOWN } from '../../../src/ports/graph-store.ts';
import type { Connection } from './driver.ts';
import { readMeta } from './meta.ts';

/** Rows in a chunk: about 15 ms on the main thread. */
const CHUNK = 20_000;
const FEDERATES = linkKindCode('FEDERATES');

/**
 * The whole topology as of one seq: `db` must be a connection of its own, it stays in one read transaction.
 * SQLite joins the numbers of a chunk to one text: reading row by row took four times as long.
 */
export function* readTopology(db: Connection): Generator<TopologyChunk> {
  db.exec('begin');
  const seq = Number(readMeta(db, 'seq'));
  let isEmpty = true;
  for (const chunk of nodeChunks(db, seq)) {
    isEmpty = false;
    yield chunk;
  }
  yield* linkChunks(db, seq);
  // Also of an empty store the reader must learn the seq.
  if (isEmpty) yield { seq };
}

function* nodeChunks(db: Connection, seq: number): Generator<TopologyChunk> {
  let after = 0;
  for (;;) {
    const numbers = numbersOf(
      db.get<[string | null]>(
        `select group_concat(id || ',' || kind || ',' || flags || ',' || source || ',' || hash) from (
           select id, kind, flags, source, hash from node where id > ? and removed = 0 order by id limit ?)`,
        ...[after, CHUNK],
      )![0],
    );
    const count = numbers.length / 5;
    if (count === 0) return;
    const id = new Uint32Array(count);
    const kind = new Uint8Array(count);
    const flags = new Uint8Array(count);
    const source = new Uint16Array(count);
    const hash = new Uint32Array(count);
    for (let row = 0, at = 0; row < count; row++) {
      id[row] = numbers[at++]!;
      kind[row] = numbers[at++]!;
      flags[row] = numbers[at++]!;
      source[row] = numbers[at++]!;
      hash[row] = numbers[at++]!;
    }
    yield { seq, nodes: { id, kind, flags, source, hash } };
    after = id[count - 1]!;
  }
}

function* linkChunks(db: Connection, seq: number): Generator<TopologyChunk> {
  let first = 0;
  for (;;) {
    // A chunk takes whole start nodes: the key is long, its first column is enough to go on from.
    const next = db.get<[number]>(
      'select from_id from link where from_id >= ? order by from_id limit 1 offset ?',
      ...[first, CHUNK],
    )?.[0];
    const last = next === undefined ? 0xffffffff : Math.max(first, next - 1);
    const numbers = numbersOf(
      db.get<[string | null]>(
        `select group_concat(from_id || ',' || to_id || ',' || kind || ',' || flags || ',' || source) from (
           select from_id, to_id, kind, flags, source from link where from_id between ? and ?
           order by from_id, to_id, kind, source, qualifier)`,
        ...[first, last],
      )![0],
    );
    if (numbers.length > 0) yield { seq, links: linkArrays(db, numbers, first, last) };
    if (next === undefined) return;
    first = last + 1;
  }
}

function linkArrays(
  db: Connection,
  numbers: Uint32Array,
  first: number,
  last: number,
): NonNullable<TopologyChunk['links']> {
  const count = numbers.length / 5;
  const links = {
    from: new Uint32Array(count),
    to: new Uint32Array(count),
    kind: new Uint8Array(count),
    flags: new Uint8Array(count),
    source: new Uint16Array(count),
  };
  const federating: number[] = [];
  for (let row = 0, at = 0; row < count; row++) {
    links.from[row] = numbers[at++]!;
    links.to[row] = numbers[at++]!;
    links.kind[row] = numbers[at++]!;
    links.flags[row] = numbers[at++]!;
    links.source[row] = numbers[at++]!;
    if (links.kind[row] === FEDERATES) federating.push(row);
  }
  if (federating.length === 0) return links;
  // In the same order as above, so the n-th one belongs to the n-th federating row.
  const found = db.all<[number]>(
    `select case when b.properties ->> 'via' is null then 0 else coalesce(n.id, ${VIA_UNKNOWN}) end from link l
     left join link_body b on b.source = l.source and b.from_id = l.from_id and b.to_id = l.to_id
       and b.kind = l.kind and b.qualifier = l.qualifier
     left join redirect r on r.from_key = b.properties ->> 'via'
     left join node n on n.key = coalesce(r.to_key, b.properties ->> 'via')
     where l.from_id between ? and ? and l.kind = ?
     order by l.from_id, l.to_id, l.kind, l.source, l.qualifier`,
    ...[first, last, FEDERATES],
  );
  const via = new Uint32Array(count);
  for (const [n, row] of federating.entries()) via[row] = found[n]![0];
  return { ...links, via };
}

/** The numbers of a comma-separated text. */
function numbersOf(text: string | null): Uint32Array {
  if (text === null) return new Uint32Array(0);
  // Every number has a digit and a comma at least.
  const numbers = new Uint32Array((text.length >> 1) + 1);
  let count = 0;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) {
      numbers[count++] = value;
      value = 0;
    } else value = value * 10 + code - 48;
  }
  numbers[count++] = value;
  return numbers.subarray(0, count);
}
