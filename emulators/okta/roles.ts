import type { OktaRoleAssignment } from '../world.ts';
import { refuse } from './errors.ts';
import { serveAll, serveBodyPage, servePage } from './paging.ts';
import type { OktaRoutes } from './router.ts';

/** Role assignments of people and groups, their targets, and `/api/v1/iam`. */
export function registerRoles({ kit, view, rows, get }: OktaRoutes): void {
  const needs = { scope: 'okta.roles.read', superAdmin: true };
  const api = (): string => `${kit.url()}/api/v1`;

  get('/api/v1/users/:id/roles', needs, (request, reply, { id = '' }) => {
    const user = view.userByName(id);
    if (user === undefined) return refuse(reply, 404, 'E0000007');
    const ofGroups = view.groupsOf(user.id).flatMap((group) => rows.rolesOf('GROUP', group));
    const all = [...rows.rolesOf('USER', user.id), ...ofGroups];
    return serveAll(
      kit,
      request,
      reply,
      all.map((one) => rows.role(one)),
    );
  });

  get('/api/v1/groups/:id/roles', needs, (request, reply, { id = '' }) => {
    if (!view.okta.groups.has(id)) return refuse(reply, 404, 'E0000007');
    return serveAll(
      kit,
      request,
      reply,
      rows.rolesOf('GROUP', id).map((one) => rows.role(one)),
    );
  });

  for (const [kind, type] of [
    ['users', 'USER'],
    ['groups', 'GROUP'],
  ] as const) {
    const assignment = (id: string, roleId: string): OktaRoleAssignment | undefined =>
      rows.rolesOf(type, id).find((one) => one.id === roleId);

    get(`/api/v1/${kind}/:id/roles/:roleId/targets/groups`, needs, (request, reply, { id = '', roleId = '' }) => {
      const found = assignment(id, roleId);
      if (found === undefined) return refuse(reply, 404, 'E0000007');
      return servePage(kit, request, reply, {
        ids: found.targetGroupIds,
        usual: 20,
        max: 200,
        render: (group) => rows.group(group),
      });
    });

    get(`/api/v1/${kind}/:id/roles/:roleId/targets/catalog/apps`, needs, (request, reply, { id = '', roleId = '' }) => {
      const found = assignment(id, roleId);
      if (found === undefined) return refuse(reply, 404, 'E0000007');
      return servePage(kit, request, reply, {
        ids: found.targetAppIds,
        usual: 20,
        max: 200,
        render: (appId) => {
          const app = view.okta.apps.get(appId);
          return JSON.stringify({
            id: appId,
            name: app?.name ?? 'unknown',
            displayName: app?.label ?? 'unknown',
            description: '',
            status: 'ACTIVE',
            lastUpdated: app?.lastUpdated ?? '2025-01-01T00:00:00.000Z',
            category: 'SAML',
            verificationStatus: 'OKTA_VERIFIED',
            website: '',
            signOnModes: app?.signOnMode ? [app.signOnMode] : [],
            features: [],
            _links: { self: { href: `${api()}/catalog/apps/${app?.name ?? 'unknown'}/${appId}` } },
          });
        },
      });
    });
  }

  get('/api/v1/iam/assignees/users', needs, (request, reply) => {
    const ids = kit.cached('assignees', () => {
      const all = [...view.okta.roleAssignments.values()].map((one) => one.assignee);
      return [...new Set(all.filter((one) => one.type === 'USER').map((one) => one.id))];
    });
    return serveBodyPage(kit, request, reply, 'value', {
      ids,
      usual: 100,
      max: 100,
      render: (id) =>
        JSON.stringify({
          id,
          orn: `orn:okta:directory:${view.okta.orgId}:users:${id}`,
          _links: { self: { href: `${api()}/users/${id}` }, roles: { href: `${api()}/users/${id}/roles` } },
        }),
    });
  });

  const customRole = (id: string): string => {
    const role = view.okta.customRoles.get(id);
    return JSON.stringify({
      id,
      label: role?.label,
      description: role?.description,
      ...DATES,
      _links: {
        permissions: { href: `${api()}/iam/roles/${id}/permissions` },
        self: { href: `${api()}/iam/roles/${id}` },
      },
    });
  };
  get('/api/v1/iam/roles', needs, (request, reply) => {
    const ids = [...view.okta.customRoles.keys()];
    return serveBodyPage(kit, request, reply, 'roles', { ids, usual: 100, max: 100, render: customRole });
  });
  get('/api/v1/iam/roles/:id', needs, (_request, reply, { id = '' }) =>
    view.okta.customRoles.has(id) ? kit.json(reply, customRole(id)) : refuse(reply, 404, 'E0000007'),
  );

  get('/api/v1/iam/roles/:id/permissions', needs, (_request, reply, { id = '' }) => {
    const role = view.okta.customRoles.get(id);
    if (role === undefined) return refuse(reply, 404, 'E0000007');
    const permissions = role.permissions.map((label) => ({
      label,
      conditions: null,
      ...DATES,
      _links: {
        role: { href: `${api()}/iam/roles/${id}` },
        self: { href: `${api()}/iam/roles/${id}/permissions/${label}` },
      },
    }));
    return kit.json(reply, JSON.stringify({ permissions }));
  });

  const setLinks = (id: string) => ({
    self: { href: `${api()}/iam/resource-sets/${id}` },
    resources: { href: `${api()}/iam/resource-sets/${id}/resources` },
    bindings: { href: `${api()}/iam/resource-sets/${id}/bindings` },
  });

  const resourceSet = (id: string): string => {
    const set = view.okta.resourceSets.get(id);
    return JSON.stringify({ id, label: set?.label, description: set?.description, ...DATES, _links: setLinks(id) });
  };
  get('/api/v1/iam/resource-sets', needs, (request, reply) => {
    const ids = [...view.okta.resourceSets.keys()];
    return serveBodyPage(kit, request, reply, 'resource-sets', { ids, usual: 100, max: 100, render: resourceSet });
  });
  get('/api/v1/iam/resource-sets/:id', needs, (_request, reply, { id = '' }) =>
    view.okta.resourceSets.has(id) ? kit.json(reply, resourceSet(id)) : refuse(reply, 404, 'E0000007'),
  );

  get('/api/v1/iam/resource-sets/:id/resources', needs, (request, reply, { id = '' }) => {
    const set = view.okta.resourceSets.get(id);
    if (set === undefined) return refuse(reply, 404, 'E0000007');
    return serveBodyPage(
      kit,
      request,
      reply,
      'resources',
      {
        ids: set.resources,
        usual: 100,
        max: 100,
        render: (orn) => JSON.stringify({ id: `ire${orn.split(':').pop()}`, orn, ...DATES, _links: {} }),
      },
      { 'resource-set': setLinks(id).self },
    );
  });

  const bindings = (setId: string): OktaRoleAssignment[] =>
    [...view.okta.roleAssignments.values()].filter((one) => one.resourceSetId === setId);

  get('/api/v1/iam/resource-sets/:id/bindings', needs, (request, reply, { id = '' }) => {
    if (!view.okta.resourceSets.has(id)) return refuse(reply, 404, 'E0000007');
    const url = setLinks(id).bindings.href;
    return serveBodyPage(
      kit,
      request,
      reply,
      'roles',
      {
        ids: [...new Set(bindings(id).map((one) => one.customRoleId ?? one.type))],
        usual: 100,
        max: 100,
        render: (role) =>
          JSON.stringify({
            id: role,
            _links: { self: { href: `${url}/${role}` }, members: { href: `${url}/${role}/members` } },
          }),
      },
      { self: { href: url }, 'resource-set': setLinks(id).self },
    );
  });

  get('/api/v1/iam/resource-sets/:id/bindings/:role/members', needs, (request, reply, { id = '', role = '' }) => {
    const members = bindings(id).filter((one) => (one.customRoleId ?? one.type) === role);
    if (members.length === 0) return refuse(reply, 404, 'E0000007');
    const byId = new Map(members.map((one) => [one.id, one]));
    const url = `${setLinks(id).bindings.href}/${role}`;
    return serveBodyPage(
      kit,
      request,
      reply,
      'members',
      {
        ids: [...byId.keys()],
        usual: 100,
        max: 100,
        render: (memberId) => {
          const one = byId.get(memberId);
          const kind = one?.assignee.type === 'GROUP' ? 'groups' : 'users';
          return JSON.stringify({
            id: memberId,
            ...DATES,
            _links: { self: { href: `${api()}/${kind}/${one?.assignee.id}` } },
          });
        },
      },
      { self: { href: `${url}/members` }, binding: { href: url } },
    );
  });
}

const DATES = { created: '2025-01-01T00:00:00.000Z', lastUpdated: '2025-01-01T00:00:00.000Z' } as const;
