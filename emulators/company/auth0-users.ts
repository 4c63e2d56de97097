import type { Auth0Connection, Auth0User, OktaUser } from '../world.ts';
import type { Auth0Connections } from './auth0-tenant.ts';
import type { Company } from './build.ts';
import { jumpcloudEmail } from './jumpcloud-users.ts';
import { accountKey, days, iso, NOW, type Person } from './model.ts';
import type { Random } from './random.ts';

export interface Auth0Accounts {
  readonly users: Map<string, Auth0User>;
  /** Native ids by how people come in; databases and Google together in `direct`. */
  readonly workforce: readonly Auth0User[];
  readonly jumpcloud: readonly Auth0User[];
  readonly direct: readonly Auth0User[];
}

/** Subject as the id carries it: `<connection>|<subject>` behind an enterprise connection, the bare one in databases. */
function identityOf(connection: Auth0Connection, subject: string): Auth0User['identities'][number] {
  const isEnterprise = !['auth0', 'google-oauth2'].includes(connection.strategy);
  return {
    provider: connection.strategy,
    connection: connection.name,
    userId: isEnterprise ? `${connection.name}|${subject}` : subject,
    isSocial: connection.strategy === 'google-oauth2',
  };
}

/** A user of one connection, as Auth0 would keep it. */
export function auth0User(
  random: Random,
  connection: Auth0Connection,
  subject: string,
  from: { email: string | null; verified: boolean; given: string | null; family: string | null; createdAt: number },
): Auth0User {
  const identity = identityOf(connection, subject);
  const local = from.email?.split('@')[0] ?? null;
  const name = from.given === null ? null : [from.given, from.family].filter((part) => part !== null).join(' ');
  const seen = Math.min(NOW, from.createdAt + Math.floor(random.next() * (NOW - from.createdAt)));
  const count = random.int(200);
  return {
    userId: `${identity.provider}|${identity.userId}`,
    email: from.email,
    emailVerified: from.verified,
    username: null,
    name: name ?? from.email ?? identity.userId,
    givenName: from.given,
    familyName: from.family,
    nickname: local,
    picture: null,
    blocked: false,
    createdAt: iso(from.createdAt),
    updatedAt: iso(seen),
    lastLogin: count === 0 ? null : iso(seen),
    loginsCount: count,
    multifactor: random.chance(0.2) ? ['guardian'] : [],
    identities: [identity],
    appMetadata: {},
    permissions: [],
  };
}

/** People's log-ins at the platform; sets `person.auth0`, and opens Okta's and JumpCloud's applications to those who need them. */
export function auth0Users(
  company: Company,
  connections: Auth0Connections,
  upstream: {
    oktaUsers: ReadonlyMap<string, OktaUser>;
    /** Adds an Okta account to its department's platform group. */
    openOkta(person: Person): void;
    openJumpCloud(person: Person): void;
  },
): Auth0Accounts {
  const random = company.random('auth0-users');
  const users = new Map<string, Auth0User>();
  const workforce: Auth0User[] = [];
  const jumpcloud: Auth0User[] = [];
  const direct: Auth0User[] = [];
  // One import filled a part of the database within one instant.
  const importedAt = NOW - days(1234.5);
  let imports = Math.min(300, Math.round(company.people.length * 0.04));

  const record = (person: Person, connection: Auth0Connection, user: Auth0User, isTrusted = true): string => {
    users.set(user.userId, user);
    const key = accountKey('auth0', user.userId);
    company.truth.account(person, {
      key,
      slot: `auth0:${connection.name}`,
      provenEmails: isTrusted && user.emailVerified === true ? [user.email] : [],
      names: [user.givenName, user.familyName],
    });
    return key;
  };
  // The first log-in comes within 200 days.
  const profile = (person: Person, email: string, verified = true, family = person.family) => ({
    email,
    verified,
    given: person.given.native,
    family: family.native,
    createdAt: person.hiredAt + Math.floor(random.next() * Math.min(days(200), NOW - person.hiredAt)),
  });

  const enterByOkta = (person: Person): void => {
    if (person.okta === null || person.kind === 'CONTRACTOR') return;
    if (person !== company.showcase && !random.chance(0.95)) return;
    const user = auth0User(random, connections.workforce, person.okta, profile(person, person.email));
    person.auth0.workforce = user.userId;
    const key = record(person, connections.workforce, user);
    company.truth.tie(key, accountKey('okta', person.okta));
    workforce.push(user);
    if (person.kind === 'LEAVER') return;
    // A few lost the application at Okta; their account here is still there and leads nowhere.
    if (person !== company.showcase && random.chance(0.02)) person.tags.add('platform-withdrawn');
    else upstream.openOkta(person);
  };
  const enterByJumpCloud = (person: Person): void => {
    const email = jumpcloudEmail(person);
    const family = person.formerFamily ?? person.family;
    const user = auth0User(random, connections.jumpcloud, email, profile(person, email, true, family));
    person.auth0.jumpcloud = user.userId;
    const key = record(person, connections.jumpcloud, user);
    company.truth.tie(key, accountKey('jumpcloud', person.jumpcloud ?? ''));
    jumpcloud.push(user);
    upstream.openJumpCloud(person);
  };
  const enterByPassword = (person: Person, email: string, verified: boolean): void => {
    const from = profile(person, email, verified);
    const isImported = imports > 0 && person.kind !== 'CONTRACTOR';
    if (isImported) imports--;
    const user = auth0User(random, connections.database, random.hex(24), {
      ...from,
      createdAt: isImported ? importedAt : from.createdAt,
      given: person.index % 8 === 0 ? null : from.given,
      family: person.index % 8 === 0 ? null : from.family,
    });
    if (person.index % 5 === 0) user.username = person.email.split('@')[0] ?? null;
    if (person.kind === 'LEAVER' && random.chance(0.4)) user.blocked = true;
    user.appMetadata = { department: person.department.slug };
    person.auth0.database = user.userId;
    record(person, connections.database, user);
    direct.push(user);
  };
  const enterByGoogle = (person: Person): void => {
    const isPrivate = random.chance(0.05);
    const email = isPrivate ? person.privateEmail : person.email;
    const user = auth0User(random, connections.google, random.digits(21), profile(person, email));
    if (isPrivate) person.tags.add('private-google');
    person.auth0.google = user.userId;
    record(person, connections.google, user);
    direct.push(user);
  };
  /** The Okta log-in was merged into the database user: one account, two ways in. */
  const linkOkta = (person: Person): void => {
    const user = users.get(person.auth0.database ?? '');
    if (user === undefined || person.okta === null || person.auth0.workforce !== undefined) return;
    user.identities.push(identityOf(connections.workforce, person.okta));
    person.tags.add('merged-log-ins');
    company.truth.tie(accountKey('auth0', user.userId), accountKey('okta', person.okta));
    if (person.kind === 'EMPLOYEE') upstream.openOkta(person);
  };
  const enterByPartner = (person: Person): void => {
    const user = auth0User(random, connections.partner, random.uuid(), profile(person, person.email));
    person.auth0.other = user.userId;
    record(person, connections.partner, user, false);
    direct.push(user);
  };

  const contractor = (person: Person): void => {
    if (person.contractor === 'AUTH0_DATABASE') enterByPassword(person, person.email, true);
    if (person.contractor === 'JUMPCLOUD_INTO_AUTH0') enterByJumpCloud(person);
    if (person.contractor === 'PARTNER_CONNECTION') enterByPartner(person);
    if (person.contractor === 'PRIVATE_MAIL') enterByPassword(person, person.privateEmail, false);
  };
  for (const person of company.people) {
    if (person.kind === 'CONTRACTOR') {
      contractor(person);
      continue;
    }
    const isShowcase = person === company.showcase;
    const isExecutive = person.tags.has('executive');
    enterByOkta(person);
    const hasPassword = isShowcase || person.tags.has('recycled-email-before') || random.chance(0.7);
    // An address belongs to one user of a connection; a leaver still has the recycled one.
    if (hasPassword && !isExecutive && !person.tags.has('recycled-email-after')) {
      const isUnproved = !isShowcase && random.chance(0.006);
      if (isUnproved) person.tags.add('unverified-log-in');
      enterByPassword(person, person.formerEmail ?? person.email, !isUnproved);
      linkOkta(person);
    }
    if (person.jumpcloud !== null && !isShowcase && person.kind === 'EMPLOYEE' && random.chance(0.36))
      enterByJumpCloud(person);
    if (!isShowcase && !person.tags.has('recycled-email-before') && random.chance(0.16)) enterByGoogle(person);
  }
  return { users, workforce, jumpcloud, direct };
}
