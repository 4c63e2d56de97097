import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { defineProvider, type TenantInfo } from '../../../src/ports/provider.ts';
import { AdminsOfUsers } from './administrators.ts';
import { JumpCloudClient } from './client.ts';
import { jumpCloudSyncers } from './listings.ts';
import { LIVE_KINDS, readLive } from './live.ts';
import { organizationSchema } from './payloads.ts';
import { sortedPages } from './reading.ts';
import { REQUIRES } from './scopes.ts';
import { hostsOf, type JumpCloudSettings, jumpCloudSettings } from './settings.ts';

/** JumpCloud: the directory, its administrators, and everything people and groups can be bound to. */
export const jumpcloudProvider = defineProvider({
  name: 'jumpcloud',
  title: 'JumpCloud',
  settingsSchema: jumpCloudSettings,
  secretFields: ['apiKey', 'clientSecret'],
  normaliserVersion: 1,
  provides: {
    nodes: [
      { kind: 'Account', sentence: 'Each user of the directory, and each administrator as an account of class ADMIN.' },
      { kind: 'Group', sentence: 'Each user group, static or filled by a rule.' },
      { kind: 'Role', sentence: 'Each role of administrators, built-in or custom.' },
      { kind: 'Permission', sentence: 'Each scope of a role.' },
      {
        kind: 'Application',
        sentence: 'Each SSO application, LDAP server, RADIUS server, and directory that accounts are pushed to.',
      },
      { kind: 'Credential', sentence: 'Each service account.' },
    ],
    links: [
      { kind: 'MEMBER_OF', sentence: 'A user is a member of a group.' },
      {
        kind: 'ASSIGNED_TO',
        sentence: 'A user or group is bound to an application, server or directory; an id over there is evidence.',
      },
      { kind: 'HAS_ROLE', sentence: 'An administrator holds a role.' },
      { kind: 'GRANTS', sentence: 'A role has a scope.' },
      { kind: 'PERMITS', sentence: 'A scope counts in the admin portal.' },
    ],
  },
  requires: REQUIRES,
  async connect(settings, context) {
    const { connector } = context;
    const hosts = hostsOf(settings, context.allowLoopback);
    const client = new JumpCloudClient(settings, hosts, context);
    const users = new AdminsOfUsers(client);
    try {
      const tenant = await tenantOf(client, settings, { connector, signal: context.signal, shown: hosts.shown });
      return {
        tenant,
        syncers: jumpCloudSyncers(client, connector, users),
        live: (ref, signal) => readLive({ client, connector, users }, ref, signal),
        liveKinds: LIVE_KINDS,
        stats: () => client.stats(),
        close: () => client.close(),
      };
    } catch (error) {
      await client.close();
      throw error;
    }
  },
});

interface Probe {
  readonly connector: string;
  readonly signal: AbortSignal;
  readonly shown: string;
}

/** The organisation behind the credentials: the only one they see, or the one the settings name. */
async function tenantOf(client: JumpCloudClient, settings: JumpCloudSettings, probe: Probe): Promise<TenantInfo> {
  const { connector, signal } = probe;
  const wrong = (message: string): AppError =>
    new AppError(UPSTREAM_CODES.MISCONFIGURED, `${connector}: ${message}`, { connector });
  const read = client.v1('/api/organizations', organizationSchema, { signal, withOrg: false });
  let only: TenantInfo | null = null;
  let seen = 0;
  try {
    for await (const { rows } of sortedPages(read, (organization) => organization._id)) {
      for (const { _id: id, displayName, logoUrl } of rows) {
        seen += 1;
        only = tenant({ id, name: displayName, logoUrl, shown: probe.shown });
        if (id === settings.orgId) return only;
      }
    }
  } catch (error) {
    // The credentials are good, only the role is too narrow for this list: a named organisation will do.
    const isNarrow = error instanceof AppError && error.code === UPSTREAM_CODES.FORBIDDEN;
    if (!isNarrow || settings.orgId === undefined) throw error;
    return tenant({ id: settings.orgId, name: undefined, logoUrl: undefined, shown: probe.shown });
  }
  if (settings.orgId !== undefined) throw wrong('the credentials do not see the organisation in orgId. Check it.');
  if (only === null) throw wrong('the credentials see no organisation.');
  if (seen > 1) throw wrong(`the credentials see ${seen} organisations. Name the one to read in orgId.`);
  return only;
}

function tenant(facts: {
  readonly id: string;
  readonly name: string | undefined;
  readonly logoUrl: string | undefined;
  readonly shown: string;
}): TenantInfo {
  return {
    nativeId: facts.id,
    name: facts.name ?? 'JumpCloud',
    // All tenants share the hosts of their region, so no host is anybody's own; the id is.
    domains: [`jumpcloud-org:${facts.id}`],
    url: facts.shown,
    ...(facts.logoUrl === undefined ? {} : { logoUrl: facts.logoUrl }),
    console: { name: 'JumpCloud Admin Portal', url: facts.shown },
  };
}
