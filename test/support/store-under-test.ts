import { afterAll, inject } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { createStore } from '../../src/server/store.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from './neo4j/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the gateways of this project keep their graphs; see `vitest.config.ts`. */
    readonly store: Config['store']['type'];
  }
}

let host: Promise<Neo4jHost> | undefined;
const servers = new Map<string, Promise<Neo4jServer>>();

afterAll(async () => {
  await (await host)?.[Symbol.asyncDispose]();
});

/**
 * The `store:` section for a gateway whose configuration file lies in this folder, on the store that the project
 * tests. The same folder is the same graph, another one an empty one. All are gone at the end of the test file.
 */
export async function storeSection(folder: string): Promise<Config['store']> {
  if (inject('store') === 'sqlite') return { type: 'sqlite', path: 'graph.sqlite' };
  return { type: 'neo4j', ...(await serverOf(folder)), snapshot: 'graph.topology' };
}

/** The same graph beside the gateway: a store that is not open yet, and where the gateway keeps its snapshot. */
export async function storeOf(folder: string): Promise<{ readonly store: GraphStore; readonly snapshotPath: string }> {
  const store = await storeSection(folder);
  const options = { folder, providers: new Map(), logger: silentLogger, clock: systemClock };
  return createStore({ store, connectors: [] }, options);
}

/** The server behind a folder's graph, for tests that are about Neo4j. */
export function serverOf(folder: string): Promise<Neo4jServer> {
  let server = servers.get(folder);
  if (server === undefined) {
    host ??= startNeo4j();
    server = host.then((there) => there.open());
    servers.set(folder, server);
  }
  return server;
}
