import type {
  Auth0Client,
  Auth0Connection,
  Auth0Group,
  Auth0Organization,
  Auth0Role,
  Auth0User,
  Auth0World,
} from '../world.ts';

const optional = <T>(value: T | null): T | undefined => value ?? undefined;

/** Keys are absent rather than null or false, and numeric ids of social accounts are numbers, as in real answers. */
export function userRow(user: Auth0User): object {
  return {
    user_id: user.userId,
    email: optional(user.email),
    email_verified: optional(user.emailVerified),
    username: optional(user.username),
    name: user.name,
    given_name: optional(user.givenName),
    family_name: optional(user.familyName),
    nickname: optional(user.nickname),
    picture: optional(user.picture),
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    last_login: optional(user.lastLogin),
    last_ip: user.lastLogin === null ? undefined : '203.0.113.5',
    logins_count: user.loginsCount > 0 ? user.loginsCount : undefined,
    blocked: user.blocked ? true : undefined,
    multifactor: user.multifactor.length > 0 ? user.multifactor : undefined,
    identities: user.identities.map((identity) => ({
      provider: identity.provider,
      connection: identity.connection,
      user_id: identity.isSocial && /^\d{1,15}$/.test(identity.userId) ? Number(identity.userId) : identity.userId,
      isSocial: identity.isSocial,
    })),
    app_metadata: Object.keys(user.appMetadata).length > 0 ? user.appMetadata : undefined,
  };
}

/** How role users and organisation members appear: a summary of the user. */
export function memberRow(user: Auth0User): object {
  return {
    user_id: user.userId,
    email: optional(user.email),
    name: user.name,
    picture: optional(user.picture),
  };
}

export const roleRow = (role: Auth0Role): object => ({ id: role.id, name: role.name, description: role.description });

export function permissionRow(world: Auth0World, permission: { name: string; resourceServer: string }): object {
  const server = serverOf(world, permission.resourceServer);
  return {
    permission_name: permission.name,
    description: server?.scopes.find((scope) => scope.value === permission.name)?.description ?? '',
    resource_server_identifier: server?.identifier ?? permission.resourceServer,
    resource_server_name: server?.name ?? permission.resourceServer,
  };
}

function serverOf(world: Auth0World, idOrIdentifier: string) {
  const byKey = world.resourceServers.get(idOrIdentifier);
  if (byKey !== undefined) return byKey;
  for (const server of world.resourceServers.values()) {
    if (server.identifier === idOrIdentifier || server.id === idOrIdentifier) return server;
  }
  return undefined;
}

export function organizationRow(organization: Auth0Organization): object {
  return {
    id: organization.id,
    name: organization.name,
    display_name: organization.displayName,
    branding: organization.logoUrl === null ? undefined : { logo_url: organization.logoUrl },
  };
}

export function clientRow(world: Auth0World, client: Auth0Client): object {
  return {
    client_id: client.clientId,
    tenant: world.tenant,
    name: client.name,
    description: client.description ?? '',
    app_type: client.appType,
    logo_uri: optional(client.logoUri),
    is_first_party: client.isFirstParty,
    global: false,
    callbacks: client.callbacks,
    grant_types: client.grantTypes,
    oidc_conformant: true,
  };
}

/** `planted`: a made-up client secret, as the real API shows it to whoever may read options. */
export function connectionRow(connection: Auth0Connection, planted: string | null): object {
  return {
    id: connection.id,
    name: connection.name,
    display_name: optional(connection.displayName),
    strategy: connection.strategy,
    realms: [connection.name],
    is_domain_connection: false,
    show_as_button: true,
    options: planted === null ? undefined : { ...connection.options, client_secret: planted },
  };
}

export function groupRow(world: Auth0World, group: Auth0Group): object {
  return {
    id: group.id,
    name: group.name,
    external_id: optional(group.externalId),
    connection_id: optional(group.connectionId),
    tenant_name: world.tenant,
    created_at: group.createdAt,
    updated_at: group.updatedAt,
  };
}
