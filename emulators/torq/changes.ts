import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TorqWorld } from '../world.ts';

/** What an administrator, or a test, can switch about the key and the API. */
export interface TorqSwitches {
  /** Whether the key was made with the Owner role: audit logs. */
  isOwner: boolean;
  /** Scopes of the key's role; `null`: all. */
  scopes: ReadonlySet<string> | null;
  /** The older API: roles under `/users/roles`, no `/roles`. */
  hasOldRolesPath: boolean;
  /** So many user lists come without their `users` member. */
  nakedUserLists: number;
}

const byUser = z.object({ userId: z.string() });

/** What the admin API can do to the workspace: first the changes of an owner's day, then the switches of a test. */
export function torqChanges(world: TorqWorld, switches: TorqSwitches, tokens: Map<string, number>) {
  const user = (id: string) => {
    const found = world.users.get(id);
    if (found === undefined) throw new Error(`There is no user "${id}".`);
    return found;
  };
  const knownRole = (id: string): string => {
    if (!world.roles.has(id)) throw new Error(`There is no role "${id}".`);
    return id;
  };
  return {
    setRole(body: unknown) {
      const { userId, roleId } = byUser.extend({ roleId: z.string() }).parse(body);
      user(userId).roleId = knownRole(roleId);
    },
    inviteUser(body: unknown) {
      const given = z.object({ email: z.string(), roleId: z.string() }).parse(body);
      const id = randomUUID();
      world.users.set(id, {
        id,
        email: given.email,
        roleId: knownRole(given.roleId),
        status: 'INVITATION_SENT',
        ssoProvision: false,
        createdTime: new Date().toISOString(),
        lastLoginTime: null,
      });
      return { userId: id };
    },
    acceptInvitation(body: unknown) {
      const one = user(byUser.parse(body).userId);
      one.status = 'VERIFIED';
      one.lastLoginTime = new Date().toISOString();
    },
    deleteUser(body: unknown) {
      const { userId } = byUser.parse(body);
      user(userId);
      world.users.delete(userId);
      // A private key dies with its owner.
      for (const [id, key] of world.apiKeys) if (key.userId === userId) world.apiKeys.delete(id);
    },
    deleteApiKey(body: unknown) {
      world.apiKeys.delete(z.object({ clientId: z.string() }).parse(body).clientId);
    },

    /** What the key in use may do. */
    setKey(body: unknown) {
      const given = z.object({ isOwner: z.boolean().optional(), scopes: z.array(z.string()).nullish() }).parse(body);
      if (given.isOwner !== undefined) switches.isOwner = given.isOwner;
      if (given.scopes !== undefined) switches.scopes = given.scopes === null ? null : new Set(given.scopes);
    },
    setOldRolesPath(body: unknown) {
      switches.hasOldRolesPath = z.object({ on: z.boolean() }).parse(body).on;
    },
    /** The next user lists come without their `users` member. */
    dropUsersMember(body: unknown) {
      switches.nakedUserLists = z.object({ times: z.number().int().min(0) }).parse(body).times;
    },
    revokeTokens() {
      tokens.clear();
    },
  } satisfies Record<string, (body: unknown) => unknown>;
}
