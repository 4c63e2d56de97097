import { z } from 'zod';
import { AppError } from '../../../src/domain/errors.ts';
import { contentHash } from '../../../src/domain/graph.ts';

/** Bump when the order of a page or the shape of a position changes: old cursors are then refused, not misread. */
const VERSION = 1;
/** No cursor of ours is longer: a name of 1,000 characters takes up to 26,000. */
const MAX_CURSOR = 40_000;

/**
 * Opaque cursors of one query: a position with the fingerprint of what was asked, so that a cursor of another
 * query (or of garbage) is refused instead of landing somewhere.
 */
export class CursorCodec<Position> {
  readonly #fingerprint: number;
  readonly #shape: z.ZodType<[typeof VERSION, number, Position]>;

  /** @param query everything that decides membership and order, as plain JSON */
  constructor(query: unknown, position: z.ZodType<Position>) {
    this.#fingerprint = contentHash(query);
    this.#shape = z.tuple([z.literal(VERSION), z.literal(this.#fingerprint), position]);
  }

  encode(position: Position): string {
    return Buffer.from(JSON.stringify([VERSION, this.#fingerprint, position]), 'utf8').toString('base64url');
  }

  /** @throws AppError `INVALID_CURSOR` */
  decode(cursor: string): Position {
    if (cursor.length <= MAX_CURSOR) {
      try {
        return this.#shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))[2];
      } catch {
        // Not JSON, another shape, version or query: all the same to the asker.
      }
    }
    throw new AppError('INVALID_CURSOR', 'The cursor does not belong to this query; start again without it.', {
      audience: 'user',
    });
  }
}

/** @throws AppError `UNSUPPORTED_QUERY` */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new AppError('UNSUPPORTED_QUERY', 'A page holds 1 to 1,000 items.', { audience: 'user' });
  }
}
