import { oktaProvider } from '../../../datasources/providers/okta/index.ts';
import { createCompany } from '../../../emulators/company.ts';
import { type OktaCredentials, type OktaEmulator, startOktaEmulator } from '../../../emulators/okta.ts';
import { oktaExpected } from '../../support/okta-expected.ts';
import type { ProviderContractSetup } from '../provider.contract.ts';

function setup(credentials: (emulator: OktaEmulator) => OktaCredentials): ProviderContractSetup {
  return {
    provider: oktaProvider,
    async start() {
      const emulator = await startOktaEmulator({ world: createCompany({ size: 'S' }).world });
      return { emulator, settings: { ...credentials(emulator) }, planted: emulator.planted };
    },
    expected: {
      nodes: (world) => oktaExpected(world.okta).nodes,
      links: (world) => oktaExpected(world.okta).links,
    },
    faults: {
      listing: 'GET /api/v1/users?',
      paged: { syncer: 'users', match: 'GET /api/v1/users?' },
      // Every org has users: an empty answer means that the credentials may see nobody.
      emptyCompletes: false,
    },
  };
}

/** Both kinds of credentials; DPoP is what Okta demands of new service apps. */
export const setups: Readonly<Record<string, ProviderContractSetup>> = {
  'okta with an API token': setup((emulator) => emulator.credentials),
  'okta as a service app': setup((emulator) => emulator.appCredentials()),
};
