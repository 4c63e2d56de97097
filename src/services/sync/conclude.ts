import { type AppError, UPSTREAM_CODES } from '../../domain/errors.ts';
import type { ListingTask } from './listing-task.ts';
import { TENANT_LISTING } from './tenant-listing.ts';
import type { ConnectorState, RunState } from './types.ts';

/** What a finished run means for its connector. */
export interface Conclusion {
  readonly run: RunState;
  readonly connector: ConnectorState;
  readonly reasonCode: string | null;
  readonly message: string | null;
  readonly retryable: boolean;
  /** Every listing that the tenant offers was read to its end and what was gone is removed. */
  readonly isComplete: boolean;
  /** Whether something in the graph may be out of date now. */
  readonly isStale: boolean;
}

/** @param fatal what ended the whole run early */
export function conclude(tasks: readonly ListingTask[], fatal: AppError | null): Conclusion {
  if (fatal !== null) return failed(fatal.code, fatal.message, fatal.retryable);
  const failedTasks = tasks.filter((task) => task.outcome === 'FAILED');
  const mandatory = failedTasks.find((task) => task.syncer.mandatory === true);
  if (mandatory !== undefined) {
    return failed(mandatory.reasonCode ?? 'INTERNAL', mandatory.message ?? '', mandatory.retryable);
  }
  const own = tasks.filter((task) => task.syncer.name !== TENANT_LISTING);
  const first = failedTasks[0];
  if (first !== undefined && failedTasks.length === own.length) {
    return failed(first.reasonCode ?? 'INTERNAL', first.message ?? '', first.retryable);
  }
  const guarded = own.filter((task) => task.outcome === 'GUARDED');
  const unread = own.filter((task) => task.outcome === 'SKIPPED' && task.reasonCode !== 'NOT_AVAILABLE');
  const troubled = [...guarded, ...failedTasks, ...unread];
  const cause = troubled[0];
  if (cause !== undefined) {
    return {
      run: 'DEGRADED',
      connector: 'DEGRADED',
      reasonCode: cause.reasonCode,
      message: troubled.map((task) => task.message).join(' '),
      retryable: failedTasks.some((task) => task.retryable),
      isComplete: false,
      isStale: guarded.length + failedTasks.length > 0,
    };
  }
  const isComplete = own.every((task) => task.outcome === 'COMPLETE' || task.outcome === 'SKIPPED');
  return {
    run: 'SUCCEEDED',
    connector: 'CONNECTED',
    reasonCode: null,
    message: null,
    retryable: false,
    isComplete,
    isStale: false,
  };
}

function failed(code: string, message: string, retryable: boolean): Conclusion {
  const mustReconnect = code === UPSTREAM_CODES.UNAUTHORIZED;
  return {
    run: 'FAILED',
    connector: mustReconnect ? 'RECONNECT_REQUIRED' : 'ERROR',
    reasonCode: code === UPSTREAM_CODES.FORBIDDEN ? 'SCOPE_MISSING' : code,
    message,
    retryable,
    isComplete: false,
    isStale: true,
  };
}

/** A store that cannot be spoken to, or a lease that is somebody else's: nothing can be written down, not even an end. */
const SUSPENDING: ReadonlySet<string | null> = new Set([
  'STORE_UNAVAILABLE',
  'STORE_UNAUTHORIZED',
  'STORE_REPLACED',
  'STORE_FULL',
  'LEASE_LOST',
]);

/** What ends a run on a shared store only for now: it goes on at its checkpoints. */
export function isSuspending(code: string | null): boolean {
  return SUSPENDING.has(code);
}

/** Errors after which reading on makes no sense: refused credentials, wrong settings, our own store or code. */
export function isFatal(error: AppError): boolean {
  const { code } = error;
  return (
    code === UPSTREAM_CODES.UNAUTHORIZED ||
    code === UPSTREAM_CODES.MISCONFIGURED ||
    code.startsWith('STORE_') ||
    code === 'LEASE_LOST'
  );
}
