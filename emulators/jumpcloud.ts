import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorBody, JumpCloudAccess, refuse } from './jumpcloud/access.ts';
import { jumpCloudChanges } from './jumpcloud/changes.ts';
import { JumpCloudGraph, RESOURCES, type ResourceSegment } from './jumpcloud/graph.ts';
import { type Collection, listV1, listV2, project, type Row } from './jumpcloud/listing.ts';
import { JumpCloudRows, PlantedSecrets } from './jumpcloud/rows.ts';
import { type Emulator, type Kit, startEmulator } from './kit.ts';
import type { World } from './world.ts';

export interface JumpCloudEmulator extends Emulator {
  /** Settings that the connector accepts: an administrator's key. */
  readonly credentials: { readonly region: 'us'; readonly apiKey: string; readonly baseUrl: string };
  /** The same tenant through a service account. */
  readonly oauthCredentials: {
    readonly region: 'us';
    readonly clientId: string;
    readonly clientSecret: string;
    readonly baseUrl: string;
  };
  /** Secrets that the API hands out beside the facts; none may ever be stored or logged. */
  readonly plantedSecrets: readonly string[];
}

interface Options {
  readonly world: World;
  readonly port?: number | undefined;
  readonly rateLimits?: boolean | undefined;
}

/** Prefix under which the emulator answers for JumpCloud's separate OAuth host. */
const OAUTH_PREFIX = '/admin-oauth';

/**
 * JumpCloud's console API v1 and v2 on loopback. One group with more than a page of members has orphaned
 * associations from the start, so that its middle pages are short.
 */
export async function startJumpCloudEmulator(options: Options): Promise<JumpCloudEmulator> {
  const world = options.world.jumpcloud;
  const access = new JumpCloudAccess(world.orgId);
  const secrets = new PlantedSecrets();
  const rows = new JumpCloudRows(world, secrets);
  let graph: JumpCloudGraph | undefined;
  const theGraph = (): JumpCloudGraph => {
    if (graph === undefined) throw new Error('The emulator is not up yet.');
    return graph;
  };

  const emulator = await startEmulator({
    name: 'jumpcloud',
    world: options.world,
    port: options.port,
    rateLimits: options.rateLimits,
    readOnlyPosts: [`${OAUTH_PREFIX}/oauth2/token`],
    limitStyle: {
      // No limit is published, and no header tells of one; this is what careful clients keep to.
      bucket: (request) =>
        request.url.startsWith(OAUTH_PREFIX) ? null : { name: 'organisation', capacity: 100, perSecond: 50 },
      headers: () => ({}),
      exceeded: () => ({ body: errorBody(429) }),
    },
    errorBody,
    changes: jumpCloudChanges(world, access, theGraph),
    register(app, kit) {
      graph = new JumpCloudGraph(kit);
      const big = [...world.groups.values()].find((group) => group.members.size > 100);
      if (big !== undefined) graph.setOrphans(big.id, 3);
      app.post(`${OAUTH_PREFIX}/oauth2/token`, (request, reply) => access.token(kit, request, reply));
      registerObjects({ app, kit, access, rows });
      registerGraph({ app, kit, access, graph });
    },
  });
  const baseUrl = emulator.url;
  return {
    ...emulator,
    credentials: { region: 'us', apiKey: access.apiKey, baseUrl },
    oauthCredentials: { region: 'us', clientId: access.clientId, clientSecret: access.clientSecret, baseUrl },
    plantedSecrets: secrets.all(),
  };
}

type Handler = (request: FastifyRequest, reply: FastifyReply, id: string) => FastifyReply;
interface Site {
  readonly app: FastifyInstance;
  readonly kit: Kit;
  readonly access: JumpCloudAccess;
}

/** A GET route for holders of one of the scopes. */
function route({ app, kit, access }: Site, path: string, scopes: readonly string[], handler: Handler, takesOrg = true) {
  app.get<{ Params: { id?: string } }>(path, (request, reply) => {
    const status = access.refusal(request, scopes, takesOrg);
    return status === null ? handler(request, reply, request.params.id ?? '') : refuse(kit, request, reply, status);
  });
}

/** A full scope and its read-only twin; either suffices. */
const readable = (...names: string[]): string[] => names.flatMap((name) => [name, `${name}.readonly`]);

function registerObjects(site: Site & { readonly rows: JumpCloudRows }): void {
  const { kit, access, rows } = site;
  const world = kit.world.jumpcloud;
  const collection = <T>(key: string, map: ReadonlyMap<string, T>, row: (value: T) => Row): Collection => ({
    key,
    ids: () => [...map.keys()],
    row(id) {
      const value = map.get(id);
      return value === undefined ? {} : row(value);
    },
  });
  const users = collection('users', world.users, (user) => rows.user(user));
  const admins = collection('admins', world.admins, (admin) => rows.admin(admin));
  const apps = collection('apps', world.apps, (app) => rows.app(app));
  const radius = collection('radius', world.radius, (server) => rows.radius(server));
  const groups = collection('groups', world.groups, (group) => rows.group(group));
  const roles = collection('roles', world.roles, (role) => rows.role(role.id));
  const directories = collection('directories', world.directories, (directory) => rows.directory(directory));
  const serviceAccounts = collection('serviceAccounts', world.serviceAccounts, (one) => rows.serviceAccount(one.id));
  const ldap: Collection = {
    key: 'ldap',
    ids: () => [...world.directories.values()].filter((one) => one.type === 'ldap_server').map((one) => one.id),
    row(id) {
      const directory = world.directories.get(id);
      return directory === undefined ? {} : rows.ldapServer(directory);
    },
  };
  const organizations: Collection = {
    key: 'organizations',
    ids: () => (access.switches.multiTenant ? ['6f0000000000000000000000', world.orgId] : [world.orgId]),
    row: (id) => ({ ...rows.organization(), ...(id === world.orgId ? {} : { _id: id, id, displayName: null }) }),
  };

  const list = (path: string, scopes: string[], of: Collection, how: typeof listV1, takesOrg = true): void =>
    route(site, path, scopes, (request, reply) => how(kit, request, reply, of), takesOrg);
  const one = (path: string, scopes: string[], of: Collection): void =>
    route(site, path, scopes, (request, reply, id) => {
      if (!of.ids().includes(id)) return refuse(kit, request, reply, 404);
      const fields: unknown = Reflect.get(Object(request.query), 'fields');
      const separator = request.url.startsWith('/api/v2/') ? ',' : ' ';
      return kit.json(reply, JSON.stringify(project(of.row(id), typeof fields === 'string' ? fields : '', separator)));
    });

  // Switching the list of organisations by header makes no sense; the real route does not know the header.
  list('/api/organizations', readable('organizations'), organizations, listV1, false);
  list('/api/systemusers', readable('users'), users, listV1);
  one('/api/systemusers/:id', readable('users'), users);
  list('/api/applications', readable('applications'), apps, listV1);
  one('/api/applications/:id', readable('applications'), apps);
  list('/api/radiusservers', readable('radius'), radius, listV1);
  one('/api/radiusservers/:id', readable('radius'), radius);
  route(site, '/api/users', readable('administrators'), (request, reply) =>
    access.switches.adminListStatus === 200
      ? listV1(kit, request, reply, admins)
      : refuse(kit, request, reply, access.switches.adminListStatus),
  );
  list('/api/v2/usergroups', readable('groups'), groups, listV2);
  one('/api/v2/usergroups/:id', readable('groups'), groups);
  list('/api/v2/directories', readable('directories'), directories, listV2);
  list('/api/v2/ldapservers', readable('directories'), ldap, listV2);
  one('/api/v2/ldapservers/:id', readable('directories'), ldap);
  route(site, '/api/v2/roles', readable('roles'), (request, reply) => listV2(kit, request, reply, roles, 'envelope'));
  route(site, '/api/v2/service-accounts', readable('serviceaccounts'), (request, reply) =>
    listV2(kit, request, reply, serviceAccounts, 'envelope'),
  );
  route(
    site,
    '/api/v2/subscriptions',
    ['subscriptions.readonly'],
    (_request, reply) =>
      kit.json(
        reply,
        JSON.stringify([
          {
            productCode: 'JC_EMULATED',
            displayName: 'Emulated',
            features: [{ name: 'sso' }, { name: 'ldap' }, { name: 'radius' }],
            annualPrice: 0,
            listPrice: 0,
            upgradeRecommendation: '',
          },
        ]),
      ),
    false,
  );
}

const ASSOCIATION_SCOPES: Readonly<Record<ResourceSegment, string>> = {
  applications: 'associations.applications',
  ldapservers: 'associations.directories',
  gsuites: 'associations.directories',
  office365s: 'associations.directories',
  activedirectories: 'associations.directories',
  radiusservers: 'associations.radius',
};

function registerGraph(site: Site & { readonly graph: JumpCloudGraph }): void {
  const { graph } = site;
  route(site, '/api/v2/usergroups/:id/members', readable('users'), (request, reply, id) =>
    graph.members(request, reply, id),
  );
  route(site, '/api/v2/users/:id/memberof', readable('groups'), (request, reply, id) =>
    graph.memberOf(request, reply, id),
  );
  route(site, '/api/v2/users/:id/associations', readable('associations', 'associations.users'), (request, reply, id) =>
    graph.holderAssociations(request, reply, 'users', id),
  );
  route(
    site,
    '/api/v2/usergroups/:id/associations',
    readable('associations', 'associations.groups'),
    (request, reply, id) => graph.holderAssociations(request, reply, 'groups', id),
  );
  for (const segment of Object.keys(RESOURCES) as ResourceSegment[]) {
    const base = `/api/v2/${segment}/:id`;
    route(site, `${base}/associations`, readable('associations', ASSOCIATION_SCOPES[segment]), (request, reply, id) =>
      graph.resourceAssociations(request, reply, segment, id),
    );
    route(site, `${base}/users`, readable('users'), (request, reply, id) =>
      graph.traversal(request, reply, segment, id),
    );
    route(site, `${base}/usergroups`, readable('groups'), (request, reply, id) =>
      graph.groupTraversal(request, reply, segment, id),
    );
  }
}
