import type { PendingLink } from '../../../src/domain/changes.ts';
import type { SourceRef } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { linkKindOf } from '../../../src/domain/link-kinds.ts';
import type { RecordType } from '../../../src/domain/records.ts';
import type { Database } from './driver.ts';

const PENDING_CHUNK = 5_000;

export async function readCheckpoint(db: Database, { connector, listing }: SourceRef): Promise<JsonObject | null> {
  return parsed(
    await db.read<[string]>('MATCH (c:_Checkpoint {connector: $connector, listing: $listing}) RETURN c.state', {
      connector,
      listing,
    }),
  );
}

export async function readCursor(db: Database, consumer: string): Promise<number> {
  const [row] = await db.read<[number]>('MATCH (c:_Consumer {name: $consumer}) RETURN c.seq', { consumer });
  return row?.[0] ?? 0;
}

export async function readRecord(db: Database, type: RecordType, id: string): Promise<JsonObject | null> {
  return parsed(await db.read<[string]>('MATCH (r:_Record {type: $type, id: $id}) RETURN r.value', { type, id }));
}

export async function listRecords(
  db: Database,
  type: RecordType,
  options: { readonly prefix?: string; readonly newestFirst?: boolean; readonly limit?: number },
): Promise<{ readonly id: string; readonly value: JsonObject }[]> {
  const rows = await db.read<[string, string]>(
    `MATCH (r:_Record) WHERE r.type = $type AND r.id STARTS WITH $prefix
     RETURN r.id, r.value ORDER BY r.id ${options.newestFirst === true ? 'DESC' : 'ASC'} LIMIT $limit`,
    { type, prefix: options.prefix ?? '', limit: options.limit ?? Number.MAX_SAFE_INTEGER },
  );
  return rows.map(([id, text]) => ({ id, value: JSON.parse(text) }));
}

type PendingRow = readonly [string, string, string, number, number, string, number, string | null];

export async function readPendingFor(db: Pick<Database, 'read'>, keys: readonly string[]): Promise<PendingLink[]> {
  if (keys.length === 0) return [];
  const wanted = [...new Set(keys)];
  const all: PendingRow[] = [];
  for (let after = ''; ; ) {
    const rows = await db.read<PendingRow>(
      `UNWIND $wanted AS key
       CALL (key) { MATCH (p:_Pending {fromKey: key}) RETURN p UNION MATCH (p:_Pending {toKey: key}) RETURN p }
       WITH DISTINCT p WHERE p.id > $after
       RETURN p.id AS id, p.fromKey, p.toKey, p.kind, p.source, p.qualifier, p.flags, p.properties
       ORDER BY id LIMIT $limit`,
      { wanted, after, limit: PENDING_CHUNK },
    );
    all.push(...rows);
    if (rows.length < PENDING_CHUNK) break;
    after = rows[rows.length - 1]![0];
  }
  return all.map(([, fromKey, toKey, kind, source, qualifier, flags, text]) => ({
    source,
    fromKey,
    kind: linkKindOf(kind)!,
    toKey,
    qualifier,
    flags,
    properties: text === null ? null : JSON.parse(text),
  }));
}

export async function countPending(db: Database, connector: string | undefined): Promise<number> {
  const [row] =
    connector === undefined
      ? await db.read<[number]>('MATCH (p:_Pending) RETURN count(p)')
      : await db.read<[number]>(
          `MATCH (s:_Source {connector: $connector}) WITH collect(s.id) AS sources
           MATCH (p:_Pending) WHERE p.source IN sources RETURN count(p)`,
          { connector },
        );
  return row?.[0] ?? 0;
}

/** Every key that a pending link names, each once. */
export async function* readPendingKeys(db: Database): AsyncGenerator<readonly string[]> {
  for (const cypher of [
    'MATCH (p:_Pending) USING INDEX p:_Pending(fromKey) WHERE p.fromKey > $after RETURN DISTINCT p.fromKey AS key ORDER BY key LIMIT $limit',
    `MATCH (p:_Pending) USING INDEX p:_Pending(toKey) WHERE p.toKey > $after WITH DISTINCT p.toKey AS key
     WHERE NOT EXISTS { (:_Pending {fromKey: key}) } RETURN key ORDER BY key LIMIT $limit`,
  ]) {
    let after = '';
    for (;;) {
      const rows = await db.read<[string]>(cypher, { after, limit: PENDING_CHUNK });
      if (rows.length > 0) yield rows.map(([key]) => key);
      if (rows.length < PENDING_CHUNK) break;
      after = rows[rows.length - 1]![0];
    }
  }
}

function parsed(rows: readonly (readonly [string])[]): JsonObject | null {
  return rows[0] === undefined ? null : JSON.parse(rows[0][0]);
}
