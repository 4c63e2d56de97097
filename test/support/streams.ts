import { createClient as createSseClient, NetworkError } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** A subscriber of one operation: what it heard, and ways to wait and to leave. */
export interface Subscriber {
  readonly heard: Record<string, unknown>[];
  readonly errors: unknown[];
  /** Resolves when so many events are there. */
  atLeast(count: number): Promise<Record<string, unknown>[]>;
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Cuts the connection. */
  cut(): Promise<void>;
}

export type Transport = 'graphql-ws' | 'graphql-sse';

/** Subscribes over real sockets with the protocol's own reference client, without its automatic retries. */
export function subscribe(
  transport: Transport,
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Subscriber {
  const sink = new Sink();
  if (transport === 'graphql-ws') {
    const client = createWsClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: headers,
    });
    const stop = client.subscribe<Record<string, unknown>>({ query, variables }, sink);
    return sink.asSubscriber(async () => {
      stop();
      await client.dispose();
    });
  }
  const client = createSseClient({ url: `${url}/graphql/stream`, retryAttempts: 0, headers });
  const stop = client.subscribe<Record<string, unknown>>({ query, variables }, sink);
  return sink.asSubscriber(async () => {
    stop();
    client.dispose();
  });
}

class Sink {
  readonly heard: Record<string, unknown>[] = [];
  readonly errors: unknown[] = [];
  #wake: (() => void)[] = [];
  #end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  next(result: { readonly data?: Record<string, unknown> | null; readonly errors?: readonly unknown[] }): void {
    if (result.errors) this.errors.push(...result.errors);
    if (result.data) this.heard.push(result.data);
    for (const wake of this.#wake.splice(0)) wake();
  }

  error(error: unknown): void {
    void this.#fail(error);
  }

  /** graphql-sse reports a refused document as the response that refused it. */
  async #fail(error: unknown): Promise<void> {
    const response = error instanceof NetworkError ? error.response : undefined;
    const body: unknown = response instanceof Response ? await response.json().catch(() => null) : null;
    const said = body instanceof Object && 'errors' in body ? body.errors : error;
    this.errors.push(...(Array.isArray(said) ? said : [said]));
    this.complete();
  }

  complete(): void {
    this.#end();
    for (const wake of this.#wake.splice(0)) wake();
  }

  asSubscriber(cut: () => Promise<void>): Subscriber {
    return {
      heard: this.heard,
      errors: this.errors,
      ended: this.#ended,
      cut,
      atLeast: async (count) => {
        while (this.heard.length < count && this.errors.length === 0) {
          await new Promise<void>((resolve) => this.#wake.push(resolve));
        }
        return this.heard;
      },
    };
  }
}
