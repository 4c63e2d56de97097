import { defineProvider } from '../../../src/ports/provider.ts';
import { apiTokensSyncer } from './api-tokens.ts';
import { appGroupsSyncer, appsSyncer, appUsersSyncer, pushesSyncer } from './apps.ts';
import { OktaClient } from './client.ts';
import { groupMembersSyncer, groupsSyncer } from './groups.ts';
import { idpsSyncer } from './idps.ts';
import { LIVE_KINDS, readLive } from './live.ts';
import type { OktaReading } from './reading.ts';
import { rolesSyncer } from './roles.ts';
import { oktaSettings, resolveAddress } from './settings.ts';
import { readTenant } from './tenant.ts';
import { usersSyncer } from './users.ts';

/** In the order in which they have to run. */
const SYNCERS = [
  groupsSyncer,
  idpsSyncer,
  usersSyncer,
  groupMembersSyncer,
  appsSyncer,
  appGroupsSyncer,
  appUsersSyncer,
  pushesSyncer,
  rolesSyncer,
  apiTokensSyncer,
] as const;

/** Okta workforce orgs, Classic and Identity Engine, by API token or service app. Only GET, and POST for the token. */
export const oktaProvider = defineProvider({
  name: 'okta',
  title: 'Okta',
  settingsSchema: oktaSettings,
  secretFields: ['apiToken', 'privateKey'],
  normaliserVersion: 1,
  provides: {
    nodes: [
      { kind: 'Account', sentence: 'Every user of the org, deprovisioned ones included.' },
      {
        kind: 'Group',
        sentence: 'Groups of Okta and of directories, Everyone, and one group for each inbound identity provider.',
      },
      { kind: 'Application', sentence: 'Applications, with where they sign people in.' },
      { kind: 'Role', sentence: 'Standard and custom administrator roles, once more for each scope they are held in.' },
      { kind: 'Permission', sentence: 'Permissions of custom roles; one for each standard role.' },
      { kind: 'Credential', sentence: 'API tokens, without the token itself.' },
    ],
    links: [
      { kind: 'MEMBER_OF', sentence: 'Members of groups; in Everyone is everybody who is not deprovisioned.' },
      {
        kind: 'ASSIGNED_TO',
        sentence: 'Groups and people assigned to applications; a person’s assignment by group is evidence.',
      },
      { kind: 'PUSHES_TO', sentence: 'Groups pushed into an application’s group.' },
      { kind: 'HAS_ROLE', sentence: 'Administrator roles of people and groups.' },
      { kind: 'GRANTS', sentence: 'Permissions of an administrator role.' },
      { kind: 'PERMITS', sentence: 'Administrator permissions count in the admin console.' },
      { kind: 'INSTANCE_OF', sentence: 'A role held on targets or a resource set is its definition in that scope.' },
      { kind: 'OWNS', sentence: 'Whoever made an API token owns it; it acts with their roles.' },
    ],
  },
  requires: {
    groups: ['okta.groups.read'],
    idps: ['okta.idps.read'],
    users: ['okta.users.read'],
    'group-members': ['okta.groups.read'],
    apps: ['okta.apps.read'],
    'app-groups': ['okta.apps.read'],
    'app-users': ['okta.apps.read'],
    'group-pushes': ['okta.apps.read', 'okta.groups.read'],
    'admin-roles': ['okta.roles.read'],
    'api-tokens': ['okta.apiTokens.read'],
  },
  async connect(settings, context) {
    const address = resolveAddress(settings, context.allowLoopback);
    const client = OktaClient.open(settings, address, context);
    try {
      const tenant = await readTenant(client, address);
      const reading: OktaReading = {
        client,
        connector: context.connector,
        logger: context.logger,
        scopes: tenant.scopes ?? null,
        isComplete: !settings.partialVisibility,
        resolveManagers: settings.resolveManagers,
      };
      return {
        tenant,
        syncers: SYNCERS.map((syncer) => syncer(reading)),
        live: (ref, signal) => readLive({ ...reading, client: client.with(signal) }, ref),
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
