import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import neo4j from 'neo4j-driver';
import { type JavaMemory, javaCommand } from './java.ts';
import { Jvm } from './jvm.ts';

/** Environment variable with the socket of a Java process that a test run shares. */
export const SHARED_JVM = 'CROSSWALK_NEO4J_JVM';

/** An empty Neo4j of its own: what a store needs to open it. */
export interface Neo4jServer {
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/**
 * Real Neo4j Community servers on loopback, each with its own data folder, all gone at the end. `NEO4J_URI` (with
 * `NEO4J_USER`, `NEO4J_PASSWORD`; several URIs between commas, a test file may need six) takes servers that are there:
 * they are EMPTIED.
 */
export interface Neo4jHost {
  /** The process of all its servers; `undefined` for shared ones and for those that were there before. */
  readonly pid: number | undefined;
  /** Starts an empty server. */
  open(): Promise<Neo4jServer>;
  /** Shuts a server of {@link open} down for good, before the host goes. */
  close(server: Neo4jServer): Promise<void>;
  /** Shuts a server of {@link open} down in good order; its data stays. */
  stop(server: Neo4jServer): Promise<void>;
  /** Starts a stopped server again, on the same port and data; `isReadOnly` as one that takes no writes. */
  restart(server: Neo4jServer, options?: { readonly isReadOnly?: boolean }): Promise<void>;
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

/**
 * In a test run (see `global-setup.ts`) the servers live in the Java process that all test files share.
 * @param own a process of its own with so much memory instead; `{}` is enough
 */
export async function startNeo4j(own?: JavaMemory): Promise<Neo4jHost> {
  const uris = process.env['NEO4J_URI'];
  if (uris !== undefined) return new GivenHost(uris.split(','));
  const shared = own === undefined ? process.env[SHARED_JVM] : undefined;
  const folder = await mkdtemp(join(shared === undefined ? tmpdir() : dirname(shared), 'crosswalk-neo4j-'));
  return new LocalHost(shared === undefined ? await Jvm.spawn(folder, own) : await Jvm.join(shared), folder);
}

class LocalHost implements Neo4jHost {
  readonly #jvm: Jvm;
  readonly #folder: string;
  readonly #homes = new Map<Neo4jServer, string>();
  #count = 0;

  constructor(jvm: Jvm, folder: string) {
    this.#jvm = jvm;
    this.#folder = folder;
  }

  get pid(): number | undefined {
    return this.#jvm.pid;
  }

  async open(): Promise<Neo4jServer> {
    const home = join(this.#folder, String(++this.#count));
    const uri = `bolt://127.0.0.1:${await this.#jvm.start(home)}`;
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

  async close(server: Neo4jServer): Promise<void> {
    const home = this.#homes.get(server)!;
    this.#homes.delete(server);
    await this.#jvm.stop(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async stop(server: Neo4jServer): Promise<void> {
    await this.#jvm.stop(this.#homes.get(server)!);
  }

  async restart(server: Neo4jServer, { isReadOnly = false }: { readonly isReadOnly?: boolean } = {}): Promise<void> {
    await this.#jvm.start(this.#homes.get(server)!, Number(new URL(server.uri).port), isReadOnly);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server that still runs would write into the folder that is being removed; one that a test stopped says so.
    for (const home of this.#homes.values()) await this.#jvm.stop(home).catch(() => {});
    await this.#jvm.end();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
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
    {
      await using session = driver.session({ database: server.database });
      await session.run('MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS');
      // As a new one: constraints first, they take their indexes along.
      for (const [what, which] of [
        ['CONSTRAINT', ''],
        ['INDEX', "WHERE type <> 'LOOKUP'"],
      ] as const) {
        const { records } = await session.run(`SHOW ${what} YIELD name, type ${which} RETURN name`);
        for (const record of records) await session.run(`DROP ${what} $name`, { name: record.get('name') });
      }
    }
    await driver.close();
    return server;
  }

  async close({ uri }: Neo4jServer): Promise<void> {
    this.#free.push(uri);
  }

  async stop(): Promise<void> {
    throw new Error('A server that was given by NEO4J_URI is not stopped.');
  }

  async restart(): Promise<void> {
    throw new Error('A server that was given by NEO4J_URI is not started.');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
