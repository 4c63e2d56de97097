import { z } from 'zod';
import { AppError, asAppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { ProviderContext, TenantInfo } from '../../../src/ports/provider.ts';
import type { Auth0Client } from './client.ts';
import { customDomainPayload, tenantPayload } from './payloads.ts';

const customDomains = z.union([
  z.array(customDomainPayload),
  z.object({ custom_domains: z.array(customDomainPayload) }).transform((body) => body.custom_domains),
]);

/**
 * Who the tenant is. The token proves the canonical host; custom domains and the friendly name come where the scopes
 * allow, and a failure to read them fails nothing.
 */
export async function readTenant(client: Auth0Client, context: ProviderContext): Promise<TenantInfo> {
  const { canonicalHost, host } = client.address;
  const scopes = await client.scopes();
  const domains = new Set([canonicalHost, host]);
  const custom = await probe(client, context, 'read:custom_domains', () =>
    client.get('/custom-domains', customDomains, context.signal),
  );
  for (const domain of custom ?? []) if (domain.status === 'ready') domains.add(domain.domain.toLowerCase());
  const settings = await probe(client, context, 'read:tenant_settings', () =>
    client.get('/tenants/settings', tenantPayload, context.signal, { fields: 'friendly_name', include_fields: true }),
  );
  return {
    nativeId: canonicalHost,
    name: settings?.friendly_name || canonicalHost.split('.')[0] || canonicalHost,
    domains: [...domains],
    url: `https://${canonicalHost}`,
    console: { name: 'Auth0 Dashboard', url: 'https://manage.auth0.com/' },
    ...(scopes === null ? {} : { scopes: [...scopes].sort() }),
  };
}

async function probe<T>(
  client: Auth0Client,
  context: ProviderContext,
  scope: string,
  read: () => Promise<T>,
): Promise<T | null> {
  const granted = await client.scopes();
  // Where nobody knows the scopes this is not worth a refusal.
  if (granted?.has(scope) !== true) return null;
  try {
    return await read();
  } catch (error) {
    const { code } = asAppError(error);
    const fatal: readonly string[] = [UPSTREAM_CODES.UNAUTHORIZED, UPSTREAM_CODES.ABORTED];
    if (!(error instanceof AppError) || fatal.includes(code)) throw error;
    context.logger.warn({ connector: context.connector, scope, code }, 'a detail of the tenant cannot be read');
    return null;
  }
}
