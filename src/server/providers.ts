import { providers as knownProviders } from '../../datasources/providers/registry.generated.ts';
import type { ConnectorSection } from '../config/schema.ts';
import { AppError } from '../domain/errors.ts';
import type { ProviderDefinition } from '../ports/provider.ts';

/** Whether there is a provider of this name. */
export function isProvider(name: string): boolean {
  return Object.hasOwn(knownProviders, name);
}

/**
 * Only the providers that are used: each is loaded when it is needed.
 * @throws AppError `PROVIDER_UNKNOWN`
 */
export async function loadProviders(
  connectors: readonly Pick<ConnectorSection, 'id' | 'provider'>[],
): Promise<Map<string, ProviderDefinition>> {
  const loaded = new Map<string, ProviderDefinition>();
  for (const { id, provider } of connectors) {
    const load = knownProviders[provider];
    if (load === undefined) {
      const known = Object.keys(knownProviders).sort().join(', ');
      throw new AppError(
        'PROVIDER_UNKNOWN',
        `The connector "${id}" names the provider "${provider}"; known are ${known}.`,
      );
    }
    if (!loaded.has(provider)) loaded.set(provider, await load());
  }
  return loaded;
}
