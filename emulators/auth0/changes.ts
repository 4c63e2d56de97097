import { z } from 'zod';
import type { World } from '../world.ts';
import type { Auth0Auth } from './auth.ts';

const userOp = z.looseObject({ userId: z.string() });
const roleOp = z.looseObject({ userId: z.string(), roleId: z.string() });
const memberOp = z.looseObject({
  userId: z.string(),
  organizationId: z.string(),
  roleIds: z.array(z.string()).optional(),
});
const connectionOp = z.looseObject({ connectionId: z.string(), clientId: z.string() });
const permissionOp = z.looseObject({ userId: z.string(), name: z.string(), resourceServer: z.string() });
const updateOp = z.looseObject({
  userId: z.string(),
  set: z.object({
    email: z.string().nullable().optional(),
    emailVerified: z.boolean().nullable().optional(),
    username: z.string().nullable().optional(),
    name: z.string().optional(),
    givenName: z.string().nullable().optional(),
    familyName: z.string().nullable().optional(),
    lastLogin: z.string().nullable().optional(),
    appMetadata: z.record(z.string(), z.unknown()).optional(),
  }),
});
const createOp = z.looseObject({
  email: z.string(),
  name: z.string(),
  connection: z.string(),
  /** Default: a fresh id of a database user. */
  userId: z.string().optional(),
});

/** What the admin API can do to the tenant. */
export function auth0Changes(world: World, auth: Auth0Auth): Record<string, (body: unknown) => unknown> {
  const tenant = world.auth0;
  const now = (): string => new Date().toISOString();
  const user = (id: string) => orFail(tenant.users.get(id), 'user', id);
  const role = (id: string) => orFail(tenant.roles.get(id), 'role', id);
  const organization = (id: string) => orFail(tenant.organizations.get(id), 'organization', id);
  const block = (isBlocked: boolean) => (body: unknown) => {
    Object.assign(user(userOp.parse(body).userId), { blocked: isBlocked, updatedAt: now() });
  };
  return {
    blockUser: block(true),
    unblockUser: block(false),
    assignRole(body) {
      const { userId, roleId } = roleOp.parse(body);
      role(roleId).users.add(user(userId).userId);
    },
    removeRole(body) {
      const { userId, roleId } = roleOp.parse(body);
      role(roleId).users.delete(userId);
    },
    addPermission(body) {
      const { userId, name, resourceServer } = permissionOp.parse(body);
      user(userId).permissions.push({ name, resourceServer });
    },
    addMember(body) {
      const { userId, organizationId, roleIds } = memberOp.parse(body);
      organization(organizationId).members.set(user(userId).userId, new Set(roleIds ?? []));
    },
    removeMember(body) {
      const { userId, organizationId } = memberOp.parse(body);
      organization(organizationId).members.delete(userId);
    },
    updateUser(body) {
      const { userId, set } = updateOp.parse(body);
      Object.assign(user(userId), set, { updatedAt: now() });
    },
    createUser(body) {
      const { email, name, connection, userId } = createOp.parse(body);
      const native = userId ?? `auth0|${Date.now().toString(16).padStart(24, '0')}`;
      const bar = native.indexOf('|');
      tenant.users.set(native, {
        userId: native,
        email,
        emailVerified: false,
        username: null,
        name,
        givenName: null,
        familyName: null,
        nickname: null,
        picture: null,
        blocked: false,
        createdAt: now(),
        updatedAt: now(),
        lastLogin: null,
        loginsCount: 0,
        multifactor: [],
        identities: [{ provider: native.slice(0, bar), connection, userId: native.slice(bar + 1), isSocial: false }],
        appMetadata: {},
        permissions: [],
      });
      return { userId: native };
    },
    deleteUser(body) {
      const { userId } = userOp.parse(body);
      user(userId);
      tenant.users.delete(userId);
      for (const one of tenant.roles.values()) one.users.delete(userId);
      for (const one of tenant.organizations.values()) one.members.delete(userId);
      for (const one of tenant.groups.values()) one.members.delete(userId);
      for (const [id, grant] of tenant.grants) if (grant.userId === userId) tenant.grants.delete(id);
    },
    disableConnectionForClient(body) {
      const { connectionId, clientId } = connectionOp.parse(body);
      orFail(tenant.connections.get(connectionId), 'connection', connectionId).clients.delete(clientId);
    },
    enableConnectionForClient(body) {
      const { connectionId, clientId } = connectionOp.parse(body);
      orFail(tenant.connections.get(connectionId), 'connection', connectionId).clients.add(clientId);
    },
    /** The connector's application is granted these scopes from its next token on; old tokens die. */
    setScopes(body) {
      auth.scopes = z.looseObject({ scopes: z.array(z.string()) }).parse(body).scopes;
      auth.revokeTokens();
    },
    /** The application loses (or regains) its grant for the Management API; old tokens die. */
    authorizeClient(body) {
      auth.isAuthorized = z.looseObject({ on: z.boolean() }).parse(body).on;
      auth.revokeTokens();
    },
    revokeTokens() {
      auth.revokeTokens();
    },
  };
}

function orFail<T>(found: T | undefined, what: string, id: string): T {
  if (found === undefined) throw new Error(`There is no ${what} ${id}.`);
  return found;
}
