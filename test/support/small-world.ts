import type { Auth0User, World } from '../../emulators/world.ts';

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

/** Adds a database user (or whatever `given` makes of it) to the Auth0 tenant and returns it. */
export function addAuth0User(world: World, given: Partial<Auth0User> & { readonly userId: string }): Auth0User {
  const user: Auth0User = {
    email: `${given.userId.replace(/[^a-z0-9]+/gi, '.')}@acme.example`,
    emailVerified: true,
    username: null,
    name: `Person ${given.userId}`,
    givenName: null,
    familyName: null,
    nickname: null,
    picture: null,
    blocked: false,
    createdAt: '2025-01-01T00:00:00.000Z',
    updatedAt: '2025-01-01T00:00:00.000Z',
    lastLogin: null,
    loginsCount: 0,
    multifactor: [],
    identities: [
      { provider: 'auth0', connection: 'people', userId: given.userId.replace('auth0|', ''), isSocial: false },
    ],
    appMetadata: {},
    permissions: [],
    ...given,
  };
  world.auth0.users.set(user.userId, user);
  return user;
}

/** A handful of people in Auth0, enough to meet every kind of row once. */
export function aSmallWorld(): World {
  const world = anEmptyWorld();
  const { auth0 } = world;
  auth0.connections.set('con_people', {
    id: 'con_people',
    name: 'people',
    displayName: null,
    strategy: 'auth0',
    options: {},
    clients: new Set(['portal']),
  });
  auth0.connections.set('con_okta', {
    id: 'con_okta',
    name: 'workforce',
    displayName: 'Staff',
    strategy: 'okta',
    options: { domain: 'acme.okta.example', client_id: '0oa1' },
    clients: new Set(['portal']),
  });
  auth0.clients.set('portal', {
    clientId: 'portal',
    name: 'Portal',
    description: null,
    appType: 'regular_web',
    logoUri: null,
    isFirstParty: true,
    callbacks: ['https://portal.acme.example/callback'],
    grantTypes: ['authorization_code'],
  });
  auth0.resourceServers.set('rs_orders', {
    id: 'rs_orders',
    name: 'Orders',
    identifier: 'https://orders.acme.example',
    isSystem: false,
    scopes: [{ value: 'read:orders', description: 'Read orders' }],
  });
  const permission = { name: 'read:orders', resourceServer: 'https://orders.acme.example' };
  addAuth0User(world, { userId: 'auth0|ana', givenName: 'Ana', familyName: 'Diaz', permissions: [permission] });
  addAuth0User(world, {
    userId: 'okta|workforce|00u1bo',
    createdAt: '2025-02-01T00:00:00.000Z',
    identities: [{ provider: 'okta', connection: 'workforce', userId: 'workforce|00u1bo', isSocial: false }],
  });
  addAuth0User(world, { userId: 'auth0|cy', createdAt: '2025-03-01T00:00:00.000Z', blocked: true });
  auth0.roles.set('rol_reader', {
    id: 'rol_reader',
    name: 'Reader',
    description: 'Reads',
    permissions: [permission],
    users: new Set(['okta|workforce|00u1bo']),
  });
  auth0.organizations.set('org_acme', {
    id: 'org_acme',
    name: 'acme',
    displayName: 'Acme',
    logoUrl: null,
    createdAt: '2024-01-01T00:00:00.000Z',
    members: new Map([
      ['auth0|ana', new Set(['rol_reader'])],
      ['auth0|cy', new Set()],
    ]),
    connections: new Set(['con_people']),
  });
  auth0.groups.set('grp_1', {
    id: 'grp_1',
    name: 'Engineering',
    externalId: null,
    connectionId: 'con_okta',
    createdAt: '2024-01-01T00:00:00.000Z',
    updatedAt: '2024-01-01T00:00:00.000Z',
    members: new Map([['okta|workforce|00u1bo', 'user']]),
    roles: new Set(['rol_reader']),
  });
  auth0.groups.set('grp_2', {
    id: 'grp_2',
    name: 'Everybody who builds',
    externalId: null,
    connectionId: null,
    createdAt: '2024-01-01T00:00:00.000Z',
    updatedAt: '2024-01-01T00:00:00.000Z',
    members: new Map([['grp_1', 'group']]),
    roles: new Set(),
  });
  auth0.clientGrants.set('cgr_1', {
    id: 'cgr_1',
    clientId: 'portal',
    audience: 'https://orders.acme.example',
    scope: ['read:orders'],
  });
  auth0.grants.set('gra_1', {
    id: 'gra_1',
    clientId: 'portal',
    userId: 'auth0|ana',
    audience: 'https://orders.acme.example',
    scope: ['read:orders'],
  });
  return world;
}
