import type { JumpCloudApp, JumpCloudGroup, JumpCloudUser, JumpCloudWorld } from '../world.ts';
import { type Company, fillBySize, grown } from './build.ts';
import { days, iso, MAIN_DOMAIN, NOW, type Person } from './model.ts';
import { productNames } from './okta-apps.ts';
import { numbered } from './okta-groups.ts';

export interface JumpCloudResources extends Pick<JumpCloudWorld, 'groups' | 'apps' | 'directories' | 'radius'> {
  /** May sign in to the Auth0 tenant, and to the Okta tenant; filled with those who do. */
  readonly intoAuth0: JumpCloudGroup;
  readonly intoOkta: JumpCloudGroup;
}

const SHARES =
  'Archive Blueprints Budgets Campaigns Drawings Exports Handbooks Invoices Manuals Minutes Photos Price-Lists Recordings Safety Specs Templates Tenders Tooling'.split(
    ' ',
  );

interface Groups {
  readonly groups: Map<string, JumpCloudGroup>;
  readonly staff: JumpCloudGroup;
  readonly departments: readonly JumpCloudGroup[];
  readonly cities: readonly JumpCloudGroup[];
  readonly shares: readonly JumpCloudGroup[];
  readonly seats: readonly JumpCloudGroup[];
  readonly contractors: JumpCloudGroup;
  add(name: string, rest?: Partial<JumpCloudGroup>): JumpCloudGroup;
}

function groupsOf(company: Company, present: readonly Person[]): Groups {
  const random = company.random('jumpcloud-groups');
  const groups = new Map<string, JumpCloudGroup>();
  const add = (name: string, rest: Partial<JumpCloudGroup> = {}): JumpCloudGroup => {
    const group: JumpCloudGroup = {
      id: random.hex(24),
      name,
      description: null,
      membershipMethod: 'STATIC',
      rule: [],
      members: new Set(),
      ...rest,
    };
    groups.set(group.id, group);
    return group;
  };
  const dynamic = (name: string, field: string, value: string): JumpCloudGroup =>
    add(name, { membershipMethod: 'DYNAMIC_AUTOMATED', rule: [{ field, operator: 'eq', value }] });
  const staff = add('All Staff', { membershipMethod: 'NOTSET', description: 'Everybody on the payroll' });
  const contractors = dynamic('Contractors', 'employeeType', 'contractor');
  const departments = new Map(
    company.departments.map((one) => [one.name, dynamic(`Dept ${one.name}`, 'department', one.name)]),
  );
  const cities = new Map(company.locations.map((city) => [city, dynamic(`Office ${city}`, 'location', city)]));
  const systems = ['macOS devices', 'Windows devices', 'Linux devices'].map((name) => add(name));
  const networks = company.locations.map((city) =>
    add(`Wi-Fi ${city}`, { membershipMethod: 'DYNAMIC_REVIEW_REQUIRED' }),
  );
  for (const person of present) {
    const id = person.jumpcloud ?? '';
    (person.kind === 'CONTRACTOR' ? contractors : staff).members.add(id);
    departments.get(person.department.name)?.members.add(id);
    cities.get(person.location)?.members.add(id);
    systems[person.index % 7 === 0 ? 2 : person.index % 2]?.members.add(id);
    networks[company.locations.indexOf(person.location)]?.members.add(id);
  }
  const ids = present.filter((one) => one.kind !== 'LEAVER').map((one) => one.jumpcloud ?? '');
  const shares = numbered(SHARES, grown(company, 24, 0.6)).map((name) => add(`share-${name.replace(' ', '-')}`));
  fillBySize(random, shares, ids, ids.length * 6);
  const seats = Array.from({ length: grown(company, 30, 0.4) }, (_, i) =>
    add(`seats-${String(i + 1).padStart(3, '0')}`),
  );
  fillBySize(random, seats, ids, ids.length * 5);
  const squads = numbered(['Apollo', 'Borealis', 'Cascade', 'Drift', 'Eclipse'], grown(company, 20, 0.8));
  fillBySize(
    random,
    squads.map((name) => add(`Squad ${name}`)),
    ids,
    ids.length * 2.5,
  );
  return {
    groups,
    staff,
    contractors,
    departments: [...departments.values()],
    cities: [...cities.values()],
    shares,
    seats,
    add,
  };
}

/** Groups, applications, directories and RADIUS servers of JumpCloud, with what is bound to what. */
export function jumpcloudResources(company: Company, users: ReadonlyMap<string, JumpCloudUser>): JumpCloudResources {
  const random = company.random('jumpcloud-resources');
  const present = company.people.filter((one) => users.has(one.jumpcloud ?? ''));
  const groups = groupsOf(company, present);
  const intoAuth0 = groups.add('Halden Platform via JumpCloud');
  const intoOkta = groups.add('Okta via JumpCloud');
  const apps = new Map<string, JumpCloudApp>();
  const add = (label: string, rest: Partial<JumpCloudApp> = {}): JumpCloudApp => {
    const slug = label.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const app: JumpCloudApp = {
      id: random.hex(24),
      name: slug,
      displayName: label,
      displayLabel: label,
      description: null,
      active: true,
      logoUrl: `https://static.jumpcloud.example/logos/${slug}.png`,
      ssoUrl: `https://sso.jumpcloud.example/saml2/${slug}`,
      ssoType: 'saml',
      created: iso(NOW - days(30 + random.next() * 900)),
      users: new Set(),
      groups: new Set(),
      ...rest,
    };
    apps.set(app.id, app);
    return app;
  };
  const { tenants } = company;
  add('Halden Platform', { ssoUrl: tenants.auth0SsoUrl, name: 'auth0' }).groups.add(intoAuth0.id);
  add('Okta', { ssoUrl: tenants.oktaSsoUrl, name: 'okta' }).groups.add(intoOkta.id);
  const names = productNames(grown(company, 62, 0.35)).slice(-grown(company, 26, 0.3));
  const ids = present.filter((one) => one.kind !== 'LEAVER').map((one) => one.jumpcloud ?? '');
  names.forEach((name, i) => {
    const app = add(
      name,
      i % 6 === 5 ? { ssoUrl: null, ssoType: 'bookmark' } : i % 4 === 3 ? { ssoUrl: null, ssoType: 'oidc' } : {},
    );
    for (const group of random.distinct(i % 2 === 0 ? groups.seats : groups.departments, 1 + random.int(4))) {
      app.groups.add(group.id);
    }
    if (i % 9 === 1) app.groups.add(groups.staff.id);
    if (i % 9 === 4) app.groups.add(groups.contractors.id);
    for (const id of random.distinct(ids, Math.round((ids.length / names.length) * 0.6 * random.next()))) {
      app.users.add(id);
    }
  });
  add('Old Time Sheets', { active: false }).groups.add(groups.staff.id);
  return { groups: groups.groups, apps, intoAuth0, intoOkta, ...directoriesOf(company, groups, present) };
}

function directoriesOf(
  company: Company,
  groups: Groups,
  present: readonly Person[],
): Pick<JumpCloudWorld, 'directories' | 'radius'> {
  const random = company.random('jumpcloud-directories');
  const directories: JumpCloudWorld['directories'] = new Map();
  const kinds = [
    ['ldap_server', 'JumpCloud LDAP', null],
    ['g_suite', 'Halden Workspace', MAIN_DOMAIN],
    ['office_365', 'Halden 365', MAIN_DOMAIN],
    ['active_directory', 'haldenworks.local', null],
  ] as const;
  for (const [type, name, defaultDomain] of kinds) {
    const id = random.hex(24);
    const bound =
      type === 'ldap_server'
        ? groups.shares.slice(0, 5)
        : type === 'g_suite'
          ? [groups.staff]
          : groups.departments.slice(0, 3);
    const externalIds = new Map<string, string>();
    if (type === 'g_suite') {
      for (const person of present)
        if (person.kind === 'EMPLOYEE') externalIds.set(person.jumpcloud ?? '', random.digits(21));
    }
    const users = random.distinct(present, 5).map((one) => one.jumpcloud ?? '');
    directories.set(id, {
      id,
      type,
      name,
      defaultDomain,
      externalIds,
      users: new Set(users),
      groups: new Set(bound.map((group) => group.id)),
    });
  }
  const radius: JumpCloudWorld['radius'] = new Map();
  for (const [i, city] of groups.cities.slice(0, 4).entries()) {
    const id = random.hex(24);
    const technicians = present.filter((one) => one.department.slug === 'it').slice(0, 3);
    radius.set(id, {
      id,
      name: `RADIUS ${city.name}`,
      networkSourceIp: `192.0.2.${10 + i}`,
      mfa: i % 2 === 0 ? 'ALWAYS' : 'DISABLED',
      users: new Set(technicians.map((one) => one.jumpcloud ?? '')),
      groups: new Set([city.id]),
    });
  }
  return { directories, radius };
}
