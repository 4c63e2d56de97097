import { LinkFlag } from '../../../src/domain/flags.ts';
import type { AssignmentProperties } from '../../../src/domain/properties.ts';
import type { LinkDraft, NodeRef } from '../../../src/ports/provider.ts';
import type { JumpCloudClient, Read } from './client.ts';
import { type Connection, connectionSchema, type Reached, reachedSchema } from './payloads.ts';
import { wholeList } from './reading.ts';

/** The links of one parent, read whole and confirmed. */
export interface ParentLinks {
  readonly links: readonly LinkDraft[];
  /** Provider rows behind them. */
  readonly rows: number;
  readonly incomplete?: string;
}

const edgeKey = (row: Connection): string => `${row.to.type} ${row.to.id}`;
const reachedKey = (row: Reached): string => `${row.type} ${row.id}`;

/** Members of a group. JumpCloud offers only users; should it ever nest groups, they are taken as well. */
export async function groupMembers(
  client: JumpCloudClient,
  groupId: string,
  signal: AbortSignal,
): Promise<ParentLinks> {
  const path = `/api/v2/usergroups/${encodeURIComponent(groupId)}/members`;
  const { rows, ...trust } = await wholeList(client.v2(path, connectionSchema, { signal, sorted: false }), edgeKey);
  const to: NodeRef = { kind: 'Group', nativeId: groupId };
  const links = rows.flatMap(({ to: member }): LinkDraft[] => {
    const kind = holderKind(member.type);
    return kind === null ? [] : [{ from: { kind, nativeId: member.id }, kind: 'MEMBER_OF', to }];
  });
  return { links, rows: rows.length, ...trust };
}

/** Direct bindings of users and groups to a resource: `segment` is `applications`, `ldapservers` … */
export async function directBindings(
  client: JumpCloudClient,
  segment: string,
  id: string,
  signal: AbortSignal,
): Promise<ParentLinks> {
  const [users, groups] = await Promise.all([
    associations(client, segment, id, 'user', signal),
    associations(client, segment, id, 'user_group', signal),
  ]);
  return merged([users, groups]);
}

/**
 * Bindings of a cloud directory, with the id of each person over there. People who come through a group have a row
 * here as well: it is evidence of that id and carries no access, or it would outlive the group's.
 */
export async function syncedBindings(
  client: JumpCloudClient,
  segment: string,
  id: string,
  signal: AbortSignal,
): Promise<ParentLinks> {
  const path = `/api/v2/${segment}/${encodeURIComponent(id)}/users`;
  const read = client.v2(path, reachedSchema, { signal, sorted: false, query: { syncStatus: 'true' } });
  const [{ rows, ...trust }, direct, groups] = await Promise.all([
    wholeList(read, reachedKey),
    associations(client, segment, id, 'user', signal),
    associations(client, segment, id, 'user_group', signal),
  ]);
  const externalIds = new Map(rows.map((row) => [row.id, row.externalId]));
  const bound = new Set(direct.links.map((link) => link.from.nativeId));
  const withIds = direct.links.map((link) => {
    const appExternalId = externalIds.get(link.from.nativeId);
    return appExternalId === undefined ? link : { ...link, properties: assignment({ basis: 'DIRECT', appExternalId }) };
  });
  const evidence = rows.flatMap((row): LinkDraft[] => {
    if (row.type !== 'user' || row.externalId === undefined || bound.has(row.id)) return [];
    const viaGroup = row.paths.flat().find(({ to }) => to.type === 'user_group')?.to.id;
    return [
      {
        from: { kind: 'Account', nativeId: row.id },
        kind: 'ASSIGNED_TO',
        to: { kind: 'Application', nativeId: id },
        flags: LinkFlag.DERIVED,
        properties: assignment({ basis: 'DIRECTORY', viaGroup, appExternalId: row.externalId }),
      },
    ];
  });
  const reached: ParentLinks = { links: evidence, rows: rows.length, ...trust };
  return merged([{ ...direct, links: withIds }, groups, reached]);
}

const RESOURCE_TYPES = [
  'application',
  'ldap_server',
  'radius_server',
  'g_suite',
  'office_365',
  'active_directory',
] as const;

/** What a user or group is bound to directly, seen from its side. */
export async function resourcesOf(
  client: JumpCloudClient,
  segment: 'users' | 'usergroups',
  from: NodeRef,
  signal: AbortSignal,
): Promise<readonly LinkDraft[]> {
  const path = `/api/v2/${segment}/${encodeURIComponent(from.nativeId)}/associations`;
  const lists = await Promise.all(
    RESOURCE_TYPES.map((targets) =>
      wholeList(client.v2(path, connectionSchema, { signal, sorted: false, query: { targets } }), edgeKey),
    ),
  );
  return lists.flatMap(({ rows }) =>
    rows.map(({ to }): LinkDraft => {
      const link: LinkDraft = { from, kind: 'ASSIGNED_TO', to: { kind: 'Application', nativeId: to.id } };
      return from.kind === 'Account' ? { ...link, properties: assignment({ basis: 'DIRECT' }) } : link;
    }),
  );
}

/** One kind of direct binding. Every known client asks for one target at a time. */
async function associations(
  client: JumpCloudClient,
  segment: string,
  id: string,
  target: 'user' | 'user_group',
  signal: AbortSignal,
): Promise<ParentLinks> {
  const path = `/api/v2/${segment}/${encodeURIComponent(id)}/associations`;
  const read: Read<Connection> = client.v2(path, connectionSchema, {
    signal,
    sorted: false,
    query: { targets: target },
  });
  const { rows, ...trust } = await wholeList(read, edgeKey);
  const links = rows.flatMap(({ to: holder }): LinkDraft[] => {
    const kind = holderKind(holder.type);
    if (kind === null) return [];
    const link: LinkDraft = {
      from: { kind, nativeId: holder.id },
      kind: 'ASSIGNED_TO',
      to: { kind: 'Application', nativeId: id },
    };
    return [kind === 'Account' ? { ...link, properties: assignment({ basis: 'DIRECT' }) } : link];
  });
  return { links, rows: rows.length, ...trust };
}

/** `systemuser` is the older name of `user`; other ends (devices, agents) are not ours. */
function holderKind(type: string): 'Account' | 'Group' | null {
  if (type === 'user' || type === 'systemuser') return 'Account';
  return type === 'user_group' ? 'Group' : null;
}

function assignment(properties: AssignmentProperties): AssignmentProperties {
  return properties;
}

function merged(parts: readonly ParentLinks[]): ParentLinks {
  const incomplete = parts.find((part) => part.incomplete !== undefined)?.incomplete;
  return {
    links: parts.flatMap((part) => part.links),
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    ...(incomplete === undefined ? {} : { incomplete }),
  };
}
