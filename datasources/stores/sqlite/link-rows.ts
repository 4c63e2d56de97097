import type { LinkUpsert } from '../../../src/domain/changes.ts';
import type { LinkKey } from '../../../src/domain/graph.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { ABSENT, linkStateText } from '../shared/change-body.ts';
import { type CommitContext, checkSource } from './commit-context.ts';
import type { Connection, Value } from './driver.ts';

interface StoredLink {
  readonly flags: number;
  readonly hash: number;
  /** JSON text. */
  readonly properties: string | null;
}

const KEY = 'from_id = ? and to_id = ? and kind = ? and source = ? and qualifier = ?';
const BODY_KEY = 'source = ? and from_id = ? and to_id = ? and kind = ? and qualifier = ?';

export function upsertLink(context: CommitContext, link: LinkUpsert): void {
  const { db, body } = context;
  checkSource(context.sources, link.source);
  const kind = linkKindCode(link.kind);
  const key = [link.from, link.to, kind, link.source, link.qualifier];
  const properties = link.properties === null ? null : JSON.stringify(link.properties);
  const after = linkStateText(link.flags, link.hash, properties);
  // Nearly all links of a first sync are new: try that before reading.
  const inserted = db.run(
    'insert into link (from_id, to_id, kind, source, qualifier, flags) values (?, ?, ?, ?, ?, ?) on conflict do nothing',
    ...key,
    link.flags,
  );
  let before = ABSENT;
  if (inserted === 0) {
    const stored = readLink(db, link, key)!;
    if (stored.flags === link.flags && stored.hash === link.hash) return;
    before = linkStateText(stored.flags, stored.hash, stored.properties);
    db.run(`update link set flags = ? where ${KEY}`, link.flags, ...key);
    if (link.hash === 0 && properties === null) db.run(`delete from link_body where ${BODY_KEY}`, ...bodyKey(link));
  }
  if (link.hash !== 0 || properties !== null) {
    db.run(
      'insert or replace into link_body (source, from_id, to_id, kind, qualifier, hash, properties) values (?, ?, ?, ?, ?, ?, ?)',
      ...bodyKey(link),
      link.hash,
      properties,
    );
  }
  body.link(link.source, link.from, kind, link.to, link.qualifier, before, after);
}

export function removeLink({ db, body }: CommitContext, link: LinkKey): void {
  const kind = linkKindCode(link.kind);
  const key = [link.from, link.to, kind, link.source, link.qualifier];
  const stored = readLink(db, link, key);
  if (stored === null) return;
  db.run(`delete from link where ${KEY}`, ...key);
  db.run(`delete from link_body where ${BODY_KEY}`, ...bodyKey(link));
  const before = linkStateText(stored.flags, stored.hash, stored.properties);
  body.link(link.source, link.from, kind, link.to, link.qualifier, before, ABSENT);
}

function readLink(db: Connection, link: LinkKey, key: readonly Value[]): StoredLink | null {
  const row = db.get<[number]>(`select flags from link where ${KEY}`, ...key);
  if (row === undefined) return null;
  const body = db.get<[number, string | null]>(
    `select hash, properties from link_body where ${BODY_KEY}`,
    ...bodyKey(link),
  );
  return { flags: row[0], hash: body?.[0] ?? 0, properties: body?.[1] ?? null };
}

function bodyKey(link: LinkKey): Value[] {
  return [link.source, link.from, link.to, linkKindCode(link.kind), link.qualifier];
}
