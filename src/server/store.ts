import { resolve } from 'node:path';
import type { StoreConfig } from '../config/load.ts';
import type { Clock } from '../ports/clock.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Logger } from '../ports/logger.ts';
import type { ProviderDefinition } from '../ports/provider.ts';

/**
 * The store that the configuration names, not opened yet, and where the index keeps its snapshot (its folder need not
 * be there). Only its driver is loaded.
 */
export async function createStore(
  { store, connectors }: StoreConfig,
  options: {
    readonly folder: string;
    readonly providers: ReadonlyMap<string, Pick<ProviderDefinition, 'title'>>;
    readonly logger: Logger;
    readonly clock: Clock;
  },
): Promise<{ readonly store: GraphStore; readonly snapshotPath: string }> {
  const { folder, providers, logger, clock } = options;
  if (store.type === 'neo4j') {
    const { createNeo4jStore } = await import('../../datasources/stores/neo4j/index.ts');
    const snapshotPath = resolve(folder, store.snapshot);
    const { uri, username, password, database } = store;
    const providerLabels = new Map(
      connectors.map(({ id, provider }) => [id, labelOf(providers.get(provider)?.title ?? provider)]),
    );
    return {
      store: createNeo4jStore({ uri, username, password, database, providerLabels, logger, clock }),
      snapshotPath,
    };
  }
  const { createSqliteStore } = await import('../../datasources/stores/sqlite/index.ts');
  const path = resolve(folder, store.path);
  return { store: createSqliteStore({ path, logger, clock }), snapshotPath: `${path}.topology` };
}

/** A provider's title as a label that needs no quotes: `Okta`, `JumpCloud`. */
function labelOf(title: string): string {
  const letters = title.replace(/[^A-Za-z0-9]/g, '');
  return `${letters.charAt(0).toUpperCase()}${letters.slice(1, 32)}`;
}
