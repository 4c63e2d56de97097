import { torqProvider } from '../../../datasources/providers/torq/index.ts';
import { createCompany } from '../../../emulators/company.ts';
import { startTorqEmulator } from '../../../emulators/torq.ts';
import { torqExpected } from '../../support/directory-expected.ts';
import type { ProviderContractSetup } from '../provider.contract.ts';

export const setups: Readonly<Record<string, ProviderContractSetup>> = {
  torq: {
    provider: torqProvider,
    async start() {
      const emulator = await startTorqEmulator({ world: createCompany({ size: 'S' }).world });
      return { emulator, settings: emulator.credentials };
    },
    expected: {
      nodes: (world) => torqExpected(world.torq).nodes,
      links: (world) => torqExpected(world.torq).links,
    },
    faults: { listing: '/public/v1alpha/users?' },
  },
};
