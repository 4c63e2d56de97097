import type { Auth0User, JumpCloudUser, OktaUser, World } from '../world.ts';
import { auth0User } from './auth0-users.ts';
import {
  addToOktaGroup,
  after,
  applyRules,
  type Change,
  type Drift,
  dropLostAppUsers,
  isOrdinary,
  jumpcloudUserOf,
  oktaGroupNamed,
  oktaName,
  pickEmployee,
  pickFrom,
  removeFromOktaGroup,
} from './changes.ts';
import { inventName, localPart } from './names.ts';

/** A log-in name and an employee number that nobody has. */
function freeNames(world: World, local: string): { email: string; number: string } {
  let highest = 1000;
  const taken = new Set<string>();
  for (const user of world.okta.users.values()) {
    taken.add(user.login.toLowerCase());
    taken.add(user.email.toLowerCase());
    highest = Math.max(highest, Number(user.employeeNumber) || 0);
  }
  for (const user of world.jumpcloud.users.values()) {
    taken.add(user.email.toLowerCase());
    highest = Math.max(highest, Number(user.employeeIdentifier?.replace('E-', '')) || 0);
  }
  for (const user of world.auth0.users.values()) taken.add(user.email?.toLowerCase() ?? '');
  const domain = world.ownedDomains[0] ?? 'company.example';
  let email = `${local}@${domain}`;
  for (let i = 2; taken.has(email); i++) email = `${local}${i}@${domain}`;
  return { email, number: String(highest + 1) };
}

/** Somebody starts: accounts in Okta and JumpCloud, the usual groups, a first log-in at the platform. */
export const join: Change = ({ world, random, at }) => {
  const { given, family } = inventName(random);
  const { email, number } = freeNames(world, localPart(`${given.plain}.${family.plain}`));
  const colleague = pickEmployee({ world, random, at });
  if (colleague === null) return null;
  const desk = jumpcloudUserOf(world, colleague);
  const stamp = new Date(at).toISOString();
  const user: OktaUser = {
    ...colleague,
    id: random.id('00u', 20),
    status: 'ACTIVE',
    login: email,
    email,
    secondEmail: null,
    firstName: given.native,
    lastName: family.native,
    displayName: null,
    employeeNumber: number,
    title: `Associate, ${colleague.department}`,
    created: stamp,
    activated: stamp,
    statusChanged: stamp,
    lastLogin: null,
    lastUpdated: stamp,
  };
  world.okta.users.set(user.id, user);
  const usual = ['All Employees', `Department – ${user.department}`];
  if (desk !== null) usual.push(`Location – ${desk.location}`);
  for (const name of usual) addToOktaGroup(oktaGroupNamed(world, name), user.id, at);
  addToJumpCloud(world, random.hex(24), user, desk, stamp);
  enterPlatform({ world, random, at }, user);
  return `${oktaName(user)} joins ${user.department}`;
};

/** The platform group of the department, and the account that the first log-in through Okta makes. */
function enterPlatform({ world, random, at }: Drift, user: OktaUser): void {
  const connection = [...world.auth0.connections.values()].find((one) => one.options['domain'] === world.okta.domain);
  const group = oktaGroupNamed(world, `Platform Access – ${user.department}`);
  if (connection === undefined || group === null) return;
  addToOktaGroup(group, user.id, at);
  const from = { email: user.email, verified: true, given: user.firstName, family: user.lastName, createdAt: at };
  const account: Auth0User = { ...auth0User(random, connection, user.id, from), loginsCount: 1 };
  const stamp = new Date(at).toISOString();
  Object.assign(account, { createdAt: stamp, updatedAt: stamp, lastLogin: stamp });
  world.auth0.users.set(account.userId, account);
}

function addToJumpCloud(world: World, id: string, from: OktaUser, desk: JumpCloudUser | null, created: string): void {
  const names = new Set([...world.jumpcloud.users.values()].map((one) => one.username));
  const base = from.email.split('@')[0]?.replaceAll('.', '') ?? id;
  let username = base;
  for (let i = 2; names.has(username); i++) username = `${base}${i}`;
  const user: JumpCloudUser = {
    id,
    username,
    email: from.email,
    alternateEmail: null,
    firstname: from.firstName,
    lastname: from.lastName,
    displayname: null,
    state: 'ACTIVATED',
    activated: true,
    accountLocked: false,
    passwordExpired: false,
    mfaConfigured: false,
    adminId: null,
    manager: desk?.manager ?? null,
    employeeIdentifier: `E-${from.employeeNumber}`,
    employeeType: 'full-time',
    department: from.department,
    jobTitle: from.title,
    location: desk?.location ?? null,
    company: desk?.company ?? null,
    created,
  };
  world.jumpcloud.users.set(id, user);
  applyRules(world, user);
  for (const group of world.jumpcloud.groups.values()) if (group.name === 'All Staff') group.members.add(id);
}

/** Somebody goes: deprovisioned in Okta, suspended in JumpCloud; what nobody thinks of stays. */
export const leave: Change = (drift) => {
  const { world, at } = drift;
  const user = pickEmployee(drift);
  if (user === null) return null;
  user.status = 'DEPROVISIONED';
  user.statusChanged = after(user.statusChanged, at);
  user.lastUpdated = after(user.lastUpdated, at);
  for (const group of world.okta.groups.values()) removeFromOktaGroup(group, user.id, at);
  for (const app of world.okta.apps.values()) {
    app.users.delete(user.id);
    app.appUsers.delete(user.id);
  }
  for (const role of [...world.okta.roleAssignments.values()]) {
    if (role.assignee.id === user.id) world.okta.roleAssignments.delete(role.id);
  }
  for (const token of [...world.okta.apiTokens.values()]) {
    if (token.userId === user.id) world.okta.apiTokens.delete(token.id);
  }
  const inJumpCloud = jumpcloudUserOf(world, user);
  if (inJumpCloud !== null) inJumpCloud.state = 'SUSPENDED';
  return `${oktaName(user)} leaves the company`;
};

/** Another department: its groups, its way into the platform, the dynamic groups of JumpCloud. */
export const move: Change = (drift) => {
  const { world, at } = drift;
  const user = pickEmployee(drift);
  const other = pickEmployee(drift);
  if (user === null || other === null || other.department === user.department) return null;
  const from = user.department;
  user.department = other.department;
  user.title = `Specialist, ${other.department}`;
  user.lastUpdated = after(user.lastUpdated, at);
  for (const kind of ['Department', 'Platform Access']) {
    const old = oktaGroupNamed(world, `${kind} – ${from}`);
    if (old === null || !old.members.has(user.id)) continue;
    addToOktaGroup(oktaGroupNamed(world, `${kind} – ${user.department}`), user.id, at);
    removeFromOktaGroup(old, user.id, at);
  }
  dropLostAppUsers(world, user.id);
  const inJumpCloud = jumpcloudUserOf(world, user);
  if (inJumpCloud !== null) {
    inJumpCloud.department = user.department;
    inJumpCloud.jobTitle = user.title;
    applyRules(world, inJumpCloud);
  }
  return `${oktaName(user)} moves from ${from} to ${user.department}`;
};

/** Okta suspends somebody, or lets a suspended person back in. */
export const suspend: Change = (drift) => {
  const { world, random, at } = drift;
  const suspended = pickFrom(
    random,
    world.okta.users.values(),
    (user) => user.status === 'SUSPENDED' && isOrdinary(user),
  );
  const user = suspended !== null && random.chance(0.6) ? suspended : pickEmployee(drift);
  if (user === null) return null;
  user.status = user.status === 'ACTIVE' ? 'SUSPENDED' : 'ACTIVE';
  user.statusChanged = after(user.statusChanged, at);
  user.lastUpdated = after(user.lastUpdated, at);
  return user.status === 'SUSPENDED' ? `Okta suspends ${oktaName(user)}` : `Okta lets ${oktaName(user)} in again`;
};

/** A new job title, in Okta and JumpCloud. */
export const promote: Change = (drift) => {
  const user = pickEmployee(drift);
  if (user === null || user.title?.startsWith('Senior ') || user.title === null) return null;
  user.title = `Senior ${user.title}`;
  user.lastUpdated = after(user.lastUpdated, drift.at);
  const inJumpCloud = jumpcloudUserOf(drift.world, user);
  if (inJumpCloud !== null) inJumpCloud.jobTitle = user.title;
  return `${oktaName(user)} is now ${user.title}`;
};
