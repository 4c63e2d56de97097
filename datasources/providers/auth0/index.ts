import {
  defineProvider,
  type ProviderContext,
  type ProviderSession,
  type Syncer,
} from '../../../src/ports/provider.ts';
import { applicationSyncers } from './applications.ts';
import { Auth0Client } from './client.ts';
import { connectionSyncers } from './connections.ts';
import { groupSyncers } from './groups.ts';
import { LIVE_KINDS, readLive } from './live.ts';
import { organizationSyncers } from './organizations.ts';
import { roleSyncers } from './roles.ts';
import { type Auth0Settings, auth0Settings } from './settings.ts';
import { readTenant } from './tenant.ts';
import { userSyncers } from './users.ts';

/** Scopes by syncer; the same words stand in each syncer's `requires`. */
const REQUIRES: Readonly<Record<string, readonly string[]>> = {
  connections: ['read:connections'],
  'connection-clients': ['read:connections'],
  clients: ['read:clients'],
  'resource-servers': ['read:resource_servers'],
  roles: ['read:roles'],
  'role-permissions': ['read:roles'],
  users: ['read:users'],
  'user-permissions': ['read:users'],
  'role-users': ['read:users', 'read:roles'],
  organizations: ['read:organizations'],
  'organization-members': ['read:organization_members'],
  'organization-member-roles': ['read:organization_members', 'read:organization_member_roles', 'read:roles'],
  groups: ['read:groups'],
  'group-members': ['read:group_members'],
  'group-roles': ['read:group_roles'],
  consents: ['read:grants'],
};

/** Auth0, by the Management API v2 with client credentials. */
export const auth0Provider = defineProvider({
  name: 'auth0',
  title: 'Auth0',
  settingsSchema: auth0Settings,
  secretFields: ['clientSecret', 'privateKey'],
  normaliserVersion: 1,
  provides: {
    nodes: [
      { kind: 'Account', sentence: 'Users of the tenant, one account each, whatever log-ins are linked to it.' },
      {
        kind: 'Group',
        sentence: 'Connections (type CONNECTION, with what they claim about their upstream tenant) and groups.',
      },
      { kind: 'Role', sentence: 'RBAC roles, and each role held in an organisation as a role of its own.' },
      { kind: 'Organization', sentence: 'Organisations of the tenant.' },
      { kind: 'Application', sentence: 'Applications (clients, with what machines may do) and APIs (type API).' },
      { kind: 'Permission', sentence: 'Permissions that the APIs define.' },
    ],
    links: [
      { kind: 'MEMBER_OF', sentence: 'Accounts in connections, groups and organisations; groups in groups.' },
      {
        kind: 'ASSIGNED_TO',
        sentence: 'Connections to the applications they are enabled for; consents of users, as evidence only.',
      },
      { kind: 'HAS_ROLE', sentence: 'Roles of users (in the tenant or an organisation) and of groups.' },
      {
        kind: 'GRANTS',
        sentence: 'Permissions of roles; direct ones of users when "directPermissions" is on or read live.',
      },
      { kind: 'PERMITS', sentence: 'Permissions on their API.' },
      { kind: 'INSTANCE_OF', sentence: 'A role held in an organisation to its definition.' },
    ],
  },
  requires: REQUIRES,
  async connect(settings: Auth0Settings, context: ProviderContext): Promise<ProviderSession> {
    const client = new Auth0Client(settings, context);
    let downloads = 0;
    try {
      const tenant = await readTenant(client, context);
      const syncers: readonly Syncer[] = [
        ...connectionSyncers(client),
        ...applicationSyncers(client),
        ...roleSyncers(client),
        ...userSyncers(client, context, settings, () => {
          downloads += 1;
        }),
        ...organizationSyncers(client),
        ...groupSyncers(client),
      ];
      return {
        tenant,
        syncers,
        live: (ref, signal) => readLive(client, ref, signal),
        liveKinds: LIVE_KINDS,
        stats: () => {
          const stats = client.stats();
          return { ...stats, requests: stats.requests + downloads };
        },
        close: () => client.close(),
      };
    } catch (error) {
      await client.close();
      throw error;
    }
  },
});
