import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHandler } from 'graphql-sse';
import type { Viewer } from '../domain/viewer.ts';
import { createRequestContext, type ServerContext } from './context.ts';
import type { StreamExecution } from './stream-execution.ts';

/** A client that takes nothing for so long is gone. */
const STALL_MS = 60_000;

/** One open stream: the ids of events that are on their way, and room for the next one. */
class EventStream {
  readonly viewer: Viewer;
  readonly request: FastifyRequest;
  readonly signal: AbortSignal;
  readonly ids: (string | undefined)[] = [];
  #inFlight = 0;
  #wake: () => void = () => undefined;

  constructor(request: FastifyRequest, viewer: Viewer, signal: AbortSignal) {
    this.request = request;
    this.viewer = viewer;
    this.signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  /** Resolves when the event before has left: graphql-sse would queue without bound for a slow client. */
  async enter(id: string | undefined): Promise<void> {
    while (this.#inFlight > 0 && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#inFlight++;
    this.ids.push(id);
  }

  left(): void {
    this.#inFlight--;
    this.#wake();
  }
}

/**
 * GraphQL over SSE in "distinct connections" mode, one operation for each stream, with `id:` lines: a client that
 * reconnects with Last-Event-ID goes on where it was. `graphql-sse` speaks the protocol, this adds ids and
 * back-pressure.
 */
export function eventStreamHandler(options: {
  readonly context: ServerContext;
  readonly execution: StreamExecution;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}) {
  const { context, execution, closing } = options;
  const handle = createHandler<FastifyRequest, EventStream>({
    // No token, no "single connection" mode, whose reserved streams nobody would ever clean up.
    authenticate: () => null,
    validate: () => [],
    onSubscribe: ({ context: stream }, { query, operationName, variables }) => {
      const requestContext = createRequestContext(context, {
        requestId: stream.request.id,
        viewer: stream.viewer,
        signal: stream.signal,
        lastEventId: headerOf(stream.request, 'last-event-id'),
      });
      const prepared = execution.prepare({ query: String(query), operationName, variables }, requestContext);
      // Only with a member `data` does graphql-sse take it for a result; undefined, it is not sent.
      return 'schema' in prepared ? { ...prepared } : { data: undefined, errors: prepared };
    },
    execute: (args) => execution.run(args),
    subscribe: (args) => execution.run(args),
    onNext: (_context, { context: stream }, result) => stream.enter(idOf(result)),
  });

  return async function answer(request: FastifyRequest, reply: FastifyReply, viewer: Viewer): Promise<void> {
    const left = new AbortController();
    const stream = new EventStream(request, viewer, left.signal);
    reply.raw.once('close', () => left.abort());
    closing.addEventListener('abort', () => reply.raw.destroy(), { once: true, signal: left.signal });
    const [body, init] = await handle({
      method: request.method,
      url: request.url,
      // Whoever calls this address wants a stream, also when it says so loosely.
      headers: { get: (name) => (name === 'accept' ? 'text/event-stream' : headerOf(request, name)) },
      body: isRecord(request.body) ? request.body : null,
      raw: request,
      context: stream,
    });
    const { 'content-encoding': _none, ...headers } = init.headers ?? {};
    reply.hijack();
    reply.raw.writeHead(init.status, { ...plainHeaders(reply), ...headers, 'x-accel-buffering': 'no' });
    if (body === null || typeof body === 'string') {
      reply.raw.end(body ?? undefined);
      return;
    }
    left.signal.addEventListener('abort', () => void body.return(undefined), { once: true });
    for await (const chunk of body) {
      const isEvent = chunk.startsWith('event: next');
      const id = isEvent ? stream.ids.shift() : undefined;
      const isWritten = await write(reply.raw, id === undefined ? chunk : `id: ${id}\n${chunk}`);
      if (isEvent) stream.left();
      if (!isWritten) break;
    }
    reply.raw.end();
  };
}

/** @returns false when the client has gone, or takes nothing any more and is dropped */
function write(response: ServerResponse, text: string): Promise<boolean> | boolean {
  if (response.destroyed || response.writableEnded) return false;
  if (response.write(text)) return true;
  return new Promise((resolve) => {
    const done = (isWritten: boolean): void => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onClose);
      if (!isWritten) response.destroy();
      resolve(isWritten);
    };
    const onDrain = (): void => done(true);
    const onClose = (): void => done(false);
    const timer = setTimeout(onClose, STALL_MS);
    response.once('drain', onDrain);
    response.once('close', onClose);
  });
}

function idOf(result: { readonly extensions?: Readonly<Record<string, unknown>> | undefined }): string | undefined {
  const cursor = result.extensions?.['cursor'];
  return typeof cursor === 'string' ? cursor : undefined;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function plainHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
