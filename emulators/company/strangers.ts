import type { Auth0User } from '../world.ts';
import { type Auth0Connections, FORGED_HOST } from './auth0-tenant.ts';
import { auth0User } from './auth0-users.ts';
import type { Company } from './build.ts';
import { accountKey, days, NOW, type Person } from './model.ts';
import { localPart } from './names.ts';

/** A person outside of the company who bears somebody's name. */
function strangerLike(victim: Person, id: string, tag: string): Person {
  return {
    ...victim,
    id,
    formerFamily: null,
    formerEmail: null,
    employeeNumber: null,
    manager: null,
    tags: new Set(['stranger', tag]),
    okta: null,
    jumpcloud: null,
    jumpcloudAdmin: null,
    torq: null,
    auth0: {},
  };
}

/**
 * People who are not who they seem: accounts behind the forged connection, unverified and misspelt addresses of
 * executives, customers with an employee's name. They are added to `users` and to the truth; returns the strangers.
 */
export function inventStrangers(
  company: Company,
  connections: Auth0Connections,
  users: Map<string, Auth0User>,
): Person[] {
  const random = company.random('strangers');
  const strangers: Person[] = [];
  const { truth } = company;
  const add = (victim: Person, tag: string, user: Auth0User, slot: string, provenEmail: string | null): void => {
    const stranger = strangerLike(victim, `stranger-${String(strangers.length + 1).padStart(5, '0')}`, tag);
    strangers.push(stranger);
    users.set(user.userId, user);
    const key = accountKey('auth0', user.userId);
    truth.account(stranger, { key, slot, provenEmails: [provenEmail], names: [user.givenName, user.familyName] });
    if (victim.okta !== null) truth.trap(tag, key, accountKey('okta', victim.okta));
    const { workforce, database } = victim.auth0;
    if (workforce !== undefined) truth.trap(tag, key, accountKey('auth0', workforce));
    if (database !== undefined) truth.trap(tag, key, accountKey('auth0', database));
  };
  const profile = (victim: Person, email: string, verified: boolean) => ({
    email,
    verified,
    given: victim.given.native,
    family: victim.family.native,
    createdAt: NOW - days(1 + random.next() * 60),
  });

  const targets = [company.showcase, ...company.executives].filter((one) => one.okta !== null);
  for (const [i, victim] of targets.slice(0, 12).entries()) {
    // The host behind the connection says about the address what it likes.
    const user = auth0User(random, connections.forged, victim.okta ?? '', profile(victim, victim.email, i % 3 !== 2));
    user.picture = `https://${FORGED_HOST}/avatar/${i}.png`;
    add(victim, 'forged-federation', user, 'auth0:forged', null);
  }
  for (const victim of company.executives.slice(0, 10)) {
    const user = auth0User(random, connections.customers, random.hex(24), profile(victim, victim.email, false));
    add(victim, 'unverified-lookalike', user, 'auth0:customers', null);
  }
  for (const victim of company.executives.slice(4, 9)) {
    const email = victim.email.replace('haldenworks', 'haldenw0rks');
    const user = auth0User(random, connections.customers, random.hex(24), profile(victim, email, true));
    add(victim, 'lookalike-domain', user, 'auth0:customers', email);
  }
  const staff = company.people.filter((one) => one.kind === 'EMPLOYEE' && one.okta !== null);
  for (const victim of random.distinct(staff, Math.max(6, Math.round(company.people.length * 0.004)))) {
    const local = localPart(`${victim.given.plain}${victim.family.plain}${random.int(90) + 10}`);
    const email = `${local}@customer-mail.test`;
    const user = auth0User(random, connections.customers, random.hex(24), profile(victim, email, true));
    add(victim, 'namesake-customer', user, 'auth0:customers', email);
  }
  plusAddresses(company, connections, users);
  return strangers;
}

/** People's own second log-ins under `name+shop@`: the same mailbox, but no rule that compares addresses says so. */
function plusAddresses(company: Company, connections: Auth0Connections, users: Map<string, Auth0User>): void {
  const random = company.random('plus-addresses');
  const staff = company.people.filter((one) => one.kind === 'EMPLOYEE' && one.tags.size === 0);
  for (const person of random.distinct(staff, Math.max(2, Math.round(company.people.length * 0.002)))) {
    const email = person.email.replace('@', '+shop@');
    const user = auth0User(random, connections.customers, random.hex(24), {
      email,
      verified: true,
      given: person.given.native,
      family: null,
      createdAt: Math.min(NOW - days(1), person.hiredAt + days(30)),
    });
    users.set(user.userId, user);
    person.auth0.other = user.userId;
    person.tags.add('plus-address');
    company.truth.account(person, {
      key: accountKey('auth0', user.userId),
      slot: 'auth0:customers',
      provenEmails: [email],
      names: [user.givenName],
    });
  }
}

/** Namesakes, twins, reused addresses and numbers: pairs of accounts that must stay apart. */
export function recordDoubles(company: Company): void {
  const { truth } = company;
  const okta = (person: Person) => (person.okta === null ? null : accountKey('okta', person.okta));
  const jumpcloud = (person: Person) => (person.jumpcloud === null ? null : accountKey('jumpcloud', person.jumpcloud));
  const database = (person: Person) =>
    person.auth0.database === undefined ? null : accountKey('auth0', person.auth0.database);
  for (const { kind, a, b } of company.doubles) {
    const pairs =
      kind === 'number-collision'
        ? [[okta(a), jumpcloud(b)]]
        : kind === 'recycled-email'
          ? [
              [okta(a), okta(b)],
              [database(a), okta(b)],
              [database(a), jumpcloud(b)],
            ]
          : [
              [okta(a), okta(b)],
              [okta(a), jumpcloud(b)],
              [jumpcloud(a), okta(b)],
              [database(a), database(b)],
            ];
    for (const [left = null, right = null] of pairs) if (left !== null && right !== null) truth.trap(kind, left, right);
  }
}
