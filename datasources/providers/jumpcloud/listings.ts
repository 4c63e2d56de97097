import type { NodeDraft, Syncer, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import { toAccount } from './accounts.ts';
import { type AdminOfUser, type AdminsOfUsers, adminOfUser, listAdministrators } from './administrators.ts';
import { directBindings, groupMembers, syncedBindings } from './bindings.ts';
import type { JumpCloudClient } from './client.ts';
import { DIRECTORY_ROUTES, toApplication, toCredential, toDirectory, toGroup, toRadius, toRole } from './objects.ts';
import {
  APPLICATION_FIELDS,
  applicationSchema,
  directorySchema,
  GROUP_FIELDS,
  groupSchema,
  RADIUS_FIELDS,
  radiusSchema,
  roleSchema,
  SYSTEM_USER_FIELDS,
  type SystemUser,
  serviceAccountSchema,
  systemUserSchema,
} from './payloads.ts';
import { wholeList } from './reading.ts';
import { REQUIRES } from './scopes.ts';
import { listOfParents, listSorted, listWhole } from './syncers.ts';

const node = (draft: NodeDraft | null) => ({ nodes: draft === null ? [] : [draft], links: [] });

/** Everything that is read of an organisation, parents before children. */
export function jumpCloudSyncers(
  client: JumpCloudClient,
  connector: string,
  adminsOfUsers: AdminsOfUsers,
): readonly Syncer[] {
  async function* users(context: SyncerContext): AsyncGenerator<SyncPage, void, void> {
    adminsOfUsers.set(null);
    const found = new Map<string, AdminOfUser>();
    const read = client.v1('/api/systemusers', systemUserSchema, {
      signal: context.signal,
      fields: SYSTEM_USER_FIELDS,
    });
    const pages = listSorted(
      context,
      read,
      (user) => user._id,
      (user: SystemUser) => {
        const admin = adminOfUser(user);
        if (admin !== null) found.set(admin.adminId, admin);
        return node(toAccount(user, connector));
      },
    );
    // Only a listing that was whole may say who is no administrator.
    let isWhole = context.cursor === null;
    let rows = 0;
    for await (const page of pages) {
      rows += page.rows;
      isWhole &&= page.incomplete === undefined;
      if (page.cursor === null && isWhole && rows > 0) adminsOfUsers.set(found);
      yield page;
    }
  }

  return [
    {
      name: 'users',
      title: 'users',
      nodes: ['Account'],
      links: [],
      requires: REQUIRES.users,
      mandatory: true,
      list: users,
    },
    {
      name: 'roles',
      title: 'administrator roles',
      nodes: ['Role', 'Permission'],
      links: ['GRANTS', 'PERMITS'],
      requires: REQUIRES.roles,
      list: ({ signal }) =>
        listWhole(client.envelope('/api/v2/roles', roleSchema, { signal }), (role) => role.id, toRole),
    },
    {
      name: 'admins',
      title: 'administrators',
      nodes: ['Account'],
      links: ['HAS_ROLE'],
      requires: REQUIRES.admins,
      after: ['users', 'roles'],
      list: (context) => listAdministrators(context, client, connector, adminsOfUsers),
    },
    {
      name: 'groups',
      title: 'user groups',
      nodes: ['Group'],
      links: [],
      requires: REQUIRES.groups,
      list: (context) =>
        listSorted(
          context,
          client.v2('/api/v2/usergroups', groupSchema, { signal: context.signal, fields: GROUP_FIELDS }),
          (group) => group.id,
          (group) => node(toGroup(group)),
        ),
    },
    {
      name: 'group-members',
      title: 'group members',
      nodes: [],
      links: ['MEMBER_OF'],
      requires: REQUIRES['group-members'],
      after: ['users', 'groups'],
      list: (context) =>
        listOfParents(context, context.ids('groups', 'Group'), (id) => groupMembers(client, id, context.signal)),
    },
    {
      name: 'applications',
      title: 'SSO applications',
      nodes: ['Application'],
      links: [],
      requires: REQUIRES.applications,
      list: (context) =>
        listSorted(
          context,
          client.v1('/api/applications', applicationSchema, { signal: context.signal, fields: APPLICATION_FIELDS }),
          (app) => app._id,
          (app) => node(toApplication(app)),
        ),
    },
    {
      name: 'app-assignments',
      title: 'application assignments',
      nodes: [],
      links: ['ASSIGNED_TO'],
      requires: REQUIRES['app-assignments'],
      after: ['users', 'groups', 'applications'],
      list: (context) =>
        listOfParents(context, context.ids('applications', 'Application'), (id) =>
          directBindings(client, 'applications', id, context.signal),
        ),
    },
    {
      name: 'directories',
      title: 'directories and LDAP servers',
      nodes: ['Application'],
      links: [],
      requires: REQUIRES.directories,
      list: (context) =>
        listSorted(
          context,
          client.v2('/api/v2/directories', directorySchema, { signal: context.signal }),
          (directory) => directory.id,
          (directory) => node(toDirectory(directory)),
        ),
    },
    {
      name: 'directory-assignments',
      title: 'directory assignments',
      nodes: [],
      links: ['ASSIGNED_TO'],
      requires: REQUIRES['directory-assignments'],
      after: ['users', 'groups', 'directories'],
      list: (context) => directoryAssignments(client, context),
    },
    {
      name: 'radius-servers',
      title: 'RADIUS servers',
      nodes: ['Application'],
      links: [],
      requires: REQUIRES['radius-servers'],
      list: (context) =>
        listSorted(
          context,
          client.v1('/api/radiusservers', radiusSchema, { signal: context.signal, fields: RADIUS_FIELDS }),
          (server) => server._id,
          (server) => node(toRadius(server)),
        ),
    },
    {
      name: 'radius-assignments',
      title: 'RADIUS assignments',
      nodes: [],
      links: ['ASSIGNED_TO'],
      requires: REQUIRES['radius-assignments'],
      after: ['users', 'groups', 'radius-servers'],
      list: (context) =>
        listOfParents(context, context.ids('radius-servers', 'Application'), (id) =>
          directBindings(client, 'radiusservers', id, context.signal),
        ),
    },
    {
      name: 'service-accounts',
      title: 'service accounts',
      nodes: ['Credential'],
      links: [],
      requires: REQUIRES['service-accounts'],
      list: ({ signal }) =>
        listWhole(
          client.envelope('/api/v2/service-accounts', serviceAccountSchema, { signal, query: { sort: 'name' } }),
          (account) => account.objectId,
          (account) => node(toCredential(account)),
        ),
    },
  ];
}

/** The graph routes of a directory depend on its type, which an id does not tell: one more read of the short list. */
async function* directoryAssignments(
  client: JumpCloudClient,
  context: SyncerContext,
): AsyncGenerator<SyncPage, void, void> {
  const { signal } = context;
  const { rows } = await wholeList(client.v2('/api/v2/directories', directorySchema, { signal }), ({ id }) => id);
  const types = new Map(rows.map(({ id, type }) => [id, type]));
  yield* listOfParents(context, context.ids('directories', 'Application'), async (id) => {
    const route = DIRECTORY_ROUTES[types.get(id) ?? ''];
    // Deleted since it was listed: so are its bindings.
    if (route === undefined) return { links: [], rows: 0 };
    const read = route.hasExternalIds ? syncedBindings : directBindings;
    return read(client, route.segment, id, signal);
  });
}
