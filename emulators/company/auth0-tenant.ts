import type { Auth0Client, Auth0Connection, Auth0Role, Auth0World } from '../world.ts';
import { type Company, grown } from './build.ts';
import { MAIN_DOMAIN } from './model.ts';
import { numbered } from './okta-groups.ts';

export interface Auth0Connections {
  readonly all: Map<string, Auth0Connection>;
  readonly database: Auth0Connection;
  /** Open sign-up: anybody may write any address into it, verified or not. */
  readonly customers: Auth0Connection;
  readonly google: Auth0Connection;
  /** The real Okta tenant. */
  readonly workforce: Auth0Connection;
  /** The JumpCloud application. */
  readonly jumpcloud: Auth0Connection;
  /** A supplier's own identity provider: honest, but not a tenant we know. */
  readonly partner: Auth0Connection;
  /** Calls itself okta and points at a look-alike host. */
  readonly forged: Auth0Connection;
}

export const FORGED_HOST = 'halden-okta.example';

const APIS: readonly (readonly [slug: string, name: string, nouns: string])[] = [
  ['orders', 'Orders API', 'orders shipments returns'],
  ['fleet', 'Fleet API', 'vehicles routes telemetry'],
  ['catalog', 'Catalog API', 'products prices images'],
  ['billing', 'Billing API', 'invoices refunds'],
  ['customers', 'Customer API', 'profiles consents tickets'],
  ['plants', 'Plant Control API', 'lines alarms maintenance'],
  ['reports', 'Reporting API', 'reports exports'],
  ['people', 'People API', 'employees absences'],
];
const CLIENTS =
  'Halden Platform|Orders Desk|Fleet Map|Plant Board|Customer Portal|Supplier Portal|Mobile App|Report Studio|Price Editor|Service Planner|Partner Console|Invoice Viewer'.split(
    '|',
  );
const MACHINES = ['Nightly Exporter', 'Telemetry Ingest', 'Crosswalk Reader'];
const ROLE_WORDS = 'Reader Editor Approver Planner Auditor Dispatcher Clerk Supervisor Steward Trainee'.split(' ');

export const TREASURY_API = `https://api.${MAIN_DOMAIN}/treasury`;
export const TREASURY_PERMISSION = 'payments:release';

export interface Auth0Tenant extends Pick<Auth0World, 'clients' | 'resourceServers' | 'roles' | 'clientGrants'> {
  readonly connections: Auth0Connections;
  /** Roles that are given at large. */
  readonly ordinaryRoles: readonly Auth0Role[];
  /** The one role that may release payments. */
  readonly treasury: Auth0Role;
}

function connectionsOf(company: Company, clients: readonly Auth0Client[]): Auth0Connections {
  const random = company.random('auth0-connections');
  const { tenants } = company;
  const all = new Map<string, Auth0Connection>();
  const add = (
    name: string,
    strategy: string,
    displayName: string | null,
    options: Record<string, unknown>,
    enabled: number,
  ): Auth0Connection => {
    const connection: Auth0Connection = {
      id: random.id('con_', 20),
      name,
      displayName,
      strategy,
      options,
      clients: new Set(random.distinct(clients, enabled).map((client) => client.clientId)),
    };
    const [first] = clients;
    if (first !== undefined) connection.clients.add(first.clientId);
    all.set(connection.id, connection);
    return connection;
  };
  const passwords = { passwordPolicy: 'good', brute_force_protection: true, requires_username: false };
  return {
    all,
    database: add('Username-Password-Authentication', 'auth0', null, { ...passwords, disable_signup: true }, 8),
    customers: add('customers', 'auth0', 'Customer sign-up', { ...passwords, disable_signup: false }, 3),
    google: add('google-oauth2', 'google-oauth2', null, { scope: ['email', 'profile'] }, 5),
    workforce: add(
      'workforce',
      'okta',
      'Halden Works staff',
      {
        domain: tenants.oktaDomain,
        client_id: tenants.platformAppId,
        issuer: `https://${tenants.oktaDomain}`,
        type: 'back_channel',
        scope: 'openid profile email',
      },
      12,
    ),
    jumpcloud: add(
      'halden-jumpcloud',
      'samlp',
      'JumpCloud',
      {
        signInEndpoint: tenants.auth0SsoUrl,
        entityId: `urn:auth0:halden:halden-jumpcloud`,
        protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
        domain_aliases: [MAIN_DOMAIN],
      },
      6,
    ),
    partner: add(
      'vendorgrid',
      'oidc',
      'Vendorgrid people',
      {
        issuer: 'https://login.vendorgrid.example/',
        client_id: 'halden-works',
        discovery_url: 'https://login.vendorgrid.example/.well-known/openid-configuration',
        type: 'back_channel',
      },
      2,
    ),
    // Everything but the host is copied from the real one.
    forged: add(
      'okta',
      'oidc',
      'Okta',
      {
        issuer: `https://${FORGED_HOST}`,
        client_id: tenants.platformAppId,
        discovery_url: `https://${FORGED_HOST}/.well-known/openid-configuration`,
        domain_aliases: [MAIN_DOMAIN],
        type: 'back_channel',
      },
      1,
    ),
  };
}

function clientsOf(company: Company): Auth0Client[] {
  const random = company.random('auth0-clients');
  const names = numbered(CLIENTS, grown(company, 18, 0.3));
  const machines = numbered(MACHINES, grown(company, 4, 0.3));
  return [...names, ...machines].map((name, i) => {
    const isMachine = i >= names.length;
    const slug = name.toLowerCase().replaceAll(' ', '-');
    return {
      clientId: random.id('', 32),
      name,
      description: i % 3 === 0 ? `${name} of Halden Works` : null,
      appType: isMachine ? 'non_interactive' : (['regular_web', 'spa', 'native'][i % 3] ?? 'spa'),
      logoUri: isMachine ? null : `https://static.${MAIN_DOMAIN}/${slug}.png`,
      isFirstParty: i % 7 !== 5,
      callbacks: isMachine ? [] : [`https://${slug}.${MAIN_DOMAIN}/callback`],
      grantTypes: isMachine ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    };
  });
}

/** Clients, APIs, roles and connections of the Auth0 tenant; roles are still without people. */
export function auth0Tenant(company: Company): Auth0Tenant {
  const random = company.random('auth0-tenant');
  const clients = clientsOf(company);
  const resourceServers: Auth0World['resourceServers'] = new Map();
  const permissions: { name: string; resourceServer: string }[][] = [];
  const api = (name: string, identifier: string, values: readonly string[], isSystem = false): void => {
    const id = random.hex(24);
    const scopes = values.map((value) => ({ value, description: `${value.replace(':', ' ')} in ${name}` }));
    resourceServers.set(id, { id, name, identifier, isSystem, scopes });
  };
  for (const [slug, name, nouns] of APIS) {
    const identifier = `https://api.${MAIN_DOMAIN}/${slug}`;
    const values = nouns
      .split(' ')
      .flatMap((noun) => ['read', 'write', 'approve', 'delete'].map((verb) => `${verb}:${noun}`));
    api(name, identifier, values);
    permissions.push(values.map((value) => ({ name: value, resourceServer: identifier })));
  }
  api('Treasury API', TREASURY_API, [TREASURY_PERMISSION, 'payments:prepare', 'balances:read']);
  api('Auth0 Management API', `https://${company.tenants.auth0Domain}/api/v2/`, ['read:users', 'read:clients'], true);

  const roles = new Map<string, Auth0Role>();
  const role = (name: string, description: string, granted: Auth0Role['permissions']): Auth0Role => {
    const one: Auth0Role = { id: random.id('rol_', 20), name, description, permissions: granted, users: new Set() };
    roles.set(one.id, one);
    return one;
  };
  const ordinaryRoles = numbered(
    ROLE_WORDS.flatMap((word) => ['Orders', 'Fleet', 'Catalog'].map((noun) => `${noun} ${word}`)),
    grown(company, 30, 0.35),
  ).map((name, i) =>
    role(
      name,
      `${name} of the Halden Platform`,
      random.distinct(permissions[i % permissions.length] ?? [], 3 + random.int(5)),
    ),
  );
  const treasury = role('Payment Releaser', 'May release prepared payments', [
    { name: TREASURY_PERMISSION, resourceServer: TREASURY_API },
  ]);
  const clientGrants: Auth0World['clientGrants'] = new Map();
  for (const client of clients.filter((one) => one.appType === 'non_interactive')) {
    const server = random.pick([...resourceServers.values()].slice(0, APIS.length));
    const id = random.id('cgr_', 20);
    const scope = server.scopes.slice(0, 2).map((one) => one.value);
    clientGrants.set(id, { id, clientId: client.clientId, audience: server.identifier, scope });
  }
  return {
    connections: connectionsOf(company, clients),
    clients: new Map(clients.map((client) => [client.clientId, client])),
    resourceServers,
    roles,
    ordinaryRoles,
    treasury,
    clientGrants,
  };
}
