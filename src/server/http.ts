import { randomUUID } from 'node:crypto';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import { AppError } from '../domain/errors.ts';
import { answerExtensionsPlugin } from '../plugins/answer-extensions.ts';
import { documentLimitRules } from '../plugins/document-limits.ts';
import { errorLogPlugin } from '../plugins/error-log.ts';
import { nodeLimitPlugin } from '../plugins/node-limit.ts';
import { publicError } from '../plugins/public-errors.ts';
import { specStatusPlugin } from '../plugins/spec-status.ts';
import type { RequestContext, ServerContext } from './context.ts';
import type { RunningServer, ServerDeps } from './deps.ts';
import { eventStreamHandler } from './event-stream.ts';
import { assertMayListen, Gate } from './gate.ts';
import { InFlight } from './in-flight.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { addRoutes } from './routes.ts';
import { buildApiSchema } from './schema.ts';
import { createServices } from './services.ts';
import { StreamCount } from './stream-count.ts';
import { StreamExecution } from './stream-execution.ts';
import { attachWebSocket } from './websocket.ts';

/** Longest wait for running requests when the server closes. */
const CLOSE_MS = 10_000;

/**
 * Serves the GraphQL API: `/graphql` (HTTP and WebSocket), `/graphql/stream` (SSE), `/graphiql`, `/schema.graphql`,
 * `/healthz`, `/readyz`.
 * @throws AppError `LISTEN_REFUSED` (not loopback, no key), `LISTEN_FAILED` (port taken …), `CONFIG_INVALID`
 */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const gate = new Gate({ apiKeys: deps.apiKeys ?? [], allowedOrigins: deps.allowedOrigins ?? [] });
  assertMayListen(deps.listen.host, gate.needsKey);
  const { graph, sync, clock, logger } = deps;
  const services = createServices(graph, clock);
  const context: ServerContext = { graph, sync, services, clock, logger, linking: deps.linking };
  const apollo = createApollo(deps, limits);
  const execution = new StreamExecution(buildApiSchema(), limits, documentLimitRules(limits));
  const streams = new StreamCount(limits.maxStreams);
  const closing = new AbortController();
  const app = await createApp(gate, limits);
  const inFlight = new InFlight();
  inFlight.watch(app);
  await apollo.start();
  addRoutes(app, {
    apollo,
    context,
    gate,
    limits,
    graphiql: deps.graphiql ?? true,
    streams,
    eventStream: eventStreamHandler({ context, execution, closing: closing.signal }),
  });
  const endSockets = attachWebSocket({
    server: app.server,
    path: '/graphql',
    gate,
    limits,
    context,
    execution,
    streams,
  });
  const close = once(async () => {
    closing.abort();
    await endSockets();
    const closed = app.close();
    await inFlight.settled(CLOSE_MS);
    // Browsers and undici open connections ahead of need; Node does not count those as idle and would wait for them.
    app.server.closeAllConnections();
    await closed;
    await apollo.stop();
    services.close();
  });
  try {
    const url = await app.listen({ host: deps.listen.host, port: deps.listen.port });
    logger.info({ url }, 'listening');
    return { url, close };
  } catch (error) {
    await close();
    throw new AppError(
      'LISTEN_FAILED',
      `The server cannot listen on ${deps.listen.host} port ${deps.listen.port}; choose another under listen, or stop what holds it.`,
      { cause: error },
    );
  }
}

/** Apollo Server, lean: nothing that wraps fields, no pages from a CDN. */
function createApollo(deps: ServerDeps, limits: Limits): ApolloServer<RequestContext> {
  const introspection = deps.introspection ?? true;
  return new ApolloServer<RequestContext>({
    schema: buildApiSchema(),
    introspection,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    // "Did you mean …" tells nothing new while introspection is allowed, and helps everybody who types.
    hideSchemaDetailsFromClientErrors: !introspection,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger: quiet(deps.logger),
    parseOptions: { maxTokens: limits.maxTokens },
    validationRules: documentLimitRules(limits),
    formatError: publicError,
    stringifyResult: async (value) => JSON.stringify(value),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      nodeLimitPlugin(limits.maxNodes),
      errorLogPlugin(),
      answerExtensionsPlugin(),
      // Last: it reads the errors as they will be sent.
      specStatusPlugin(),
    ],
  });
}

async function createApp(gate: Gate, limits: Limits): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    forceCloseConnections: 'idle',
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
  });
  await app.register(cors, {
    delegator: (request, callback) => {
      const { origin, host } = request.headers;
      callback(null, {
        origin: origin !== undefined && gate.allowsOrigin(origin, host),
        methods: ['GET', 'POST'],
        allowedHeaders: ['authorization', 'content-type', 'last-event-id', 'x-api-key', 'x-request-id'],
        exposedHeaders: ['x-request-id'],
        maxAge: 600,
      });
    },
  });
  return app;
}

/** Apollo's log lines in our form. */
function quiet(logger: ServerDeps['logger']) {
  const text = (message: unknown): object => ({ apollo: String(message) });
  return {
    debug: (message?: unknown) => logger.debug(text(message), 'apollo'),
    info: (message?: unknown) => logger.debug(text(message), 'apollo'),
    warn: (message?: unknown) => logger.warn(text(message), 'apollo'),
    error: (message?: unknown) => logger.error(text(message), 'apollo'),
  };
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
