import type { Auth0World, JumpCloudWorld, OktaUser, OktaWorld } from '../world.ts';
import type { Auth0Connections } from './auth0-tenant.ts';
import { auth0User } from './auth0-users.ts';
import type { Company } from './build.ts';
import { accountKey, days, iso, MAIN_DOMAIN, NOW } from './model.ts';
import { numbered } from './okta-groups.ts';
import type { Random } from './random.ts';

const JOBS = 'backup deploy monitoring scanner billing-export ci ldap-bind metrics sync printer'.split(' ');
const DESKS = 'Reception Kiosk Meeting-Room Workshop Warehouse'.split(' ');

interface Tenant {
  readonly okta: OktaWorld;
  readonly jumpcloud: JumpCloudWorld;
  readonly auth0: Pick<Auth0World, 'users'>;
  readonly connections: Auth0Connections;
}

function oktaUser(
  random: Random,
  login: string,
  email: string,
  first: string,
  last: string,
  userType: string | null,
): OktaUser {
  const created = iso(NOW - days(200 + random.next() * 900));
  return {
    id: random.id('00u', 20),
    status: 'ACTIVE',
    login,
    email,
    secondEmail: null,
    firstName: first,
    lastName: last,
    displayName: null,
    employeeNumber: null,
    department: null,
    title: null,
    userType,
    managerId: null,
    emailVerified: null,
    created,
    activated: created,
    statusChanged: created,
    lastLogin: iso(NOW - days(random.next() * 3)),
    lastUpdated: created,
  };
}

function jumpcloudUser(
  random: Random,
  username: string,
  email: string,
  name: [string, string],
  employeeType: string | null,
) {
  return {
    id: random.hex(24),
    username,
    email,
    alternateEmail: null,
    firstname: name[0],
    lastname: name[1],
    displayname: null,
    state: 'ACTIVATED' as const,
    activated: true,
    accountLocked: false,
    passwordExpired: false,
    mfaConfigured: false,
    adminId: null,
    manager: null,
    employeeIdentifier: null,
    employeeType,
    department: null,
    jobTitle: null,
    location: null,
    company: null,
    created: iso(NOW - days(200 + random.next() * 900)),
  };
}

/**
 * Accounts of workloads and log-ins that several people share. Some say so in their type, some only by their name;
 * a few workloads are registered under their owner's own address. Returns the Okta id of one of them.
 */
export function inventMachines(company: Company, tenant: Tenant): string | null {
  const random = company.random('machines');
  let first: string | null = null;
  const { truth } = company;
  const pools = [...tenant.okta.groups.values()].filter((group) => group.name.startsWith('Licence'));
  const shares = [...tenant.jumpcloud.groups.values()].filter((group) => group.name.startsWith('share-'));
  const inOkta = (user: OktaUser): string => {
    tenant.okta.users.set(user.id, user);
    for (const group of random.distinct(pools, 2)) group.members.add(user.id);
    return accountKey('okta', user.id);
  };
  const inJumpCloud = (user: ReturnType<typeof jumpcloudUser>): string => {
    tenant.jumpcloud.users.set(user.id, user);
    for (const group of random.distinct(shares, 2)) group.members.add(user.id);
    return accountKey('jumpcloud', user.id);
  };
  const inAuth0 = (email: string, name: [string, string], accountType: string | null): string => {
    const from = {
      email,
      verified: true,
      given: name[0],
      family: name[1],
      createdAt: NOW - days(300 + random.next() * 300),
    };
    const user = auth0User(random, tenant.connections.database, random.hex(24), from);
    if (accountType !== null) user.appMetadata = { accountType };
    tenant.auth0.users.set(user.userId, user);
    return accountKey('auth0', user.userId);
  };
  const owners = company.people.filter(
    (one) => one.kind === 'EMPLOYEE' && one.department.slug === 'it' && one.tags.size === 0,
  );

  numbered(JOBS, Math.max(10, Math.round(company.people.length * 0.01))).forEach((job, i) => {
    const local = `svc-${job.replace(' ', '-')}`;
    const email = `${local}@${MAIN_DOMAIN}`;
    const isDeclared = i % 3 !== 2;
    const type = isDeclared ? 'Service' : null;
    const accounts: string[] = [];
    const name: [string, string] = ['Service', job];
    if (i % 2 === 0) {
      const owner = isDeclared && i % 12 === 4 ? random.pick(owners) : null;
      const user = oktaUser(random, email, owner?.email ?? email, ...name, type);
      first ??= isDeclared ? user.id : null;
      const key = inOkta(user);
      accounts.push(key);
      if (owner !== null && owner.okta !== null) truth.trap('owner-mail', key, accountKey('okta', owner.okta));
      if (owner !== null && owner.jumpcloud !== null)
        truth.trap('owner-mail', key, accountKey('jumpcloud', owner.jumpcloud));
    }
    if (i % 4 !== 0) accounts.push(inJumpCloud(jumpcloudUser(random, local, email, name, type?.toLowerCase() ?? null)));
    if (i % 5 === 1) accounts.push(inAuth0(email, name, type));
    truth.machine('SERVICE', accounts, isDeclared ? [] : [email]);
  });
  const rooms = company.locations.flatMap((city) => DESKS.map((desk): [string, string] => [desk, city]));
  random.distinct(rooms, Math.max(5, Math.round(company.people.length * 0.004))).forEach(([desk, city], i) => {
    const local = `${desk}.${city}`.toLowerCase();
    const email = `${local}@${MAIN_DOMAIN}`;
    const isDeclared = i % 4 !== 3;
    const type = isDeclared ? 'Shared' : null;
    const name: [string, string] = [desk.replace('-', ' '), city];
    const accounts = [inOkta(oktaUser(random, email, email, ...name, type))];
    if (i % 2 === 0) accounts.push(inJumpCloud(jumpcloudUser(random, local, email, name, type?.toLowerCase() ?? null)));
    if (i % 3 === 0) accounts.push(inAuth0(email, name, type));
    truth.machine('SHARED', accounts, isDeclared ? [] : [email]);
  });
  for (const [i, name] of ['Gateway', 'Device sync', 'Audit export'].entries()) {
    const id = random.hex(24);
    const roleId = [...tenant.jumpcloud.roles.keys()][5 - i] ?? '';
    const createdAt = iso(NOW - days(90 + i * 50));
    const expiresAt = i === 2 ? iso(NOW + days(60)) : null;
    tenant.jumpcloud.serviceAccounts.set(id, {
      id,
      name,
      roleId,
      authType: i === 1 ? 'CLIENT_SECRET' : 'API_KEY',
      status: 'ACTIVE',
      createdAt,
      expiresAt,
    });
  }
  return first;
}
