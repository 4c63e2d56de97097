import type { World } from '../world.ts';

/** Accounts by provider and links by what they are, as the graph has them after a sync, before the linker adds its own. */
export interface WorldCounts {
  readonly accounts: Readonly<Record<'okta' | 'jumpcloud' | 'auth0' | 'torq', number>>;
  readonly accountTotal: number;
  readonly links: Readonly<Record<string, number>>;
  readonly linkTotal: number;
}

const sum = <T>(items: Iterable<T>, of: (item: T) => number): number => {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
};

function oktaLinks({ okta }: World): Record<string, number> {
  const present = new Set<string>();
  for (const user of okta.users.values()) if (user.status !== 'DEPROVISIONED') present.add(user.id);
  let direct = 0;
  let derived = 0;
  for (const app of okta.apps.values()) {
    const reached = new Set<string>();
    for (const id of app.groups) {
      const group = okta.groups.get(id);
      if (group === undefined) continue;
      for (const user of group.type === 'BUILT_IN' ? present : group.members) reached.add(user);
    }
    for (const user of app.users) reached.delete(user);
    direct += app.users.size;
    derived += reached.size;
  }
  return {
    'okta everyone': present.size,
    'okta group members': sum(okta.groups.values(), (group) => group.members.size),
    'okta app groups': sum(okta.apps.values(), (app) => app.groups.size),
    'okta direct app users': direct,
    'okta derived app users': derived,
    'okta roles': okta.roleAssignments.size,
  };
}

function jumpcloudLinks({ jumpcloud }: World): Record<string, number> {
  const resources = [...jumpcloud.apps.values(), ...jumpcloud.radius.values()];
  const directories = [...jumpcloud.directories.values()];
  return {
    'jumpcloud group members': sum(jumpcloud.groups.values(), (group) => group.members.size),
    'jumpcloud bindings': sum(resources, (one) => one.users.size + one.groups.size),
    // Who has an account in a directory is assigned to it, bound or not.
    'jumpcloud directory users': sum(directories, (one) => new Set([...one.users, ...one.externalIds.keys()]).size),
    'jumpcloud directory groups': sum(directories, (one) => one.groups.size),
    'jumpcloud roles': sum(jumpcloud.admins.values(), (admin) => admin.roleIds.length),
    'jumpcloud role scopes': sum(jumpcloud.roles.values(), (role) => role.scopes.length),
    'jumpcloud permits': new Set([...jumpcloud.roles.values()].flatMap((role) => role.scopes)).size,
  };
}

function auth0Links({ auth0 }: World): Record<string, number> {
  const organizations = [...auth0.organizations.values()];
  const scoped = new Map<string, number>();
  for (const organization of organizations) {
    for (const roles of organization.members.values()) {
      for (const role of roles)
        scoped.set(`${role}@${organization.id}`, auth0.roles.get(role)?.permissions.length ?? 0);
    }
  }
  return {
    'auth0 connection members': sum(auth0.users.values(), (user) => user.identities.length),
    'auth0 connection clients': sum(auth0.connections.values(), (connection) => connection.clients.size),
    'auth0 group members': sum(auth0.groups.values(), (group) => group.members.size),
    'auth0 group roles': sum(auth0.groups.values(), (group) => group.roles.size),
    'auth0 organization members': sum(organizations, (organization) => organization.members.size),
    'auth0 organization roles': sum(organizations, (one) => sum(one.members.values(), (roles) => roles.size)),
    'auth0 roles': sum(auth0.roles.values(), (role) => role.users.size),
    'auth0 role permissions': sum(auth0.roles.values(), (role) => role.permissions.length),
    'auth0 scoped roles': sum(scoped.values(), (permissions) => permissions + 1),
    'auth0 permits': sum(auth0.resourceServers.values(), (server) => server.scopes.length),
    'auth0 direct permissions': sum(auth0.users.values(), (user) => user.permissions.length),
    'auth0 consents': auth0.grants.size,
  };
}

/**
 * Counts the links of a world without any emulator: memberships (one in the tenant for each account included),
 * assignments direct, derived and by group, roles, grants and permits. Within a few per mille of the synced graph,
 * where small things (scopes of administrator roles, say) may be told in more links.
 */
export function countLinks(world: World): WorldCounts {
  const accounts = {
    okta: world.okta.users.size,
    jumpcloud: world.jumpcloud.users.size + world.jumpcloud.admins.size,
    auth0: world.auth0.users.size,
    torq: world.torq.users.size,
  };
  const accountTotal = sum(Object.values(accounts), (count) => count);
  const links: Record<string, number> = {
    tenants: accountTotal,
    ...oktaLinks(world),
    ...jumpcloudLinks(world),
    ...auth0Links(world),
    'torq roles': world.torq.users.size,
    'torq role scopes': sum(world.torq.roles.values(), (role) => role.scopeNames.length),
    'torq permits': new Set([...world.torq.roles.values()].flatMap((role) => role.scopeNames)).size,
    'torq keys': sum(world.torq.apiKeys.values(), (key) => (key.userId === null ? 0 : 1)),
  };
  return { accounts, accountTotal, links, linkTotal: sum(Object.values(links), (count) => count) };
}
