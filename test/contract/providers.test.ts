import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ProviderContractSetup, providerContract } from './provider.contract.ts';

const providers = new URL('../../datasources/providers/', import.meta.url);
const isSetups = z.record(
  z.string(),
  z.custom<ProviderContractSetup>((value) => typeof value === 'object'),
);
const folders = readdirSync(providers, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('providers', () => {
  it.each(folders)('%s has a set-up for the contract', (folder) => {
    expect(existsSync(new URL(`./setups/${folder}.ts`, import.meta.url))).toBe(true);
  });
});

// Every folder, so that a new provider cannot be forgotten.
for (const folder of folders) {
  const file = new URL(`./setups/${folder}.ts`, import.meta.url);
  if (!existsSync(file)) continue;
  const { setups } = z.looseObject({ setups: isSetups }).parse(await import(file.href));
  for (const [name, setup] of Object.entries(setups)) providerContract(name, setup);
}
