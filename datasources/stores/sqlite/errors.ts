import { AppError, asAppError } from '../../../src/domain/errors.ts';

/** SQLite's primary result codes that mean something to an operator. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
const PERMISSION = 3;

/**
 * A failure of SQLite or the file system as the store's error. What is an AppError already passes through.
 * Messages name the file, never a statement or a value.
 */
export function storeError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return full(path, error);
  if (error instanceof Error && 'syscall' in error) return notWritable(path, error);
  const primary = primaryCode(error);
  // Not SQLite's: a mistake of ours.
  if (primary === null && code !== 'ERR_SQLITE_ERROR') return asAppError(error);
  switch (primary) {
    case FULL:
      return full(path, error);
    case CORRUPT:
    case NOTADB:
      return new AppError(
        'STORE_CORRUPT',
        `The store ${path} is damaged or no SQLite file. Move it away and restore a backup, or start with an empty one and sync again.`,
        { cause: error },
      );
    case BUSY:
    case LOCKED:
      return new AppError('STORE_UNAVAILABLE', `The store ${path} is locked by another program; try again.`, {
        retryable: true,
        cause: error,
      });
    case READONLY:
    case CANTOPEN:
    case PERMISSION:
      return notWritable(path, error);
    case IOERR:
      return new AppError('STORE_UNAVAILABLE', `Reading or writing the store ${path} failed; check the disk.`, {
        retryable: true,
        cause: error,
      });
    default:
      return new AppError('STORE_UNAVAILABLE', `The store ${path} failed inside SQLite.`, {
        audience: 'developer',
        cause: error,
      });
  }
}

export function closedError(): AppError {
  return new AppError('STORE_CLOSED', 'The store is closed.', { audience: 'developer' });
}

function full(path: string, cause: unknown): AppError {
  return new AppError(
    'STORE_FULL',
    `No room left for the store ${path}. Free disk space; nothing half-written stays.`,
    {
      retryable: true,
      cause,
    },
  );
}

function notWritable(path: string, cause: unknown): AppError {
  return new AppError(
    'STORE_UNAVAILABLE',
    `The store ${path} cannot be opened for writing. Check that its folder exists and belongs to this user.`,
    { cause },
  );
}

function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** The binding drops the code of some failures (`all`) and keeps SQLite's own sentence only. */
const SENTENCES: readonly (readonly [string, number])[] = [
  ['database is locked', BUSY],
  ['attempt to write a readonly database', READONLY],
  ['disk I/O error', IOERR],
  ['database disk image is malformed', CORRUPT],
  ['database or disk is full', FULL],
  ['unable to open database file', CANTOPEN],
  ['file is not a database', NOTADB],
];

function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  // Extended codes carry the primary one in the low byte.
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 255;
  return SENTENCES.find(([sentence]) => error.message.includes(sentence))?.[1] ?? null;
}
