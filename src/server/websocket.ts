import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import { CloseCode } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { asAppError } from '../domain/errors.ts';
import type { Viewer } from '../domain/viewer.ts';
import { createRequestContext, type ServerContext } from './context.ts';
import type { Gate } from './gate.ts';
import type { Limits } from './limits.ts';
import type { StreamCount } from './stream-count.ts';
import type { StreamExecution } from './stream-execution.ts';

export interface WebSocketOptions {
  readonly server: Server;
  readonly path: string;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly context: ServerContext;
  readonly execution: StreamExecution;
  readonly streams: StreamCount;
}

/**
 * GraphQL over WebSocket (graphql-transport-ws) at `path`. Whoever it is, the Upgrade's headers or the
 * `connection_init` payload tell; where it comes from is checked before the handshake.
 * @returns ends all sockets
 */
export function attachWebSocket(options: WebSocketOptions): () => Promise<void> {
  const { server, path, gate, limits, context, execution, streams } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.maxBodyBytes, perMessageDeflate: false });
  const callers = new WeakMap<WebSocket, { readonly viewer: Viewer; readonly left: AbortController }>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request);
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    socket.once('close', () => streams.give());
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      sockets.emit('connection', webSocket, request);
      // graphql-ws would print what a client does wrong (a message too big …) to the console; ws closes the socket itself.
      webSocket.removeAllListeners('error');
      webSocket.on('error', (error) => context.logger.debug({ reason: error.message }, 'socket failed'));
    });
  };
  const refusalOf = (request: IncomingMessage): string | null => {
    if (request.url?.split('?')[0] !== path) return '404 Not Found';
    try {
      gate.checkSource(request.headers);
    } catch {
      return '403 Forbidden';
    }
    return streams.take() ? null : '503 Service Unavailable';
  };
  server.on('upgrade', upgrade);

  const protocol = useServer(
    {
      isProd: true,
      onConnect: ({ extra, connectionParams }) => {
        try {
          const viewer = gate.identify({ ...extra.request.headers, ...connectionParams });
          callers.set(extra.socket, { viewer, left: new AbortController() });
          return true;
        } catch (error) {
          extra.socket.close(CloseCode.Unauthorized, asAppError(error).code);
          return false;
        }
      },
      onSubscribe: (connection, _id, payload) => {
        const caller = callers.get(connection.extra.socket);
        if (caller === undefined) throw new Error('a socket without a caller');
        const requestContext = createRequestContext(context, {
          requestId: randomUUID(),
          viewer: caller.viewer,
          signal: caller.left.signal,
        });
        if (Object.keys(connection.subscriptions).length > limits.maxOperationsPerSocket) {
          const code = { extensions: { code: 'TOO_MANY_OPERATIONS' } };
          return [new GraphQLError(`One socket runs at most ${limits.maxOperationsPerSocket} operations.`, code)];
        }
        return execution.prepare(payload, requestContext);
      },
      execute: (args) => execution.run(args),
      subscribe: (args) => execution.run(args),
      onDisconnect: ({ extra }) => callers.get(extra.socket)?.left.abort(),
    },
    sockets,
    limits.heartbeatMs,
  );

  return async () => {
    server.off('upgrade', upgrade);
    await protocol.dispose();
  };
}
