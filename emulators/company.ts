import { auth0Access } from './company/auth0-access.ts';
import { auth0Tenant } from './company/auth0-tenant.ts';
import { auth0Users } from './company/auth0-users.ts';
import { type Company, seededRandom, type Tenants } from './company/build.ts';
import { jumpcloudResources } from './company/jumpcloud-resources.ts';
import { jumpcloudAdmins, jumpcloudEmail, jumpcloudUsers } from './company/jumpcloud-users.ts';
import { inventMachines } from './company/machines.ts';
import { accountKey, COMPANY_NAME, iso, LABS_DOMAIN, MAIN_DOMAIN, NOW } from './company/model.ts';
import { oktaAdmins } from './company/okta-admins.ts';
import { oktaApps } from './company/okta-apps.ts';
import { oktaGroups } from './company/okta-groups.ts';
import { oktaUsers } from './company/okta-users.ts';
import { inventPeople } from './company/people.ts';
import { inventStrangers, recordDoubles } from './company/strangers.ts';
import { torqWorld } from './company/torq.ts';
import { TruthBook } from './company/truth.ts';
import type { Auth0World, JumpCloudWorld, OktaIdp, OktaWorld, TorqWorld, Truth, World } from './world.ts';

const PEOPLE = { S: 1_000, M: 10_000, L: 100_000 } as const;

export interface CompanyOptions {
  /** S: 1,000 people, M: 10,000, L: 100,000; each has about four accounts and hundred links. */
  readonly size: World['size'];
  /** The same seed gives the same company, record by record. Default 1. */
  readonly seed?: number;
}

/** One invented company over all four providers, and who is who in it. */
export function createCompany(options: CompanyOptions): { world: World; truth: Truth } {
  const { size, seed = 1 } = options;
  const random = seededRandom(seed);
  const ids = random('tenants');
  const tenants: Tenants = {
    oktaDomain: 'halden.okta.example',
    auth0Domain: 'halden.eu.auth0.example',
    oktaSsoUrl: 'https://sso.jumpcloud.example/saml2/halden-okta',
    auth0SsoUrl: 'https://sso.jumpcloud.example/saml2/halden-platform',
    platformAppId: ids.id('0oa', 20),
    torqWorkspaceId: ids.uuid(),
  };
  const truth = new TruthBook();
  const company: Company = {
    size,
    seed,
    scale: PEOPLE[size] / 1_000,
    ...inventPeople(PEOPLE[size], random),
    tenants,
    truth,
    random,
  };
  const orgId = ids.id('00o', 20);

  const users = oktaUsers(company);
  const groups = oktaGroups(company, users);
  const apps = oktaApps(company, users, groups);
  const jumpcloudAccounts = jumpcloudUsers(company);
  const resources = jumpcloudResources(company, jumpcloudAccounts);
  const torq: TorqWorld = torqWorld(company, { users, app: apps.torq, group: groups.torq });
  const idp = inboundFromJumpCloud(company, ids.id('0oa', 20), resources.intoOkta.members);

  const tenant = auth0Tenant(company);
  const accounts = auth0Users(company, tenant.connections, {
    oktaUsers: users,
    openOkta(person) {
      const user = users.get(person.okta ?? '');
      if (user === undefined || user.status === 'DEPROVISIONED') return;
      groups.platform.get(person.department.slug)?.members.add(user.id);
      apps.platform.appUsers.set(user.id, { userName: user.email, externalId: null });
    },
    openJumpCloud(person) {
      if (person.jumpcloud !== null) resources.intoAuth0.members.add(person.jumpcloud);
    },
  });
  const mirrored = [...groups.byDepartment.values(), ...groups.projects];
  const access = auth0Access(company, tenant, accounts, mirrored);
  const strangers = inventStrangers(company, tenant.connections, accounts.users);
  recordDoubles(company);

  const jumpcloud: JumpCloudWorld = {
    orgId: ids.hex(24),
    displayName: COMPANY_NAME,
    users: jumpcloudAccounts,
    ...jumpcloudAdmins(company, jumpcloudAccounts),
    groups: resources.groups,
    apps: resources.apps,
    directories: resources.directories,
    radius: resources.radius,
    serviceAccounts: new Map(),
  };
  const auth0: Auth0World = {
    tenant: 'halden',
    domain: tenants.auth0Domain,
    friendlyName: COMPANY_NAME,
    users: accounts.users,
    connections: tenant.connections.all,
    clients: tenant.clients,
    resourceServers: tenant.resourceServers,
    roles: tenant.roles,
    clientGrants: tenant.clientGrants,
    ...access,
  };
  const okta: OktaWorld = {
    orgId,
    domain: tenants.oktaDomain,
    companyName: COMPANY_NAME,
    users,
    groups: groups.groups,
    apps: apps.apps,
    idps: new Map([[idp.id, idp]]),
    roleAssignments: new Map(),
    customRoles: new Map(),
    resourceSets: new Map(),
    apiTokens: new Map(),
  };
  const service = inventMachines(company, { okta, jumpcloud, auth0, connections: tenant.connections });
  const world: World = {
    seed,
    size,
    now: iso(NOW),
    ownedDomains: [MAIN_DOMAIN, LABS_DOMAIN],
    okta: { ...okta, ...oktaAdmins(company, orgId, groups, apps, service) },
    auth0,
    jumpcloud,
    torq,
  };
  return { world, truth: truth.finish([...company.people, ...strangers]) };
}

/** Contractors whose only way into Okta is JumpCloud's application for it. */
function inboundFromJumpCloud(company: Company, id: string, bound: Set<string>): OktaIdp {
  const users = new Map<string, string>();
  for (const person of company.people) {
    if (person.contractor !== 'JUMPCLOUD_INTO_OKTA' || person.okta === null || person.jumpcloud === null) continue;
    users.set(person.okta, jumpcloudEmail(person));
    bound.add(person.jumpcloud);
    company.truth.tie(accountKey('okta', person.okta), accountKey('jumpcloud', person.jumpcloud));
  }
  return {
    id,
    name: 'JumpCloud (contractors)',
    type: 'SAML2',
    ssoUrl: company.tenants.oktaSsoUrl,
    issuer: 'halden-jumpcloud',
    users,
  };
}
