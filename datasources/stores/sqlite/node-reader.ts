import type { JsonObject } from '../../../src/domain/json.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import type { KeyChunk, StoredNode } from '../../../src/ports/graph-store.ts';
import { restored, storable } from '../shared/stored-text.ts';
import type { Connection } from './driver.ts';

/** Keys in one chunk: about 3 ms on the main thread. */
const KEY_CHUNK = 5_000;

type NodeRow = readonly [
  id: number,
  key: string,
  flags: number,
  source: number,
  hash: number,
  removed: number,
  seq: number,
  firstSeenAt: number,
  changedAt: number,
  name: string,
  properties: string,
];

export function readNodes(
  db: Connection,
  ids: readonly number[],
  listingOf: (source: number) => string,
): (StoredNode | null)[] {
  const rows = db.all<NodeRow>(
    'select id, key, flags, source, hash, removed, seq, first_seen_at, changed_at, name, properties from node where id in (select value from json_each(?))',
    JSON.stringify(ids.filter(Number.isSafeInteger)),
  );
  const nodes = new Map(rows.map((row) => [row[0], storedNode(row, listingOf)]));
  return ids.map((id) => nodes.get(id) ?? null);
}

function storedNode(row: NodeRow, listingOf: (source: number) => string): StoredNode {
  const [id, key, flags, source, hash, removed, seq, firstSeenAt, changedAt, name, text] = row;
  const { connector, kind, nativeId } = parseKey(key)!;
  const properties: JsonObject = JSON.parse(text);
  return {
    id,
    key,
    kind,
    connector,
    nativeId,
    listing: listingOf(source),
    name,
    flags,
    properties,
    hash,
    seq,
    firstSeenAt,
    changedAt,
    removed: removed === 1,
  };
}

export function readIdsByKey(db: Connection, keys: readonly string[]): (number | null)[] {
  const rows = db.all<[number, number]>(
    `select k.key, n.id from json_each(?) k
     left join redirect r on r.from_key = k.value
     join node n on n.key = coalesce(r.to_key, k.value)
     where n.removed = 0`,
    JSON.stringify(keys.map(storable)),
  );
  const ids = new Array<number | null>(keys.length).fill(null);
  for (const [position, id] of rows) ids[position] = id;
  return ids;
}

/** Connector ids hold no `/`, so all keys of one lie between `<id>/` and `<id>0`. */
export function* readKeys(db: Connection, connector: string): Generator<KeyChunk> {
  let after = `${connector}/`;
  const end = `${connector}0`;
  for (;;) {
    const [keyText, idText, removedText] = db.get<[string, string, string]>(
      `select json_group_array(key), json_group_array(id), json_group_array(removed)
       from (select key, id, removed from node where key > ? and key < ? order by key limit ?)`,
      ...[after, end, KEY_CHUNK],
    )!;
    const keys: string[] = JSON.parse(keyText).map(restored);
    if (keys.length > 0) {
      const ids: number[] = JSON.parse(idText);
      const removed: number[] = JSON.parse(removedText);
      yield { keys, ids: Uint32Array.from(ids), removed: Uint8Array.from(removed) };
    }
    if (keys.length < KEY_CHUNK) return;
    after = keys[keys.length - 1]!;
  }
}
