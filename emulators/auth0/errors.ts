import type { FastifyReply } from 'fastify';

const NAMES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
};

/** An error body of the Management API, as JSON text. */
export function errorBody(status: number, message: string, errorCode?: string): string {
  return JSON.stringify({ statusCode: status, error: NAMES[status] ?? 'Error', message, errorCode });
}

/** Answers with an error of the Management API. */
export function refuse(reply: FastifyReply, status: number, message: string, errorCode?: string): FastifyReply {
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(errorBody(status, message, errorCode));
}

/** 404 for one object that is not there. */
export function inexistent(reply: FastifyReply, what: string): FastifyReply {
  return refuse(reply, 404, `The ${what} does not exist.`, `inexistent_${what.replaceAll(' ', '_')}`);
}
