import type { JumpCloudUser, OktaGroup, OktaUser, World } from '../world.ts';
import type { Random } from './random.ts';

/** The department that the demo's ready questions are about: nothing changes there by itself. */
const LEFT_ALONE = 'Treasury';

/** What a change works on. */
export interface Drift {
  readonly world: World;
  readonly random: Random;
  /** When it happens, epoch ms. */
  readonly at: number;
}

/** Makes one change and says so in a sentence; `null` when the world offers no occasion, and then nothing is changed. */
export type Change = (drift: Drift) => string | null;

/** The present as a stamp that is later than the one before, whatever the clocks say. */
export function after(stamp: string | null, at: number): string {
  const before = stamp === null ? Number.NaN : Date.parse(stamp);
  return new Date(Number.isNaN(before) ? at : Math.max(at, before + 1)).toISOString();
}

/** A random value that passes, or `null` after a fair number of tries; never walks the whole map. */
export function pickFrom<T>(random: Random, values: Iterable<T>, passes: (value: T) => boolean): T | null {
  const list = [...values];
  for (let i = 0; i < 60 && list.length > 0; i++) {
    const value = random.pick(list);
    if (passes(value)) return value;
  }
  return null;
}

export const oktaName = (user: OktaUser): string =>
  [user.firstName, user.lastName].filter((part) => part !== null).join(' ') || user.login;

export const isOrdinary = (user: OktaUser): boolean =>
  user.employeeNumber !== null && user.department !== LEFT_ALONE && user.department !== null;

/** Addresses of those who are left alone, lower-case; their accounts everywhere are known by them. */
export function leftAlone(world: World): Set<string> {
  const emails = new Set<string>();
  for (const user of world.okta.users.values()) {
    if (user.department === LEFT_ALONE) emails.add(user.email.toLowerCase());
  }
  for (const user of world.jumpcloud.users.values()) {
    if (user.department === LEFT_ALONE) emails.add(user.email.toLowerCase());
  }
  return emails;
}

/** An active employee of Okta who may be moved about. */
export function pickEmployee({ world, random }: Drift): OktaUser | null {
  return pickFrom(random, world.okta.users.values(), (user) => user.status === 'ACTIVE' && isOrdinary(user));
}

/** That person's user in JumpCloud, by employee number. */
export function jumpcloudUserOf(world: World, user: OktaUser): JumpCloudUser | null {
  const number = `E-${user.employeeNumber}`;
  for (const one of world.jumpcloud.users.values()) if (one.employeeIdentifier === number) return one;
  return null;
}

export function oktaGroupNamed(world: World, name: string): OktaGroup | null {
  for (const group of world.okta.groups.values()) if (group.name === name) return group;
  return null;
}

export function addToOktaGroup(group: OktaGroup | null, userId: string, at: number): void {
  if (group === null || group.members.has(userId)) return;
  group.members.add(userId);
  group.lastMembershipUpdated = after(group.lastMembershipUpdated, at);
}

export function removeFromOktaGroup(group: OktaGroup | null, userId: string, at: number): void {
  if (group === null || !group.members.delete(userId)) return;
  group.lastMembershipUpdated = after(group.lastMembershipUpdated, at);
}

/** App user rows exist for as long as the app is reached; drops those of a user who lost it. */
export function dropLostAppUsers(world: World, userId: string): void {
  for (const app of world.okta.apps.values()) {
    if (!app.appUsers.has(userId) || app.users.has(userId)) continue;
    const isReached = [...app.groups].some((id) => {
      const group = world.okta.groups.get(id);
      return group?.type === 'BUILT_IN' || group?.members.has(userId);
    });
    if (!isReached) app.appUsers.delete(userId);
  }
}

/** Puts a JumpCloud user where the rules of the dynamic groups want it. */
export function applyRules(world: World, user: JumpCloudUser): void {
  const fields: Record<string, string | null> = {
    department: user.department,
    location: user.location,
    employeeType: user.employeeType,
  };
  for (const group of world.jumpcloud.groups.values()) {
    const [rule] = group.rule;
    if (rule === undefined || !(rule.field in fields)) continue;
    if (fields[rule.field] === rule.value) group.members.add(user.id);
    else group.members.delete(user.id);
  }
}
