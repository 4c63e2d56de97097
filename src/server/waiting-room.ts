import { createServer, type ServerResponse } from 'node:http';
import { AppError } from '../domain/errors.ts';

export interface WaitingRoom {
  /** The port that the server takes next; the one that was chosen when port 0 was asked for. */
  readonly port: number;
  /** Why nothing can be answered yet. */
  reason: AppError | null;
  /** Frees the port. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Answers in the place of the gateway until its index is ready: alive at `/healthz`, not ready at `/readyz` with the
 * reason, and 503 in the form of a GraphQL error everywhere else.
 * @throws AppError `LISTEN_FAILED`
 */
export async function openWaitingRoom(listen: { readonly host: string; readonly port: number }): Promise<WaitingRoom> {
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url?.split('?', 1)[0];
    const code = room.reason?.code ?? 'STARTING';
    const message = room.reason?.message ?? 'The gateway is reading its graph.';
    if (path === '/healthz') return send(response, 200, { status: 'ok' });
    if (path === '/readyz') return send(response, 503, { status: 'starting', code, message });
    return send(response, 503, { errors: [{ message, extensions: { code, retryable: true } }] });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const where = `${listen.host} port ${listen.port}`;
      reject(new AppError('LISTEN_FAILED', `The server cannot listen on ${where}; choose another.`, { cause }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  const address = server.address();
  const room: WaitingRoom = {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    reason: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return room;
}

function send(response: ServerResponse, status: number, body: object): void {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  if (status === 503) headers['retry-after'] = '2';
  response.writeHead(status, headers).end(JSON.stringify(body));
}
