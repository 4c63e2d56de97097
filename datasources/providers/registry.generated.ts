// Generated from the folders beside it: `npm run gen`. Do not edit.
import type { ProviderDefinition } from '../../src/ports/provider.ts';

/** Every provider by its name, loaded when it is asked for. */
export const providers: Readonly<Record<string, () => Promise<ProviderDefinition>>> = {
  auth0: async () => (await import('./auth0/index.ts')).auth0Provider,
  jumpcloud: async () => (await import('./jumpcloud/index.ts')).jumpcloudProvider,
  okta: async () => (await import('./okta/index.ts')).oktaProvider,
  torq: async () => (await import('./torq/index.ts')).torqProvider,
};
