import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Jvm } from './jvm.ts';

/** One Java process for all who ask at `path`. */
export interface SharedJvm {
  /** Socket for {@link Jvm.join}; folders for servers belong beside it. */
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Offers a Java process to other processes: it takes seconds to start, a server inside it a third of one. It starts
 * with the first order. Servers live as long as the line over which they were ordered, so a test file that crashes leaves none.
 */
export async function shareJvm(): Promise<SharedJvm> {
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-neo4j-'));
  const path = join(folder, 'orders');
  const sockets = new Set<Socket>();
  let jvm: Promise<Jvm> | undefined;

  async function serve(socket: Socket): Promise<void> {
    const homes = new Set<string>();
    const running: Promise<void>[] = [];
    const order = async (words: readonly string[]): Promise<void> => {
      const [word, home = '', port] = words;
      try {
        jvm ??= Jvm.spawn(folder);
        if (word === 'start') {
          homes.add(home);
          socket.write(`READY\t${home}\t${await (await jvm).start(home, Number(port))}\n`);
        } else {
          await (await jvm).stop(home);
          homes.delete(home);
          socket.write(`STOPPED\t${home}\n`);
        }
      } catch (error) {
        socket.write(`FAILED\t${home}\t${String(error).replaceAll(/\s+/g, ' ')}\n`);
      }
    };
    for await (const line of createInterface({ input: socket })) running.push(order(line.split('\t')));
    await Promise.all(running);
    await Promise.all([...homes].map(async (home) => (await jvm)?.stop(home).catch(() => {})));
  }

  const server = createServer({ allowHalfOpen: false }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    void serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await (await jvm?.catch(() => undefined))?.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
