import { afterAll, expect, test, vi } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { type Neo4jHost, startNeo4j, whyNoNeo4j } from '../support/neo4j/server.ts';
import { storeContract } from './graph-store.contract.ts';

// A round trip to a server costs what SQLite needs for a page of work, and the first ones warm the server up.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const missing = await whyNoNeo4j();
if (missing === null) {
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
        // The server goes with its host, data and all.
        cleanup: () => newest.close(),
      };
    },
  });
} else if (process.env['CI'] === 'true') {
  test('Neo4j is there to test with', () => expect.fail(missing));
} else {
  test.skip(`Neo4j keeps the promises of a graph store: ${missing}`, () => {});
}
