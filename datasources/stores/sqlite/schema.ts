import { randomUUID } from 'node:crypto';
import { AppError } from '../../../src/domain/errors.ts';
import type { Connection } from './driver.ts';

/** `CRWS`: marks the file as ours, so that nobody else's database is migrated by mistake. */
const APPLICATION_ID = 0x43525753;

/**
 * Numbered by position, 1 first. Append only: a released migration never changes.
 *
 * - node: what lists do not need; removed nodes stay as tombstones (key → id for ever).
 * - listed, term, searched, search: what lists and the search need, of living nodes only. Narrow, so that a scan
 *   stays small. Texts in them are folded.
 * - link + link_body: most links carry nothing, so the properties live apart; by source first, for a sync's look-up.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table meta (name text primary key, value any) strict, without rowid;
  create table source (id integer primary key, connector text not null, listing text not null, unique (connector, listing)) strict;

  create table node (
    id integer primary key, key text not null unique, kind integer not null, flags integer not null,
    source integer not null, hash integer not null, removed integer not null, seq integer not null,
    first_seen_at integer not null, changed_at integer not null, name text not null, properties text not null
  ) strict;
  create table redirect (from_key text primary key, to_key text not null) strict, without rowid;
  create index redirect_to on redirect (to_key);

  create table listed (
    id integer primary key, kind integer not null, connector text not null, live integer not null,
    type text, status text, entry text, mfa integer, department text,
    name text not null, created_at integer, last_login_at integer, changed_at integer not null, connectors text
  ) strict;
  create index listed_id on listed (kind);
  create index listed_name on listed (kind, name);
  create index listed_created on listed (kind, created_at);
  create index listed_login on listed (kind, last_login_at);
  create index listed_changed on listed (kind, changed_at);
  create table term (field integer not null, term text not null, id integer not null, primary key (field, term, id)) strict, without rowid;
  create table searched (id integer primary key, text text not null) strict;
  create virtual table search using fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');

  create table link (
    from_id integer not null, to_id integer not null, kind integer not null, source integer not null,
    qualifier text not null, flags integer not null,
    primary key (from_id, to_id, kind, source, qualifier)
  ) strict, without rowid;
  create table link_body (
    source integer not null, from_id integer not null, to_id integer not null, kind integer not null,
    qualifier text not null, hash integer not null, properties text,
    primary key (source, from_id, to_id, kind, qualifier)
  ) strict, without rowid;
  create table pending (
    from_key text not null, to_key text not null, kind integer not null, source integer not null,
    qualifier text not null, flags integer not null, properties text,
    primary key (from_key, to_key, kind, source, qualifier)
  ) strict, without rowid;
  create index pending_to on pending (to_key);

  create table change (
    seq integer primary key, change_id text not null unique, at integer not null, cause text not null,
    connector text, run_id text, actor text, body any not null
  ) strict;
  create table quiet_change (n integer primary key, change_id text not null unique) strict;

  create table checkpoint (connector text not null, listing text not null, state text not null, primary key (connector, listing)) strict, without rowid;
  create table record (type text not null, id text not null, value text not null, primary key (type, id)) strict, without rowid;
  create table consumer (name text primary key, seq integer not null) strict, without rowid;
  create table lease (name text primary key, holder text not null, token integer not null, expires_at integer not null) strict, without rowid;
  `,
];

/** Oldest SQLite in which two connections on one WAL file are safe (WAL-reset corruption, fixed in 3.51.3). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/**
 * @throws AppError `STORE_UNAVAILABLE` for a SQLite that can corrupt a store used by two connections
 */
export function checkEngine(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [i, least] of OLDEST_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part > least) return;
    if (part < least || Number.isNaN(part)) {
      throw new AppError(
        'STORE_UNAVAILABLE',
        `SQLite ${version} is too old: ${OLDEST_SQLITE.join('.')} or newer is needed. Reinstall the dependencies.`,
      );
    }
  }
}

/**
 * Brings an empty or older file to the newest schema; each migration is one transaction.
 * @throws AppError `STORE_SCHEMA_NEWER`, `STORE_CORRUPT` (somebody else's database)
 */
export function migrate(db: Connection, path: string, migrations: readonly string[] = MIGRATIONS): number {
  const version = db.get<[number]>('pragma user_version')![0];
  const owner = db.get<[number]>('pragma application_id')![0];
  const tables = db.get<[number]>('select count(*) from sqlite_schema')![0];
  if (tables > 0 && owner !== APPLICATION_ID) {
    throw new AppError('STORE_CORRUPT', `${path} is a database of another program; choose another path.`);
  }
  if (version > migrations.length) {
    throw new AppError(
      'STORE_SCHEMA_NEWER',
      `The store ${path} has schema ${version}, this Crosswalk knows up to ${migrations.length}. Use the newer version again.`,
      { details: { found: version, known: migrations.length } },
    );
  }
  for (let next = version; next < migrations.length; next++) {
    db.transaction(() => {
      db.exec(migrations[next]!);
      if (next === 0) {
        db.exec(`pragma application_id = ${APPLICATION_ID}`);
        const add = 'insert into meta (name, value) values (?, ?)';
        db.run(add, 'storeId', randomUUID());
        for (const name of ['seq', 'at', 'horizon']) db.run(add, name, 0);
        db.run(add, 'nextId', 1);
      }
      db.exec(`pragma user_version = ${next + 1}`);
    });
  }
  return migrations.length;
}
