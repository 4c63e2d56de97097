import type { OktaApp, OktaGroup, OktaRoleAssignment, OktaWorld } from '../world.ts';
import type { Company } from './build.ts';
import { days, iso, NOW, type Person } from './model.ts';
import type { OktaApps } from './okta-apps.ts';
import type { OktaGroups } from './okta-groups.ts';

const LABELS: Readonly<Record<string, string>> = {
  SUPER_ADMIN: 'Super Administrator',
  ORG_ADMIN: 'Organization Administrator',
  APP_ADMIN: 'Application Administrator',
  USER_ADMIN: 'Group Administrator',
  HELP_DESK_ADMIN: 'Help Desk Administrator',
  GROUP_MEMBERSHIP_ADMIN: 'Group Membership Administrator',
  READ_ONLY_ADMIN: 'Read-only Administrator',
  REPORT_ADMIN: 'Report Administrator',
};

type Admins = Pick<OktaWorld, 'roleAssignments' | 'customRoles' | 'resourceSets' | 'apiTokens'>;

/** Administrators: few with everything, more with a scope, some through a group, some by custom roles on resource sets. */
export function oktaAdmins(
  company: Company,
  orgId: string,
  groups: OktaGroups,
  apps: OktaApps,
  service: string | null,
): Admins {
  const random = company.random('okta-admins');
  const out: Admins = {
    roleAssignments: new Map(),
    customRoles: new Map(),
    resourceSets: new Map(),
    apiTokens: new Map(),
  };
  const give = (
    type: string,
    assignee: OktaRoleAssignment['assignee'],
    rest: {
      groups?: readonly OktaGroup[];
      apps?: readonly OktaApp[];
      customRoleId?: string;
      resourceSetId?: string;
    } = {},
  ): void => {
    const isCustom = rest.customRoleId !== undefined;
    const id = random.id(isCustom ? 'irb' : 'ra1', 20);
    out.roleAssignments.set(id, {
      id,
      type,
      label: isCustom ? (out.customRoles.get(rest.customRoleId ?? '')?.label ?? type) : (LABELS[type] ?? type),
      assignee,
      customRoleId: rest.customRoleId ?? null,
      resourceSetId: rest.resourceSetId ?? null,
      targetGroupIds: (rest.groups ?? []).map((group) => group.id),
      targetAppIds: (rest.apps ?? []).map((app) => app.id),
      created: iso(NOW - days(20 + random.next() * 700)),
    });
  };
  const user = (person: Person): OktaRoleAssignment['assignee'] => ({ type: 'USER', id: person.okta ?? '' });
  const group = (one: OktaGroup): OktaRoleAssignment['assignee'] => ({ type: 'GROUP', id: one.id });
  const technicians = company.people.filter(
    (one) => one.okta !== null && one.kind === 'EMPLOYEE' && ['it', 'sec'].includes(one.department.slug),
  );
  const crew = random.distinct(technicians, 12 + 6 * Math.round(Math.log10(company.scale) * 6));
  const take = (count: number): Person[] => crew.splice(0, count);

  for (const person of take(3)) give('SUPER_ADMIN', user(person));
  for (const person of take(1)) give('ORG_ADMIN', user(person));
  for (const person of take(2)) give('USER_ADMIN', user(person), { groups: groups.projects.slice(0, 3) });
  for (const person of take(2)) give('APP_ADMIN', user(person), { apps: random.distinct(apps.ordinary, 3) });
  for (const person of take(1)) give('REPORT_ADMIN', user(person));
  groups.locations.forEach((location, i) => {
    const person = crew[i];
    if (person !== undefined) give('HELP_DESK_ADMIN', user(person), { groups: [location] });
  });
  for (const person of random.distinct(technicians, 8)) groups.administrators.members.add(person.okta ?? '');
  give('READ_ONLY_ADMIN', group(groups.administrators));
  give('GROUP_MEMBERSHIP_ADMIN', group(groups.managers), { groups: groups.projects.slice(3, 6) });
  const { showcase } = company;
  give('APP_ADMIN', user(showcase), { apps: apps.ordinary.slice(0, 2) });

  const custom = (label: string, permissions: string[]): string => {
    const id = random.id('cr0', 20);
    out.customRoles.set(id, { id, label, description: `${label}, as Halden Works defines it`, permissions });
    return id;
  };
  const set = (label: string, targets: readonly { kind: 'groups' | 'apps'; id: string }[]): string => {
    const id = random.id('iam', 20);
    const resources = targets.map(({ kind, id: target }) =>
      kind === 'groups' ? `orn:okta:directory:${orgId}:groups:${target}` : `orn:okta:idp:${orgId}:apps:${target}`,
    );
    out.resourceSets.set(id, { id, label, description: `What ${label} covers`, resources });
    return id;
  };
  const joiner = custom('Joiner Desk', ['okta.users.create', 'okta.users.read', 'okta.groups.members.manage']);
  const keeper = custom('Access Keeper', ['okta.apps.read', 'okta.apps.assignment.manage', 'okta.groups.read']);
  const teams = set(
    'Newcomer groups',
    groups.projects.slice(6, 9).map((one) => ({ kind: 'groups', id: one.id })),
  );
  const shop = set(
    'Department applications',
    apps.ordinary.slice(0, 4).map((one) => ({ kind: 'apps', id: one.id })),
  );
  for (const person of random.distinct(technicians, 2)) {
    give('CUSTOM', user(person), { customRoleId: joiner, resourceSetId: teams });
  }
  give('CUSTOM', group(groups.administrators), { customRoleId: keeper, resourceSetId: shop });

  const owners = [service, ...random.distinct(technicians, 2).map((one) => one.okta)];
  for (const [i, userId] of owners.entries()) {
    if (userId === null) continue;
    const id = random.id('00T', 20);
    const name = ['Terraform', 'Nightly export', 'Old script'][i] ?? 'Token';
    out.apiTokens.set(id, {
      id,
      name,
      userId,
      created: iso(NOW - days(200 - i * 40)),
      expiresAt: iso(NOW + days(25)),
    });
  }
  return out;
}
