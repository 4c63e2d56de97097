import { afterAll, inject } from 'vitest';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from './neo4j/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the gateways of this project keep their graphs; see `vitest.config.ts`. */
    readonly store: 'sqlite' | 'neo4j';
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
export async function storeSection(folder: string): Promise<Readonly<Record<string, unknown>>> {
  if (inject('store') === 'sqlite') return { type: 'sqlite', path: 'graph.sqlite' };
  let server = servers.get(folder);
  if (server === undefined) {
    host ??= startNeo4j();
    server = host.then((there) => there.open());
    servers.set(folder, server);
  }
  return { type: 'neo4j', ...(await server), snapshot: 'graph.topology' };
}
