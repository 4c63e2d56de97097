import {
  defineProvider,
  type ProviderContext,
  type Syncer,
  type SyncPage,
  type TenantInfo,
} from '../../../src/ports/provider.ts';
import { TorqClient } from './client.ts';
import { fromApiKey, fromRole, fromUser, together } from './records.ts';
import { REQUIRES } from './scopes.ts';
import { hostsOf, type TorqSettings, torqSettings } from './settings.ts';

/** Torq: the people of one workspace, their roles and its API keys. */
export const torqProvider = defineProvider({
  name: 'torq',
  title: 'Torq',
  settingsSchema: torqSettings,
  secretFields: ['clientSecret'],
  normaliserVersion: 1,
  provides: {
    nodes: [
      { kind: 'Account', sentence: 'Each user of the workspace, local or provisioned by single sign-on.' },
      { kind: 'Role', sentence: 'Each role of the workspace, preset or custom.' },
      { kind: 'Permission', sentence: 'Each scope of a role.' },
      { kind: 'Credential', sentence: 'Each API key: service keys, and private keys of people.' },
    ],
    links: [
      { kind: 'HAS_ROLE', sentence: 'A user holds one role.' },
      { kind: 'GRANTS', sentence: 'A role has a scope.' },
      { kind: 'PERMITS', sentence: 'A scope counts in the workspace.' },
      { kind: 'OWNS', sentence: 'A private API key belongs to a user.' },
    ],
  },
  requires: REQUIRES,
  async connect(settings, context) {
    const hosts = hostsOf(settings, context.allowLoopback);
    const client = new TorqClient(settings, hosts, context);
    try {
      const tenant = await tenantOf(client, settings, hosts.shown, context);
      return {
        tenant,
        syncers: torqSyncers(client),
        /** There is no route for one user; the list is short. */
        async live({ nativeId }, signal) {
          const user = (await client.users(signal)).find(({ id }) => id === nativeId);
          return user === undefined ? null : fromUser(user);
        },
        liveKinds: ['Account'],
        stats: () => client.stats(),
        close: () => client.close(),
      };
    } catch (error) {
      await client.close();
      throw error;
    }
  },
});

/** No list has pages: each is one answer. */
function torqSyncers(client: TorqClient): readonly Syncer[] {
  const onePage = (parts: readonly ReturnType<typeof fromUser>[]): SyncPage => ({
    ...together(parts),
    cursor: null,
    rows: parts.length,
    total: parts.length,
  });
  return [
    {
      name: 'roles',
      title: 'roles',
      nodes: ['Role', 'Permission'],
      links: ['GRANTS', 'PERMITS'],
      requires: REQUIRES.roles,
      async *list({ signal }) {
        const [roles, mappings] = await Promise.all([client.roles(signal), client.claimMappings(signal)]);
        yield onePage(roles.map((role) => fromRole(role, mappings)));
      },
    },
    {
      name: 'users',
      title: 'users',
      nodes: ['Account'],
      links: ['HAS_ROLE'],
      requires: REQUIRES.users,
      mandatory: true,
      async *list({ signal }) {
        yield onePage((await client.users(signal)).map(fromUser));
      },
    },
    {
      name: 'api-keys',
      title: 'API keys',
      nodes: ['Credential'],
      links: ['OWNS'],
      requires: REQUIRES['api-keys'],
      after: ['users'],
      async *list({ signal }) {
        yield onePage((await client.apiKeys(signal)).map(fromApiKey));
      },
    },
  ];
}

/**
 * The workspace: as the settings say, else as its log says, else the key stands for it (a key belongs to one workspace).
 * A log that is quiet, or closed to the key, does not make it another one: what it was called once stays.
 * No route says which addresses are the workspace's own, so the operator may declare them.
 */
async function tenantOf(
  client: TorqClient,
  settings: TorqSettings,
  shown: string,
  { signal, knownTenant: known }: ProviderContext,
): Promise<TenantInfo> {
  // Asked in any case: it is the first call with the credentials.
  const found = await client.workspace(signal);
  const isNamedByKey = known?.nativeId === settings.clientId;
  const nativeId =
    settings.workspaceId ?? (isNamedByKey ? known.nativeId : found?.id) ?? known?.nativeId ?? settings.clientId;
  const ids = new Set([nativeId, found?.id ?? nativeId]);
  return {
    nativeId,
    name: settings.workspaceName ?? found?.name ?? known?.name ?? 'Torq workspace',
    domains: [...[...ids].map((id) => `torq-workspace:${id.toLowerCase()}`), ...settings.ownSignInUrls],
    url: shown,
    console: { name: 'Torq workspace', url: shown },
  };
}
