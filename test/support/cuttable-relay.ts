import { once } from 'node:events';
import { createServer, type Socket, connect as toServer } from 'node:net';

/** A TCP relay in front of a server, whose connections a test can break as networks do: without a goodbye. */
export interface CuttableRelay extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections that are open now. */
  readonly count: number;
  /**
   * Breaks all connections and resolves when none is left. `client`: it is the server that finds its peer gone first,
   * as after the crash of a client; `server`: the other way round.
   */
  cut(side: 'client' | 'server'): Promise<void>;
}

export async function startRelay(target: string): Promise<CuttableRelay> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  const relay = createServer((client) => {
    const server = toServer(Number(port), hostname);
    const pair = { client, server };
    pairs.add(pair);
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
    server
      .on('error', () => client.destroy())
      .on('close', () => {
        client.destroy();
        pairs.delete(pair);
      });
    client.pipe(server).pipe(client);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('a relay without a port');

  const cut = async (side: 'client' | 'server'): Promise<void> => {
    await Promise.all(
      [...pairs].map(async ({ client, server }) => {
        const gone = once(server, 'close');
        // The end that is reset here is the one that gets no goodbye.
        (side === 'client' ? server : client).resetAndDestroy();
        await gone;
      }),
    );
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    get count() {
      return pairs.size;
    },
    cut,
    async [Symbol.asyncDispose]() {
      await cut('client');
      relay.close();
      await once(relay, 'close');
    },
  };
}
