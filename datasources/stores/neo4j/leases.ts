import type { Lease } from '../../../src/ports/graph-store.ts';
import type { Transaction } from './driver.ts';

const lock = (tx: Transaction, name: string): Promise<unknown> =>
  tx.run(`MERGE (l:_Lease {name: $name}) ON CREATE SET l.holder = '', l.token = 0, l.expiresAt = 0 SET l.lock = true`, {
    name,
  });

/**
 * Each lease is a node of its own and the lock on it orders those who want it. Rows stay for ever: tokens must grow.
 * Time is that of the asking gateway, so the clocks of gateways should differ by much less than a lease lasts.
 */
export async function acquireLease(
  tx: Transaction,
  { name, holder, ttlMs }: { readonly name: string; readonly holder: string; readonly ttlMs: number },
  now: number,
): Promise<Lease | null> {
  // Gateways that stand by ask every second: the usual answer locks and writes nothing.
  const taken = 'MATCH (l:_Lease {name: $name}) WHERE l.holder <> $holder AND l.expiresAt > $now RETURN true';
  if ((await tx.run(taken, { name, holder, now })).length > 0) return null;
  const expiresAt = now + ttlMs;
  const [, [row]] = await Promise.all([
    lock(tx, name),
    tx.run<[number]>(
      `MATCH (l:_Lease {name: $name}) WHERE l.holder = $holder OR l.expiresAt <= $now
       SET l.holder = $holder, l.token = l.token + 1, l.expiresAt = $expiresAt RETURN l.token`,
      { name, holder, now, expiresAt },
    ),
  ]);
  return row === undefined ? null : { name, holder, token: row[0], expiresAt };
}

/** A lease that ran out is lost, even when nobody took it: its holder cannot know what happened in between. */
export async function renewLease(tx: Transaction, lease: Lease, ttlMs: number, now: number): Promise<boolean> {
  const { name, token } = lease;
  const [, rows] = await Promise.all([
    lock(tx, name),
    tx.run<[number]>(
      'MATCH (l:_Lease {name: $name}) WHERE l.token = $token AND l.expiresAt > $now SET l.expiresAt = $expiresAt RETURN l.token',
      { name, token, now, expiresAt: now + ttlMs },
    ),
  ]);
  return rows.length === 1;
}

export async function releaseLease(tx: Transaction, { name, token }: Lease): Promise<void> {
  await Promise.all([
    lock(tx, name),
    tx.run('MATCH (l:_Lease {name: $name}) WHERE l.token = $token SET l.expiresAt = 0', { name, token }),
  ]);
}
