import type { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../src/domain/errors.ts';
import type { ExchangeFailure } from './exchange.ts';

/** Which request an error is about; the path is a template, never the real one. */
export interface RequestLabel {
  readonly connector: string;
  readonly method: string;
  readonly path: string;
}

const name = (label: RequestLabel): string => `${label.connector}: ${label.method} ${label.path}`;

const common = (label: RequestLabel, status?: number) => ({
  connector: label.connector,
  details: { method: label.method, path: label.path, ...(status === undefined ? {} : { status }) },
});

/** What an answer outside 2xx means when the provider's own `classify` has nothing better to say. */
export function statusError(status: number, label: RequestLabel): AppError {
  const options = common(label, status);
  if (status >= 300 && status < 400) {
    return new AppError(
      UPSTREAM_CODES.INVALID,
      `${name(label)} was answered with a redirect (${status}), which is never followed. Check the provider's address in the settings.`,
      options,
    );
  }
  if (status === 401) {
    return new AppError(
      UPSTREAM_CODES.UNAUTHORIZED,
      `${name(label)} refused the credentials (401). Enter new ones and reconnect.`,
      options,
    );
  }
  if (status === 403) {
    return new AppError(
      UPSTREAM_CODES.FORBIDDEN,
      `${name(label)} is not permitted to these credentials (403). Grant the scope or permission that it needs.`,
      options,
    );
  }
  if (status === 404 || status === 410) {
    return new AppError(UPSTREAM_CODES.NOT_FOUND, `${name(label)} found nothing (${status}).`, options);
  }
  if (status === 429) {
    return new AppError(
      UPSTREAM_CODES.RATE_LIMITED,
      `${name(label)} is rate limited (429) and stayed so through all retries. It is tried again with the next run.`,
      { ...options, retryable: true },
    );
  }
  if (status === 405 || status === 501) {
    return new AppError(UPSTREAM_CODES.NOT_AVAILABLE, `${name(label)} does not exist here (${status}).`, options);
  }
  if (status === 408 || status === 425 || status >= 500) {
    return new AppError(
      UPSTREAM_CODES.UNAVAILABLE,
      `${name(label)} failed at the provider (${status}). It is tried again with the next run.`,
      { ...options, retryable: true },
    );
  }
  return new AppError(UPSTREAM_CODES.REJECTED, `${name(label)} was rejected as wrong (${status}).`, {
    ...options,
    audience: 'developer',
  });
}

/** Why there was no answer at all. The network's own error stays out: its text may hold an address or a header. */
export function failureError(failure: ExchangeFailure, label: RequestLabel, timeoutMs: number): AppError {
  const options = common(label);
  switch (failure.reason) {
    case 'aborted':
      return new AppError(UPSTREAM_CODES.ABORTED, `${name(label)} was cancelled.`, { ...options, retryable: true });
    case 'timeout':
      return new AppError(UPSTREAM_CODES.UNAVAILABLE, `${name(label)} did not answer within ${timeoutMs} ms.`, {
        ...options,
        retryable: true,
      });
    case 'network':
      return new AppError(
        UPSTREAM_CODES.UNAVAILABLE,
        `${name(label)} could not be reached (${networkCode(failure.cause)}). Check the provider's address and the network.`,
        { ...options, retryable: true },
      );
    case 'cut':
      return new AppError(UPSTREAM_CODES.INVALID, `${name(label)} was cut off in the middle of its answer.`, {
        ...options,
        retryable: true,
      });
    case 'too-large':
      return new AppError(
        UPSTREAM_CODES.INVALID,
        `${name(label)} answered with more than the body limit. Raise the limit or ask for smaller pages.`,
        options,
      );
  }
}

/** The answer was 2xx, but is not what the provider documents. */
export function shapeError(label: RequestLabel, what: string): AppError {
  return new AppError(UPSTREAM_CODES.INVALID, `${name(label)} answered ${what}.`, {
    ...common(label),
    retryable: true,
  });
}

/** Where a payload broke its schema: paths and kinds of the first few problems, never a value. */
export function schemaProblem(error: z.ZodError): string {
  const places = error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map((part) => (typeof part === 'number' ? '[]' : String(part).slice(0, 40))).join('.');
    return `${path === '' ? 'the body' : path} (${issue.code})`;
  });
  return `in another shape than documented at ${places.join(', ')}`;
}

function networkCode(cause: unknown): string {
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code) ? code : 'network error';
}
