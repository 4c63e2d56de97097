import type { JsonObject } from '../../../src/domain/json.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import type { KeyChunk, StoredNode } from '../../../src/ports/graph-store.ts';
import type { Database } from './driver.ts';

const KEY_CHUNK = 5_000;

type NodeRow = readonly [
  id: number,
  key: string,
  flags: number,
  source: number,
  hash: number,
  removed: boolean,
  seq: number,
  firstSeenAt: number,
  changedAt: number,
  name: string,
  properties: string,
];

/** @param listingOf the listing of a source; asked again after `refresh` when it is not known */
export async function readNodes(
  db: Database,
  ids: readonly number[],
  sources: { listingOf(source: number): string | undefined; refresh(): Promise<void> },
): Promise<(StoredNode | null)[]> {
  const wanted = [...new Set(ids)].filter(Number.isSafeInteger);
  if (wanted.length === 0) return ids.map(() => null);
  const rows = await db.read<NodeRow>(
    `UNWIND $ids AS id MATCH (n:_Node {_id: id})
     RETURN n._id, n.key, n._flags, n._source, n._hash, n:_Removed, n._seq, n._firstSeenAt, n._changedAt, n.name, n._properties`,
    { ids: wanted },
  );
  // Another gateway may have made a source since.
  if (rows.some((row) => sources.listingOf(row[3]) === undefined)) await sources.refresh();
  const nodes = new Map(rows.map((row) => [row[0], storedNode(row, sources.listingOf(row[3]) ?? '')]));
  return ids.map((id) => nodes.get(id) ?? null);
}

function storedNode(row: NodeRow, listing: string): StoredNode {
  const [id, key, flags, , hash, removed, seq, firstSeenAt, changedAt, name, text] = row;
  const { connector, kind, nativeId } = parseKey(key)!;
  const properties: JsonObject = JSON.parse(text);
  return {
    ...{ id, key, kind, connector, nativeId, listing, name, flags, properties, hash, seq, firstSeenAt, changedAt },
    removed,
  };
}

export async function readIdsByKey(db: Database, keys: readonly string[]): Promise<(number | null)[]> {
  const ids = new Array<number | null>(keys.length).fill(null);
  if (keys.length === 0) return ids;
  const rows = await db.read<[number, number]>(
    `UNWIND $rows AS r
     OPTIONAL MATCH (redirect:_Redirect {from: r[1]})
     WITH r[0] AS n, coalesce(redirect.to, r[1]) AS key
     MATCH (node:_Node {key: key}) WHERE NOT node:_Removed
     RETURN n, node._id`,
    { rows: keys.map((key, n) => [n, key]) },
  );
  for (const [position, id] of rows) ids[position] = id;
  return ids;
}

/** Connector ids hold no `/`, so all keys of one lie between `<id>/` and `<id>0`. */
export async function* readKeys(db: Database, connector: string): AsyncGenerator<KeyChunk> {
  let after = `${connector}/`;
  const end = `${connector}0`;
  for (;;) {
    const rows = await db.read<[string, number, boolean]>(
      `MATCH (n:_Node) USING INDEX n:_Node(key) WHERE n.key > $after AND n.key < $end
       RETURN n.key, n._id, n:_Removed ORDER BY n.key LIMIT $limit`,
      { after, end, limit: KEY_CHUNK },
    );
    if (rows.length > 0) {
      yield {
        keys: rows.map(([key]) => key),
        ids: Uint32Array.from(rows, ([, id]) => id),
        removed: Uint8Array.from(rows, ([, , removed]) => Number(removed)),
      };
    }
    if (rows.length < KEY_CHUNK) return;
    after = rows[rows.length - 1]![0];
  }
}
