import { AppError } from '../../domain/errors.ts';

/** Relay's `first/after` or `last/before`, checked. `after` and `before` are node ids, both exclusive. */
export interface PageRequest {
  readonly size: number;
  readonly backward: boolean;
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** A page of node ids, ascending, and where it lies. */
export interface IdPage {
  readonly ids: readonly number[];
  readonly total: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** The page of `ids`, which must be ascending and unique. */
export function pageOf(ids: Uint32Array, request: PageRequest): IdPage {
  const low = request.after === undefined ? 0 : lowerBound(ids, request.after + 1);
  const high = request.before === undefined ? ids.length : lowerBound(ids, request.before);
  const start = request.backward ? Math.max(low, high - request.size) : low;
  const end = request.backward ? high : Math.min(high, low + request.size);
  return {
    ids: start < end ? [...ids.subarray(start, end)] : [],
    total: ids.length,
    hasNextPage: end < ids.length,
    hasPreviousPage: start > 0,
  };
}

/** Place of the first id that is not smaller than `id`. */
export function lowerBound(ids: Uint32Array, id: number): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Opaque cursor of a node in a list under a node. It belongs to one store: another one numbers its nodes otherwise. */
export function nodeCursor(storeId: string, id: number): string {
  return Buffer.from(`i:${storeId.slice(0, 8)}:${id}`, 'utf8').toString('base64url');
}

/** @throws AppError `INVALID_CURSOR` for anything that {@link nodeCursor} of the same store did not make */
export function parseNodeCursor(storeId: string, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const match = /^i:([^:]{1,8}):([1-9][0-9]{0,9})$/.exec(text);
  if (match === null || match[1] !== storeId.slice(0, 8) || Number(match[2]) > 0xffffffff) {
    throw new AppError('INVALID_CURSOR', 'This cursor is none of this list; read the list from its beginning.', {
      audience: 'user',
    });
  }
  return Number(match[2]);
}
