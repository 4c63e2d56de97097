import { AppError } from '../../domain/errors.ts';

/**
 * A place in the change log of one store: everything up to `seq` has been seen, and of the change after it the first
 * `items` nodes and links (0: nothing of it).
 */
export interface ChangeCursor {
  readonly storeId: string;
  readonly seq: number;
  readonly items: number;
}

/** Opaque form for clients; also used as event id over SSE. */
export function encodeCursor(cursor: ChangeCursor): string {
  return Buffer.from(`e:${cursor.storeId}:${cursor.seq}:${cursor.items}`, 'utf8').toString('base64url');
}

/** @throws AppError `INVALID_CURSOR` for anything that {@link encodeCursor} did not make */
export function decodeCursor(text: string): ChangeCursor {
  const plain = /^[A-Za-z0-9_-]{1,256}$/.test(text) ? Buffer.from(text, 'base64url').toString('utf8') : '';
  const match = /^e:(.{1,128}):(0|[1-9][0-9]{0,14}):(0|[1-9][0-9]{0,14})$/.exec(plain);
  if (match === null) {
    throw new AppError(
      'INVALID_CURSOR',
      'This is no cursor of graphChanges; take one from an event or from graph { cursor }, or leave it out.',
      { audience: 'user' },
    );
  }
  return { storeId: match[1]!, seq: Number(match[2]), items: Number(match[3]) };
}
