import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { OktaApp, OktaGroup, OktaUser, World } from '../world.ts';

const userOp = z.looseObject({ userId: z.string() });
const memberOp = z.looseObject({ userId: z.string(), groupId: z.string() });
const groupOp = z.looseObject({ groupId: z.string() });
const renameOp = z.looseObject({ groupId: z.string(), name: z.string().min(1) });
const appGroupOp = z.looseObject({ appId: z.string(), groupId: z.string() });
const appUserOp = z.looseObject({ appId: z.string(), userId: z.string() });
const appOp = z.looseObject({ appId: z.string() });
const text = z.string().nullable().optional();
const createUserOp = z.looseObject({
  login: z.string(),
  email: z.string(),
  id: z.string().optional(),
  firstName: text,
  lastName: text,
  department: text,
  title: text,
  employeeNumber: text,
  userType: text,
});
const updateUserOp = z.looseObject({
  userId: z.string(),
  set: z.object({
    login: z.string().optional(),
    email: z.string().optional(),
    secondEmail: text,
    firstName: text,
    lastName: text,
    displayName: text,
    department: text,
    title: text,
    employeeNumber: text,
    userType: text,
    managerId: text,
    lastLogin: text,
    emailVerified: z.boolean().nullable().optional(),
  }),
});
const createGroupOp = z.looseObject({ name: z.string().min(1), id: z.string().optional(), description: text });
const grantOp = z.looseObject({
  assignee: z.object({ type: z.enum(['USER', 'GROUP']), id: z.string() }),
  type: z.string(),
  label: z.string().optional(),
  targetGroupIds: z.array(z.string()).default([]),
  targetAppIds: z.array(z.string()).default([]),
});
const revokeOp = z.looseObject({ assignmentId: z.string() });

/** What the admin API can do to the org. Dates move as Okta moves them: the user's, or the group's membership date. */
export function oktaChanges(world: World): Record<string, (body: unknown) => unknown> {
  const { okta } = world;
  const now = (): string => new Date().toISOString();
  const user = (id: string): OktaUser => found(okta.users.get(id), 'user', id);
  const group = (id: string): OktaGroup => found(okta.groups.get(id), 'group', id);
  const app = (id: string): OktaApp => found(okta.apps.get(id), 'application', id);
  const setStatus = (status: OktaUser['status']) => (body: unknown) => {
    const at = now();
    Object.assign(user(userOp.parse(body).userId), { status, statusChanged: at, lastUpdated: at });
  };
  return {
    suspendUser: setStatus('SUSPENDED'),
    unsuspendUser: setStatus('ACTIVE'),
    lockUser: setStatus('LOCKED_OUT'),
    activateUser: setStatus('ACTIVE'),
    deactivateUser(body) {
      setStatus('DEPROVISIONED')(body);
      const { userId } = userOp.parse(body);
      for (const one of okta.groups.values()) if (one.members.delete(userId)) one.lastMembershipUpdated = now();
      for (const one of okta.apps.values()) one.users.delete(userId);
    },
    deleteUser(body) {
      const { userId } = userOp.parse(body);
      okta.users.delete(user(userId).id);
      for (const one of okta.groups.values()) one.members.delete(userId);
      for (const one of okta.apps.values()) one.users.delete(userId);
      for (const one of okta.idps.values()) one.users.delete(userId);
      for (const [id, one] of okta.roleAssignments) if (one.assignee.id === userId) okta.roleAssignments.delete(id);
    },
    createUser(body) {
      const op = createUserOp.parse(body);
      const id = op.id ?? `00u${randomBytes(8).toString('hex')}`;
      const at = now();
      okta.users.set(id, {
        id,
        status: 'ACTIVE',
        login: op.login,
        email: op.email,
        secondEmail: null,
        firstName: op.firstName ?? null,
        lastName: op.lastName ?? null,
        displayName: null,
        employeeNumber: op.employeeNumber ?? null,
        department: op.department ?? null,
        title: op.title ?? null,
        userType: op.userType ?? null,
        managerId: null,
        emailVerified: null,
        created: at,
        activated: at,
        statusChanged: at,
        lastLogin: null,
        lastUpdated: at,
      });
      return { id };
    },
    updateUser(body) {
      const { userId, set } = updateUserOp.parse(body);
      Object.assign(user(userId), set, { lastUpdated: now() });
    },
    addUserToGroup(body) {
      const { userId, groupId } = memberOp.parse(body);
      group(groupId).members.add(user(userId).id);
      group(groupId).lastMembershipUpdated = now();
    },
    removeUserFromGroup(body) {
      const { userId, groupId } = memberOp.parse(body);
      group(groupId).members.delete(userId);
      group(groupId).lastMembershipUpdated = now();
    },
    createGroup(body) {
      const op = createGroupOp.parse(body);
      const id = op.id ?? `00g${randomBytes(8).toString('hex')}`;
      const at = now();
      okta.groups.set(id, {
        id,
        type: 'OKTA_GROUP',
        name: op.name,
        description: op.description ?? null,
        created: at,
        lastUpdated: at,
        lastMembershipUpdated: at,
        members: new Set(),
        sourceAppId: null,
      });
      return { id };
    },
    renameGroup(body) {
      const { groupId, name } = renameOp.parse(body);
      Object.assign(group(groupId), { name, lastUpdated: now() });
    },
    deleteGroup(body) {
      const { groupId } = groupOp.parse(body);
      okta.groups.delete(group(groupId).id);
      for (const one of okta.apps.values()) {
        one.groups.delete(groupId);
        one.pushes = one.pushes.filter((push) => push.sourceGroupId !== groupId && push.targetGroupId !== groupId);
      }
      for (const [id, one] of okta.roleAssignments) if (one.assignee.id === groupId) okta.roleAssignments.delete(id);
    },
    assignGroupToApp(body) {
      const { appId, groupId } = appGroupOp.parse(body);
      app(appId).groups.add(group(groupId).id);
    },
    removeGroupFromApp(body) {
      const { appId, groupId } = appGroupOp.parse(body);
      app(appId).groups.delete(groupId);
    },
    assignUserToApp(body) {
      const { appId, userId } = appUserOp.parse(body);
      app(appId).users.add(user(userId).id);
    },
    removeUserFromApp(body) {
      const { appId, userId } = appUserOp.parse(body);
      app(appId).users.delete(userId);
    },
    deactivateApp(body) {
      Object.assign(app(appOp.parse(body).appId), { status: 'INACTIVE', lastUpdated: now() });
    },
    activateApp(body) {
      Object.assign(app(appOp.parse(body).appId), { status: 'ACTIVE', lastUpdated: now() });
    },
    grantRole(body) {
      const op = grantOp.parse(body);
      const id = `ra1${randomBytes(8).toString('hex')}`;
      okta.roleAssignments.set(id, {
        id,
        type: op.type,
        label: op.label ?? op.type,
        assignee: op.assignee,
        customRoleId: null,
        resourceSetId: null,
        targetGroupIds: op.targetGroupIds,
        targetAppIds: op.targetAppIds,
        created: now(),
      });
      return { id };
    },
    revokeRole(body) {
      okta.roleAssignments.delete(revokeOp.parse(body).assignmentId);
    },
  };
}

function found<T>(record: T | undefined, what: string, id: string): T {
  if (record === undefined) throw new Error(`There is no ${what} ${id}.`);
  return record;
}
