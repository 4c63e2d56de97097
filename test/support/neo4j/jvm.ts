import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type JavaMemory, javaCommand } from './java.ts';

/** Orders to the Java process of Server.java: its own standard streams, or a line to the one who holds those. */
export class Jvm {
  /** `undefined` for one that somebody else keeps. */
  readonly pid: number | undefined;
  readonly #output: Writable;
  readonly #waiting = new Map<string, { resolve(words: readonly string[]): void; reject(error: Error): void }>();
  readonly #end: () => Promise<void>;
  #problem: Error | null = null;

  /** Starts a Java process; `folder` is where it works. */
  static async spawn(folder: string, memory: JavaMemory = {}): Promise<Jvm> {
    const { java, arguments: args } = await javaCommand(memory);
    const child = spawn(java, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: folder });
    const jvm = new Jvm(child.stdout, child.stdin, () => endOf(child), child.pid);
    child.once('error', (error) => jvm.#fail(error));
    child.once('exit', (code) => jvm.#fail(new Error(`The Neo4j process ended with ${code}.`)));
    return jvm;
  }

  /** Joins the Java process that `share-jvm.ts` offers at this socket. */
  static async join(path: string): Promise<Jvm> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    const jvm = new Jvm(socket, socket, async () => {
      socket.end();
      await closed;
    });
    socket.once('close', () => jvm.#fail(new Error('The process that keeps the Neo4j servers is gone.')));
    return jvm;
  }

  private constructor(input: Readable, output: Writable, end: () => Promise<void>, pid?: number) {
    this.#output = output;
    this.#end = end;
    this.pid = pid;
    // Writing to a process that is gone shows as its end.
    output.on('error', (error) => this.#fail(error));
    createInterface({ input }).on('line', (line) => {
      const [word, home = '', ...more] = line.split('\t');
      const waiting = this.#waiting.get(home);
      this.#waiting.delete(home);
      if (word === 'FAILED') waiting?.reject(new Error(`Neo4j in ${home}: ${more.join(' ')}`));
      else waiting?.resolve(more);
    });
  }

  /** Starts a server over a folder, new or with data; answers with its port. @param port default any */
  async start(home: string, port = 0, isReadOnly = false): Promise<number> {
    const [answer] = await this.#ask('start', home, String(port), ...(isReadOnly ? ['read-only'] : []));
    return Number(answer);
  }

  /** Shuts a server down in good order. */
  async stop(home: string): Promise<void> {
    await this.#ask('stop', home);
  }

  /** Ends the process, or leaves the shared one, and with it every server started here. */
  end(): Promise<void> {
    return this.#end();
  }

  #ask(order: string, home: string, ...more: readonly string[]): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      if (this.#problem !== null) return reject(this.#problem);
      this.#waiting.set(home, { resolve, reject });
      this.#output.write(`${[order, home, ...more].join('\t')}\n`);
    });
  }

  #fail(error: Error): void {
    this.#problem ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#problem);
    this.#waiting.clear();
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.stdin!.end();
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(killer);
}
