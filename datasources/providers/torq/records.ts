import { NodeFlag } from '../../../src/domain/flags.ts';
import { compact } from '../../../src/domain/graph.ts';
import { type AccountProperties, type AccountStatus, NOT_LIVE_STATUSES } from '../../../src/domain/properties.ts';
import { CONSOLE_NATIVE_ID, type LinkDraft, type NodeDraft } from '../../../src/ports/provider.ts';
import type { TorqApiKey, TorqClaimMapping, TorqRole, TorqUser } from './payloads.ts';

interface Drafts {
  readonly nodes: readonly NodeDraft[];
  readonly links: readonly LinkDraft[];
}

const STATUSES: Readonly<Record<string, AccountStatus>> = { VERIFIED: 'ACTIVE', INVITATION_SENT: 'INVITED' };

/**
 * Somebody in the workspace, with the one role. There are no names, and only the address links a person. An account
 * that single sign-on made is entered through an identity provider, but through which one Torq does not say.
 */
export function fromUser(user: TorqUser): Drafts {
  const email = user.email?.trim().toLowerCase();
  const status = STATUSES[user.status ?? ''] ?? 'UNKNOWN';
  const isLive = !NOT_LIVE_STATUSES.has(status);
  const from = { kind: 'Account', nativeId: user.id } as const;
  return {
    nodes: [
      {
        ...from,
        name: email ?? user.id,
        flags: isLive ? 0 : NodeFlag.INACTIVE,
        properties: compact<AccountProperties>({
          userName: email,
          emails:
            email === undefined
              ? undefined
              : [{ value: email, type: 'work', primary: true, verified: null, directorySet: true }],
          status,
          nativeStatus: user.status,
          active: status === 'UNKNOWN' ? null : isLive,
          type: 'UNKNOWN',
          accountClass: 'USER',
          entry: user.sso_provision ? 'UNKNOWN' : 'DIRECT',
          mfaEnrolled: null,
          createdAt: user.created_time,
          lastLoginAt: user.last_login_time,
        }),
      },
    ],
    links: user.role_id === undefined ? [] : [{ from, kind: 'HAS_ROLE', to: { kind: 'Role', nativeId: user.role_id } }],
  };
}

/** A role with its scopes as permissions on the console, and which claims of an identity provider lead to it. */
export function fromRole(role: TorqRole, mappings: readonly TorqClaimMapping[] | null): Drafts {
  const from = { kind: 'Role', nativeId: role.id } as const;
  const scopes = [...new Set(role.scope_names)];
  const claims = (mappings ?? [])
    .filter((mapping) => mapping.role_id === role.id)
    .map((mapping) => ({ name: mapping.claim_name, value: mapping.claim_value, rank: mapping.rank }));
  return {
    nodes: [
      {
        ...from,
        name: role.name ?? role.id,
        properties: compact({
          type: 'RBAC',
          description: role.description,
          isCustom: role.is_custom,
          givenByClaims: claims.length === 0 ? undefined : claims,
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
      { from, kind: 'GRANTS', to: { kind: 'Permission', nativeId: scope } },
      {
        from: { kind: 'Permission', nativeId: scope },
        kind: 'PERMITS',
        to: { kind: 'Application', nativeId: CONSOLE_NATIVE_ID },
      },
    ]),
  };
}

/** An API key. A private one belongs to the person who made it and acts with that person's role; a service key to nobody. */
export function fromApiKey(key: TorqApiKey): Drafts {
  const isPrivate = key.type === 'API_KEY_TYPE_PRIVATE';
  const to = { kind: 'Credential', nativeId: key.client_id } as const;
  return {
    nodes: [
      {
        ...to,
        name: key.name ?? key.client_id,
        properties: compact({
          type: isPrivate ? 'API_KEY' : 'SERVICE_KEY',
          roleId: key.role_id,
          roleName: key.role_name,
          createdAt: key.created_time,
          lastUsedAt: key.last_authenticated_time,
        }),
      },
    ],
    links:
      isPrivate && key.user != null ? [{ from: { kind: 'Account', nativeId: key.user.id }, kind: 'OWNS', to }] : [],
  };
}

/** All drafts as one; roles share their scopes, so each node and link once. */
export function together(parts: readonly Drafts[]): Drafts {
  const nodes = new Map<string, NodeDraft>();
  const links = new Map<string, LinkDraft>();
  for (const part of parts) {
    for (const node of part.nodes) nodes.set(`${node.kind} ${node.nativeId}`, node);
    for (const link of part.links) links.set(JSON.stringify([link.from, link.kind, link.to]), link);
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}
