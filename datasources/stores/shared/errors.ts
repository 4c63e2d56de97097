import { AppError } from '../../../src/domain/errors.ts';

/** A change set that named the seq it was made for came too late. */
export function seqMoved(newest: number): AppError {
  return new AppError('SEQ_MOVED', `Somebody else has committed change ${newest} in between; nothing was written.`, {
    retryable: true,
    audience: 'developer',
  });
}
