import { AppError } from '../../../src/domain/errors.ts';
import type { SourceRef } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { Database, Transaction } from './driver.ts';

const MAX_ID = 0xffffffff;
const MAX_SOURCE = 0xffff;
/** Rows deleted in one transaction of a prune, so that commits get in between. */
const PRUNE_BATCH = 500;
export const PRUNE_TIMEOUT_MS = 10_000;

/** Ids have a node of their own, so that nobody waits for a commit to get some. */
const LOCK_IDS = "MATCH (i:_Meta {name: 'ids'}) SET i.lock = true";

export async function allocateIds(tx: Transaction, count: number): Promise<number> {
  const [, [row]] = await Promise.all([
    tx.run(LOCK_IDS),
    tx.run<[number]>("MATCH (i:_Meta {name: 'ids'}) SET i.nextId = i.nextId + $count RETURN i.nextId", { count }),
  ]);
  const next = row![0];
  if (next - 1 > MAX_ID) throw new AppError('STORE_FULL', 'All node ids of this store are used up.');
  return next - count;
}

export async function sourceId(tx: Transaction, { connector, listing }: SourceRef): Promise<number> {
  const [, [row]] = await Promise.all([
    tx.run(LOCK_IDS),
    tx.run<[number]>(
      `MATCH (i:_Meta {name: 'ids'})
       MERGE (s:_Source {connector: $connector, listing: $listing})
         ON CREATE SET s.id = i.nextSource, i.nextSource = i.nextSource + 1
       RETURN s.id`,
      { connector, listing },
    ),
  ]);
  const id = row![0];
  if (id > MAX_SOURCE) throw new AppError('STORE_FULL', 'The store has no room for another source.');
  return id;
}

export async function readSources(db: Database): Promise<Map<number, SourceRef>> {
  const rows = await db.read<[number, string, string]>('MATCH (s:_Source) RETURN s.id, s.connector, s.listing');
  return new Map(rows.map(([id, connector, listing]) => [id, { connector, listing }]));
}

export async function putRecord(
  tx: Transaction,
  type: RecordType,
  id: string,
  value: JsonObject | null,
): Promise<void> {
  if (value === null) await tx.run('MATCH (r:_Record {type: $type, id: $id}) DELETE r', { type, id });
  else {
    await tx.run('MERGE (r:_Record {type: $type, id: $id}) SET r.value = $value', {
      ...{ type, id, value: JSON.stringify(value) },
    });
  }
}

/** @returns true while there is more to delete: the horizon has moved already, call again */
export async function pruneChanges(tx: Transaction, seq: number): Promise<boolean> {
  const [, , [row]] = await Promise.all([
    tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
    tx.run(
      `MATCH (m:_Meta {name: 'graph'}) WITH m, CASE WHEN $seq < m.seq THEN $seq ELSE m.seq END AS until
       WHERE until > m.horizon SET m.horizon = until`,
      { seq },
    ),
    tx.run<[number]>(
      `MATCH (m:_Meta {name: 'graph'})
       MATCH (c:_Change) WHERE c.seq <= m.horizon WITH c ORDER BY c.seq LIMIT $batch DELETE c RETURN count(*)`,
      { batch: PRUNE_BATCH },
    ),
  ]);
  return (row?.[0] ?? 0) === PRUNE_BATCH;
}
