import type { JsonObject } from './json.ts';

/** Who can act on an error: the asker, the operator of the gateway, or its developers. */
export type Audience = 'user' | 'operator' | 'developer';

export interface AppErrorOptions {
  readonly retryable?: boolean;
  readonly audience?: Audience;
  /** Connector id, when the error is about one. */
  readonly connector?: string;
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/**
 * The one error of Crosswalk. Compare `code`, never class or message. The message says what failed, for which
 * connector or id, and the next thing to try; it never holds a secret or a payload.
 */
export class AppError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly audience: Audience;
  readonly connector: string | undefined;
  readonly details: JsonObject | undefined;

  constructor(code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.audience = options.audience ?? 'operator';
    this.connector = options.connector;
    this.details = options.details;
  }
}

/** Codes a provider or its HTTP client may throw; the sync service turns each into a connector state. */
export const UPSTREAM_CODES = {
  /** 401, refused credentials: state RECONNECT_REQUIRED. */
  UNAUTHORIZED: 'UPSTREAM_UNAUTHORIZED',
  /** 403: a scope or permission is missing (`details.missing`: string[]); the listing is skipped, old rows stay. */
  FORBIDDEN: 'UPSTREAM_FORBIDDEN',
  /** The feature or endpoint does not exist for this tenant (plan, version); the listing is skipped, old rows stay. */
  NOT_AVAILABLE: 'UPSTREAM_NOT_AVAILABLE',
  /** 404 for one object: gone. */
  NOT_FOUND: 'UPSTREAM_NOT_FOUND',
  /** 429 that outlasted every retry. */
  RATE_LIMITED: 'UPSTREAM_RATE_LIMITED',
  /** 5xx, network failure or time-out that outlasted every retry. */
  UNAVAILABLE: 'UPSTREAM_UNAVAILABLE',
  /** The answer does not have the documented shape (cut body, no JSON, wrong envelope, page token that repeats). */
  INVALID: 'UPSTREAM_INVALID',
  /** 4xx that means our request was wrong. */
  REJECTED: 'UPSTREAM_REJECTED',
  /** Settings that cannot work (for example a service app without any admin role). */
  MISCONFIGURED: 'UPSTREAM_MISCONFIGURED',
  /** The caller's signal was aborted. */
  ABORTED: 'ABORTED',
} as const;

/** `error` as an AppError: itself, or wrapped as `INTERNAL` with the original as cause. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new AppError('ABORTED', 'The operation was cancelled.', { retryable: true, cause: error });
  }
  return new AppError('INTERNAL', 'Something failed inside Crosswalk; see the log under the request id.', {
    audience: 'developer',
    cause: error,
  });
}

/** Another store lies where the one lay that was opened: a copy, a database made anew, an older state of the same. */
export function storeReplaced(): AppError {
  return new AppError('STORE_REPLACED', 'The store was replaced, or put back to an older state; restart the gateway.');
}
