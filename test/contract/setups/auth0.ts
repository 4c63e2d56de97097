import { auth0Provider } from '../../../datasources/providers/auth0/index.ts';
import { startAuth0Emulator } from '../../../emulators/auth0.ts';
import { createCompany } from '../../../emulators/company.ts';
import type { Auth0World, World } from '../../../emulators/world.ts';
import type { ProviderContractSetup } from '../provider.contract.ts';

const permissionId = (world: Auth0World, permission: { name: string; resourceServer: string }): string => {
  const server =
    world.resourceServers.get(permission.resourceServer) ??
    [...world.resourceServers.values()].find((one) => one.identifier === permission.resourceServer);
  return `${server?.identifier ?? permission.resourceServer}|${permission.name}`;
};

/** Roles held in organisations: `role@organisation`. */
function heldRoles(world: Auth0World): { id: string; roleId: string; userId: string }[] {
  return [...world.organizations.values()].flatMap((organization) =>
    [...organization.members].flatMap(([userId, roles]) =>
      [...roles].map((roleId) => ({ id: `${roleId}@${organization.id}`, roleId, userId })),
    ),
  );
}

const expected: ProviderContractSetup['expected'] = {
  nodes({ auth0 }: World) {
    return {
      Account: auth0.users.keys(),
      Group: [...auth0.connections.keys(), ...auth0.groups.keys()],
      Role: [...auth0.roles.keys(), ...heldRoles(auth0).map((held) => held.id)],
      Organization: auth0.organizations.keys(),
      Application: [
        ...[...auth0.clients.values()].map((client) => client.clientId),
        ...[...auth0.resourceServers.values()].map((server) => server.id),
      ],
      Permission: [...auth0.resourceServers.values()].flatMap((server) =>
        server.scopes.map((scope) => `${server.identifier}|${scope.value}`),
      ),
    };
  },
  links({ auth0 }: World) {
    const connections = new Map([...auth0.connections.values()].map((connection) => [connection.name, connection.id]));
    const held = heldRoles(auth0);
    const granted = (roleId: string, as: string): string[] =>
      (auth0.roles.get(roleId)?.permissions ?? []).map((permission) => `${as} → ${permissionId(auth0, permission)}`);
    return {
      MEMBER_OF: [
        ...[...auth0.users.values()].flatMap((user) => [
          ...new Set(user.identities.map((one) => `${user.userId} → ${connections.get(one.connection)}`)),
        ]),
        ...[...auth0.groups.values()].flatMap((group) => [...group.members.keys()].map((id) => `${id} → ${group.id}`)),
        ...[...auth0.organizations.values()].flatMap((one) => [...one.members.keys()].map((id) => `${id} → ${one.id}`)),
      ],
      ASSIGNED_TO: [
        ...[...auth0.connections.values()].flatMap((one) => [...one.clients].map((client) => `${one.id} → ${client}`)),
        ...[...auth0.grants.values()].map((grant) => `${grant.userId} → ${grant.clientId}`),
      ],
      HAS_ROLE: [
        ...[...auth0.roles.values()].flatMap((role) => [...role.users].map((id) => `${id} → ${role.id}`)),
        ...[...auth0.groups.values()].flatMap((group) => [...group.roles].map((id) => `${group.id} → ${id}`)),
        ...held.map((one) => `${one.userId} → ${one.id}`),
      ],
      GRANTS: [
        ...new Set([
          ...[...auth0.roles.keys()].flatMap((id) => granted(id, id)),
          ...held.flatMap((one) => granted(one.roleId, one.id)),
          ...[...auth0.users.values()].flatMap((user) =>
            user.permissions.map((permission) => `${user.userId} → ${permissionId(auth0, permission)}`),
          ),
        ]),
      ],
      INSTANCE_OF: [...new Set(held.map((one) => `${one.id} → ${one.roleId}`))],
      PERMITS: [...auth0.resourceServers.values()].flatMap((server) =>
        server.scopes.map((scope) => `${server.identifier}|${scope.value} → ${server.id}`),
      ),
    };
  },
};

function setup(settings: Record<string, unknown>, faults: ProviderContractSetup['faults'], useKey = false) {
  return {
    provider: auth0Provider,
    async start() {
      const emulator = await startAuth0Emulator({ world: createCompany({ size: 'S' }).world });
      const credentials = useKey ? emulator.keyCredentials() : emulator.credentials;
      return { emulator, settings: { ...credentials, ...settings }, planted: emulator.planted };
    },
    expected,
    faults,
  };
}

/** The two ways to read users, the two ways to authenticate. */
export const setups: Readonly<Record<string, ProviderContractSetup>> = {
  'auth0 by searches': setup(
    { directPermissions: true },
    {
      listing: 'GET /api/v2/users?',
      paged: { syncer: 'organization-members', match: '/members' },
    },
  ),
  'auth0 by an export, with a key': setup(
    { directPermissions: true, exportAbove: 100 },
    { listing: '/api/v2/jobs/', emptyCompletes: false, hasDetour: true },
    true,
  ),
};
