import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import type { ProviderDefinition, Syncer } from '../../src/ports/provider.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { GeneratedFile } from './generated-file.ts';
import { defaultOf, describeSchema, typeOf } from './json-schema.ts';
import { code, codes, fillSections, table } from './markdown.ts';

const NAMES = readdirSync(join(import.meta.dirname, '../../datasources/providers'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

/** Listings that only a setting turns on. */
const EVERYTHING: Readonly<Record<string, object>> = { auth0: { directPermissions: true } };

/** The tables of each provider's page: settings, what becomes what, and what each listing needs and brings. */
export const providerDocFiles: readonly GeneratedFile[] = NAMES.map((name) => ({
  path: `docs/providers/${name}.md`,
  async content(root) {
    const { provider, syncers } = await loaded(name);
    return fillSections(root, `docs/providers/${name}.md`, {
      settings: settingsTable(provider),
      nodes: table(
        ['Node', 'What becomes one'],
        provider.provides.nodes.map(({ kind, sentence }) => [kind, sentence]),
      ),
      links: table(
        ['Link', 'What becomes one'],
        provider.provides.links.map(({ kind, sentence }) => [code(kind), sentence]),
      ),
      listings: listingsTable(provider, syncers),
    });
  },
}));

async function loaded(name: string): Promise<{ provider: ProviderDefinition; syncers: readonly Syncer[] }> {
  const { providers } = await import('../../datasources/providers/registry.generated.ts');
  const load = providers[name];
  if (load === undefined) throw new Error(`the registry of providers lacks ${name}`);
  const provider = await load();
  return { provider, syncers: await syncersOf(name, provider) };
}

/** Only an open session knows its listings, so one is opened to the emulator. */
async function syncersOf(name: string, provider: ProviderDefinition): Promise<readonly Syncer[]> {
  await using emulators = await startAllEmulators({ world: createCompany({ size: 'S' }).world });
  const connector = emulators.connectors().find((one) => one.provider === name);
  if (connector === undefined) throw new Error(`there is no emulator for ${name}`);
  const settings = provider.settingsSchema.parse({ ...connector.settings, ...EVERYTHING[name] });
  const session = await provider.connect(settings, {
    connector: name,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    allowLoopback: true,
  });
  await session.close();
  return session.syncers;
}

function settingsTable(provider: ProviderDefinition): string {
  if (!(provider.settingsSchema instanceof z.ZodObject)) throw new Error(`${provider.name}: settings are no object`);
  const fields: [string, z.ZodType][] = Object.entries(provider.settingsSchema.shape);
  return table(
    ['Setting', 'Value', 'Default', 'Meaning'],
    fields.map(([name, schema]) => {
      const field = describeSchema(schema);
      const isSecret = provider.secretFields.includes(name);
      const fallback = schema.safeParse(undefined).success ? defaultOf(field) : 'required';
      return [code(name), `${typeOf(field)}${isSecret ? ', secret' : ''}`, fallback, schema.description ?? ''];
    }),
  );
}

function listingsTable(provider: ProviderDefinition, syncers: readonly Syncer[]): string {
  const known = new Set(syncers.map(({ name }) => name));
  const forgotten = Object.keys(provider.requires).filter((name) => !known.has(name));
  if (forgotten.length > 0) throw new Error(`${provider.name}: no session has the listings ${forgotten.join(', ')}`);
  return table(
    ['Listing', 'Needs', 'Brings', 'Without it'],
    syncers.map(({ name, title, nodes, links, mandatory }) => [
      `${code(name)} (${title})`,
      codes(provider.requires[name] ?? []),
      [...nodes, ...links.map(code)].join(', '),
      mandatory ? '**the run fails**' : 'skipped; what it brought before stays',
    ]),
  );
}
