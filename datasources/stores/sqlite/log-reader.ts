import type { CommittedChange } from '../../../src/domain/changes.ts';
import { AppError } from '../../../src/domain/errors.ts';
import { type ChangeRow, decodeChange } from '../shared/change-row.ts';
import { CHANGE_COLUMNS } from './change-columns.ts';
import type { Connection } from './driver.ts';
import { readMeta } from './meta.ts';

export function readRange(db: Connection): { readonly seq: number; readonly horizon: number } {
  return { seq: Number(readMeta(db, 'seq')), horizon: Number(readMeta(db, 'horizon')) };
}

/** One row at a time: a row of a first sync alone takes a few ms to decode. */
export function* readChanges(
  db: Connection,
  storeId: string,
  after: number,
  options: { readonly signal?: AbortSignal; readonly limit?: number },
): Generator<CommittedChange> {
  if (!Number.isSafeInteger(after) || after < 0) {
    throw new AppError('INVALID_CURSOR', `The log has no position ${after}.`, { audience: 'user' });
  }
  const { seq: end, horizon } = readRange(db);
  if (after < horizon) throw tooOld(after, horizon);
  const until = Math.min(end, after + (options.limit ?? Number.POSITIVE_INFINITY));
  for (let seq = after + 1; seq <= until; seq++) {
    if (options.signal?.aborted) {
      throw new AppError('ABORTED', 'Reading the change log was cancelled.', {
        retryable: true,
        cause: options.signal.reason,
      });
    }
    const row = db.get<ChangeRow>(`select ${CHANGE_COLUMNS} from change where seq = ?`, seq);
    // Pruned while the consumer was busy with the row before.
    if (row === undefined) throw tooOld(seq - 1, readRange(db).horizon);
    yield decodeChange(row, storeId);
  }
}

function tooOld(after: number, horizon: number): AppError {
  return new AppError(
    'CURSOR_TOO_OLD',
    `The change log begins after ${horizon}; ${after} is no longer covered. Read the present state and go on from there.`,
    { audience: 'user', details: { horizon } },
  );
}
