import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import { compact } from '../../../src/domain/graph.ts';
import type { GroupProperties } from '../../../src/domain/properties.ts';
import type { LinkDraft, NodeDraft, Syncer, SyncerContext } from '../../../src/ports/provider.ts';
import { childListings } from './children.ts';
import type { OktaClient } from './client.ts';
import { groupRuleSchema, groupSchema, idSchema, type OktaGroup, type OktaGroupRule } from './payloads.ts';
import { idInLink, isRefusal, nextOf, type OktaReading, oktaSyncer } from './reading.ts';

const TYPES: Readonly<Record<string, string>> = { OKTA_GROUP: 'USER_GROUP' };

/** An Okta group. `hasAdminRoles` is for the roles listing; absent when Okta did not tell. */
export function toGroup(group: OktaGroup, rules: readonly OktaGroupRule[]): NodeDraft<'Group'> {
  const applied = rules.filter(
    (rule) => rule.status === 'ACTIVE' && rule.actions?.assignUserToGroups?.groupIds.includes(group.id),
  );
  const properties: GroupProperties & { hasAdminRoles?: boolean | undefined; sourceApplication?: string | undefined } =
    {
      type: TYPES[group.type] ?? group.type,
      description: group.profile?.description ?? undefined,
      rule:
        applied.map((rule) => `${rule.name ?? rule.id}: ${rule.conditions?.expression?.value ?? '?'}`).join('\n') ||
        undefined,
      createdAt: group.created ?? undefined,
      externalId: group.profile?.externalId ?? undefined,
      hasAdminRoles: group._embedded?.stats?.hasAdminPrivlege ?? undefined,
      sourceApplication: idInLink(group._links?.source?.href, 'apps') ?? undefined,
    };
  return {
    kind: 'Group',
    nativeId: group.id,
    name: group.profile?.name || group.id,
    properties: compact(properties),
  };
}

/**
 * Id of Everyone, whose members are all users and are never listed. Where groups may not be read, and in an answer without
 * it (every org has one), the one that an earlier run saw: a lost scope or an empty answer must not read as lost
 * memberships. `null` when nobody ever saw it.
 */
export async function everyoneId(
  client: OktaClient,
  context: Pick<SyncerContext, 'ids' | 'node'>,
): Promise<string | null> {
  try {
    const builtIn = await client.all((start) => client.page(start, groupSchema), '/api/v1/groups', {
      filter: 'type eq "BUILT_IN"',
      limit: 200,
    });
    const everyone = builtIn.find((group) => group.type === 'BUILT_IN' && group.profile?.name === 'Everyone');
    if (everyone !== undefined) return everyone.id;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  for (const id of context.ids('groups', 'Group')) {
    const group = await context.node('Group', id);
    if (group?.properties['type'] === 'BUILT_IN' && group.name === 'Everyone') return id;
  }
  return null;
}

/** Rules that put people into groups; none when they may not be read. */
export async function readRules(client: OktaClient): Promise<readonly OktaGroupRule[]> {
  try {
    return await client.all((start) => client.page(start, groupRuleSchema), '/api/v1/groups/rules', { limit: 200 });
  } catch (error) {
    if (isRefusal(error)) return [];
    throw error;
  }
}

export function groupsSyncer(reading: OktaReading): Syncer {
  const { logger, connector } = reading;
  return oktaSyncer(reading, {
    name: 'groups',
    title: 'groups',
    nodes: ['Group'],
    links: [],
    requires: ['okta.groups.read'],
    async *read({ cursor }, client) {
      const rules = await readRules(client);
      const resume = nextOf(cursor);
      let query: { limit: number; expand?: string } = { limit: 200, expand: 'stats' };
      let pages = client.pages(
        (start) => client.page(start, groupSchema),
        resume === null ? { path: '/api/v1/groups', query } : { next: resume },
      );
      for (let isFirst = true; ; isFirst = false) {
        let step: Awaited<ReturnType<typeof pages.next>>;
        try {
          step = await pages.next();
        } catch (error) {
          // Statistics are expensive for Okta and fail in big orgs; the listing without them is what counts.
          const isOverload = error instanceof AppError && error.code === UPSTREAM_CODES.UNAVAILABLE;
          if (!isFirst || !isOverload || resume !== null || query.expand === undefined) throw error;
          logger.warn({ connector }, 'groups cannot be listed with statistics; listing them without');
          query = { limit: 200 };
          pages = client.pages((start) => client.page(start, groupSchema), { path: '/api/v1/groups', query });
          step = await pages.next();
        }
        if (step.done) return;
        const { rows, next } = step.value;
        yield {
          nodes: rows.map((group) => toGroup(group, rules)),
          links: [],
          cursor: next === null ? null : { next },
          rows: rows.length,
        };
      }
    },
  });
}

export function groupMembersSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'group-members',
    title: 'group members',
    nodes: [],
    links: ['MEMBER_OF'],
    requires: ['okta.groups.read'],
    after: ['groups'],
    async *read({ cursor, ids, node }, client) {
      const everyone = await everyoneId(client, { ids, node });
      const batches = childListings({
        client,
        cursor,
        parents: ids('groups', 'Group').filter((id) => id !== everyone),
        start: (id) => ({ path: `/api/v1/groups/${encodeURIComponent(id)}/users`, query: { limit: 1000 } }),
        read: (start) => client.page(start, idSchema, 'ids'),
      });
      for await (const batch of batches) {
        const links = batch.parts.flatMap(({ parent, rows }) => rows.map(({ id }) => memberOf(id, parent)));
        yield { nodes: [], links, cursor: batch.cursor, rows: batch.rows };
      }
    },
  });
}

export function memberOf(account: string, group: string): LinkDraft {
  return {
    from: { kind: 'Account', nativeId: account },
    kind: 'MEMBER_OF',
    to: { kind: 'Group', nativeId: group },
  };
}
