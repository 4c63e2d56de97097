import type { JumpCloudAdmin, JumpCloudUser, JumpCloudWorld } from '../world.ts';
import type { Company } from './build.ts';
import { localOf } from './mail.ts';
import { accountKey, COMPANY_NAME, days, iso, NOW, type Person } from './model.ts';
import { localPart, plainLetters } from './names.ts';
import type { Random } from './random.ts';

function hasJumpCloud(person: Person, random: Random): boolean {
  if (person.contractor !== null) return !['AUTH0_DATABASE', 'PARTNER_CONNECTION'].includes(person.contractor);
  if (person.tags.has('recycled-email-before')) return false;
  if (person.kind === 'LEAVER') return random.chance(0.5);
  if (person.tags.has('showcase') || person.tags.has('executive')) return true;
  // The second address is told by the employee number only where JumpCloud knows the person.
  if (person.formerEmail !== null) return random.chance(0.96);
  return random.chance(0.9);
}

function stateOf(person: Person, random: Random): JumpCloudUser['state'] {
  // Half of the leavers were forgotten here.
  if (person.kind === 'LEAVER') return random.chance(0.5) ? 'ACTIVATED' : 'SUSPENDED';
  if (person.tags.has('showcase') || person.tags.has('executive')) return 'ACTIVATED';
  const dice = random.next();
  return dice < 0.006 ? 'STAGED' : dice < 0.013 ? 'SUSPENDED' : 'ACTIVATED';
}

/** The address JumpCloud has: the former one of people who have two. */
export const jumpcloudEmail = (person: Person): string => person.formerEmail ?? person.email;

function userOf(person: Person, id: string, username: string, random: Random): JumpCloudUser {
  const state = stateOf(person, random);
  const family = person.formerFamily ?? person.family;
  const isNameless = person.tags.has('missing-name') && person.index % 2 === 1;
  // Some offices write every name in plain letters.
  const isPlain = person.index % 4 === 0;
  const given = isPlain ? plainLetters(person.given.plain) : person.given.native;
  const last = isPlain ? plainLetters(family.plain) : family.native;
  return {
    id,
    username,
    email: jumpcloudEmail(person),
    alternateEmail: person.formerEmail !== null && person.index % 2 === 0 ? person.email : null,
    firstname: isNameless ? null : given,
    lastname: isNameless ? null : last,
    displayname: person.index % 5 === 0 && !isNameless ? `${given} ${last}` : null,
    state,
    activated: state === 'ACTIVATED' && !random.chance(0.01),
    accountLocked: state === 'ACTIVATED' && !person.tags.has('showcase') && random.chance(0.005),
    passwordExpired: state === 'ACTIVATED' && !person.tags.has('showcase') && random.chance(0.008),
    mfaConfigured: random.chance(0.8),
    adminId: null,
    manager: null,
    employeeIdentifier: employeeIdentifier(person),
    employeeType: person.kind === 'CONTRACTOR' ? 'contractor' : 'full-time',
    department: person.department.name,
    jobTitle: person.title,
    location: person.location,
    company: person.kind === 'CONTRACTOR' ? (person.email.split('@')[1] ?? null) : COMPANY_NAME,
    created: iso(person.hiredAt + days(random.next() * 20)),
  };
}

/** JumpCloud spells Okta's `1042` as `E-1042`. */
function employeeIdentifier(person: Person): string | null {
  if (person.kind === 'CONTRACTOR') return person.employeeNumber;
  if (person.tags.has('no-employee-number') && person.index % 2 === 1) return null;
  return `E-${person.employeeNumber}`;
}

/** People's accounts in JumpCloud; sets `person.jumpcloud`. */
export function jumpcloudUsers(company: Company): Map<string, JumpCloudUser> {
  const random = company.random('jumpcloud-users');
  const users = new Map<string, JumpCloudUser>();
  const usernames = new Set<string>();
  for (const person of company.people) {
    if (!hasJumpCloud(person, random)) continue;
    const base = localPart(`${person.given.plain.charAt(0)}${(person.formerFamily ?? person.family).plain}`);
    let username = base;
    for (let i = 2; usernames.has(username); i++) username = `${base}${i}`;
    usernames.add(username);
    const user = userOf(person, random.hex(24), username, random);
    person.jumpcloud = user.id;
    users.set(user.id, user);
    company.truth.account(person, {
      key: accountKey('jumpcloud', user.id),
      slot: 'jumpcloud',
      provenEmails: person.kind === 'CONTRACTOR' ? [] : [user.email],
      employeeNumber: user.employeeIdentifier,
      names: [user.firstname, user.lastname, localOf(user.email)],
    });
  }
  for (const person of company.people) {
    const user = users.get(person.jumpcloud ?? '');
    if (user !== undefined) user.manager = person.manager?.jumpcloud ?? null;
  }
  return users;
}

const ROLES: readonly (readonly [name: string, isCustom: boolean, scopes: string])[] = [
  [
    'Administrator With Billing',
    false,
    'users groups applications associations administrators billing directories roles',
  ],
  ['Administrator', false, 'users groups applications associations administrators directories roles.readonly'],
  ['Manager', false, 'users groups applications associations directories'],
  ['Help Desk', false, 'users.readonly users.password groups.readonly systems.readonly'],
  ['Command Runner', false, 'commands systems.readonly'],
  ['Read Only', false, 'users.readonly groups.readonly applications.readonly associations.readonly'],
  ['Billing Only', false, 'billing'],
  ['Device Desk', true, 'systems commands users.readonly'],
];

/** Administrators: the same people with a second account, tied by id, by address only, or without a user here at all. */
export function jumpcloudAdmins(
  company: Company,
  users: ReadonlyMap<string, JumpCloudUser>,
): Pick<JumpCloudWorld, 'admins' | 'roles'> {
  const random = company.random('jumpcloud-admins');
  const roles: JumpCloudWorld['roles'] = new Map();
  for (const [name, isCustom, scopes] of ROLES) {
    const id = random.hex(24);
    roles.set(id, { id, name, description: `${name} of the organization`, scopes: scopes.split(' '), isCustom });
  }
  const roleIds = [...roles.keys()];
  const admins = new Map<string, JumpCloudAdmin>();
  const desks = ['it', 'sec', 'people', 'facilities'];
  const candidates = company.people.filter((one) => one.kind === 'EMPLOYEE' && desks.includes(one.department.slug));
  const chosen = random.distinct(candidates, Math.round(company.people.length * 0.014));
  for (const [i, person] of chosen.entries()) makeAdmin(person, i, i < 2 ? 0 : i < 5 ? 1 : 2 + random.int(6));
  const { showcase } = company;
  if (showcase.jumpcloudAdmin === null) makeAdmin(showcase, 0, 6);
  return { admins, roles };

  function makeAdmin(person: Person, i: number, role: number): void {
    const user = users.get(person.jumpcloud ?? '');
    const isTied = user !== undefined && i % 10 < 7;
    // A tied administrator may use an address of its own; the others are known by theirs.
    const [local = '', domain = ''] = jumpcloudEmail(person).split('@');
    const email = isTied && i % 10 < 2 ? `adm-${local}@${domain}` : user === undefined ? person.email : user.email;
    const id = random.hex(24);
    admins.set(id, {
      id,
      email,
      firstname: person.given.native,
      lastname: person.family.native,
      roleIds: [roleIds[role] ?? roleIds[5] ?? ''],
      suspended: i > 5 && random.chance(0.03),
      totpEnrolled: random.chance(0.9),
      created: iso(Math.min(NOW, person.hiredAt + days(random.next() * 200))),
    });
    person.jumpcloudAdmin = id;
    person.tags.add('jumpcloud-admin');
    const key = accountKey('jumpcloud', id);
    company.truth.account(person, {
      key,
      slot: 'jumpcloud-admin',
      provenEmails: [email],
      names: [person.given.native, person.family.native],
    });
    if (isTied) {
      user.adminId = id;
      company.truth.tie(key, accountKey('jumpcloud', user.id));
    }
  }
}
