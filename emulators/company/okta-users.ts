import type { OktaUser } from '../world.ts';
import type { Company } from './build.ts';
import { capitalised, localOf } from './mail.ts';
import { accountKey, days, iso, MAIN_DOMAIN, NOW, type Person } from './model.ts';
import type { Random } from './random.ts';

const STATUSES: readonly (readonly [OktaUser['status'], number])[] = [
  ['STAGED', 0.005],
  ['PROVISIONED', 0.012],
  ['PASSWORD_EXPIRED', 0.01],
  ['LOCKED_OUT', 0.006],
  ['SUSPENDED', 0.006],
  ['RECOVERY', 0.003],
];

function statusOf(person: Person, random: Random): OktaUser['status'] {
  if (person.kind === 'LEAVER') {
    return !person.tags.has('recycled-email-before') && random.chance(0.25) ? 'SUSPENDED' : 'DEPROVISIONED';
  }
  if (['executive', 'showcase', 'rehire'].some((tag) => person.tags.has(tag))) return 'ACTIVE';
  let rest = random.next();
  for (const [status, share] of STATUSES) {
    rest -= share;
    if (rest < 0) return status;
  }
  return 'ACTIVE';
}

function hasOkta(person: Person, random: Random): boolean {
  if (person.kind === 'CONTRACTOR') return person.contractor === 'JUMPCLOUD_INTO_OKTA';
  if (person.tags.size > 0) return true;
  return random.chance(0.985);
}

function userOf(person: Person, id: string, random: Random): OktaUser {
  const status = statusOf(person, random);
  const isNew = status === 'STAGED' || status === 'PROVISIONED';
  const changedAt = person.leftAt ?? Math.min(NOW, person.hiredAt + Math.floor(random.next() * (NOW - person.hiredAt)));
  const email = person.tags.has('mail-case') ? capitalised(person.email) : person.email;
  const isNameless = person.tags.has('missing-name') && person.index % 2 === 0;
  // The company took the address from the log-in name of who left, or it could not be given again.
  const isGone = person.tags.has('recycled-email-before');
  return {
    id,
    status,
    login: isGone ? `left.${person.employeeNumber}@${MAIN_DOMAIN}` : person.email,
    email,
    secondEmail: person.index % 9 === 0 ? (person.formerEmail ?? person.privateEmail) : null,
    firstName: isNameless ? null : person.given.native,
    lastName: isNameless ? null : person.family.native,
    displayName: isNameless || person.index % 3 !== 0 ? null : `${person.given.native} ${person.family.native}`,
    employeeNumber:
      person.kind === 'CONTRACTOR' || (person.tags.has('no-employee-number') && person.index % 2 === 0)
        ? null
        : person.employeeNumber,
    department: person.department.name,
    title: person.title,
    userType: person.kind === 'CONTRACTOR' ? 'Contractor' : 'Employee',
    managerId: person.manager?.email ?? null,
    emailVerified: isNew ? null : true,
    created: iso(person.hiredAt - days(random.next() * 14)),
    activated: status === 'STAGED' ? null : iso(person.hiredAt),
    statusChanged: iso(changedAt),
    lastLogin: isNew || person.leftAt !== null ? null : iso(NOW - days(random.next() * 30)),
    lastUpdated: iso(changedAt),
  };
}

/** A `DEPROVISIONED` account from an earlier employment; its number and address are the person's to this day. */
function formerUser(present: OktaUser, person: Person, id: string): OktaUser {
  const left = person.hiredAt - days(300);
  return {
    ...present,
    id,
    status: 'DEPROVISIONED',
    login: present.login.replace('@', '.former@'),
    created: iso(left - days(800)),
    activated: iso(left - days(800)),
    statusChanged: iso(left),
    lastLogin: null,
    lastUpdated: iso(left),
  };
}

/** People's accounts in Okta; sets `person.okta`. */
export function oktaUsers(company: Company): Map<string, OktaUser> {
  const random = company.random('okta-users');
  const users = new Map<string, OktaUser>();
  const record = (person: Person, user: OktaUser): void => {
    users.set(user.id, user);
    const isOwned = person.kind !== 'CONTRACTOR';
    company.truth.account(person, {
      key: accountKey('okta', user.id),
      slot: 'okta',
      provenEmails: isOwned ? [user.email] : [],
      employeeNumber: user.employeeNumber,
      names: [user.firstName, user.lastName, localOf(user.email)],
    });
  };
  for (const person of company.people) {
    if (!hasOkta(person, random)) continue;
    const user = userOf(person, random.id('00u', 20), random);
    person.okta = user.id;
    record(person, user);
    if (person.tags.has('rehire')) record(person, formerUser(user, person, random.id('00u', 20)));
  }
  return users;
}
