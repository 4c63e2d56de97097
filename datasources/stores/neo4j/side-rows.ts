import { createHash } from 'node:crypto';
import type { ChangeSet, PendingLinkKey } from '../../../src/domain/changes.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { checkKey, checkSource } from './commit-plan.ts';
import type { Transaction } from './driver.ts';
import { invalidChange } from './errors.ts';

/** @throws AppError `CHANGE_INVALID` */
export function checkSideRows(change: ChangeSet, context: { readonly isSource: (id: number) => boolean }): void {
  for (const { source, fromKey, toKey } of change.addPending ?? []) {
    checkSource(source, context);
    checkKey(fromKey);
    checkKey(toKey);
  }
  for (const { from, to } of change.redirects ?? []) {
    checkKey(from);
    checkKey(to);
  }
  if (change.consumer !== undefined) checkCursor(change.consumer.seq);
}

/** What travels with a change set but is no part of the graph: it takes no seq. {@link checkSideRows} comes first. */
export function writeSideRows(tx: Transaction, change: ChangeSet, writes: Promise<unknown>[]): void {
  // The last of several that add the same one counts.
  const pending = new Map((change.addPending ?? []).map((link) => [pendingId(link), link]));
  const rows = [...pending].map(([id, { kind, properties, ...link }]) => ({
    ...{ id, ...link, kind: linkKindCode(kind), properties: properties && JSON.stringify(properties) },
  }));
  if (rows.length > 0) {
    writes.push(tx.run('UNWIND $rows AS r MERGE (p:_Pending {id: r.id}) SET p = r', { rows }));
  }
  if (change.removePending !== undefined && change.removePending.length > 0) {
    writes.push(
      tx.run('UNWIND $ids AS id MATCH (p:_Pending {id: id}) DELETE p', {
        ids: [...new Set(change.removePending.map(pendingId))],
      }),
    );
  }
  for (const { from, to } of change.redirects ?? []) writes.push(...writeRedirect(tx, from, to));
  for (const { source, state } of change.checkpoints ?? []) {
    const { connector, listing } = source;
    writes.push(
      state === null
        ? tx.run('MATCH (c:_Checkpoint {connector: $connector, listing: $listing}) DELETE c', { connector, listing })
        : tx.run('MERGE (c:_Checkpoint {connector: $connector, listing: $listing}) SET c.state = $state', {
            connector,
            listing,
            state: JSON.stringify(state),
          }),
    );
  }
  if (change.consumer !== undefined) writes.push(writeCursor(tx, change.consumer.name, change.consumer.seq));
}

/** @throws AppError `CHANGE_INVALID` */
export function checkCursor(seq: number): void {
  if (!Number.isSafeInteger(seq) || seq < 0) throw invalidChange(`A cursor cannot stand at ${seq}.`);
}

export function writeCursor(tx: Transaction, consumer: string, seq: number): Promise<unknown> {
  return tx.run('MERGE (c:_Consumer {name: $consumer}) SET c.seq = $seq', { consumer, seq });
}

/**
 * Chains collapse at once, so that a look-up is one step; pointing a key at itself ends its redirect, and one that
 * would close a circle turns the older one around.
 */
function writeRedirect(tx: Transaction, from: string, to: string): Promise<unknown>[] {
  return [
    tx.run('MATCH (r:_Redirect {from: $to, to: $from}) DELETE r', { from, to }),
    // From here on the target is `to`, or where `to` itself points.
    tx.run(
      `OPTIONAL MATCH (next:_Redirect {from: $to}) WITH coalesce(next.to, $to) AS target WHERE target <> $from
       OPTIONAL MATCH (r:_Redirect {to: $from})
       WITH target, collect(r) AS older FOREACH (r IN older | SET r.to = target)
       MERGE (r:_Redirect {from: $from}) SET r.to = target`,
      { from, to },
    ),
    tx.run('MATCH (r:_Redirect {from: $from}) WHERE r.to = r.from OR $from = $to DELETE r', { from, to }),
  ];
}

/** Keys may be long, an index entry may not: a digest names the link. */
export function pendingId({ source, fromKey, kind, toKey, qualifier }: PendingLinkKey): string {
  return createHash('sha256')
    .update(JSON.stringify([source, fromKey, kind, toKey, qualifier]))
    .digest('base64url');
}
