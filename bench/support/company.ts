import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseConfig } from '../../src/config/load.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { type Gateway, openGateway } from '../../src/server/compose.ts';
import type { SyncRun } from '../../src/services/sync/types.ts';
import { type Child, startChild } from './children.ts';

/** What `emulators/serve.ts` says when it listens. */
export interface ServedCompany {
  readonly connectors: readonly { readonly id: string; readonly provider: string; readonly settings: unknown }[];
  readonly ownedDomains: readonly string[];
}

/** Size of the company that was asked for. */
export const SIZE = process.env['BENCH_SIZE'] || 'S';

/** Where the benches of one invocation share filled stores. */
export const FOLDER = process.env['BENCH_FOLDER'] ?? '.';

const serverSchema = z.object({ uri: z.string(), username: z.string(), password: z.string(), database: z.string() });

/** The four emulators over one company, in a process of their own. */
export function startEmulators(): Promise<Child<ServedCompany>> {
  return startChild<ServedCompany>('../../emulators/serve.js', ['--size', SIZE]);
}

/** Name of the store that is no file but the Neo4j server of this run, see `neo4j/server.ts`. */
export const NEO4J = 'neo4j';

/** Where the gateway on {@link NEO4J} keeps its snapshot, in {@link FOLDER}. */
export const NEO4J_SNAPSHOT = `neo4j-${SIZE}.topology`;

/** How to reach the Neo4j server of this run; processes of one bench inherit it. */
export function neo4jServer(): z.output<typeof serverSchema> {
  return serverSchema.parse(JSON.parse(process.env['BENCH_NEO4J'] ?? 'null'));
}

/**
 * A gateway on the store of this name, as `npm start` opens it, without schedules. Without a company it has no
 * connectors, but links as the gateway did that filled the store: other mail domains would be other identities.
 */
export function openCompanyGateway(store: string, company?: ServedCompany): Promise<Gateway> {
  const domains = `${join(FOLDER, store)}.domains.json`;
  if (company !== undefined) writeFileSync(domains, JSON.stringify(company.ownedDomains));
  const ownedDomains: unknown = JSON.parse(readFileSync(domains, 'utf8'));
  const config = parseConfig(
    JSON.stringify({
      listen: { port: 0 },
      store:
        store === NEO4J
          ? { type: 'neo4j', ...neo4jServer(), snapshot: NEO4J_SNAPSHOT }
          : { type: 'sqlite', path: store },
      linking: { ownedDomains },
      connectors: company?.connectors ?? [],
    }),
    {},
    'bench',
  );
  const options = { clock: systemClock, logger: silentLogger, version: 'bench', allowLoopback: true, schedules: false };
  return openGateway({ config, folder: FOLDER }, options);
}

/** One sync of every connector, all at the same time. */
export function syncAll(gateway: Gateway, company: ServedCompany): Promise<SyncRun[]> {
  return Promise.all(
    company.connectors.map(async ({ id }) => {
      await gateway.sync.start(id);
      const run = (await gateway.sync.finished(id)) ?? (await gateway.sync.runs(id, 1))[0]!;
      if (run.state !== 'SUCCEEDED') throw new Error(`${id}: ${run.state} ${run.reasonCode} ${run.message}`);
      return run;
    }),
  );
}

/** Name of the store of this size. */
export function storeName(): string {
  return `company-${SIZE}.sqlite`;
}

/** Name of a store that holds the whole company, synced and linked; filled at first use. */
export async function companyStore(): Promise<string> {
  const name = storeName();
  if (existsSync(join(FOLDER, name))) return name;
  const emulators = await startEmulators();
  const gateway = await openCompanyGateway(name, emulators.said);
  try {
    await syncAll(gateway, emulators.said);
    await gateway.linker.flush();
  } finally {
    await gateway.close();
    await emulators.stop();
  }
  return name;
}

/** `M: 61,234 nodes, 998,001 links`. */
export function sizeOf(gateway: Pick<Gateway, 'graph'>): string {
  const { nodeCount, linkCount } = gateway.graph.index;
  return `${SIZE}: ${nodeCount.toLocaleString('en')} nodes, ${linkCount.toLocaleString('en')} links`;
}
