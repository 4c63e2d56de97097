import type { Lease } from '../../../src/ports/graph-store.ts';
import type { Connection } from './driver.ts';

/**
 * Only one process can have the store open, so whoever held a lease before is gone. The rows stay: tokens must grow
 * for ever.
 */
export function expireLeases(db: Connection): void {
  db.run('update lease set expires_at = 0');
}

export function acquireLease(
  db: Connection,
  { name, holder, ttlMs }: { readonly name: string; readonly holder: string; readonly ttlMs: number },
  now: number,
): Lease | null {
  const row = db.get<[string, number, number]>('select holder, token, expires_at from lease where name = ?', name);
  if (row !== undefined && row[0] !== holder && row[2] > now) return null;
  const lease = { name, holder, token: (row?.[1] ?? 0) + 1, expiresAt: now + ttlMs };
  const sql = 'insert or replace into lease (name, holder, token, expires_at) values (?, ?, ?, ?)';
  db.run(sql, name, holder, lease.token, lease.expiresAt);
  return lease;
}

/** A lease that ran out is lost, even when nobody took it: its holder cannot know what happened in between. */
export function renewLease(db: Connection, lease: Lease, ttlMs: number, now: number): boolean {
  const sql = 'update lease set expires_at = ? where name = ? and token = ? and expires_at > ?';
  return db.run(sql, now + ttlMs, lease.name, lease.token, now) === 1;
}

export function releaseLease(db: Connection, lease: Lease): void {
  db.run('update lease set expires_at = 0 where name = ? and token = ?', lease.name, lease.token);
}
