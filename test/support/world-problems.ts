import type { World } from '../../emulators/world.ts';

type Check = (what: string, id: string | null | undefined, known: { has(id: string): boolean }) => void;

function oktaProblems({ okta }: World, refers: Check, say: (problem: string) => void): void {
  const live = new Set<string>();
  const logins = new Set<string>();
  for (const user of okta.users.values()) {
    if (!/^00u[0-9A-Za-z]{17}$/.test(user.id)) say(`okta user id ${user.id}`);
    if (user.status !== 'DEPROVISIONED') live.add(user.id);
    if (logins.has(user.login.toLowerCase())) say(`okta login twice: ${user.login}`);
    logins.add(user.login.toLowerCase());
  }
  for (const group of okta.groups.values()) {
    if (!/^00g[0-9A-Za-z]{17}$/.test(group.id)) say(`okta group id ${group.id}`);
    if (group.type === 'BUILT_IN' && group.members.size > 0) say('Everyone lists its members');
    if (group.type === 'APP_GROUP') refers('source of an app group', group.sourceAppId, okta.apps);
    for (const id of group.members) refers(`member of ${group.name}`, id, live);
  }
  for (const app of okta.apps.values()) {
    for (const id of app.groups) refers(`group of ${app.label}`, id, okta.groups);
    for (const id of app.users) refers(`user of ${app.label}`, id, live);
    for (const id of app.appUsers.keys()) refers(`app user of ${app.label}`, id, live);
    for (const push of app.pushes) {
      refers('push source', push.sourceGroupId, okta.groups);
      refers('push target', push.targetGroupId, okta.groups);
    }
  }
  for (const role of okta.roleAssignments.values()) {
    refers('role assignee', role.assignee.id, role.assignee.type === 'USER' ? live : okta.groups);
    for (const id of role.targetGroupIds) refers('role target group', id, okta.groups);
    for (const id of role.targetAppIds) refers('role target app', id, okta.apps);
    if (role.type !== 'CUSTOM') continue;
    refers('custom role', role.customRoleId, okta.customRoles);
    refers('resource set', role.resourceSetId, okta.resourceSets);
  }
  for (const set of okta.resourceSets.values()) {
    for (const orn of set.resources) {
      refers(`resource ${orn}`, orn.split(':').at(-1), orn.includes(':groups:') ? okta.groups : okta.apps);
    }
  }
  for (const idp of okta.idps.values()) for (const id of idp.users.keys()) refers('inbound user', id, live);
  for (const token of okta.apiTokens.values()) refers('token owner', token.userId, live);
}

function auth0Problems({ auth0 }: World, refers: Check, say: (problem: string) => void): void {
  const byName = new Map([...auth0.connections.values()].map((one) => [one.name, one]));
  const identifiers = new Map([...auth0.resourceServers.values()].map((one) => [one.identifier, one]));
  const emails = new Set<string>();
  const permits = (what: string, permission: { name: string; resourceServer: string }): void => {
    const server = identifiers.get(permission.resourceServer);
    if (!server?.scopes.some((scope) => scope.value === permission.name))
      say(`${what}: no permission ${permission.name}`);
  };
  for (const user of auth0.users.values()) {
    const [first] = user.identities;
    if (first === undefined || user.userId !== `${first.provider}|${first.userId}`) say(`auth0 user id ${user.userId}`);
    for (const identity of user.identities) {
      refers('connection of an identity', identity.connection, byName);
      if (byName.get(identity.connection)?.strategy !== identity.provider) say(`strategy of ${user.userId}`);
    }
    const address = `${first?.connection} ${user.email}`;
    // Databases keep addresses unique; an enterprise connection knows its people by subject.
    if (first?.provider === 'auth0' && user.email !== null && emails.has(address))
      say(`address twice in one connection: ${address}`);
    emails.add(address);
    for (const permission of user.permissions) permits(user.userId, permission);
  }
  for (const connection of auth0.connections.values()) {
    for (const id of connection.clients) refers(`client of ${connection.name}`, id, auth0.clients);
  }
  for (const role of auth0.roles.values()) {
    for (const id of role.users) refers(`holder of ${role.name}`, id, auth0.users);
    for (const permission of role.permissions) permits(role.name, permission);
  }
  for (const organization of auth0.organizations.values()) {
    for (const [id, roles] of organization.members) {
      refers(`member of ${organization.name}`, id, auth0.users);
      for (const role of roles) refers(`role in ${organization.name}`, role, auth0.roles);
    }
    for (const id of organization.connections) refers('connection of an organization', id, auth0.connections);
  }
  for (const group of auth0.groups.values()) {
    if (group.connectionId !== null) refers('connection of a group', group.connectionId, auth0.connections);
    for (const [id, type] of group.members)
      refers(`member of ${group.name}`, id, type === 'user' ? auth0.users : auth0.groups);
    for (const id of group.roles) refers(`role of ${group.name}`, id, auth0.roles);
  }
  for (const grant of auth0.clientGrants.values()) {
    refers('client of a grant', grant.clientId, auth0.clients);
    refers('audience of a grant', grant.audience, identifiers);
  }
  for (const grant of auth0.grants.values()) {
    refers('client of a consent', grant.clientId, auth0.clients);
    refers('user of a consent', grant.userId, auth0.users);
  }
}

function jumpcloudProblems({ jumpcloud }: World, refers: Check, say: (problem: string) => void): void {
  const unique = { email: new Set<string>(), username: new Set<string>(), number: new Set<string>() };
  const once = (what: keyof typeof unique, value: string | null): void => {
    if (value === null) return;
    if (unique[what].has(value)) say(`jumpcloud ${what} twice: ${value}`);
    unique[what].add(value);
  };
  for (const user of jumpcloud.users.values()) {
    if (!/^[0-9a-f]{24}$/.test(user.id)) say(`jumpcloud id ${user.id}`);
    once('email', user.email);
    once('username', user.username);
    once('number', user.employeeIdentifier);
    if (user.adminId !== null) refers('admin of a user', user.adminId, jumpcloud.admins);
    if (user.manager !== null) refers('manager', user.manager, jumpcloud.users);
  }
  const ruled: Record<
    string,
    (user: { department: string | null; location: string | null; employeeType: string | null }) => string | null
  > = {
    department: (user) => user.department,
    location: (user) => user.location,
    employeeType: (user) => user.employeeType,
  };
  for (const group of jumpcloud.groups.values()) {
    for (const id of group.members) refers(`member of ${group.name}`, id, jumpcloud.users);
    const [rule] = group.rule;
    const field = ruled[rule?.field ?? ''];
    if (rule === undefined || field === undefined) continue;
    for (const user of jumpcloud.users.values()) {
      if ((field(user) === rule.value) !== group.members.has(user.id))
        say(`${user.username} against the rule of ${group.name}`);
    }
  }
  for (const admin of jumpcloud.admins.values()) {
    for (const id of admin.roleIds) refers('role of an admin', id, jumpcloud.roles);
  }
  for (const one of [...jumpcloud.apps.values(), ...jumpcloud.directories.values(), ...jumpcloud.radius.values()]) {
    for (const id of one.users) refers('bound user', id, jumpcloud.users);
    for (const id of one.groups) refers('bound group', id, jumpcloud.groups);
  }
  for (const one of jumpcloud.directories.values()) {
    for (const id of one.externalIds.keys()) refers('external id', id, jumpcloud.users);
  }
  for (const one of jumpcloud.serviceAccounts.values())
    refers('role of a service account', one.roleId, jumpcloud.roles);
}

/** Every id that points nowhere and every rule of the providers that the world breaks, readable; empty when all is well. */
export function worldProblems(world: World): string[] {
  const problems: string[] = [];
  const say = (problem: string): void => {
    problems.push(problem);
  };
  const refers: Check = (what, id, known) => {
    if (id === null || id === undefined || !known.has(id)) say(`${what}: ${id} is not there`);
  };
  for (const [provider, maps] of Object.entries({
    okta: world.okta,
    auth0: world.auth0,
    jumpcloud: world.jumpcloud,
    torq: world.torq,
  })) {
    for (const [name, map] of Object.entries(maps)) {
      if (!(map instanceof Map)) continue;
      for (const [key, value] of map) {
        const id = name === 'apiKeys' ? value.clientId : (value.id ?? value.userId ?? value.clientId);
        if (id !== key) say(`${provider}.${name}: ${key} holds ${id}`);
      }
    }
  }
  oktaProblems(world, refers, say);
  auth0Problems(world, refers, say);
  jumpcloudProblems(world, refers, say);
  for (const user of world.torq.users.values()) refers('role of a torq user', user.roleId, world.torq.roles);
  for (const key of world.torq.apiKeys.values()) {
    refers('role of a key', key.roleId, world.torq.roles);
    if (key.userId !== null) refers('owner of a key', key.userId, world.torq.users);
  }
  return problems;
}
