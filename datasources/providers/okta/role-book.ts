import { createHash } from 'node:crypto';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { compact } from '../../../src/domain/graph.ts';
import type { RoleProperties } from '../../../src/domain/properties.ts';
import { CONSOLE_NATIVE_ID, type LinkDraft, type NodeDraft, type NodeRef } from '../../../src/ports/provider.ts';
import type { OktaClient } from './client.ts';
import {
  catalogAppSchema,
  customRoleSchema,
  groupSchema,
  type OktaCustomRole,
  type OktaRoleAssignment,
  permissionSchema,
  resourceSetSchema,
  roleAssignmentSchema,
} from './payloads.ts';

/** Nodes and links that a role brings along, definition included. */
export interface RoleDrafts {
  readonly nodes: NodeDraft[];
  readonly links: LinkDraft[];
}

/** Where a role counts; `null`: in the whole org. */
interface Scope {
  readonly key: string;
  readonly text: string;
}

interface Definition {
  readonly nativeId: string;
  readonly label: string;
  readonly description: string | undefined;
  readonly isCustom: boolean;
  readonly permissions: readonly string[];
}

/** Standard roles that can be narrowed to targets, and by what. */
const TARGETS: Readonly<Record<string, 'groups' | 'catalog/apps'>> = {
  APP_ADMIN: 'catalog/apps',
  USER_ADMIN: 'groups',
  HELP_DESK_ADMIN: 'groups',
  GROUP_MEMBERSHIP_ADMIN: 'groups',
};

/**
 * Administrator roles of one org. A definition is one Role; held in a scope (targets, resource set) it is a Role of its
 * own with the scope in its id, INSTANCE_OF the definition. A standard role grants one permission named after its type.
 */
export class RoleBook {
  readonly #client: OktaClient;
  readonly #custom = new Map<string, Promise<Definition>>();
  readonly #sets = new Map<string, Promise<string>>();

  constructor(client: OktaClient) {
    this.#client = client;
  }

  /** Drafts of every custom role, also of those that nobody holds. */
  async customRoles(): Promise<RoleDrafts> {
    const roles = await this.#client.all(
      (start) => this.#client.bodyPage(start, 'roles', customRoleSchema),
      '/api/v1/iam/roles',
      { limit: 100 },
    );
    for (const role of roles) {
      const definition = this.#withPermissions(role);
      // Waited for below, unless what comes before fails as well: then nobody may be left to hear of it.
      definition.catch(() => {});
      this.#custom.set(role.id, definition);
    }
    const sets = await this.#client.all(
      (start) => this.#client.bodyPage(start, 'resource-sets', resourceSetSchema),
      '/api/v1/iam/resource-sets',
      { limit: 100 },
    );
    for (const set of sets) this.#sets.set(set.id, Promise.resolve(set.label || set.id));
    return merge(await Promise.all([...this.#custom.values()].map(async (role) => draftsOf(await role, null))));
  }

  /** Assignments of a user or group; those that a user has through a group are the group's own. */
  async assignmentsOf(
    kind: 'users' | 'groups',
    id: string,
  ): Promise<{ readonly own: OktaRoleAssignment[]; readonly byGroup: OktaRoleAssignment[] }> {
    const path = `/api/v1/${kind}/${encodeURIComponent(id)}/roles`;
    const all = await orNone(this.#client.all((start) => this.#client.page(start, roleAssignmentSchema), path));
    const isByGroup = (one: OktaRoleAssignment): boolean => kind === 'users' && one.assignmentType === 'GROUP';
    return { own: all.filter((one) => !isByGroup(one)), byGroup: all.filter(isByGroup) };
  }

  /** The role behind an assignment: its reference, and what has to be there for it. */
  async roleOf(
    kind: 'users' | 'groups',
    id: string,
    assignment: OktaRoleAssignment,
  ): Promise<{ readonly role: NodeRef; readonly drafts: RoleDrafts }> {
    const [definition, scope] = await Promise.all([
      this.#definitionOf(assignment),
      this.#scopeOf(kind, id, assignment),
    ]);
    return { role: roleRef(definition, scope), drafts: draftsOf(definition, scope) };
  }

  async #definitionOf(assignment: OktaRoleAssignment): Promise<Definition> {
    if (assignment.type !== 'CUSTOM' || !assignment.role) {
      return {
        nativeId: assignment.type,
        label: assignment.label || assignment.type,
        description: undefined,
        isCustom: false,
        permissions: [`okta:${assignment.type}`],
      };
    }
    const known = this.#custom.get(assignment.role);
    if (known !== undefined) return known;
    // In a live read nobody has listed the definitions; the assignment carries the label.
    const role = this.#withPermissions({ id: assignment.role, label: assignment.label, description: null });
    this.#custom.set(assignment.role, role);
    return role;
  }

  async #withPermissions(role: OktaCustomRole): Promise<Definition> {
    const path = `/api/v1/iam/roles/${encodeURIComponent(role.id)}/permissions`;
    const read = this.#client.all((start) => this.#client.bodyPage(start, 'permissions', permissionSchema), path);
    const permissions = (await orNone(read)).map((permission) => permission.label);
    return {
      nativeId: role.id,
      label: role.label || role.id,
      description: role.description ?? undefined,
      isCustom: true,
      permissions,
    };
  }

  async #scopeOf(kind: 'users' | 'groups', id: string, assignment: OktaRoleAssignment): Promise<Scope | null> {
    const set = assignment['resource-set'];
    if (set) return { key: set, text: await this.#setLabel(set) };
    const by = TARGETS[assignment.type];
    if (by === undefined) return null;
    const path = `/api/v1/${kind}/${encodeURIComponent(id)}/roles/${encodeURIComponent(assignment.id)}/targets/${by}`;
    const query = { limit: 200 };
    if (by === 'groups') {
      const groups = await orNone(this.#client.all((start) => this.#client.page(start, groupSchema), path, query));
      return scopeOf(groups.map((group) => ({ id: group.id, name: group.profile?.name || group.id })));
    }
    const apps = await orNone(this.#client.all((start) => this.#client.page(start, catalogAppSchema), path, query));
    // An item without an id stands for every instance of that application.
    return scopeOf(
      apps.map((app) => ({
        id: app.id || `${app.name}:*`,
        name: app.displayName || app.name || app.id || 'application',
      })),
    );
  }

  #setLabel(id: string): Promise<string> {
    let label = this.#sets.get(id);
    if (label === undefined) {
      const path = `/api/v1/iam/resource-sets/${encodeURIComponent(id)}`;
      label = this.#client.find(path, resourceSetSchema).then((set) => set?.label || id);
      this.#sets.set(id, label);
    }
    return label;
  }
}

/** Puts drafts together; the same node or link from several sides counts once. */
export function merge(all: readonly RoleDrafts[]): RoleDrafts {
  const nodes = new Map<string, NodeDraft>();
  const links = new Map<string, LinkDraft>();
  for (const drafts of all) {
    for (const node of drafts.nodes) nodes.set(`${node.kind} ${node.nativeId}`, node);
    for (const link of drafts.links) {
      links.set(`${link.from.kind} ${link.from.nativeId} ${link.kind} ${link.to.kind} ${link.to.nativeId}`, link);
    }
  }
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

function roleRef(definition: Definition, scope: Scope | null): NodeRef {
  const nativeId = scope === null ? definition.nativeId : `${definition.nativeId}@${scope.key}`;
  return { kind: 'Role', nativeId };
}

function draftsOf(definition: Definition, scope: Scope | null): RoleDrafts {
  const permissions = definition.permissions.map((value): NodeRef => ({ kind: 'Permission', nativeId: value }));
  const console: NodeRef = { kind: 'Application', nativeId: CONSOLE_NATIVE_ID };
  const roles = scope === null ? [null] : [null, scope];
  const nodes: NodeDraft[] = [
    ...roles.map((where) => roleNode(definition, where)),
    ...definition.permissions.map(
      (value): NodeDraft => ({
        kind: 'Permission',
        nativeId: value,
        name: value,
        properties: { value },
      }),
    ),
  ];
  const links: LinkDraft[] = [
    ...roles.flatMap((where) =>
      permissions.map((to): LinkDraft => ({ from: roleRef(definition, where), kind: 'GRANTS', to })),
    ),
    ...permissions.map((from): LinkDraft => ({ from, kind: 'PERMITS', to: console })),
  ];
  if (scope !== null) {
    links.push({ from: roleRef(definition, scope), kind: 'INSTANCE_OF', to: roleRef(definition, null) });
  }
  return { nodes, links };
}

function roleNode(definition: Definition, scope: Scope | null): NodeDraft<'Role'> {
  const properties: RoleProperties = {
    type: definition.isCustom ? 'CUSTOM_ADMIN' : 'ADMIN',
    description: definition.description,
    scope: scope?.text,
    isCustom: definition.isCustom,
  };
  return {
    kind: 'Role',
    nativeId: roleRef(definition, scope).nativeId,
    name: scope === null ? definition.label : `${definition.label} (${scope.text})`,
    properties: compact(properties),
  };
}

/** The same targets give the same scope, whoever holds the role. `null` without any: then it counts everywhere. */
function scopeOf(targets: readonly { readonly id: string; readonly name: string }[]): Scope | null {
  if (targets.length === 0) return null;
  const sorted = [...targets].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const key = sorted.map((target) => target.id).join('+');
  const names = sorted.slice(0, 3).map((target) => target.name);
  const more = sorted.length - names.length;
  return {
    key: key.length <= 128 ? key : createHash('sha256').update(key).digest('hex').slice(0, 32),
    text: more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', '),
  };
}

/** Nothing there is nothing held. */
async function orNone<T>(rows: Promise<T[]>): Promise<T[]> {
  try {
    return await rows;
  } catch (error) {
    if (error instanceof AppError && error.code === UPSTREAM_CODES.NOT_FOUND) return [];
    throw error;
  }
}
