import { z } from 'zod';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type {
  LinkDraft,
  NodeDraft,
  ProviderContext,
  Syncer,
  SyncerContext,
  SyncPage,
} from '../../../src/ports/provider.ts';
import { accountDrafts, type ConnectionsByName } from './account.ts';
import { type Auth0Client, OFFSET_CEILING } from './client.ts';
import { connectionsByName } from './connections.ts';
import { openExport } from './export.ts';
import { childList, stableOffsetList, syncPage } from './lists.ts';
import { permissionPayload, USER_FIELDS, type UserPayload, userPayload } from './payloads.ts';
import { grantsLink, permissionKey } from './roles.ts';
import type { Auth0Settings } from './settings.ts';

/** Users of an export that share one page of the sync. */
const EXPORT_PAGE = 500;

const cursorSchema = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('search'), since: z.string(), page: z.number().int(), seen: z.array(z.string()) }),
  z.object({ mode: z.literal('export'), job: z.string(), line: z.number().int() }),
]);
type SearchCursor = Extract<z.output<typeof cursorSchema>, { mode: 'search' }>;
type ExportCursor = Extract<z.output<typeof cursorSchema>, { mode: 'export' }>;

/** Rows with what is needed to go on after them. */
interface Batch {
  readonly users: readonly UserPayload[];
  readonly cursor: SearchCursor | ExportCursor | null;
  readonly total?: number | undefined;
  readonly incomplete?: string | undefined;
}

const searchable = (since: string | null, signal: AbortSignal) => ({
  path: '/users',
  key: 'users',
  row: userPayload,
  query: {
    sort: 'created_at:1',
    search_engine: 'v3',
    fields: USER_FIELDS.join(','),
    include_fields: true,
    ...(since === null ? {} : { q: `created_at:[${since} TO *]` }),
  },
  signal,
});

/** Raised inside: a search cannot reach the next user. */
const STALLED = Symbol('stalled');

/**
 * A search reaches 1,000 users, and rows shift between its pages. So each page is a search of its own for everything
 * from the creation time of the last user on; only users created in the same millisecond take further pages.
 */
async function* search(
  client: Auth0Client,
  context: SyncerContext,
  start: SearchCursor | null,
  exportAbove: number,
): AsyncGenerator<Batch, undefined | typeof STALLED, void> {
  let since = start?.since ?? null;
  let page = start?.page ?? 0;
  let seen = new Set(start?.seen ?? []);
  let isFirst = start === null;
  for (;;) {
    client.checkAborted(context.signal);
    const answer = await client.offsetPage(searchable(since, context.signal), page);
    if (isFirst && answer.total !== undefined && answer.total > exportAbove) return STALLED;
    const { rows } = answer;
    const users = rows.filter((row) => !seen.has(row.user_id));
    const last = rows.at(-1);
    const known = Math.min(answer.total ?? 0, OFFSET_CEILING);
    const total = isFirst ? answer.total : undefined;
    isFirst = false;
    if (last === undefined || rows.length < answer.limit) {
      yield { users, cursor: null, total, incomplete: doubt(page * answer.limit + rows.length, known, since, page) };
      return undefined;
    }
    const until = last.created_at;
    // Without a time, or with time running backwards, there is no going on by time.
    const canMove = typeof until === 'string' && (since === null || until >= since);
    if (canMove && until !== since) {
      since = until;
      page = 0;
      seen = new Set(rows.filter((row) => row.created_at === until).map((row) => row.user_id));
    } else {
      page += 1;
      for (const row of rows) seen.add(row.user_id);
    }
    const isStalled = !canMove || since === null || (page + 1) * answer.limit > OFFSET_CEILING;
    // Nothing leads on from here: the next step is the export, which starts anew.
    if (isStalled) {
      yield { users, cursor: { mode: 'export', job: '', line: 0 }, total };
      return STALLED;
    }
    yield { users, cursor: { mode: 'search', since: since ?? '', page, seen: [...seen] }, total };
  }
}

/** Why the end of a search may not be the end of the users. */
function doubt(found: number, known: number, since: string | null, page: number): string | undefined {
  if (found < known) return 'Auth0 found fewer users than it counted';
  // The search includes the last user of the page before.
  return found === 0 && since !== null && page === 0
    ? 'Auth0 found nobody where it had just found somebody'
    : undefined;
}

async function* exported(
  client: Auth0Client,
  context: SyncerContext,
  provider: ProviderContext,
  start: ExportCursor | null,
  onRequest: () => void,
): AsyncGenerator<Batch, void, void> {
  const job = await openExport(client, {
    clock: provider.clock,
    signal: context.signal,
    allowLoopback: provider.allowLoopback,
    jobId: start?.job || null,
    skip: start?.line ?? 0,
    onRequest,
  });
  let line = job.isResumed ? (start?.line ?? 0) : 0;
  let users: UserPayload[] = [];
  for await (const user of job.users()) {
    // One row late, so that the last page knows that it is the last.
    if (users.length === EXPORT_PAGE) {
      line += users.length;
      yield { users, cursor: { mode: 'export', job: job.jobId, line } };
      client.checkAborted(context.signal);
      users = [];
    }
    users.push(user);
  }
  yield { users, cursor: null };
}

/** Users from wherever they come: searches, or an export when there are many or searches get stuck. */
async function* allUsers(
  client: Auth0Client,
  context: SyncerContext,
  provider: ProviderContext,
  settings: Auth0Settings,
  onRequest: () => void,
): AsyncGenerator<Batch, void, void> {
  const cursor = cursorSchema.safeParse(context.cursor);
  const start = cursor.success ? cursor.data : null;
  if (start?.mode !== 'export') {
    const end = yield* search(client, context, start, settings.exportAbove);
    if (end !== STALLED) return;
  }
  try {
    yield* exported(client, context, provider, start?.mode === 'export' ? start : null, onRequest);
  } catch (error) {
    if (start !== null || !isRefused(error)) throw error;
    // No exports here: searches get as far as they can, and say it when that is not to the end.
    const end = yield* search(client, context, null, Number.POSITIVE_INFINITY);
    if (end === STALLED) {
      throw new AppError(
        UPSTREAM_CODES.INVALID,
        `${client.connector}: more than ${OFFSET_CEILING} users were created in the same millisecond and Auth0 refuses exports, so not all users can be read.`,
        { connector: client.connector, cause: error },
      );
    }
  }
}

function isRefused(error: unknown): boolean {
  const refused: readonly string[] = [UPSTREAM_CODES.FORBIDDEN, UPSTREAM_CODES.NOT_AVAILABLE, UPSTREAM_CODES.REJECTED];
  return error instanceof AppError && refused.includes(error.code);
}

function userPage(batch: Batch, connections: ConnectionsByName): SyncPage {
  const nodes: NodeDraft[] = [];
  const links: LinkDraft[] = [];
  for (const user of batch.users) {
    const drafts = accountDrafts(user, connections);
    nodes.push(drafts.node);
    links.push(...drafts.links);
  }
  const blind =
    connections === null ? 'connections cannot be read (read:connections), so nobody knows who is in which' : undefined;
  const page = syncPage({ nodes, links }, batch.users.length, batch.cursor, batch.incomplete ?? blind);
  return batch.total === undefined ? page : { ...page, total: batch.total };
}

/** @param onRequest told about every request that does not go through the client */
export function userSyncers(
  client: Auth0Client,
  provider: ProviderContext,
  settings: Auth0Settings,
  onRequest: () => void,
): readonly Syncer[] {
  const users: Syncer = {
    name: 'users',
    title: 'users',
    nodes: ['Account'],
    links: ['MEMBER_OF'],
    requires: ['read:users'],
    mandatory: true,
    async *list(context) {
      await client.demand('read:users');
      const connections = await connectionsByName(client, context.signal);
      for await (const batch of allUsers(client, context, provider, settings, onRequest)) {
        yield userPage(batch, connections);
      }
    },
  };
  return settings.directPermissions ? [users, permissionsOfUsers(client)] : [users];
}

function permissionsOfUsers(client: Auth0Client): Syncer {
  return {
    name: 'user-permissions',
    title: 'direct permissions of users',
    nodes: [],
    links: ['GRANTS'],
    requires: ['read:users'],
    after: ['users'],
    async *list(context) {
      await client.demand('read:users');
      yield* childList(client, context, {
        parents: context.ids('users', 'Account'),
        read: async (parent) => ({ ...(await readDirectPermissions(client, parent, context.signal)), next: null }),
        toDrafts: (parent, rows) => ({
          links: rows.map((row) => grantsLink({ kind: 'Account', nativeId: parent }, row)),
        }),
      });
    },
  };
}

const sourcesSchema = z.array(z.looseObject({ source_type: z.string() }));

/** Permissions a user holds without a role. Where Auth0 does not tell the source, the permission counts as direct. */
export async function readDirectPermissions(client: Auth0Client, userId: string, signal: AbortSignal) {
  const list = await stableOffsetList(
    client,
    { path: `/users/${encodeURIComponent(userId)}/permissions`, key: 'permissions', row: permissionPayload, signal },
    permissionKey,
  );
  const rows = list.rows.filter((row) => {
    const sources = sourcesSchema.safeParse(row.sources);
    return !sources.success || sources.data.some((source) => source.source_type.toUpperCase() === 'DIRECT');
  });
  return { ...list, rows };
}
