import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import type { JumpCloudBindings, JumpCloudDirectory, JumpCloudWorld } from '../world.ts';
import { errorBody } from './access.ts';
import { type Paging, pagingOf } from './listing.ts';

/** What people and groups can be bound to, by the path segment of its graph routes. */
export const RESOURCES = {
  applications: 'application',
  ldapservers: 'ldap_server',
  gsuites: 'g_suite',
  office365s: 'office_365',
  activedirectories: 'active_directory',
  radiusservers: 'radius_server',
} as const;
export type ResourceSegment = keyof typeof RESOURCES;

interface Edge {
  readonly id: string;
  readonly type: 'user' | 'user_group' | (typeof RESOURCES)[ResourceSegment];
}

const targetsSchema = z.object({ targets: z.string() });

/**
 * Graph routes. They know ids only, do not sort, answer `200 []` for a parent that is not there, and cut the page
 * before associations whose end no longer exists are dropped: a middle page may be short.
 */
export class JumpCloudGraph {
  readonly #kit: Kit;
  readonly #world: JumpCloudWorld;
  /** Associations without an end, by `<parent id>`: made-up ids. */
  readonly #orphans = new Map<string, readonly string[]>();
  /** How many further reads of a parent's lists come in another order each time. */
  readonly #unstable = new Map<string, number>();

  constructor(kit: Kit) {
    this.#kit = kit;
    this.#world = kit.world.jumpcloud;
  }

  setOrphans(parentId: string, count: number): void {
    const ids = Array.from({ length: count }, (_, i) => `dead${String(i).padStart(4, '0')}${parentId.slice(-16)}`);
    this.#orphans.set(parentId, ids);
  }

  setUnstable(parentId: string, reads: number): void {
    this.#unstable.set(parentId, reads);
  }

  /** `/usergroups/{id}/members`: GraphConnection rows. */
  members(request: FastifyRequest, reply: FastifyReply, id: string): FastifyReply {
    const group = this.#world.groups.get(id);
    const edges = this.#kit.cached(`members:${id}`, () => typed('user', group?.members ?? []));
    return this.#connections(request, reply, id, edges);
  }

  /** `/{resource}/{id}/associations?targets=user|user_group`. */
  resourceAssociations(
    request: FastifyRequest,
    reply: FastifyReply,
    segment: ResourceSegment,
    id: string,
  ): FastifyReply {
    const target = this.#target(request, ['user', 'user_group']);
    if (target === null) return this.#kit.json(reply, errorBody(400), 400);
    const bindings = this.bindings(segment, id);
    const edges = this.#kit.cached(`assoc:${id}:${target}`, () =>
      target === 'user' ? typed('user', bindings?.users ?? []) : typed('user_group', bindings?.groups ?? []),
    );
    return this.#connections(request, reply, id, edges);
  }

  /** `/users/{id}/associations` and `/usergroups/{id}/associations`: the resources somebody is bound to directly. */
  holderAssociations(request: FastifyRequest, reply: FastifyReply, holder: keyof JumpCloudBindings, id: string) {
    const target = this.#target(request, Object.values(RESOURCES));
    if (target === null) return this.#kit.json(reply, errorBody(400), 400);
    const edges = this.#kit.cached(`holder:${holder}:${id}:${target}`, () =>
      this.#resources(target)
        .filter(([, bindings]) => bindings[holder].has(id))
        .map(([resourceId, , type]): Edge => ({ id: resourceId, type })),
    );
    return this.#connections(request, reply, id, edges);
  }

  /** `/users/{id}/memberof`: the groups of a user, with paths. */
  memberOf(request: FastifyRequest, reply: FastifyReply, id: string): FastifyReply {
    const groups = this.#kit.cached(`memberof:${id}`, () =>
      [...this.#world.groups.values()].filter((group) => group.members.has(id)).map((group) => group.id),
    );
    return this.#withPaths(request, reply, id, groups, (groupId) => ({
      id: groupId,
      type: 'user_group',
      compiledAttributes: null,
      paths: [[hop('user_group', groupId)]],
    }));
  }

  /** `/{resource}/{id}/users`: everybody who reaches it, with the ways; `syncStatus=true` adds the id over there. */
  traversal(request: FastifyRequest, reply: FastifyReply, segment: ResourceSegment, id: string): FastifyReply {
    const bindings = this.bindings(segment, id);
    const ways = this.#kit.cached(`reach:${id}`, () => this.#ways(bindings));
    const isAsked = z.object({ syncStatus: z.literal('true') }).safeParse(request.query).success;
    const external = isAsked && segment !== 'applications' ? this.#world.directories.get(id)?.externalIds : undefined;
    return this.#withPaths(request, reply, id, [...ways.keys()], (userId) => {
      const externalId = external?.get(userId);
      const sync = externalId === undefined ? {} : { externalId, syncStatus: { code: 0, message: '', details: [] } };
      const paths = (ways.get(userId) ?? []).map((group) =>
        group === null ? [hop('user', userId)] : [hop('user_group', group), hop('user', userId)],
      );
      return { id: userId, type: 'user', compiledAttributes: null, paths, ...sync };
    });
  }

  /** `/{resource}/{id}/usergroups`: the groups bound to it, with paths. */
  groupTraversal(request: FastifyRequest, reply: FastifyReply, segment: ResourceSegment, id: string): FastifyReply {
    const groups = [...(this.bindings(segment, id)?.groups ?? [])];
    return this.#withPaths(request, reply, id, groups, (groupId) => ({
      id: groupId,
      type: 'user_group',
      compiledAttributes: null,
      paths: [[hop('user_group', groupId)]],
    }));
  }

  bindings(segment: ResourceSegment, id: string): JumpCloudBindings | undefined {
    if (segment === 'applications') return this.#world.apps.get(id);
    if (segment === 'radiusservers') return this.#world.radius.get(id);
    const directory: JumpCloudDirectory | undefined = this.#world.directories.get(id);
    return directory?.type === RESOURCES[segment] ? directory : undefined;
  }

  #ways(bindings: JumpCloudBindings | undefined): Map<string, (string | null)[]> {
    const ways = new Map<string, (string | null)[]>();
    const add = (userId: string, by: string | null): void => {
      const known = ways.get(userId);
      if (known === undefined) ways.set(userId, [by]);
      else known.push(by);
    };
    for (const userId of bindings?.users ?? []) add(userId, null);
    for (const groupId of bindings?.groups ?? []) {
      for (const userId of this.#world.groups.get(groupId)?.members ?? []) add(userId, groupId);
    }
    return ways;
  }

  #resources(type: string): (readonly [string, JumpCloudBindings, Edge['type']])[] {
    if (type === 'application') return [...this.#world.apps.values()].map((app) => [app.id, app, 'application']);
    if (type === 'radius_server') return [...this.#world.radius.values()].map((one) => [one.id, one, 'radius_server']);
    return [...this.#world.directories.values()]
      .filter((directory) => directory.type === type)
      .map((directory) => [directory.id, directory, directory.type]);
  }

  #target(request: FastifyRequest, allowed: readonly string[]): string | null {
    const parsed = targetsSchema.safeParse(request.query);
    return parsed.success && allowed.includes(parsed.data.targets) ? parsed.data.targets : null;
  }

  #connections(request: FastifyRequest, reply: FastifyReply, parentId: string, edges: readonly Edge[]): FastifyReply {
    const paging = pagingOf(request);
    if (paging === null) return this.#kit.json(reply, errorBody(400), 400);
    const types = new Map(edges.map(({ id, type }) => [id, type]));
    const page = this.#cut(request, reply, parentId, [...types.keys()], paging);
    const rows = page.flatMap((id) => {
      const type = types.get(id);
      if (type === undefined || (type === 'user' && !this.#world.users.has(id))) return [];
      return [`{"attributes":null,"to":{"attributes":null,"id":${JSON.stringify(id)},"type":"${type}"}}`];
    });
    return this.#kit.list(reply, request, { body: () => `[${rows.join(',')}]`, emptyBody: '[]' });
  }

  #withPaths(
    request: FastifyRequest,
    reply: FastifyReply,
    parentId: string,
    ids: readonly string[],
    row: (id: string) => object,
  ): FastifyReply {
    const paging = pagingOf(request);
    if (paging === null) return this.#kit.json(reply, errorBody(400), 400);
    const isKnown = (id: string): boolean => this.#world.users.has(id) || this.#world.groups.has(id);
    const page = this.#cut(request, reply, parentId, ids, paging).filter(isKnown);
    return this.#kit.list(reply, request, { body: () => JSON.stringify(page.map(row)), emptyBody: '[]' });
  }

  /** The page as the server cuts it: with the orphans, which the caller drops afterwards. */
  #cut(
    request: FastifyRequest,
    reply: FastifyReply,
    parentId: string,
    ids: readonly string[],
    { skip, limit }: Paging,
  ): readonly string[] {
    const orphans = this.#orphans.get(parentId) ?? [];
    let all = ids;
    if (orphans.length > 0 && ids.length > 0) {
      const at = Math.min(ids.length, 40);
      all = [...ids.slice(0, at), ...orphans, ...ids.slice(at)];
    }
    const reads = this.#unstable.get(parentId) ?? 0;
    if (reads > 0 && all.length > 0) {
      this.#unstable.set(parentId, reads - 1);
      const by = (reads * 37) % all.length;
      all = [...all.slice(by), ...all.slice(0, by)];
    }
    reply.header('x-total-count', String(this.#kit.isEmpty(request) ? 0 : all.length));
    return all.slice(skip, skip + limit);
  }
}

function typed(type: Edge['type'], ids: Iterable<string>): readonly Edge[] {
  return Array.from(ids, (id) => ({ id, type }));
}

function hop(type: string, id: string): object {
  return { attributes: null, to: { id, type, attributes: null } };
}
