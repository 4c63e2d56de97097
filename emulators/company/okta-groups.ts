import type { OktaGroup, OktaUser } from '../world.ts';
import { type Company, fillBySize, grown } from './build.ts';
import { days, iso, NOW, type Person } from './model.ts';

export interface OktaGroups {
  readonly groups: Map<string, OktaGroup>;
  readonly everyone: OktaGroup;
  readonly byDepartment: ReadonlyMap<string, OktaGroup>;
  /** Groups that may enter the Auth0 tenant, one for each department: everybody is in one of them at most. */
  readonly platform: ReadonlyMap<string, OktaGroup>;
  readonly projects: readonly OktaGroup[];
  readonly licences: readonly OktaGroup[];
  readonly contractors: OktaGroup;
  readonly managers: OktaGroup;
  readonly torq: OktaGroup;
  readonly administrators: OktaGroup;
  readonly locations: readonly OktaGroup[];
}

const PROJECTS =
  'Albatross Bluebird Cormorant Dunlin Egret Falcon Gannet Heron Ibis Jackdaw Kingfisher Linnet Merlin Nightjar Osprey Plover Quail Raven Siskin Tern Umbrette Vireo Wren Xenops Yellowhammer'.split(
    ' ',
  );
const LISTS =
  'announcements book-club carpool cycling family first-aid football gardening hiking lunch music new-joiners parents photography running sustainability volunteering women-in-tech works-council'.split(
    ' ',
  );

/** Names that stay different however many are asked for. */
export function numbered(words: readonly string[], count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const word = words[i % words.length] ?? '';
    return i < words.length ? word : `${word} ${Math.floor(i / words.length) + 1}`;
  });
}

/** People who take part in groups: deprovisioned accounts have lost them. */
export function staffOf(company: Company, users: ReadonlyMap<string, OktaUser>): Person[] {
  return company.people.filter((person) => person.okta !== null && users.get(person.okta)?.status !== 'DEPROVISIONED');
}

export function oktaGroups(company: Company, users: ReadonlyMap<string, OktaUser>): OktaGroups {
  const random = company.random('okta-groups');
  const groups = new Map<string, OktaGroup>();
  const add = (name: string, description: string | null, type: OktaGroup['type'] = 'OKTA_GROUP'): OktaGroup => {
    const changed = NOW - days(random.next() * 400);
    const group: OktaGroup = {
      id: random.id('00g', 20),
      type,
      name,
      description,
      created: iso(changed - days(30 + random.next() * 900)),
      lastUpdated: iso(changed),
      lastMembershipUpdated: iso(NOW - days(random.next() * 40)),
      members: new Set(),
      sourceAppId: null,
    };
    groups.set(group.id, group);
    return group;
  };
  const staff = staffOf(company, users);
  const ids = staff.map((person) => person.okta ?? '');
  const everyone = add('Everyone', 'All users in your organization', 'BUILT_IN');
  const byDepartment = new Map<string, OktaGroup>();
  const platform = new Map<string, OktaGroup>();
  const teams = new Map<string, OktaGroup>();
  for (const department of company.departments) {
    byDepartment.set(department.slug, add(`Department – ${department.name}`, `Everybody in ${department.name}`));
    platform.set(
      department.slug,
      add(`Platform Access – ${department.name}`, `Who of ${department.name} may sign in to the Halden Platform`),
    );
    for (const team of department.teams) teams.set(team.slug, add(`Team – ${team.name}`, null));
  }
  const locations = new Map(company.locations.map((city) => [city, add(`Location – ${city}`, null)]));
  const managers = add('Managers', 'People with direct reports');
  const employees = add('All Employees', null);
  const contractors = add('All Contractors', 'People of other companies');
  for (const person of staff) {
    const id = person.okta ?? '';
    byDepartment.get(person.department.slug)?.members.add(id);
    teams.get(person.team.slug)?.members.add(id);
    locations.get(person.location)?.members.add(id);
    (person.kind === 'CONTRACTOR' ? contractors : employees).members.add(id);
    if (person.tags.has('manager')) managers.members.add(id);
  }
  const projects = numbered(PROJECTS, grown(company, 25, 0.7)).map((name) => add(`Project – ${name}`, null));
  fillBySize(random, projects, ids, staff.length * 4.8);
  const lists = numbered(LISTS, grown(company, 19, 0.6)).map((name) => add(`list-${name.replaceAll(' ', '-')}`, null));
  fillBySize(random, lists, ids, staff.length * 4);
  const licences = Array.from({ length: grown(company, 40, 0.4) }, (_, i) => add(`Licence – Seat pool ${i + 1}`, null));
  fillBySize(random, licences, ids, staff.length * 6);
  const directory = ['Domain Users NL', 'Domain Users UK', 'Print Operators'].map((name) =>
    add(name, null, 'APP_GROUP'),
  );
  fillBySize(random, directory, ids, staff.length * 0.4);
  return {
    groups,
    everyone,
    byDepartment,
    platform,
    projects,
    licences,
    contractors,
    managers,
    torq: add('Torq Users', 'May sign in to the Torq workspace'),
    administrators: add('Okta Read-only Administrators', null),
    locations: [...locations.values()],
  };
}
