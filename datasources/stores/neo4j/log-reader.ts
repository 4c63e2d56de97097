import type { CommittedChange } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import { type ChangeRow, decodeChange } from '../shared/change-row.ts';
import type { Database } from './driver.ts';

/** Of a node `c`, in the order of {@link ChangeRow}. */
export const CHANGE_FIELDS = 'c.seq, c.changeId, c.at, c.cause, c.connector, c.runId, c.actor, c.body';

export async function readRange(db: Database): Promise<{ readonly seq: number; readonly horizon: number }> {
  const [row] = await db.read<[number, number]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.seq, m.horizon");
  return { seq: row![0], horizon: row![1] };
}

/**
 * The newest seq once everything up to it can be read. A commit becomes visible piece by piece; the lock is given
 * back when all of it is.
 */
export function readSettledRange(db: Database): Promise<{ readonly seq: number; readonly horizon: number }> {
  return db.write(async (tx) => {
    const [, [row]] = await Promise.all([
      tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
      tx.run<[number, number]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.seq, m.horizon"),
    ]);
    return { seq: row![0], horizon: row![1] };
  });
}

/** One row at a time, so that a prune in between is noticed. */
export async function* readChanges(
  db: Database,
  storeId: string,
  after: number,
  options: { readonly signal?: AbortSignal; readonly limit?: number },
): AsyncGenerator<CommittedChange> {
  if (!Number.isSafeInteger(after) || after < 0) {
    throw new AppError('INVALID_CURSOR', `The log has no position ${after}.`, { audience: 'user' });
  }
  const { seq: end, horizon } = await readRange(db);
  if (after < horizon) throw tooOld(after, horizon);
  const until = Math.min(end, after + (options.limit ?? Number.POSITIVE_INFINITY));
  for (let seq = after + 1; seq <= until; seq++) {
    if (options.signal?.aborted) {
      throw new AppError('ABORTED', 'Reading the change log was cancelled.', {
        retryable: true,
        cause: options.signal.reason,
      });
    }
    yield decodeChange((await readRow(db, seq)) ?? (await readRowLater(db, seq)), storeId);
  }
}

async function readRow(db: Database, seq: number): Promise<ChangeRow | undefined> {
  const [row] = await db.read<ChangeRow>(`MATCH (c:_Change {seq: $seq}) RETURN ${CHANGE_FIELDS}`, { seq });
  return row;
}

/** A row that was not there: pruned while the consumer was busy, or its commit is not all visible yet. */
async function readRowLater(db: Database, seq: number): Promise<ChangeRow> {
  const { horizon } = await readSettledRange(db);
  if (seq <= horizon) throw tooOld(seq - 1, horizon);
  const row = await readRow(db, seq);
  if (row !== undefined) return row;
  throw new AppError('STORE_CORRUPT', `Row ${seq} of the change log is missing. Restore a backup, or sync anew.`);
}

function tooOld(after: number, horizon: number): AppError {
  return new AppError(
    'CURSOR_TOO_OLD',
    `The change log begins after ${horizon}; ${after} is no longer covered. Read the present state and go on from there.`,
    { audience: 'user', details: { horizon } },
  );
}
