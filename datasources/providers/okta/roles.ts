import { z } from 'zod';
import { LinkFlag } from '../../../src/domain/flags.ts';
import type { LinkDraft, Syncer, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import type { OktaClient } from './client.ts';
import { idSchema, type OktaRoleAssignment } from './payloads.ts';
import { idInLink, nextOf, type OktaReading, oktaSyncer } from './reading.ts';
import { merge, RoleBook, type RoleDrafts } from './role-book.ts';

const cursorSchema = z.union([
  z.object({ step: z.literal('users'), next: z.string().optional(), groups: z.array(z.string()) }),
  z.object({ step: z.literal('groups'), after: z.string().nullable(), groups: z.array(z.string()) }),
]);

/** Groups whose roles are read for one page. */
const GROUP_BATCH = 50;

/** Administrators: definitions first, then who holds them, person by person and group by group. */
export function rolesSyncer(reading: OktaReading): Syncer {
  return oktaSyncer(reading, {
    name: 'admin-roles',
    title: 'administrator roles',
    nodes: ['Role', 'Permission'],
    links: ['HAS_ROLE', 'GRANTS', 'PERMITS', 'INSTANCE_OF'],
    requires: ['okta.roles.read'],
    after: ['groups'],
    read: readRoles,
  });
}

async function* readRoles(context: SyncerContext, client: OktaClient): AsyncGenerator<SyncPage, void, void> {
  const book = new RoleBook(client);
  const resume = context.cursor === null ? null : cursorSchema.parse(context.cursor);
  const definitions = await book.customRoles();
  // Groups through which somebody holds a role: known from the people's own lists.
  const groups = new Set(resume?.groups ?? []);
  if (resume === null) {
    yield { ...definitions, cursor: { step: 'users', groups: [] }, rows: definitions.nodes.length };
  }
  if (resume?.step !== 'groups') {
    const next = nextOf(context.cursor);
    const start = next === null ? { path: '/api/v1/iam/assignees/users', query: { limit: 100 } } : { next };
    for await (const page of client.pages((at) => client.bodyPage(at, 'value', idSchema), start)) {
      const people = await Promise.all(
        page.rows.map(async ({ id }) => {
          const { own, byGroup } = await book.assignmentsOf('users', id);
          for (const one of byGroup) {
            const group = idInLink(one._links?.assignee?.href, 'groups');
            if (group !== null) groups.add(group);
          }
          return held(book, 'users', id, own);
        }),
      );
      yield {
        ...merge(people),
        cursor:
          page.next === null
            ? { step: 'groups', after: null, groups: [...groups] }
            : { step: 'users', next: page.next, groups: [...groups] },
        rows: page.rows.length,
      };
    }
  }
  const holders = await groupsToAsk(context, groups);
  const after = resume?.step === 'groups' ? resume.after : null;
  const from = after === null ? 0 : holders.indexOf(after) + 1;
  for (let at = from; at < holders.length; at += GROUP_BATCH) {
    const batch = holders.slice(at, at + GROUP_BATCH);
    const drafts = await Promise.all(
      batch.map(async (id) => held(book, 'groups', id, (await book.assignmentsOf('groups', id)).own)),
    );
    const isLast = at + GROUP_BATCH >= holders.length;
    yield {
      ...merge(drafts),
      cursor: isLast ? null : { step: 'groups', after: batch.at(-1) ?? null, groups: [...groups] },
      rows: batch.length,
    };
  }
  if (from >= holders.length) yield { nodes: [], links: [], cursor: null, rows: 0 };
}

/** Groups that the listing marked as privileged or said nothing about, and those seen on people. */
async function groupsToAsk(context: SyncerContext, seen: ReadonlySet<string>): Promise<string[]> {
  const asked = new Set(seen);
  for (const id of context.ids('groups', 'Group')) {
    const group = await context.node('Group', id);
    if (group === null || group.properties['hasAdminRoles'] !== false) asked.add(id);
  }
  return [...asked].sort();
}

async function held(
  book: RoleBook,
  kind: 'users' | 'groups',
  id: string,
  assignments: readonly OktaRoleAssignment[],
): Promise<RoleDrafts> {
  const roles = await Promise.all(assignments.map((one) => book.roleOf(kind, id, one)));
  const links = roles.map(({ role }, i) => holds(kind, id, role.nativeId, assignments[i]?.status ?? null));
  return merge([...roles.map((one) => one.drafts), { nodes: [], links }]);
}

export function holds(kind: 'users' | 'groups', id: string, role: string, status: string | null): LinkDraft {
  return {
    from: { kind: kind === 'users' ? 'Account' : 'Group', nativeId: id },
    kind: 'HAS_ROLE',
    to: { kind: 'Role', nativeId: role },
    flags: status === null || status === 'ACTIVE' ? 0 : LinkFlag.INACTIVE,
  };
}
