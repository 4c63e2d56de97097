import type { CommittedChange } from '../../../src/domain/changes.ts';
import { AppError, storeReplaced } from '../../../src/domain/errors.ts';
import { type ChangeRow, decodeChange } from '../shared/change-row.ts';
import { type Database, type Transaction, TURN_MS } from './driver.ts';

type Reader = Pick<Database, 'read' | 'write'>;

/** Of a node `c`, in the order of {@link ChangeRow}. */
export const CHANGE_FIELDS = 'c.seq, c.changeId, c.at, c.cause, c.connector, c.runId, c.actor, c.body';

/** @throws AppError `STORE_REPLACED` when the database holds another store than the one that was opened */
export async function readRange(
  db: Reader,
  storeId: string,
): Promise<{ readonly seq: number; readonly horizon: number }> {
  const [row] = await db.read<[number, number, string]>(
    "MATCH (m:_Meta {name: 'graph'}) RETURN m.seq, m.horizon, m.storeId",
  );
  if (row?.[2] !== storeId) throw storeReplaced();
  return { seq: row[0], horizon: row[1] };
}

/**
 * The newest seq once everything up to it can be read. A commit becomes visible piece by piece; the lock is given
 * back when all of it is.
 */
export function readSettledRange(db: Reader): Promise<{ readonly seq: number; readonly horizon: number }> {
  const read = async (tx: Transaction): Promise<{ readonly seq: number; readonly horizon: number }> => {
    const [, [row]] = await Promise.all([
      tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.lock = true"),
      tx.run<[number, number]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.seq, m.horizon"),
    ]);
    return { seq: row![0], horizon: row![1] };
  };
  return db.write(read, { turnMs: TURN_MS });
}

/** Rows read at once, at most; the first comes alone, and of large ones fewer come. */
const MAX_ROWS = 64;
/** Bytes of rows read at once, unless one row alone has more. A first sync's row has 100,000. */
const READ_AHEAD = 2_000_000;

/**
 * In small batches, each row decoded when it is asked for. Rows that were read stay true whatever is pruned later; a
 * prune in between is noticed by the next batch.
 */
export async function* readChanges(
  db: Reader,
  storeId: string,
  after: number,
  options: { readonly signal?: AbortSignal; readonly limit?: number },
): AsyncGenerator<CommittedChange> {
  if (!Number.isSafeInteger(after) || after < 0) {
    throw new AppError('INVALID_CURSOR', `The log has no position ${after}.`, { audience: 'user' });
  }
  const { seq: end, horizon } = await readRange(db, storeId);
  if (after < horizon) throw tooOld(after, horizon);
  const until = Math.min(end, after + (options.limit ?? Number.POSITIVE_INFINITY));
  let most = 1;
  for (let seq = after + 1; seq <= until; ) {
    throwIfAborted(options.signal);
    const found = await readRows(db, seq, await countAhead(db, seq, Math.min(most, until - seq + 1)));
    const rows = found.length > 0 ? found : [await readRowLater(db, seq)];
    for (const row of rows) {
      throwIfAborted(options.signal);
      yield decodeChange(row, storeId);
    }
    seq += rows.length;
    most = Math.min(2 * most, MAX_ROWS);
  }
}

/** How many rows from `first` on are read at once. Asking for their sizes costs little beside the rows themselves. */
async function countAhead(db: Reader, first: number, most: number): Promise<number> {
  if (most === 1) return 1;
  const rows = await db.read<[number]>(
    `MATCH (c:_Change) USING INDEX c:_Change(seq) WHERE c.seq >= $first AND c.seq < $end
     RETURN size(c.body) ORDER BY c.seq`,
    { first, end: first + most },
  );
  let count = 0;
  let bytes = 0;
  for (const [size] of rows) {
    bytes += size;
    if (bytes > READ_AHEAD) break;
    count++;
  }
  return Math.max(1, count);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AppError('ABORTED', 'Reading the change log was cancelled.', { retryable: true, cause: signal.reason });
}

/** From `first` on without a gap, `count` at most. */
async function readRows(db: Reader, first: number, count: number): Promise<ChangeRow[]> {
  const rows = await db.read<ChangeRow>(
    `MATCH (c:_Change) USING INDEX c:_Change(seq) WHERE c.seq >= $first AND c.seq < $end
     RETURN ${CHANGE_FIELDS} ORDER BY c.seq`,
    { first, end: first + count },
  );
  const gap = rows.findIndex((row, n) => row[0] !== first + n);
  return gap === -1 ? rows : rows.slice(0, gap);
}

/** A row that was not there: pruned while the consumer was busy, or its commit is not all visible yet. */
async function readRowLater(db: Reader, seq: number): Promise<ChangeRow> {
  const { horizon } = await readSettledRange(db);
  if (seq <= horizon) throw tooOld(seq - 1, horizon);
  const [row] = await readRows(db, seq, 1);
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
