import type { World } from '../../emulators/world.ts';

/** A world with nobody in it: the smallest thing an emulator can serve. Fill its maps by hand. */
export function anEmptyWorld(): World {
  return {
    seed: 1,
    size: 'S',
    now: '2026-08-20T08:00:00.000Z',
    ownedDomains: ['acme.example'],
    okta: {
      orgId: '00o1smallworld',
      domain: 'acme.okta.example',
      companyName: 'Acme',
      users: new Map(),
      groups: new Map(),
      apps: new Map(),
      roleAssignments: new Map(),
      customRoles: new Map(),
      resourceSets: new Map(),
      idps: new Map(),
      apiTokens: new Map(),
    },
    auth0: {
      tenant: 'acme',
      domain: 'acme.eu.auth0.example',
      friendlyName: 'Acme',
      users: new Map(),
      connections: new Map(),
      clients: new Map(),
      resourceServers: new Map(),
      roles: new Map(),
      organizations: new Map(),
      groups: new Map(),
      clientGrants: new Map(),
      grants: new Map(),
    },
    jumpcloud: {
      orgId: '5f0000000000000000000001',
      displayName: 'Acme',
      users: new Map(),
      admins: new Map(),
      roles: new Map(),
      groups: new Map(),
      apps: new Map(),
      directories: new Map(),
      radius: new Map(),
      serviceAccounts: new Map(),
    },
    torq: {
      workspaceId: '00000000-0000-4000-8000-000000000001',
      workspaceName: 'Acme',
      users: new Map(),
      roles: new Map(),
      apiKeys: new Map(),
      claimMappings: [],
    },
  };
}

/** A handful of people in Auth0, enough to meet every kind of row once. */
export function aSmallWorld(): World {
  return anEmptyWorld();
}
