import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { storeContract } from './graph-store.contract.ts';

storeContract('SQLite', {
  async create({ clock }) {
    const folder = await mkdtemp(join(tmpdir(), 'crosswalk-store-'));
    const make = (): GraphStore => createSqliteStore({ path: join(folder, 'graph.db'), clock });
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
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
});
