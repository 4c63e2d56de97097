import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

const SUMMARIES: Readonly<Record<string, string>> = {
  E0000001: 'Api validation failed',
  E0000004: 'Authentication failed',
  E0000006: 'You do not have permission to perform the requested action',
  E0000007: 'Not found: Resource not found',
  E0000009: 'Internal Server Error',
  E0000011: 'Invalid token provided',
  E0000022: 'The endpoint does not support the provided HTTP method',
  E0000031: 'Invalid search criteria.',
  E0000033: 'Bad request. Can not specify both search and filter.',
  E0000047: 'API call exceeded rate limit due to too many requests.',
};

const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'E0000001',
  401: 'E0000011',
  403: 'E0000006',
  404: 'E0000007',
  405: 'E0000022',
  429: 'E0000047',
};

/** Okta's error body as JSON text. */
export function errorBody(errorCode: string, causes: readonly string[] = []): string {
  return JSON.stringify({
    errorCode,
    errorSummary: SUMMARIES[errorCode] ?? 'Error',
    errorLink: errorCode,
    errorId: `oae${randomBytes(12).toString('hex')}`,
    errorCauses: causes.map((errorSummary) => ({ errorSummary })),
  });
}

/** The body that belongs to an injected status. */
export const bodyOfStatus = (status: number): string => errorBody(BY_STATUS[status] ?? 'E0000009');

export function refuse(reply: FastifyReply, status: number, errorCode: string, cause?: string): FastifyReply {
  return reply
    .code(status)
    .type('application/json')
    .send(errorBody(errorCode, cause === undefined ? [] : [cause]));
}
