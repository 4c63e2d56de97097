import { randomUUID } from 'node:crypto';
import { AppError } from '../../../src/domain/errors.ts';
import { LINK_KIND_NAMES } from '../../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../../src/domain/node-kinds.ts';
import { type Database, LONG_WRITE_MS, type Transaction } from './driver.ts';

const OLDEST = [5, 26] as const;

/** The only statement before the lock exists: two gateways that open an empty database meet on this node. */
const META_CONSTRAINT = 'CREATE CONSTRAINT _meta_name IF NOT EXISTS FOR (n:_Meta) REQUIRE n.name IS UNIQUE';

const unique = (name: string, label: string, ...properties: string[]): string =>
  `CREATE CONSTRAINT ${name} IF NOT EXISTS FOR (n:${label}) REQUIRE (${properties.map((p) => `n.${p}`).join(', ')}) IS UNIQUE`;
const index = (name: string, label: string, ...properties: string[]): string =>
  `CREATE INDEX ${name} IF NOT EXISTS FOR (n:${label}) ON (${properties.map((p) => `n.${p}`).join(', ')})`;

/**
 * Numbered by position, 1 first. Append only: a released migration never changes. Every statement may run again: one
 * that was interrupted is repeated from its beginning.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    unique('_node_id', '_Node', '_id'),
    unique('_node_key', '_Node', 'key'),
    unique('_source_ref', '_Source', 'connector', 'listing'),
    unique('_source_id', '_Source', 'id'),
    unique('_change_seq', '_Change', 'seq'),
    unique('_change_id', '_Change', 'changeId'),
    unique('_quiet_id', '_QuietChange', 'changeId'),
    index('_quiet_n', '_QuietChange', 'n'),
    unique('_pending_id', '_Pending', 'id'),
    index('_pending_from', '_Pending', 'fromKey'),
    index('_pending_to', '_Pending', 'toKey'),
    unique('_redirect_from', '_Redirect', 'from'),
    index('_redirect_to', '_Redirect', 'to'),
    unique('_checkpoint_ref', '_Checkpoint', 'connector', 'listing'),
    unique('_record_id', '_Record', 'type', 'id'),
    unique('_consumer_name', '_Consumer', 'name'),
    unique('_lease_name', '_Lease', 'name'),
    index('_listed_id', '_Node', '_kind', '_id'),
    index('_listed_name', '_Node', '_kind', '_name'),
    index('_listed_created', '_Node', '_kind', '_createdAt'),
    index('_listed_login', '_Node', '_kind', '_lastLoginAt'),
    index('_listed_changed', '_Node', '_kind', '_changedAt'),
    'CREATE TEXT INDEX _search IF NOT EXISTS FOR (n:_Node) ON (n._search)',
    // What a sync compares: links that carry properties, by their source.
    ...LINK_KIND_NAMES.map((kind) => `CREATE INDEX _hashed_${kind} IF NOT EXISTS FOR ()-[r:${kind}]-() ON (r._hashed)`),
    // For people: words in any order. Eventually consistent, so that no commit waits for it.
    `CREATE FULLTEXT INDEX words IF NOT EXISTS FOR (n:${NODE_KINDS.join('|')})
     ON EACH [n.name, n.displayName, n.userName, n.emails, n.employeeNumber, n.description]
     OPTIONS { indexConfig: { \`fulltext.eventually_consistent\`: true } }`,
  ],
];

/** `5.26.8`, `community`. */
export interface Engine {
  readonly version: string;
  readonly edition: string;
}

/**
 * What answers at the other end.
 * @throws AppError `STORE_UNAVAILABLE` for a release without what the store needs
 */
export async function checkEngine(db: Database, uri: string): Promise<Engine> {
  const rows = await db.read<[string, string[], string]>(
    'CALL dbms.components() YIELD name, versions, edition RETURN name, versions, edition',
  );
  const kernel = rows.find(([name]) => name === 'Neo4j Kernel');
  const version = kernel?.[1][0] ?? '';
  const edition = kernel?.[2] ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new AppError(
      'STORE_UNAVAILABLE',
      `Neo4j at ${uri} is ${version || 'of an unknown release'}; Crosswalk needs ${OLDEST.join('.')} or newer. Upgrade the server.`,
      { details: { found: version, needed: OLDEST.join('.') } },
    );
  }
  return { version, edition };
}

export interface Opened {
  readonly storeId: string;
  readonly seq: number;
  readonly schema: number;
}

/**
 * Brings an empty or older database to the newest schema. Of several gateways that open at once one migrates, the
 * others wait.
 * @throws AppError `STORE_SCHEMA_NEWER`, `STORE_CORRUPT` (a database with somebody else's data)
 */
export async function migrate(db: Database, uri: string, migrations = MIGRATIONS): Promise<Opened> {
  const found = await readMeta(db);
  if (found !== null && found.schema === migrations.length) return found;
  checkVersion(found, uri, migrations.length);
  if (found === null) await refuseForeign(db, uri);
  await db.schema(META_CONSTRAINT);
  const makeMeta = async (tx: Transaction): Promise<void> => {
    await tx.run(
      `MERGE (m:_Meta {name: 'graph'})
         ON CREATE SET m.storeId = $storeId, m.schema = 0, m.seq = 0, m.at = 0, m.horizon = 0, m.quiet = 0
       MERGE (i:_Meta {name: 'ids'}) ON CREATE SET i.nextId = 1, i.nextSource = 1`,
      { storeId: randomUUID() },
    );
  };
  await db.write(makeMeta, { timeoutMs: LONG_WRITE_MS });
  // Schema statements cannot run in the transaction that holds the lock, so they run beside it.
  const bringUp = async (tx: Transaction): Promise<void> => {
    await tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true");
    const [[schema] = [0]] = await tx.run<[number]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.schema");
    for (const statements of migrations.slice(schema)) for (const statement of statements) await db.schema(statement);
    await db.schema('CALL db.awaitIndexes(600)');
    if (schema < migrations.length) {
      await tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.schema = $schema", { schema: migrations.length });
    }
  };
  await db.write(bringUp, { timeoutMs: LONG_WRITE_MS });
  const opened = await readMeta(db);
  checkVersion(opened, uri, migrations.length);
  return opened!;
}

async function readMeta(db: Database): Promise<Opened | null> {
  const [row] = await db.read<[string, number, number]>(
    "MATCH (m:_Meta {name: 'graph'}) RETURN m.storeId, m.seq, m.schema",
  );
  return row === undefined ? null : { storeId: row[0], seq: row[1], schema: row[2] };
}

function checkVersion(found: Opened | null, uri: string, known: number): void {
  if (found === null || found.schema <= known) return;
  throw new AppError(
    'STORE_SCHEMA_NEWER',
    `The store in Neo4j at ${uri} has schema ${found.schema}, this Crosswalk knows up to ${known}. Use the newer version again.`,
    { details: { found: found.schema, known } },
  );
}

async function refuseForeign(db: Database, uri: string): Promise<void> {
  const [[count] = [0]] = await db.read<[number]>('MATCH (n) WHERE NOT n:_Meta RETURN count(n)');
  if (count === 0) return;
  throw new AppError(
    'STORE_CORRUPT',
    `The database at ${uri} holds data of another program (${count} nodes); give Crosswalk one of its own.`,
  );
}
