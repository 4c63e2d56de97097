import type { Auth0Group, Auth0Organization, Auth0User, Auth0World, OktaGroup } from '../world.ts';
import type { Auth0Tenant } from './auth0-tenant.ts';
import type { Auth0Accounts } from './auth0-users.ts';
import { type Company, fillBySize, grown } from './build.ts';
import { days, iso, MAIN_DOMAIN, NOW } from './model.ts';
import { numbered } from './okta-groups.ts';

const CUSTOMERS =
  'Alder Birch Chestnut Dogwood Elm Fir Ginkgo Hazel Ironwood Juniper Karri Larch Maple Oak Poplar Rowan Spruce Teak'.split(
    ' ',
  );

/** Organisations, groups (nested, here only), roles held in the tenant, in organisations and through groups. */
export function auth0Access(
  company: Company,
  tenant: Auth0Tenant,
  accounts: Auth0Accounts,
  mirrored: readonly OktaGroup[],
): Pick<Auth0World, 'organizations' | 'groups' | 'grants'> {
  const random = company.random('auth0-access');
  const everyone = [...accounts.users.values()].map((user) => user.userId);
  const workforce = accounts.workforce.map((user) => user.userId);
  const direct = [...accounts.direct, ...accounts.jumpcloud].map((user) => user.userId);
  const asMembers = (role: { users: Set<string> }) => ({ members: role.users });
  fillBySize(random, tenant.ordinaryRoles.map(asMembers), workforce, workforce.length * 3.4);
  fillBySize(random, tenant.ordinaryRoles.map(asMembers), direct, direct.length * 1.2);
  for (const user of random.distinct([...accounts.users.values()], Math.round(everyone.length * 0.01))) {
    user.permissions.push(...random.pick(tenant.ordinaryRoles).permissions.slice(0, 1));
  }
  releasePayments(company, tenant);
  return {
    organizations: organizationsOf(company, tenant, everyone),
    groups: groupsOf(company, tenant, accounts, mirrored),
    grants: consentsOf(company, tenant, accounts.users),
  };
}

/** The showcase and three colleagues of the treasury may release payments, all by the account they enter through Okta. */
function releasePayments(company: Company, tenant: Auth0Tenant): void {
  const colleagues = company.showcase.department.members.filter(
    (one) => one.auth0.workforce !== undefined && one.kind === 'EMPLOYEE' && !one.tags.has('platform-withdrawn'),
  );
  for (const person of [company.showcase, ...colleagues.slice(0, 4)]) {
    if (person.auth0.workforce !== undefined) tenant.treasury.users.add(person.auth0.workforce);
  }
}

function organizationsOf(
  company: Company,
  tenant: Auth0Tenant,
  everyone: readonly string[],
): Map<string, Auth0Organization> {
  const random = company.random('auth0-organizations');
  const organizations = new Map<string, Auth0Organization>();
  const names = ['Halden Works', 'Halden Labs', ...numbered(CUSTOMERS, grown(company, 16, 0.5))];
  for (const name of names) {
    const slug = name.toLowerCase().replaceAll(' ', '-');
    const { connections } = tenant;
    const organization: Auth0Organization = {
      id: random.id('org_', 20),
      name: slug,
      displayName: name,
      logoUrl: `https://static.${MAIN_DOMAIN}/organizations/${slug}.png`,
      createdAt: iso(NOW - days(100 + random.next() * 1500)),
      members: new Map(),
      connections: new Set([connections.workforce.id, connections.database.id]),
    };
    organizations.set(organization.id, organization);
  }
  const list = [...organizations.values()];
  const sets = list.map(() => ({ members: new Set<string>() }));
  fillBySize(random, sets, everyone, everyone.length * 1.3, 1.1);
  const { workforce, database } = company.showcase.auth0;
  for (const id of [workforce, database]) if (id !== undefined) sets[0]?.members.add(id);
  list.forEach((organization, i) => {
    const usual = random.distinct(tenant.ordinaryRoles, 5);
    for (const userId of sets[i]?.members ?? []) {
      const roles = new Set<string>();
      if (random.chance(0.5)) roles.add(random.pick(usual).id);
      if (random.chance(0.15)) roles.add(random.pick(usual).id);
      organization.members.set(userId, roles);
    }
  });
  return organizations;
}

function groupsOf(
  company: Company,
  tenant: Auth0Tenant,
  accounts: Auth0Accounts,
  mirrored: readonly OktaGroup[],
): Map<string, Auth0Group> {
  const random = company.random('auth0-groups');
  const groups = new Map<string, Auth0Group>();
  const add = (name: string, connectionId: string | null, externalId: string | null = null): Auth0Group => {
    const created = NOW - days(10 + random.next() * 500);
    const group: Auth0Group = {
      id: random.id('grp_', 20),
      name,
      externalId,
      connectionId,
      createdAt: iso(created),
      updatedAt: iso(created + days(random.next() * 9)),
      members: new Map(),
      roles: new Set(),
    };
    groups.set(group.id, group);
    return group;
  };
  // Directory sync of the Okta connection: groups with Okta's ids, members by the log-in that came through Okta.
  const byOkta = new Map<string, string>();
  for (const person of company.people) {
    if (person.okta !== null && person.auth0.workforce !== undefined) byOkta.set(person.okta, person.auth0.workforce);
  }
  for (const source of mirrored) {
    const group = add(source.name, tenant.connections.workforce.id, source.id);
    for (const member of source.members) {
      const userId = byOkta.get(member);
      if (userId !== undefined) group.members.set(userId, 'user');
    }
  }
  // Groups of the tenant itself: division ← department ← team, by every log-in of a person.
  const divisions = new Map<string, Auth0Group>();
  for (const department of company.departments) {
    const division = divisions.get(department.division) ?? add(`Division ${department.division}`, null);
    divisions.set(department.division, division);
    const middle = add(`Dept ${department.name}`, null);
    division.members.set(middle.id, 'group');
    for (const team of department.teams) {
      const leaf = add(`Team ${team.name}`, null);
      middle.members.set(leaf.id, 'group');
      for (const person of team.members) {
        for (const userId of Object.values(person.auth0)) leaf.members.set(userId, 'user');
      }
    }
  }
  const all = [...accounts.users.keys()];
  const circles = numbered(
    ['Pilots', 'Testers', 'Champions', 'Insiders', 'Night Shift', 'On Call'],
    grown(company, 18, 0.6),
  );
  const circleGroups = circles.map((name) => ({ group: add(`Circle ${name}`, null), members: new Set<string>() }));
  fillBySize(random, circleGroups, all, all.length * 3.5);
  for (const { group, members } of circleGroups) for (const userId of members) group.members.set(userId, 'user');
  for (const group of random.distinct([...groups.values()], Math.round(groups.size * 0.25))) {
    group.roles.add(random.pick(tenant.ordinaryRoles).id);
  }
  return groups;
}

function consentsOf(
  company: Company,
  tenant: Auth0Tenant,
  users: ReadonlyMap<string, Auth0User>,
): Auth0World['grants'] {
  const random = company.random('auth0-grants');
  const grants: Auth0World['grants'] = new Map();
  const third = [...tenant.clients.values()].filter(
    (client) => !client.isFirstParty && client.appType !== 'non_interactive',
  );
  const [server] = tenant.resourceServers.values();
  if (third.length === 0 || server === undefined) return grants;
  for (const userId of random.distinct([...users.keys()], Math.min(800, Math.round(users.size * 0.03)))) {
    const id = random.hex(24);
    const scope = ['openid', 'profile', server.scopes[0]?.value ?? 'email'];
    grants.set(id, { id, clientId: random.pick(third).clientId, userId, audience: server.identifier, scope });
  }
  return grants;
}
