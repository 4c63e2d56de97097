import type { LinkDraft, NodeDraft, NodeRef } from '../../../src/ports/provider.ts';
import { toAccount } from './account.ts';
import { groupAssignment, toApplication } from './apps.ts';
import type { OktaClient } from './client.ts';
import { memberOf, readRules, toGroup } from './groups.ts';
import { readSubjectsOf, toIdentityProvider } from './idps.ts';
import { appSchema, groupSchema, idpSchema, idSchema, loginSchema, userSchema } from './payloads.ts';
import { isRefusal, type OktaReading } from './reading.ts';
import { RoleBook } from './role-book.ts';
import { holds } from './roles.ts';

/** Kinds that can be read fresh, one by one. */
export const LIVE_KINDS = ['Account', 'Group', 'Application'] as const;

interface Live {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
}

/** One account, group or application with the links that start at it, as they are now; `null` when it is gone. */
export async function readLive(reading: OktaReading, ref: NodeRef): Promise<Live | null> {
  switch (ref.kind) {
    case 'Account':
      return readAccount(reading, ref.nativeId);
    case 'Group':
      return readGroup(reading, ref.nativeId);
    case 'Application': {
      const app = await reading.client.find(`/api/v1/apps/${encodeURIComponent(ref.nativeId)}`, appSchema);
      return app === null || app.status === 'DELETED' ? null : { nodes: [toApplication(app)], links: [] };
    }
    default:
      return null;
  }
}

async function readAccount(reading: OktaReading, id: string): Promise<Live | null> {
  const { client, connector } = reading;
  const path = `/api/v1/users/${encodeURIComponent(id)}`;
  const user = await client.find(path, userSchema);
  if (user === null) return null;
  const [groups, subjects, roles, manager] = await Promise.all([
    client.all((start) => client.page(start, idSchema), `${path}/groups`),
    readSubjectsOf(client, user.id),
    rolesOf(client, 'users', user.id),
    managerOf(reading, user.profile?.managerId ?? null),
  ]);
  const idOfLogin = (): string | undefined => manager;
  return {
    nodes: [toAccount(user, { connector, subjects, idOfLogin })],
    links: [...groups.map((group) => memberOf(user.id, group.id)), ...(roles ?? [])],
  };
}

async function readGroup({ client }: OktaReading, id: string): Promise<Live | null> {
  const path = `/api/v1/groups/${encodeURIComponent(id)}`;
  const group = await client.find(path, groupSchema);
  if (group === null) {
    const idp = await client.find(`/api/v1/idps/${encodeURIComponent(id)}`, idpSchema).catch(refusedIsGone);
    return idp === null ? null : { nodes: [toIdentityProvider(idp)], links: [] };
  }
  const [apps, roles, rules] = await Promise.all([
    client.all((start) => client.page(start, idSchema), `${path}/apps`, { limit: 200 }),
    rolesOf(client, 'groups', id),
    readRules(client),
  ]);
  // A single group comes without statistics; its roles say the same.
  const stats = roles === null ? null : { hasAdminPrivlege: roles.length > 0 };
  return {
    nodes: [toGroup({ ...group, _embedded: { stats } }, rules)],
    links: [...apps.map((app) => groupAssignment(id, app.id)), ...(roles ?? [])],
  };
}

/** Roles are a permission of their own; an account is worth reading without them: `null`. */
async function rolesOf(client: OktaClient, kind: 'users' | 'groups', id: string): Promise<LinkDraft[] | null> {
  const book = new RoleBook(client);
  try {
    const { own } = await book.assignmentsOf(kind, id);
    return await Promise.all(
      own.map(async (one) => holds(kind, id, (await book.roleOf(kind, id, one)).role.nativeId, one.status ?? null)),
    );
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

async function managerOf(reading: OktaReading, login: string | null): Promise<string | undefined> {
  const name = login?.trim();
  // Okta finds users by log-in as well, but a slash cannot be in its path.
  if (!reading.resolveManagers || !name || name.includes('/')) return undefined;
  const found = await reading.client.find(`/api/v1/users/${encodeURIComponent(name)}`, loginSchema);
  return found?.profile?.login?.toLowerCase() === name.toLowerCase() ? found.id : undefined;
}

function refusedIsGone(error: unknown): null {
  if (isRefusal(error)) return null;
  throw error;
}
