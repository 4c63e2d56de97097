import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ProviderContractSetup, providerContract } from './provider.contract.ts';
import { setups as auth0 } from './setups/auth0.ts';
import { setups as jumpcloud } from './setups/jumpcloud.ts';
import { setups as okta } from './setups/okta.ts';
import { setups as torq } from './setups/torq.ts';

/** One or more ways to run each provider, by the name of its folder. */
const SETUPS: Readonly<Record<string, Readonly<Record<string, ProviderContractSetup>>>> = {
  auth0,
  jumpcloud,
  okta,
  torq,
};

const folders = readdirSync(new URL('../../datasources/providers/', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('providers', () => {
  it('are all held to the contract, so that a new folder cannot be forgotten', () => {
    expect(Object.keys(SETUPS).sort()).toEqual(folders.sort());
  });
});

for (const setups of Object.values(SETUPS)) {
  for (const [name, setup] of Object.entries(setups)) providerContract(name, setup);
}
