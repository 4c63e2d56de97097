import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { LinkDraft, NodeDraft, NodeRef } from '../../../src/ports/provider.ts';
import { roleLinks, toAccount, toAdminAccount } from './accounts.ts';
import type { AdminsOfUsers } from './administrators.ts';
import { directBindings, groupMembers, resourcesOf, syncedBindings } from './bindings.ts';
import type { JumpCloudClient } from './client.ts';
import { DIRECTORY_ROUTES, toApplication, toDirectory, toGroup, toRadius } from './objects.ts';
import {
  ADMIN_FIELDS,
  APPLICATION_FIELDS,
  adminSchema,
  applicationSchema,
  directorySchema,
  GROUP_FIELDS,
  groupSchema,
  RADIUS_FIELDS,
  radiusSchema,
  reachedSchema,
  SYSTEM_USER_FIELDS,
  systemUserSchema,
} from './payloads.ts';
import { wholeList } from './reading.ts';

/** What {@link readLive} can read. */
export const LIVE_KINDS = ['Account', 'Group', 'Application'] as const;

/** What live reads of one organisation need. */
export interface LiveSource {
  readonly client: JumpCloudClient;
  readonly connector: string;
  readonly users: AdminsOfUsers;
}

interface Fresh {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
}

/** One node with its own links, fresh; `null` when it is gone. The node comes first: lists of an unknown parent are just empty. */
export async function readLive(
  source: LiveSource,
  { kind, nativeId }: NodeRef,
  signal: AbortSignal,
): Promise<Fresh | null> {
  const { client, connector } = source;
  switch (kind) {
    case 'Account':
      return (await liveUser(client, connector, nativeId, signal)) ?? liveAdmin(source, nativeId, signal);
    case 'Group':
      return liveGroup(client, nativeId, signal);
    case 'Application':
      return (
        (await liveApplication(client, nativeId, signal)) ??
        (await liveRadius(client, nativeId, signal)) ??
        liveDirectory(client, nativeId, signal)
      );
    default:
      return null;
  }
}

async function liveUser(client: JumpCloudClient, connector: string, id: string, signal: AbortSignal) {
  const path = `/api/systemusers/${encodeURIComponent(id)}`;
  const user = await orNull(client.object(path, systemUserSchema, { signal, fields: SYSTEM_USER_FIELDS }));
  if (user === null) return null;
  const groups = client.v2(`/api/v2/users/${encodeURIComponent(id)}/memberof`, reachedSchema, {
    signal,
    sorted: false,
  });
  const [memberOf, resources] = await Promise.all([
    wholeList(groups, (row) => row.id),
    resourcesOf(client, 'users', { kind: 'Account', nativeId: id }, signal),
  ]);
  const from: NodeRef = { kind: 'Account', nativeId: id };
  const memberships = memberOf.rows.flatMap((row): LinkDraft[] =>
    // One hop is membership itself; more would be a group in a group.
    row.type === 'user_group' && row.paths.some((path) => path.length === 1)
      ? [{ from, kind: 'MEMBER_OF', to: { kind: 'Group', nativeId: row.id } }]
      : [],
  );
  return { nodes: [toAccount(user, connector)], links: [...memberships, ...resources] };
}

/** The list is the only documented-by-use way to an administrator; it is short. */
async function liveAdmin({ client, connector, users }: LiveSource, id: string, signal: AbortSignal) {
  const read = client.v1('/api/users', adminSchema, { signal, fields: ADMIN_FIELDS });
  const admin = (await wholeList(read, (row) => row._id)).rows.find((row) => row._id === id);
  if (admin === undefined) return null;
  const user = (await users.all(signal)).get(id);
  return { nodes: [toAdminAccount(admin, { connector, userId: user?.userId })], links: roleLinks(admin) };
}

async function liveGroup(client: JumpCloudClient, id: string, signal: AbortSignal) {
  const path = `/api/v2/usergroups/${encodeURIComponent(id)}`;
  const group = await orNull(client.object(path, groupSchema, { signal, fields: GROUP_FIELDS }));
  if (group === null) return null;
  const [members, resources] = await Promise.all([
    groupMembers(client, id, signal),
    resourcesOf(client, 'usergroups', { kind: 'Group', nativeId: id }, signal),
  ]);
  return { nodes: [toGroup(group)], links: [...members.links, ...resources] };
}

async function liveApplication(client: JumpCloudClient, id: string, signal: AbortSignal) {
  const path = `/api/applications/${encodeURIComponent(id)}`;
  const app = await orNull(client.object(path, applicationSchema, { signal, fields: APPLICATION_FIELDS }));
  if (app === null) return null;
  const { links } = await directBindings(client, 'applications', id, signal);
  return { nodes: [toApplication(app)], links };
}

async function liveRadius(client: JumpCloudClient, id: string, signal: AbortSignal) {
  const path = `/api/radiusservers/${encodeURIComponent(id)}`;
  const server = await orNull(client.object(path, radiusSchema, { signal, fields: RADIUS_FIELDS }));
  if (server === null) return null;
  const { links } = await directBindings(client, 'radiusservers', id, signal);
  return { nodes: [toRadius(server)], links };
}

async function liveDirectory(client: JumpCloudClient, id: string, signal: AbortSignal) {
  const { rows } = await wholeList(client.v2('/api/v2/directories', directorySchema, { signal }), (row) => row.id);
  const directory = rows.find((row) => row.id === id);
  const route = DIRECTORY_ROUTES[directory?.type ?? ''];
  const draft = directory === undefined ? null : toDirectory(directory);
  if (draft === null || route === undefined) return null;
  const { links } = await (route.hasExternalIds ? syncedBindings : directBindings)(client, route.segment, id, signal);
  return { nodes: [draft], links };
}

/** A route that is refused or knows nothing of the id is no answer here: the id may be of another kind. */
async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return null;
    throw error;
  }
}
