import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import neo4j from 'neo4j-driver';
import { type JavaMemory, javaCommand } from './java.ts';

/** An empty Neo4j of its own: what a store needs to open it. */
export interface Neo4jServer {
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/**
 * Real Neo4j Community servers on loopback, each with its own data folder, all gone at the end. `NEO4J_URI` (with
 * `NEO4J_USER`, `NEO4J_PASSWORD`; several URIs between commas) takes servers that are there: they are EMPTIED.
 */
export interface Neo4jHost {
  /** The process of all its servers; `undefined` for servers that were there before. */
  readonly pid: number | undefined;
  /** Starts an empty server. */
  open(): Promise<Neo4jServer>;
  /** Shuts a server of {@link open} down in good order; its data stays. */
  stop(server: Neo4jServer): Promise<void>;
  /** Starts a stopped server again, on the same port and data. */
  restart(server: Neo4jServer): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Why there is no Neo4j to test with, in one line; `null` when there is one. */
export async function whyNoNeo4j(): Promise<string | null> {
  if (process.env['NEO4J_URI'] !== undefined) return null;
  try {
    await javaCommand();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function startNeo4j(memory: JavaMemory = {}): Promise<Neo4jHost> {
  const uris = process.env['NEO4J_URI'];
  return uris === undefined ? LocalHost.start(memory) : new GivenHost(uris.split(','));
}

class LocalHost implements Neo4jHost {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #homes = new Map<Neo4jServer, string>();
  readonly #waiting = new Map<string, (words: readonly string[]) => void>();
  readonly #failed: Promise<never>;
  #count = 0;

  static async start(memory: JavaMemory): Promise<LocalHost> {
    const { java, arguments: args } = await javaCommand(memory);
    const folder = await mkdtemp(join(tmpdir(), 'crosswalk-neo4j-'));
    return new LocalHost(spawn(java, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: folder }), folder);
  }

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#failed = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`The Neo4j process ended with ${code}.`)));
    });
    this.#failed.catch(() => {});
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const [word, home, ...more] = line.split('\t');
      this.#waiting.get(`${word} ${home}`)?.(more);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async open(): Promise<Neo4jServer> {
    const home = join(this.#folder, String(++this.#count));
    const [port] = await this.#ask('start', 'READY', home);
    const uri = `bolt://127.0.0.1:${port}`;
    const password = randomBytes(12).toString('hex');
    const driver = neo4j.driver(uri, neo4j.auth.basic('neo4j', 'neo4j'), { telemetryDisabled: true });
    // A fresh server lets nobody work before the first password is changed.
    await driver.executeQuery(
      'ALTER CURRENT USER SET PASSWORD FROM $old TO $new',
      { old: 'neo4j', new: password },
      { database: 'system' },
    );
    await driver.close();
    const server = { uri, username: 'neo4j', password, database: 'neo4j' };
    this.#homes.set(server, home);
    return server;
  }

  async stop(server: Neo4jServer): Promise<void> {
    await this.#ask('stop', 'STOPPED', this.#homes.get(server)!);
  }

  async restart(server: Neo4jServer): Promise<void> {
    await this.#ask('start', 'READY', this.#homes.get(server)!, new URL(server.uri).port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.stdin!.end();
      const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(killer);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  #ask(order: string, answer: string, home: string, ...more: readonly string[]): Promise<readonly string[]> {
    const answered = new Promise<readonly string[]>((resolve) => this.#waiting.set(`${answer} ${home}`, resolve));
    this.#child.stdin!.write(`${[order, home, ...more].join('\t')}\n`);
    return Promise.race([answered, this.#failed]);
  }
}

class GivenHost implements Neo4jHost {
  readonly pid = undefined;
  readonly #free: string[];

  constructor(uris: readonly string[]) {
    this.#free = [...uris];
  }

  async open(): Promise<Neo4jServer> {
    const uri = this.#free.shift();
    if (uri === undefined) throw new Error('More servers are needed: name them in NEO4J_URI, between commas.');
    const server = {
      uri,
      username: process.env['NEO4J_USER'] ?? 'neo4j',
      password: process.env['NEO4J_PASSWORD'] ?? '',
      database: process.env['NEO4J_DATABASE'] ?? 'neo4j',
    };
    const driver = neo4j.driver(uri, neo4j.auth.basic(server.username, server.password), { telemetryDisabled: true });
    await using session = driver.session({ database: server.database });
    await session.run('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS');
    await driver.close();
    return server;
  }

  async stop(): Promise<void> {
    throw new Error('A server that was given by NEO4J_URI is not stopped.');
  }

  async restart(): Promise<void> {
    throw new Error('A server that was given by NEO4J_URI is not started.');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
