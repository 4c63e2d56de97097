import { AppError } from '../../../src/domain/errors.ts';

/** A change set that named the seq it was made for came too late. */
export function seqMoved(newest: number): AppError {
  return new AppError('SEQ_MOVED', `Somebody else has committed change ${newest} in between; nothing was written.`, {
    retryable: true,
    audience: 'developer',
  });
}

/** @param where the store, as messages name it: `graph.sqlite`, `in Neo4j at bolt://…` */
export function storeMissing(where: string): AppError {
  return new AppError('STORE_MISSING', `There is no store ${where}. Check the address.`);
}

export function storeNotEmpty(where: string): AppError {
  return new AppError(
    'STORE_NOT_EMPTY',
    `The store ${where} holds a graph already. Name an empty one, or replace what is there with --replace.`,
  );
}

/** A copy into the store did not come to its end. */
export function storeIncomplete(where: string): AppError {
  return new AppError(
    'STORE_INCOMPLETE',
    `The store ${where} holds a part of a graph: a copy into it did not finish. Run "crosswalk store copy" again with --replace, or start with an empty store.`,
  );
}

/** Others wrote while the store was read as a whole. */
export function storeChanged(where: string): AppError {
  return new AppError(
    'STORE_CHANGED',
    `The store ${where} was written to while it was read. Try again when no sync is running, or stop its gateways first.`,
    { retryable: true },
  );
}
