import { AppError } from '../../../src/domain/errors.ts';
import { Connection } from './driver.ts';
import { storeError } from './errors.ts';

/**
 * Claims a store for this process until closed. The claim is an SQLite lock on an empty side file, so the operating
 * system drops it when the process dies, however it dies: there is no stale lock to clean up.
 * @throws AppError `STORE_IN_USE` while another process (or another store object in this one) has it
 */
export function claim(path: string): { release(): void } {
  const side = `${path}.lock`;
  let lock: Connection | null = null;
  try {
    lock = new Connection(side, { busyTimeoutMs: 0 });
    // No journal file: nothing is ever written.
    lock.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    lock?.close();
    const problem = storeError(error, side);
    if (!problem.retryable) throw problem;
    throw new AppError(
      'STORE_IN_USE',
      `The store ${path} is in use by another process. Stop that one, or give this one a path of its own.`,
      { cause: error },
    );
  }
  const held = lock;
  return { release: () => held.close() };
}
