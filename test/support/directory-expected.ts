import type { JumpCloudBindings, JumpCloudWorld, TorqWorld } from '../../emulators/world.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';

/** What must be in the graph, complete: native ids by kind, and `from → to` by kind of link, each once. */
export interface Expected {
  readonly nodes: Partial<Record<NodeKind, readonly string[]>>;
  readonly links: Partial<Record<LinkKind, readonly string[]>>;
}

const pair = (from: string, to: string): string => `${from} → ${to}`;

/** Nodes and links of a JumpCloud world, counted from its records alone. */
export function jumpCloudExpected(world: JumpCloudWorld): Expected {
  const { users, admins, groups, apps, directories, radius, serviceAccounts, roles } = world;
  const bindings: (readonly [string, JumpCloudBindings])[] = [...apps, ...directories, ...radius];
  // Whoever comes to a cloud directory through a group leaves the id over there as evidence.
  const evidence = [...directories.values()]
    .filter((directory) => directory.type !== 'ldap_server')
    .flatMap((directory) =>
      [...directory.groups]
        .flatMap((group) => [...(groups.get(group)?.members ?? [])])
        .filter((user) => directory.externalIds.has(user))
        .map((user) => pair(user, directory.id)),
    );
  return {
    nodes: {
      Account: [...users.keys(), ...admins.keys()],
      Group: [...groups.keys()],
      Application: bindings.map(([id]) => id),
      Credential: [...serviceAccounts.keys()],
      ...roleNodes(new Map([...roles].map(([id, role]) => [id, role.scopes]))),
    },
    links: {
      MEMBER_OF: [...groups.values()].flatMap((group) => [...group.members].map((user) => pair(user, group.id))),
      ASSIGNED_TO: distinct([
        ...bindings.flatMap(([id, bound]) => [...bound.users, ...bound.groups].map((holder) => pair(holder, id))),
        ...evidence,
      ]),
      HAS_ROLE: [...admins.values()].flatMap((admin) => admin.roleIds.map((role) => pair(admin.id, role))),
      ...roleLinks(new Map([...roles].map(([id, role]) => [id, role.scopes]))),
    },
  };
}

/** Nodes and links of a Torq world, counted from its records alone. */
export function torqExpected(world: TorqWorld): Expected {
  const { users, roles, apiKeys } = world;
  const scopes = new Map([...roles].map(([id, role]) => [id, role.scopeNames]));
  return {
    nodes: { Account: [...users.keys()], Credential: [...apiKeys.keys()], ...roleNodes(scopes) },
    links: {
      HAS_ROLE: [...users.values()].map((user) => pair(user.id, user.roleId)),
      OWNS: [...apiKeys.values()].flatMap((key) =>
        key.type === 'API_KEY_TYPE_PRIVATE' && key.userId !== null ? [pair(key.userId, key.clientId)] : [],
      ),
      ...roleLinks(scopes),
    },
  };
}

function roleNodes(scopes: ReadonlyMap<string, readonly string[]>): Expected['nodes'] {
  return { Role: [...scopes.keys()], Permission: distinct([...scopes.values()].flat()) };
}

function roleLinks(scopes: ReadonlyMap<string, readonly string[]>): Expected['links'] {
  return {
    GRANTS: [...scopes].flatMap(([role, values]) => distinct(values).map((scope) => pair(role, scope))),
    PERMITS: distinct([...scopes.values()].flat()).map((scope) => pair(scope, 'console')),
  };
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
