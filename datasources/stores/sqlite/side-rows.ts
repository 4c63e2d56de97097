import type { ChangeSet } from '../../../src/domain/changes.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { checkSource, invalidChange } from './commit-context.ts';
import type { Connection } from './driver.ts';

/** What travels with a change set but is no part of the graph: it takes no seq. */
export function writeSideRows(db: Connection, sources: ReadonlySet<number>, change: ChangeSet): void {
  for (const link of change.addPending ?? []) {
    checkSource(sources, link.source);
    db.run(
      'insert or replace into pending (from_key, to_key, kind, source, qualifier, flags, properties) values (?, ?, ?, ?, ?, ?, ?)',
      ...[link.fromKey, link.toKey, linkKindCode(link.kind), link.source, link.qualifier, link.flags],
      link.properties === null ? null : JSON.stringify(link.properties),
    );
  }
  for (const link of change.removePending ?? []) {
    db.run(
      'delete from pending where from_key = ? and to_key = ? and kind = ? and source = ? and qualifier = ?',
      ...[link.fromKey, link.toKey, linkKindCode(link.kind), link.source, link.qualifier],
    );
  }
  for (const { from, to } of change.redirects ?? []) writeRedirect(db, from, to);
  for (const { source, state } of change.checkpoints ?? []) {
    if (state === null) {
      db.run('delete from checkpoint where connector = ? and listing = ?', source.connector, source.listing);
    } else {
      const sql = 'insert or replace into checkpoint (connector, listing, state) values (?, ?, ?)';
      db.run(sql, source.connector, source.listing, JSON.stringify(state));
    }
  }
  if (change.consumer !== undefined) writeCursor(db, change.consumer.name, change.consumer.seq);
}

export function writeCursor(db: Connection, consumer: string, seq: number): void {
  if (!Number.isSafeInteger(seq) || seq < 0) throw invalidChange(`A cursor cannot stand at ${seq}.`);
  db.run('insert or replace into consumer (name, seq) values (?, ?)', consumer, seq);
}

/** Chains collapse at once, so that a look-up is one step; pointing a key at itself ends its redirect. */
function writeRedirect(db: Connection, from: string, to: string): void {
  if (from === to) {
    db.run('delete from redirect where from_key = ?', from);
    return;
  }
  const next = db.get<[string]>('select to_key from redirect where from_key = ?', to)?.[0];
  if (next === from) db.run('delete from redirect where from_key = ?', to);
  const target = next === undefined || next === from ? to : next;
  db.run('update redirect set to_key = ? where to_key = ?', target, from);
  db.run('insert or replace into redirect (from_key, to_key) values (?, ?)', from, target);
}
