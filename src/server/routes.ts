import { setTimeout as sleep } from 'node:timers/promises';
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../domain/errors.ts';
import type { Viewer } from '../domain/viewer.ts';
import { createRequestContext, type RequestContext, type ServerContext } from './context.ts';
import type { Gate } from './gate.ts';
import { graphiqlPage } from './graphiql.ts';
import type { Limits } from './limits.ts';
import { printApiSchema } from './schema.ts';
import type { StreamCount } from './stream-count.ts';

export interface RouteOptions {
  readonly apollo: ApolloServer<RequestContext>;
  readonly context: ServerContext;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly graphiql: boolean;
  readonly streams: StreamCount;
  readonly eventStream: (request: FastifyRequest, reply: FastifyReply, viewer: Viewer) => Promise<void>;
}

/** Longest wait of `/readyz` for a store over the network. */
const READY_MS = 2_000;

/** HTTP statuses of refusals; anything else that fails before GraphQL is a 500. */
const STATUS: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  HOST_REFUSED: 403,
  ORIGIN_REFUSED: 403,
  NOT_FOUND: 404,
  TOO_MANY_STREAMS: 503,
};

/** Every address of the server but the WebSocket. Errors have the shape of GraphQL errors, also outside of GraphQL. */
export function addRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { context, gate, streams } = options;
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    gate.checkSource(request.headers);
  });
  app.setNotFoundHandler(() => {
    throw new AppError('NOT_FOUND', 'There is nothing here; the API is at /graphql.', { audience: 'user' });
  });
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, context));

  app.route({ method: ['GET', 'POST'], url: '/graphql', handler: graphqlHandler(options) });
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql/stream',
    async handler(request, reply) {
      const viewer = gate.identify(request.headers);
      if (!streams.take()) {
        throw new AppError('TOO_MANY_STREAMS', 'The server has no room for another stream; try again later.', {
          audience: 'user',
          retryable: true,
        });
      }
      reply.raw.once('close', () => streams.give());
      await options.eventStream(request, reply, viewer);
      return reply;
    },
  });
  app.get('/schema.graphql', async (request, reply) => {
    gate.identify(request.headers);
    return reply.type('text/plain; charset=utf-8').send(printApiSchema());
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    // A shared store is being watched anyway: no need to wait for it here.
    if (context.graph.trouble !== null) throw context.graph.trouble.error;
    const { store } = context.graph;
    await (store.isShared ? withinReadyTime(store.range()) : store.range());
    return { status: 'ok', seq: context.graph.seq };
  });
  if (options.graphiql) addGraphiql(app);
}

function graphqlHandler({ apollo, context, gate, limits, graphiql }: RouteOptions) {
  const handler = fastifyApolloHandler(apollo, {
    context: async (request, reply) => {
      const deadline = performance.now() + limits.requestTimeoutMs;
      let signal: AbortSignal | undefined;
      return createRequestContext(context, {
        requestId: request.id,
        viewer: gate.identify(request.headers),
        // A look-up by key never asks for it; controller, timer and listener are a part of its cost worth saving.
        get signal() {
          signal ??= signalOf(reply, deadline);
          return signal;
        },
      });
    },
  });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    // Before Apollo: a failing context would be answered as a server error.
    gate.identify(request.headers);
    const isBrowser = request.method === 'GET' && request.headers.accept?.includes('text/html');
    if (isBrowser && graphiql) return reply.redirect(`/graphiql${request.url.slice('/graphql'.length)}`);
    return handler.call(request.server, request, reply);
  };
}

/** Whoever asks `/readyz` has little patience; a store that needs so long is not ready. */
async function withinReadyTime(answer: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const limit = sleep(READY_MS, undefined, { ref: false, signal: late.signal }).then(() => {
    throw new AppError('STORE_UNAVAILABLE', `The store has not answered within ${READY_MS} ms; see its server.`, {
      retryable: true,
    });
  });
  try {
    await Promise.race([answer, limit]);
  } finally {
    late.abort();
    limit.catch(() => {});
  }
}

/** Aborted when the caller hangs up or, at `deadline` (of `performance.now()`), the time for one request is over. */
function signalOf(reply: FastifyReply, deadline: number): AbortSignal {
  if (reply.raw.destroyed) return AbortSignal.abort();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(0, deadline - performance.now()));
  reply.raw.once('close', () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

function addGraphiql(app: FastifyInstance): void {
  app.get('/', async (_request, reply) => reply.redirect('/graphiql'));
  app.get('/graphiql', async (request, reply) => {
    const page = await graphiqlPage();
    reply.type('text/html; charset=utf-8').header('vary', 'accept-encoding');
    reply.header('content-security-policy', page.policy(request.host));
    if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(page.html);
    return reply.header('content-encoding', 'gzip').send(page.gzipped);
  });
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, context: ServerContext): FastifyReply {
  const said = describe(error);
  if (said.status >= 500 && said.code === 'INTERNAL') {
    context.logger.error({ requestId: request.id, err: error }, 'request failed unexpectedly');
  }
  if (said.status === 401) reply.header('www-authenticate', 'Bearer');
  const extensions = { code: said.code, retryable: said.retryable, requestId: request.id };
  return reply.code(said.status).send({ errors: [{ message: said.message, extensions }] });
}

function describe(error: unknown) {
  if (error instanceof AppError) {
    const { code, message, retryable } = error;
    const status = STATUS[code] ?? (code.startsWith('STORE_') ? 503 : 500);
    return code === 'INTERNAL' ? unexpected() : { status, code, message, retryable };
  }
  // Fastify's own: body too large, not JSON, unknown media type.
  if (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode < 500
  ) {
    return { status: error.statusCode, code: 'BAD_REQUEST', message: error.message, retryable: false };
  }
  return unexpected();
}

function unexpected() {
  const message = 'Something failed inside Crosswalk; its log names this request.';
  return { status: 500, code: 'INTERNAL', message, retryable: false };
}
