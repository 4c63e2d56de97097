import type { JsonObject } from '../../../src/domain/json.ts';
import { linkKindOf } from '../../../src/domain/link-kinds.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { DumpedChange, StoreChunk } from '../../../src/ports/store-dump.ts';
import { type ChangeRow, dumpedChange } from '../shared/change-row.ts';
import { CHANGE_COLUMNS } from './change-columns.ts';
import type { Connection, Value } from './driver.ts';
import { readMeta } from './meta.ts';

/** Rows in a chunk: some 10 ms on the main thread. */
const CHUNK = 2_000;
/** Nodes and links in a chunk of changes, at least. */
const CHANGED = 5_000;

/** Everything as of one moment: `db` must be a connection of its own, it stays in one read transaction. */
export function* readDump(db: Connection): Generator<StoreChunk> {
  db.exec('begin');
  const [seq, horizon, at, nextId] = (['seq', 'horizon', 'at', 'nextId'] as const).map((name) =>
    Number(readMeta(db, name)),
  ) as [number, number, number, number];
  yield { section: 'meta', rows: [{ seq, horizon, at, nextId }] };
  const sources = db.all<[number, string, string]>('select id, connector, listing from source order by id');
  yield {
    section: 'sources',
    rows: sources.map(([id, connector, listing]) => ({ id, source: { connector, listing } })),
  };
  yield* nodes(db);
  for (const rows of pages<[string, string]>(db, 'redirect', ['from_key', 'to_key'], ['from_key'])) {
    yield { section: 'redirects', rows: rows.map(([from, to]) => ({ from, to })) };
  }
  yield* links(db);
  yield* changes(db);
  for (const rows of pages<[number, string]>(db, 'quiet_change', ['n', 'change_id'], ['n'])) {
    yield { section: 'quietChanges', rows: rows.map(([, changeId]) => ({ changeId })) };
  }
  yield* pending(db);
  for (const rows of pages<[string, string, string]>(
    ...([db, 'checkpoint', ['connector', 'listing', 'state'], ['connector', 'listing']] as const),
  )) {
    yield {
      section: 'checkpoints',
      rows: rows.map(([connector, listing, state]) => ({ source: { connector, listing }, state: JSON.parse(state) })),
    };
  }
  for (const rows of pages<[RecordType, string, string]>(db, 'record', ['type', 'id', 'value'], ['type', 'id'])) {
    yield { section: 'records', rows: rows.map(([type, id, value]) => ({ type, id, value: JSON.parse(value) })) };
  }
  for (const rows of pages<[string, number]>(db, 'consumer', ['name', 'seq'], ['name'])) {
    yield { section: 'cursors', rows: rows.map(([consumer, at]) => ({ consumer, seq: at })) };
  }
}

/** A whole table in the order of its key, whose columns come first among the columns. */
function* pages<Row extends readonly Value[]>(
  db: Connection,
  table: string,
  columns: readonly string[],
  key: readonly string[],
): Generator<Row[]> {
  const order = key.join(', ');
  const select = `select ${columns.join(', ')} from ${table}`;
  let rows = db.all<Row>(`${select} order by ${order} limit ?`, CHUNK);
  while (rows.length > 0) {
    yield rows;
    if (rows.length < CHUNK) return;
    const last = rows[rows.length - 1]!.slice(0, key.length);
    // The first condition seeks; row values alone would scan the whole table.
    rows = db.all<Row>(
      `${select} where ${key[0]} >= ? and (${order}) > (${key.map(() => '?').join(', ')}) order by ${order} limit ?`,
      ...[last[0]!, ...last, CHUNK],
    );
  }
}

type NodeRow = readonly [
  ...[id: number, key: string, flags: number, source: number, hash: number, removed: number, seq: number],
  ...[firstSeenAt: number, changedAt: number, name: string, properties: string],
];

function* nodes(db: Connection): Generator<StoreChunk> {
  const columns = ['id', 'key', 'flags', 'source', 'hash', 'removed', 'seq', 'first_seen_at', 'changed_at', 'name'];
  for (const rows of pages<NodeRow>(db, 'node', [...columns, 'properties'], ['id'])) {
    yield {
      section: 'nodes',
      rows: rows.map(([id, key, flags, source, hash, removed, seq, firstSeenAt, changedAt, name, text]) => {
        const properties: JsonObject = JSON.parse(text);
        const written = { removed: removed === 1, seq, firstSeenAt, changedAt };
        return { id, key, source, name, flags, properties, hash, ...written };
      }),
    };
  }
}

type LinkRow = readonly [
  ...[from: number, to: number, kind: number, source: number, qualifier: string, flags: number],
  ...[hash: number | null, properties: string | null],
];

function* links(db: Connection): Generator<StoreChunk> {
  const key = ['from_id', 'to_id', 'kind', 'source', 'qualifier'];
  for (const rows of pages<LinkRow>(
    ...([db, 'link natural left join link_body', [...key, 'flags', 'hash', 'properties'], key] as const),
  )) {
    yield {
      section: 'links',
      rows: rows.map(([from, to, kind, source, qualifier, flags, hash, text]) => {
        const properties: JsonObject | null = text === null ? null : JSON.parse(text);
        return { source, from, kind: linkKindOf(kind)!, to, qualifier, flags, properties, hash: hash ?? 0 };
      }),
    };
  }
}

/** One row at a time: that of a first sync alone holds thousands of nodes. */
function* changes(db: Connection): Generator<StoreChunk> {
  let rows: DumpedChange[] = [];
  let items = 0;
  let after = 0;
  for (;;) {
    const row = db.get<ChangeRow>(`select ${CHANGE_COLUMNS} from change where seq > ? order by seq limit 1`, after);
    if (row === undefined) break;
    const change = dumpedChange(row);
    after = change.seq;
    rows.push(change);
    items += change.nodes.length + change.links.length;
    if (items < CHANGED) continue;
    yield { section: 'changes', rows };
    rows = [];
    items = 0;
  }
  if (rows.length > 0) yield { section: 'changes', rows };
}

type PendingRow = readonly [string, string, number, number, string, number, string | null];

function* pending(db: Connection): Generator<StoreChunk> {
  const key = ['from_key', 'to_key', 'kind', 'source', 'qualifier'];
  for (const rows of pages<PendingRow>(db, 'pending', [...key, 'flags', 'properties'], key)) {
    yield {
      section: 'pending',
      rows: rows.map(([fromKey, toKey, kind, source, qualifier, flags, text]) => {
        const properties: JsonObject | null = text === null ? null : JSON.parse(text);
        return { source, fromKey, kind: linkKindOf(kind)!, toKey, qualifier, flags, properties };
      }),
    };
  }
}
