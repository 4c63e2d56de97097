import { AppError } from '../../domain/errors.ts';
import type { TenantInfo } from '../../ports/provider.ts';
import type { ConnectorBook } from './connector-book.ts';
import type { SyncDeps } from './deps.ts';

const RETRY_MS = 100;

/**
 * Writes down which tenant a connector is connected to.
 * @throws AppError `TENANT_ALREADY_CONNECTED` when another connector has it, `TENANT_CHANGED` when this one had another
 */
export async function claimTenant(
  { book, leases, clock, graph, stop, refresh }: SyncDeps,
  connector: string,
  tenant: TenantInfo,
): Promise<void> {
  if (!graph.store.isShared) return claim(book, connector, tenant);
  // One after the other, so that of two gateways that connect at once one sees the other.
  let lease = await leases.acquire('tenants');
  while (lease === null) {
    await clock.sleep(RETRY_MS, stop);
    lease = await leases.acquire('tenants');
  }
  try {
    await refresh();
    await claim(book, connector, tenant);
  } finally {
    await lease.release();
  }
}

async function claim(book: ConnectorBook, connector: string, tenant: TenantInfo): Promise<void> {
  const status = book.get(connector);
  if (status === null) return;
  const other = book
    .all()
    .find(
      (candidate) =>
        candidate.connector !== connector &&
        candidate.provider === status.provider &&
        candidate.tenant?.nativeId === tenant.nativeId,
    );
  if (other !== undefined) {
    throw new AppError(
      'TENANT_ALREADY_CONNECTED',
      `The tenant ${tenant.name} is already connected as "${other.name}" (${other.connector}); remove one of the two connectors.`,
      { connector, details: { connectedAs: other.connector } },
    );
  }
  if (status.tenant !== null && status.tenant.nativeId !== tenant.nativeId) {
    throw new AppError(
      'TENANT_CHANGED',
      `The settings of "${connector}" now lead to the tenant ${tenant.name} instead of ${status.tenant.name}. Give it a connector of its own, or delete this one's data first.`,
      { connector },
    );
  }
  const { nativeId, name, domains, url } = tenant;
  // The book changes before it awaits its store: of two that connect at once, one sees the other.
  await book.update(connector, { tenant: { nativeId, name, domains: [...domains], url: url ?? null } });
}
