import type { TenantInfo } from '../../../src/ports/provider.ts';
import type { OktaClient } from './client.ts';
import { hostNamed } from './hosts.ts';
import { idSchema, orgSchema, wellKnownSchema } from './payloads.ts';
import { isRefusal } from './reading.ts';
import type { OktaAddress } from './settings.ts';
import { nobodyThere } from './users.ts';

/**
 * Finds out which org this is, and that the credentials see anybody at all.
 * @throws AppError `UPSTREAM_MISCONFIGURED` when they do not, `UPSTREAM_UNAUTHORIZED` when Okta refuses them
 */
export async function readTenant(client: OktaClient, address: OktaAddress): Promise<TenantInfo> {
  const wellKnown = await client.get('/.well-known/okta-organization', wellKnownSchema);
  const scopes = await client.scopes();
  const { rows } = await client.page({ path: '/api/v1/users', query: { limit: 1 } }, idSchema, 'ids');
  if (rows.length === 0) throw nobodyThere(client.connector);
  const name = await companyName(client);
  const links = wellKnown._links;
  const hosts = [address.host, hostNamed(links?.organization?.href), hostNamed(links?.alternate?.href)];
  const domains = [...new Set(hosts.filter((host) => host !== null))];
  const host = domains[0] ?? address.host;
  return {
    nativeId: wellKnown.id,
    name: name ?? host,
    domains,
    url: `https://${host}`,
    console: { name: 'Okta Admin Console', url: `https://${adminHost(hostNamed(links?.organization?.href) ?? host)}` },
    ...(scopes === null ? {} : { scopes }),
  };
}

async function companyName(client: OktaClient): Promise<string | null> {
  try {
    const org = await client.find('/api/v1/org', orgSchema);
    return org?.companyName || org?.subdomain || null;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** Okta's own hosts have a twin for administrators; custom domains have not. */
function adminHost(host: string): string {
  return host.replace(/^([a-z0-9-]+)\.(okta[a-z-]*\.com)$/, '$1-admin.$2');
}
