import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLClient } from 'graphql-request';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { type CompanyHighlights, companyHighlights } from '../../emulators/company/highlights.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Truth, World } from '../../emulators/world.ts';
import { parseConfig } from '../../src/config/load.ts';
import { type Logger, silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { type Gateway, openGateway } from '../../src/server/compose.ts';
import type { SyncRun } from '../../src/services/sync/types.ts';
import { storeSection } from './store-under-test.ts';

/** The invented company behind four emulators, and a gateway on a store of its own that reads them. */
export interface CompanyGateway {
  readonly world: World;
  readonly truth: Truth;
  readonly highlights: CompanyHighlights;
  readonly emulators: AllEmulators;
  readonly gateway: Gateway;
  readonly folder: string;
  readonly client: GraphQLClient;
  /** Runs one sync of these connectors (default all), then links; answers with the runs. */
  sync(...connectors: string[]): Promise<SyncRun[]>;
  query<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
  /** Opaque id of a node by key. */
  idOf(key: string): string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startCompanyGateway(
  options: { size?: 'S' | 'M'; seed?: number; config?: TestGatewayOptions['config'] } = {},
): Promise<CompanyGateway> {
  const { world, truth } = createCompany({ size: options.size ?? 'S', seed: options.seed ?? 1 });
  const emulators = await startAllEmulators({ world });
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-e2e-'));
  const gateway = await openTestGateway(
    folder,
    emulators,
    options.config === undefined ? {} : { config: options.config },
  );
  const client = new GraphQLClient(`${gateway.url}/graphql`);
  return {
    world,
    truth,
    highlights: companyHighlights(world, truth),
    emulators,
    gateway,
    folder,
    client,
    async sync(...connectors) {
      const names = connectors.length > 0 ? connectors : emulators.list.map(({ name }) => name);
      const runs = await Promise.all(names.map((name) => runSync(gateway, name)));
      await gateway.linker.flush();
      return runs;
    },
    query: (document, variables) => client.request(document, variables),
    idOf: (key) => Buffer.from(`n:${key}`).toString('base64url'),
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await emulators.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface TestGatewayOptions {
  /** Default: none. */
  readonly logger?: Logger;
  /** More of the configuration file, in place of what the emulators say. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A gateway over a folder, as the configuration file would make it, on the store of the project, without schedules. */
export async function openTestGateway(
  folder: string,
  emulators: AllEmulators,
  { logger = silentLogger, config: more = {} }: TestGatewayOptions = {},
): Promise<Gateway> {
  const config = parseConfig(
    JSON.stringify({
      listen: { port: 0 },
      store: more['store'] ?? (await storeSection(folder)),
      linking: { ownedDomains: emulators.okta.world.ownedDomains },
      connectors: emulators.connectors(),
      ...more,
    }),
    {},
    'test',
  );
  return openGateway(
    { config, folder },
    { clock: systemClock, logger, version: 'test', allowLoopback: true, schedules: false },
  );
}

async function runSync(gateway: Gateway, connector: string): Promise<SyncRun> {
  await gateway.sync.start(connector);
  const run = await gateway.sync.finished(connector);
  return run ?? (await gateway.sync.runs(connector, 1))[0]!;
}
