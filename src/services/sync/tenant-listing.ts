import { AppError } from '../../domain/errors.ts';
import { compact } from '../../domain/graph.ts';
import { CONSOLE_NATIVE_ID, type Syncer, type TenantInfo } from '../../ports/provider.ts';

/** The listing that the sync itself adds to every provider's. */
export const TENANT_LISTING = 'tenant';

/** The tenant as a listing: its Organization of type TENANT and its Application of type CONSOLE. */
export function tenantSyncer(tenant: TenantInfo): Syncer {
  return {
    name: TENANT_LISTING,
    title: 'tenant',
    nodes: ['Organization', 'Application'],
    links: [],
    requires: [],
    mandatory: true,
    async *list() {
      yield {
        nodes: [
          {
            kind: 'Organization',
            nativeId: tenant.nativeId,
            name: tenant.name,
            properties: compact({
              type: 'TENANT',
              displayName: tenant.name,
              domains: [...tenant.domains],
              url: tenant.url,
              logoUrl: tenant.logoUrl,
            }),
          },
          {
            kind: 'Application',
            nativeId: CONSOLE_NATIVE_ID,
            name: tenant.console.name,
            properties: compact({ type: 'CONSOLE', active: true, url: tenant.console.url, logoUrl: tenant.logoUrl }),
          },
        ],
        links: [],
        cursor: null,
        rows: 2,
      };
    },
  };
}

/**
 * All listings of a run in an order in which parents come first; the tenant is everybody's parent.
 * @throws AppError `PROVIDER_CONTRACT` for a name twice, a parent that does not exist, or parents in a circle
 */
export function inOrder(syncers: readonly Syncer[], connector: string): readonly Syncer[] {
  const byName = new Map(syncers.map((syncer) => [syncer.name, syncer]));
  const fault = (what: string): AppError =>
    new AppError('PROVIDER_CONTRACT', `The provider of ${connector} ${what}; its code needs a correction.`, {
      audience: 'developer',
      connector,
    });
  if (byName.size !== syncers.length || byName.has(TENANT_LISTING)) throw fault('has two listings of one name');
  const ordered: Syncer[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (syncer: Syncer): void => {
    if (state.get(syncer.name) === 'done') return;
    if (state.get(syncer.name) === 'open') throw fault(`has listings that wait for each other (${syncer.name})`);
    state.set(syncer.name, 'open');
    for (const name of syncer.after ?? []) {
      const parent = byName.get(name);
      if (parent === undefined) throw fault(`has a listing after "${name}", which does not exist`);
      visit(parent);
    }
    state.set(syncer.name, 'done');
    ordered.push(syncer);
  };
  for (const syncer of syncers) visit(syncer);
  return ordered;
}
