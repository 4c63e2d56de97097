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

  async function obey([word, home = '', port, mode]: readonly string[]): Promise<string> {
    jvm ??= Jvm.spawn(folder, { isHasty: true });
    if (word === 'start') {
      return `READY\t${home}\t${await (await jvm).start(home, Number(port), mode === 'read-only')}`;
    }
    await (await jvm).stop(home);
    return `STOPPED\t${home}`;
  }

  const server = createServer((socket) => {
    const homes = new Set<string>();
    const running = new Set<Promise<void>>();
    createInterface({ input: socket }).on('line', (line) => {
      const words = line.split('\t');
      homes.add(words[1] ?? '');
      const answered = obey(words)
        .catch((error: unknown) => `FAILED\t${words[1]}\t${String(error).replaceAll(/\s+/g, ' ')}`)
        .then((answer) => void (socket.writable && socket.write(`${answer}\n`)));
      running.add(answered);
      void answered.finally(() => running.delete(answered));
    });
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', async () => {
      sockets.delete(socket);
      await Promise.all(running);
      const java = await jvm?.catch(() => undefined);
      for (const home of homes) {
        // One that was stopped already says so.
        await java?.stop(home).catch(() => {});
        await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await (await jvm?.catch(() => undefined))?.end();
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
