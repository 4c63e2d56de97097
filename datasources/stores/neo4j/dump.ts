import type { JsonObject } from '../../../src/domain/json.ts';
import { isLinkKind, linkKindOf } from '../../../src/domain/link-kinds.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { DumpedChange, StoreChunk } from '../../../src/ports/store-dump.ts';
import { type ChangeRow, dumpedChange } from '../shared/change-row.ts';
import { storeChanged } from '../shared/errors.ts';
import { type Database, type Parameters, type Transaction, TURN_MS, type Value } from './driver.ts';
import { CHANGE_FIELDS } from './log-reader.ts';

const PAGE = 5_000;
/** Rows of the log in one answer: each may hold thousands of nodes. */
const CHANGE_PAGE = 20;
/** Nodes and links in a chunk of changes, at least. */
const CHANGED = 5_000;

interface Head {
  readonly seq: number;
  readonly horizon: number;
  readonly at: number;
  readonly nextId: number;
  readonly quiet: number;
}

/**
 * Everything, page by page. Neo4j has no snapshot reads, so the head of the log is looked at before, in between and
 * after: every commit moves it, also one without effect on the graph.
 * @param where the store, for messages
 * @throws AppError `STORE_CHANGED` at the end of a section during which somebody has committed
 */
export async function* readDump(db: Database, where: string): AsyncGenerator<StoreChunk> {
  const start = await readHead(db);
  const { seq, horizon, at, nextId } = start;
  yield { section: 'meta', rows: [{ seq, horizon, at, nextId }] };
  for (const section of [sources, nodes, redirects, links, changes, quietChanges, pending, checkpoints, records]) {
    yield* section(db, start);
    await checkHead(db, start, where);
  }
  for await (const rows of pages<[string, number]>(db, '_Consumer', ['name'], ['name', 'seq'])) {
    yield { section: 'cursors', rows: rows.map(([consumer, stands]) => ({ consumer, seq: stands })) };
  }
  await checkHead(db, start, where);
}

/** Under the lock: a commit becomes visible piece by piece, and gives the lock back when all of it is. */
function readHead(db: Database): Promise<Head> {
  const read = async (tx: Transaction): Promise<Head> => {
    const [, [row]] = await Promise.all([
      tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
      tx.run<[number, number, number, number, number]>(
        "MATCH (m:_Meta {name: 'graph'}) MATCH (i:_Meta {name: 'ids'}) RETURN m.seq, m.horizon, m.at, i.nextId, m.quiet",
      ),
    ]);
    const [seq, horizon, at, nextId, quiet] = row!;
    return { seq, horizon, at, nextId, quiet };
  };
  return db.write(read, { turnMs: TURN_MS });
}

async function checkHead(db: Database, start: Head, where: string): Promise<void> {
  const { seq, horizon, quiet } = await readHead(db);
  if (seq !== start.seq || horizon !== start.horizon || quiet !== start.quiet) throw storeChanged(where);
}

/** All nodes of a label in the order of a unique key of theirs, whose properties come first among the columns. */
async function* pages<Row extends readonly Value[]>(
  db: Database,
  label: string,
  key: readonly string[],
  columns: readonly string[],
  limit = PAGE,
): AsyncGenerator<Row[]> {
  const order = key.map((name) => `n.${name}`).join(', ');
  const fields = columns.map((name) => (name.startsWith(':') ? `n${name}` : `n.${name}`)).join(', ');
  // (a, b) > ($0, $1), as Cypher has no row values.
  const [first, second] = key;
  const beyond =
    second === undefined ? `n.${first} > $k0` : `n.${first} >= $k0 AND (n.${first} > $k0 OR n.${second} > $k1)`;
  let rows = await db.read<Row>(`MATCH (n:${label}) RETURN ${fields} ORDER BY ${order} LIMIT $limit`, { limit });
  while (rows.length > 0) {
    yield rows;
    if (rows.length < limit) return;
    const last = rows[rows.length - 1]!;
    const after: Parameters = { k0: last[0]! as string | number, k1: last[1]! as string | number };
    rows = await db.read<Row>(`MATCH (n:${label}) WHERE ${beyond} RETURN ${fields} ORDER BY ${order} LIMIT $limit`, {
      ...after,
      limit,
    });
  }
}

async function* sources(db: Database): AsyncGenerator<StoreChunk> {
  for await (const rows of pages<[number, string, string]>(db, '_Source', ['id'], ['id', 'connector', 'listing'])) {
    yield {
      section: 'sources',
      rows: rows.map(([id, connector, listing]) => ({ id, source: { connector, listing } })),
    };
  }
}

type NodeRow = readonly [
  ...[id: number, key: string, source: number, name: string, flags: number, properties: string, hash: number],
  ...[removed: boolean, seq: number, firstSeenAt: number, changedAt: number],
];

async function* nodes(db: Database): AsyncGenerator<StoreChunk> {
  const state = ['_id', 'key', '_source', 'name', '_flags', '_properties', '_hash'];
  const written = [':_Removed', '_seq', '_firstSeenAt', '_changedAt'];
  for await (const rows of pages<NodeRow>(db, '_Node', ['_id'], [...state, ...written])) {
    yield {
      section: 'nodes',
      rows: rows.map(([id, key, source, name, flags, text, hash, removed, seq, firstSeenAt, changedAt]) => {
        const properties: JsonObject = JSON.parse(text);
        return { id, key, source, name, flags, properties, hash, removed, seq, firstSeenAt, changedAt };
      }),
    };
  }
}

async function* redirects(db: Database): AsyncGenerator<StoreChunk> {
  for await (const rows of pages<[string, string]>(db, '_Redirect', ['from'], ['from', 'to'])) {
    yield { section: 'redirects', rows: rows.map(([from, to]) => ({ from, to })) };
  }
}

type LinkRow = readonly [
  ...[from: number, kind: string, to: number, source: number, qualifier: string, flags: number],
  ...[hash: number, properties: string | null],
];

async function* links(db: Database): AsyncGenerator<StoreChunk> {
  for await (const [first, last] of linkRanges(db)) {
    const rows = await db.read<LinkRow>(
      `MATCH (a:_Node) WHERE a._id >= $first AND a._id <= $last
       MATCH (a)-[l]->(b:_Node) WHERE l._source IS NOT NULL
       RETURN a._id, type(l), b._id, l._source, coalesce(l._qualifier, ''), coalesce(l._flags, 0), coalesce(l._hash, 0), l._properties`,
      { first, last },
    );
    const found = rows.flatMap(([from, kind, to, source, qualifier, flags, hash, text]) => {
      // Analysts may draw relationships of their own.
      if (!isLinkKind(kind)) return [];
      const properties: JsonObject | null = text === null ? null : JSON.parse(text);
      return [{ source, from, kind, to, qualifier, flags, properties, hash }];
    });
    for (let n = 0; n < found.length; n += PAGE) yield { section: 'links', rows: found.slice(n, n + PAGE) };
  }
}

/** Ranges of node ids from which a page of links starts; more only where one node alone has more. */
async function* linkRanges(db: Database): AsyncGenerator<readonly [first: number, last: number]> {
  let first: number | null = null;
  let last = 0;
  let sum = 0;
  for (let after = 0; ; ) {
    const rows: [number, number][] = await db.read<[number, number]>(
      'MATCH (n:_Node) WHERE n._id > $after RETURN n._id AS id, COUNT { (n)-->() } ORDER BY id LIMIT $limit',
      { after, limit: PAGE },
    );
    for (const [id, degree] of rows) {
      if (degree === 0) continue;
      if (first !== null && sum + degree > PAGE) {
        yield [first, last];
        first = null;
      }
      if (first === null) [first, sum] = [id, 0];
      last = id;
      sum += degree;
    }
    if (rows.length < PAGE) break;
    after = rows[rows.length - 1]![0];
  }
  if (first !== null) yield [first, last];
}

async function* changes(db: Database, { seq: end, horizon }: Head): AsyncGenerator<StoreChunk> {
  let rows: DumpedChange[] = [];
  let items = 0;
  for (let after = horizon; after < end; after += CHANGE_PAGE) {
    const page = await db.read<ChangeRow>(
      `MATCH (c:_Change) WHERE c.seq > $after AND c.seq <= $last RETURN ${CHANGE_FIELDS} ORDER BY c.seq`,
      { after, last: Math.min(end, after + CHANGE_PAGE) },
    );
    for (const row of page) {
      const change = dumpedChange(row);
      rows.push(change);
      items += change.nodes.length + change.links.length;
      if (items < CHANGED) continue;
      yield { section: 'changes', rows };
      rows = [];
      items = 0;
    }
  }
  if (rows.length > 0) yield { section: 'changes', rows };
}

async function* quietChanges(db: Database): AsyncGenerator<StoreChunk> {
  for await (const rows of pages<[number, string]>(db, '_QuietChange', ['n'], ['n', 'changeId'])) {
    yield { section: 'quietChanges', rows: rows.map(([, changeId]) => ({ changeId })) };
  }
}

type PendingRow = readonly [string, string, string, number, number, string, number, string | null];

async function* pending(db: Database): AsyncGenerator<StoreChunk> {
  const columns = ['id', 'fromKey', 'toKey', 'kind', 'source', 'qualifier', 'flags', 'properties'];
  for await (const rows of pages<PendingRow>(db, '_Pending', ['id'], columns)) {
    yield {
      section: 'pending',
      rows: rows.map(([, fromKey, toKey, kind, source, qualifier, flags, text]) => {
        const properties: JsonObject | null = text === null ? null : JSON.parse(text);
        return { source, fromKey, kind: linkKindOf(kind)!, toKey, qualifier, flags, properties };
      }),
    };
  }
}

async function* checkpoints(db: Database): AsyncGenerator<StoreChunk> {
  const key = ['connector', 'listing'];
  for await (const rows of pages<[string, string, string]>(db, '_Checkpoint', key, [...key, 'state'])) {
    yield {
      section: 'checkpoints',
      rows: rows.map(([connector, listing, state]) => ({ source: { connector, listing }, state: JSON.parse(state) })),
    };
  }
}

async function* records(db: Database): AsyncGenerator<StoreChunk> {
  const key = ['type', 'id'];
  for await (const rows of pages<[RecordType, string, string]>(db, '_Record', key, [...key, 'value'], 1_000)) {
    yield { section: 'records', rows: rows.map(([type, id, value]) => ({ type, id, value: JSON.parse(value) })) };
  }
}
