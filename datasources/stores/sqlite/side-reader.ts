import type { PendingLink } from '../../../src/domain/changes.ts';
import type { SourceRef } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { linkKindOf } from '../../../src/domain/link-kinds.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import { storable } from '../shared/stored-text.ts';
import type { Connection } from './driver.ts';

const PENDING_CHUNK = 5_000;
/** Above every text that continues a prefix. */
const LAST = '\u{10ffff}';

export function readCheckpoint(db: Connection, { connector, listing }: SourceRef): JsonObject | null {
  const sql = 'select state from checkpoint where connector = ? and listing = ?';
  return parsed(db.get<[string]>(sql, connector, listing));
}

export function readCursor(db: Connection, consumer: string): number {
  return db.get<[number]>('select seq from consumer where name = ?', consumer)?.[0] ?? 0;
}

export function readRecord(db: Connection, type: RecordType, id: string): JsonObject | null {
  return parsed(db.get<[string]>('select value from record where type = ? and id = ?', type, id));
}

export function listRecords(
  db: Connection,
  type: RecordType,
  options: { readonly prefix?: string; readonly newestFirst?: boolean; readonly limit?: number },
): { readonly id: string; readonly value: JsonObject }[] {
  const prefix = options.prefix ?? '';
  const rows = db.all<[string, string]>(
    `select id, value from record where type = ? and id >= ? and id < ?
     order by id ${options.newestFirst === true ? 'desc' : 'asc'} limit ?`,
    ...[type, prefix, `${prefix}${LAST}`, options.limit ?? -1],
  );
  return rows.map(([id, text]) => ({ id, value: JSON.parse(text) }));
}

type PendingRow = readonly [string, string, number, number, string, number, string | null];

export function readPendingFor(db: Connection, keys: readonly string[]): PendingLink[] {
  const columns = 'p.from_key, p.to_key, p.kind, p.source, p.qualifier, p.flags, p.properties';
  const rows = db.all<PendingRow>(
    `with wanted (key) as materialized (select distinct value from json_each(?))
     select ${columns} from wanted w cross join pending p on p.from_key = w.key
     union
     select ${columns} from wanted w cross join pending p on p.to_key = w.key`,
    JSON.stringify(keys.map(storable)),
  );
  return rows.map(([fromKey, toKey, kind, source, qualifier, flags, text]) => ({
    source,
    fromKey,
    kind: linkKindOf(kind)!,
    toKey,
    qualifier,
    flags,
    properties: text === null ? null : JSON.parse(text),
  }));
}

export function countPending(db: Connection, connector: string | undefined): number {
  if (connector === undefined) return db.get<[number]>('select count(*) from pending')![0];
  const sql = 'select count(*) from pending where source in (select id from source where connector = ?)';
  return db.get<[number]>(sql, connector)![0];
}

/** Every key that a pending link names, each once. */
export function* readPendingKeys(db: Connection): Generator<readonly string[]> {
  for (const sql of [
    'select distinct from_key from pending where from_key > ? order by from_key limit ?',
    `select distinct to_key from pending p where to_key > ?
     and not exists (select 1 from pending q where q.from_key = p.to_key) order by to_key limit ?`,
  ]) {
    let after = '';
    for (;;) {
      const keys = db.all<[string]>(sql, after, PENDING_CHUNK).map(([key]) => key);
      if (keys.length > 0) yield keys;
      if (keys.length < PENDING_CHUNK) break;
      after = keys[keys.length - 1]!;
    }
  }
}

function parsed(row: readonly [string] | undefined): JsonObject | null {
  return row === undefined ? null : JSON.parse(row[0]);
}
