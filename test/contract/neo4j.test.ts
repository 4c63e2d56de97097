import { afterAll } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { type Neo4jHost, startNeo4j } from '../support/neo4j/server.ts';
import { storeContract } from './graph-store.contract.ts';

let host: Promise<Neo4jHost> | undefined;
afterAll(async () => {
  await (await host)?.[Symbol.asyncDispose]();
});
storeContract('Neo4j', {
  isShared: true,
  async create({ clock }) {
    host ??= startNeo4j();
    const server = await (await host).open();
    const make = (): GraphStore => createNeo4jStore({ ...server, clock });
    const store = make();
    let newest = store;
    return {
      store,
      async reopen() {
        await newest.close();
        newest = make();
        return newest;
      },
      async cleanup() {
        await newest.close();
        await (await host)?.close(server);
      },
    };
  },
});
