import { jumpcloudProvider } from '../../../datasources/providers/jumpcloud/index.ts';
import { createCompany } from '../../../emulators/company.ts';
import { type JumpCloudEmulator, startJumpCloudEmulator } from '../../../emulators/jumpcloud.ts';
import { jumpCloudExpected } from '../../support/directory-expected.ts';
import type { ProviderContractSetup } from '../provider.contract.ts';

function setup(credentials: (emulator: JumpCloudEmulator) => Record<string, unknown>): ProviderContractSetup {
  return {
    provider: jumpcloudProvider,
    async start() {
      const emulator = await startJumpCloudEmulator({ world: createCompany({ size: 'S' }).world });
      return { emulator, settings: credentials(emulator), planted: emulator.plantedSecrets };
    },
    expected: {
      nodes: (world) => jumpCloudExpected(world.jumpcloud).nodes,
      links: (world) => jumpCloudExpected(world.jumpcloud).links,
    },
    faults: { listing: 'GET /api/systemusers?' },
  };
}

/** The two ways to authenticate. */
export const setups: Readonly<Record<string, ProviderContractSetup>> = {
  'jumpcloud with a key': setup((emulator) => emulator.credentials),
  'jumpcloud as a service account': setup((emulator) => emulator.oauthCredentials),
};
