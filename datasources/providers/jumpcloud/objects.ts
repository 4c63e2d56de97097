import { z } from 'zod';
import { NodeFlag } from '../../../src/domain/flags.ts';
import { compact } from '../../../src/domain/graph.ts';
import type { ApplicationProperties, GroupProperties } from '../../../src/domain/properties.ts';
import { CONSOLE_NATIVE_ID, type LinkDraft, type NodeDraft } from '../../../src/ports/provider.ts';
import type { Directory, JumpCloudRole, RadiusServer, ServiceAccount, SsoApplication, UserGroup } from './payloads.ts';

/** Kinds of directory whose users carry an id over there (`syncStatus=true`), by the segment of their graph routes. */
export const DIRECTORY_ROUTES: Readonly<
  Record<string, { readonly segment: string; readonly hasExternalIds: boolean }>
> = {
  ldap_server: { segment: 'ldapservers', hasExternalIds: false },
  g_suite: { segment: 'gsuites', hasExternalIds: true },
  office_365: { segment: 'office365s', hasExternalIds: true },
  active_directory: { segment: 'activedirectories', hasExternalIds: true },
};

/** Groups are flat; a rule may fill them. */
export function toGroup(group: UserGroup): NodeDraft<'Group'> {
  const method = group.membershipMethod ?? 'NOTSET';
  return {
    kind: 'Group',
    nativeId: group.id,
    name: group.name ?? group.id,
    properties: compact<GroupProperties>({
      type:
        method === 'DYNAMIC_AUTOMATED'
          ? 'DYNAMIC'
          : method === 'DYNAMIC_REVIEW_REQUIRED'
            ? 'DYNAMIC_REVIEW'
            : 'USER_GROUP',
      description: group.description,
      rule: method.startsWith('DYNAMIC') ? readableRule(group.memberQuery) : undefined,
    }),
  };
}

const conditionSchema = z.object({
  field: z.string(),
  operator: z.string().optional(),
  operation: z.string().optional(),
  value: z.unknown(),
});
const ruleSchema = z.object({ filters: z.array(z.unknown()) });

/** `department eq Engineering and …`; shapes nobody has seen yet give nothing. */
export function readableRule(query: unknown): string | undefined {
  const rule = ruleSchema.safeParse(query);
  if (!rule.success) return undefined;
  const parts = rule.data.filters.flatMap((filter) => {
    const condition = conditionSchema.safeParse(typeof filter === 'string' ? parseJson(filter) : filter);
    if (!condition.success) return [];
    const { field, operator, operation, value } = condition.data;
    const shown = Array.isArray(value) ? value.join(', ') : String(value ?? '');
    return [`${field} ${operator ?? operation ?? 'eq'} ${shown}`.trim()];
  });
  return parts.length === 0 ? undefined : parts.join(' and ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** An SSO application. The template key is not unique; what the administrator typed is its name. */
export function toApplication(app: SsoApplication): NodeDraft<'Application'> {
  const mode = app.sso?.type?.toLowerCase();
  return {
    kind: 'Application',
    nativeId: app._id,
    name: app.displayLabel ?? app.displayName ?? app.name ?? app._id,
    flags: app.active === false ? NodeFlag.INACTIVE : 0,
    properties: compact<ApplicationProperties>({
      type: mode === undefined ? 'BOOKMARK' : mode.toUpperCase(),
      label: app.displayLabel,
      catalogName: app.name,
      description: app.description,
      status: app.active === undefined ? undefined : app.active ? 'ACTIVE' : 'INACTIVE',
      active: app.active ?? null,
      logoUrl: app.logo?.url,
      url: app.ssoUrl,
      signOn: mode === undefined && app.ssoUrl === undefined ? undefined : { mode, ssoUrl: app.ssoUrl },
      createdAt: app.created,
    }),
  };
}

const DIRECTORY_NAMES: Readonly<Record<string, string>> = {
  ldap_server: 'JumpCloud LDAP',
  g_suite: 'Google Workspace',
  office_365: 'Microsoft 365',
  active_directory: 'Active Directory',
};

/** A directory that people are bound to is something they can have access to, so an application. `null`: a source of people (Workday). */
export function toDirectory(directory: Directory): NodeDraft<'Application'> | null {
  if (DIRECTORY_ROUTES[directory.type] === undefined) return null;
  const name = directory.name ?? DIRECTORY_NAMES[directory.type] ?? directory.id;
  return {
    kind: 'Application',
    nativeId: directory.id,
    name,
    properties: compact<ApplicationProperties>({
      type: directory.type === 'ldap_server' ? 'LDAP' : 'DIRECTORY',
      label: name,
      catalogName: DIRECTORY_NAMES[directory.type],
      active: true,
      audience: directory.defaultDomain?.domain,
    }),
  };
}

export function toRadius(server: RadiusServer): NodeDraft<'Application'> {
  return {
    kind: 'Application',
    nativeId: server._id,
    name: server.name ?? server._id,
    properties: compact<ApplicationProperties>({
      type: 'RADIUS',
      label: server.name,
      catalogName: 'RADIUS',
      description: server.mfa === undefined ? undefined : `Multi-factor authentication: ${server.mfa.toLowerCase()}`,
      active: true,
      audience: server.networkSourceIp,
    }),
  };
}

/** A role of administrators, its scopes as permissions on the console. */
export function toRole(role: JumpCloudRole): {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
} {
  const scopes = [...new Set(role.scopes)];
  return {
    nodes: [
      {
        kind: 'Role',
        nativeId: role.id,
        name: role.name ?? role.id,
        properties: compact({
          type: role.isCustom === true ? 'CUSTOM_ADMIN' : 'ADMIN',
          description: role.description,
          isCustom: role.isCustom,
        }),
      },
      ...scopes.map(
        (scope): NodeDraft<'Permission'> => ({
          kind: 'Permission',
          nativeId: scope,
          name: scope,
          properties: { value: scope, audience: CONSOLE_NATIVE_ID },
        }),
      ),
    ],
    links: scopes.flatMap((scope): LinkDraft[] => [
      { from: { kind: 'Role', nativeId: role.id }, kind: 'GRANTS', to: { kind: 'Permission', nativeId: scope } },
      {
        from: { kind: 'Permission', nativeId: scope },
        kind: 'PERMITS',
        to: { kind: 'Application', nativeId: CONSOLE_NATIVE_ID },
      },
    ]),
  };
}

const CREDENTIAL_TYPES: Readonly<Record<string, string>> = { API_KEY: 'SERVICE_KEY', CLIENT_SECRET: 'CLIENT_SECRET' };

/** A service account is a credential of nobody in particular; its role is a fact beside it, since credentials hold none in the graph. */
export function toCredential(account: ServiceAccount): NodeDraft<'Credential'> {
  return {
    kind: 'Credential',
    nativeId: account.objectId,
    name: account.name ?? account.objectId,
    flags: account.status === 'EXPIRED' ? NodeFlag.INACTIVE : 0,
    properties: compact({
      type: CREDENTIAL_TYPES[account.authType ?? ''] ?? account.authType ?? 'SERVICE_KEY',
      status: account.status,
      roleId: account.roleId,
      createdAt: account.createdAt,
      expiresAt: account.expiresAt,
    }),
  };
}
