import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { JumpCloudBindings, JumpCloudWorld } from '../world.ts';
import type { JumpCloudAccess } from './access.ts';
import type { JumpCloudGraph } from './graph.ts';

const byUser = z.object({ userId: z.string() });
const byAdmin = z.object({ adminId: z.string() });
const membership = z.object({ userId: z.string(), groupId: z.string() });
/** `appId` names anything people can be bound to: an application, a directory, a RADIUS server. */
const groupBinding = z.object({ groupId: z.string(), appId: z.string() });
const userBinding = z.object({ userId: z.string(), appId: z.string() });
const word = z.string().nullable().optional();
const patch = z.object({
  username: z.string().optional(),
  email: z.string().optional(),
  alternateEmail: word,
  firstname: word,
  lastname: word,
  displayname: word,
  state: z.enum(['STAGED', 'ACTIVATED', 'SUSPENDED']).optional(),
  activated: z.boolean().optional(),
  accountLocked: z.boolean().optional(),
  passwordExpired: z.boolean().optional(),
  mfaConfigured: z.boolean().optional(),
  adminId: word,
  manager: word,
  employeeIdentifier: word,
  employeeType: word,
  department: word,
  jobTitle: word,
  location: word,
  company: word,
});

function found<T>(map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value === undefined) throw new Error(`There is no "${id}".`);
  return value;
}

function without<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<T>;
}

/** What the admin API can do to the tenant: first the changes of an administrator's day, then the switches of a test. */
export function jumpCloudChanges(world: JumpCloudWorld, access: JumpCloudAccess, graph: () => JumpCloudGraph) {
  const resource = (id: string): JumpCloudBindings =>
    world.apps.get(id) ?? world.radius.get(id) ?? found<JumpCloudBindings>(world.directories, id);
  const setState = (state: 'ACTIVATED' | 'SUSPENDED' | 'STAGED') => (body: unknown) => {
    found(world.users, byUser.parse(body).userId).state = state;
  };
  const bindings = (): JumpCloudBindings[] => [
    ...world.apps.values(),
    ...world.directories.values(),
    ...world.radius.values(),
  ];

  return {
    suspendUser: setState('SUSPENDED'),
    activateUser: setState('ACTIVATED'),
    stageUser: setState('STAGED'),
    updateUser(body: unknown) {
      const { userId } = byUser.parse(body);
      Object.assign(found(world.users, userId), without(patch.parse(body)));
    },
    createUser(body: unknown) {
      const given = patch
        .extend({ username: z.string(), email: z.string(), userId: z.string().optional() })
        .parse(body);
      const { userId = randomBytes(12).toString('hex'), ...rest } = given;
      world.users.set(userId, {
        id: userId,
        alternateEmail: null,
        firstname: null,
        lastname: null,
        displayname: null,
        state: 'ACTIVATED',
        activated: true,
        accountLocked: false,
        passwordExpired: false,
        mfaConfigured: false,
        adminId: null,
        manager: null,
        employeeIdentifier: null,
        employeeType: null,
        department: null,
        jobTitle: null,
        location: null,
        company: null,
        created: world.users.values().next().value?.created ?? '2024-01-01T00:00:00.000Z',
        ...without(rest),
        username: rest.username,
        email: rest.email,
      });
      return { userId };
    },
    deleteUser(body: unknown) {
      const { userId } = byUser.parse(body);
      found(world.users, userId);
      world.users.delete(userId);
      for (const group of world.groups.values()) group.members.delete(userId);
      for (const binding of bindings()) binding.users.delete(userId);
    },
    addUserToGroup(body: unknown) {
      const { userId, groupId } = membership.parse(body);
      found(world.users, userId);
      found(world.groups, groupId).members.add(userId);
    },
    removeUserFromGroup(body: unknown) {
      const { userId, groupId } = membership.parse(body);
      found(world.groups, groupId).members.delete(userId);
    },
    deleteGroup(body: unknown) {
      const { groupId } = z.object({ groupId: z.string() }).parse(body);
      found(world.groups, groupId);
      world.groups.delete(groupId);
      for (const binding of bindings()) binding.groups.delete(groupId);
    },
    bindGroupToApp(body: unknown) {
      const { groupId, appId } = groupBinding.parse(body);
      found(world.groups, groupId);
      resource(appId).groups.add(groupId);
    },
    unbindGroupFromApp(body: unknown) {
      const { groupId, appId } = groupBinding.parse(body);
      resource(appId).groups.delete(groupId);
    },
    bindUserToApp(body: unknown) {
      const { userId, appId } = userBinding.parse(body);
      found(world.users, userId);
      resource(appId).users.add(userId);
    },
    unbindUserFromApp(body: unknown) {
      const { userId, appId } = userBinding.parse(body);
      resource(appId).users.delete(userId);
    },
    setAppActive(body: unknown) {
      const { appId, active } = z.object({ appId: z.string(), active: z.boolean() }).parse(body);
      found(world.apps, appId).active = active;
    },
    suspendAdmin(body: unknown) {
      found(world.admins, byAdmin.parse(body).adminId).suspended = true;
    },
    activateAdmin(body: unknown) {
      found(world.admins, byAdmin.parse(body).adminId).suspended = false;
    },
    setAdminRoles(body: unknown) {
      const { adminId, roleIds } = byAdmin.extend({ roleIds: z.array(z.string()) }).parse(body);
      found(world.admins, adminId).roleIds = roleIds;
    },

    /** Scopes of the role behind the credentials; `null`: all. */
    setScopes(body: unknown) {
      const { scopes } = z.object({ scopes: z.array(z.string()).nullable() }).parse(body);
      access.switches.scopes = scopes === null ? null : new Set(scopes);
    },
    /** Answer of the undocumented list of administrators. */
    setAdminList(body: unknown) {
      const { status } = z.object({ status: z.literal([200, 403, 404]) }).parse(body);
      access.switches.adminListStatus = status;
    },
    setMultiTenant(body: unknown) {
      access.switches.multiTenant = z.object({ on: z.boolean() }).parse(body).on;
    },
    revokeTokens() {
      access.revokeTokens();
    },
    /** So many associations of a group or resource lost their end; they count, and are missing in the pages. */
    setOrphans(body: unknown) {
      const { parentId, count } = z.object({ parentId: z.string(), count: z.number().int().min(0) }).parse(body);
      graph().setOrphans(parentId, count);
    },
    /** The next `reads` pages of a group or resource are cut from lists in another order each. */
    setUnstableOrder(body: unknown) {
      const { parentId, reads } = z.object({ parentId: z.string(), reads: z.number().int().min(0) }).parse(body);
      graph().setUnstable(parentId, reads);
    },
  } satisfies Record<string, (body: unknown) => unknown>;
}
