import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { NodeDraft, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import { roleLinks, toAdminAccount } from './accounts.ts';
import type { JumpCloudClient } from './client.ts';
import {
  ADMIN_FIELDS,
  type Admin,
  adminSchema,
  type JumpCloudRole,
  roleSchema,
  type SystemUser,
  systemUserSchema,
} from './payloads.ts';
import { sortedPages, wholeList } from './reading.ts';
import { listSorted } from './syncers.ts';

/** What a directory user says about the administrator it also is. */
export interface AdminOfUser {
  readonly adminId: string;
  readonly userId: string;
  readonly email: string | undefined;
  readonly firstname: string | undefined;
  readonly lastname: string | undefined;
  readonly roleNames: readonly string[];
}

/** @returns `null` for a user who is no administrator */
export function adminOfUser(user: SystemUser): AdminOfUser | null {
  const { admin } = user;
  if (admin == null) return null;
  const roleNames = admin.roleNames.length > 0 ? admin.roleNames : admin.roleName === undefined ? [] : [admin.roleName];
  return {
    adminId: admin.id,
    userId: user._id,
    email: user.email,
    firstname: user.firstname,
    lastname: user.lastname,
    roleNames,
  };
}

const NARROW_FIELDS = '_id email firstname lastname admin';

/**
 * Which users are administrators as well, which only the users' records tell. The user listing fills it as it goes by;
 * who asks without one (a run resumed after its users, a live read) pays for a narrow listing of its own.
 */
export class AdminsOfUsers {
  readonly #client: JumpCloudClient;
  #known: ReadonlyMap<string, AdminOfUser> | null = null;
  #isWhole = false;

  constructor(client: JumpCloudClient) {
    this.#client = client;
  }

  /** From a whole listing of the users; `null`: a new one has begun. */
  set(found: ReadonlyMap<string, AdminOfUser> | null): void {
    this.#known = found;
    this.#isWhole = found !== null;
  }

  /** Whether an administrator that {@link all} does not name is no user. An empty or broken list of users cannot tell. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** By administrator id. */
  async all(signal: AbortSignal): Promise<ReadonlyMap<string, AdminOfUser>> {
    if (this.#known !== null) return this.#known;
    const found = new Map<string, AdminOfUser>();
    const read = this.#client.v1('/api/systemusers', systemUserSchema, { signal, fields: NARROW_FIELDS });
    let rows = 0;
    let isWhole = true;
    for await (const page of sortedPages(read, (user) => user._id)) {
      rows += page.rows.length;
      isWhole &&= page.incomplete === undefined;
      for (const user of page.rows) {
        const admin = adminOfUser(user);
        if (admin !== null) found.set(admin.adminId, admin);
      }
    }
    this.#known = found;
    this.#isWhole = isWhole && rows > 0;
    return found;
  }
}

/**
 * Administrators with their roles. The list is undocumented: where it is refused, those who are directory users as
 * well are taken from there, and the listing says that it is not complete.
 */
export async function* listAdministrators(
  context: SyncerContext,
  client: JumpCloudClient,
  connector: string,
  users: AdminsOfUsers,
): AsyncGenerator<SyncPage, void, void> {
  const { signal } = context;
  const ofUsers = await users.all(signal);
  const read = client.v1('/api/users', adminSchema, { signal, fields: ADMIN_FIELDS });
  try {
    const pages = listSorted(
      context,
      read,
      (admin) => admin._id,
      (admin) => ({
        nodes: [toAdminAccount(admin, { connector, userId: ofUsers.get(admin._id)?.userId })],
        links: roleLinks(admin),
      }),
    );
    for await (const page of pages) {
      yield users.isWhole
        ? page
        : { ...page, nodes: await Promise.all(page.nodes.map((node) => withKnownUser(node, context))) };
    }
  } catch (error) {
    if (!isRefused(error)) throw error;
    yield await fromUsers(client, connector, ofUsers, signal);
  }
}

/** Whose log-in it is stays as it was while the users do not say. */
async function withKnownUser(node: NodeDraft, context: SyncerContext): Promise<NodeDraft> {
  if ('sameAs' in node.properties) return node;
  const sameAs = (await context.node(node.kind, node.nativeId))?.properties['sameAs'];
  return sameAs === undefined ? node : { ...node, properties: { ...node.properties, sameAs } };
}

async function fromUsers(
  client: JumpCloudClient,
  connector: string,
  ofUsers: ReadonlyMap<string, AdminOfUser>,
  signal: AbortSignal,
): Promise<SyncPage> {
  const roles = await wholeList(client.envelope('/api/v2/roles', roleSchema, { signal }), (role) => role.id).then(
    (list): readonly JumpCloudRole[] => list.rows,
    (error: unknown): readonly JumpCloudRole[] => {
      if (isRefused(error)) return [];
      throw error;
    },
  );
  const idByName = new Map(roles.flatMap(({ id, name }) => (name === undefined ? [] : [[name, id] as const])));
  const admins = Array.from(ofUsers.values(), (one) => ({ one, admin: asAdmin(one, idByName) }));
  return {
    nodes: admins.map(({ one, admin }) => toAdminAccount(admin, { connector, userId: one.userId })),
    links: admins.flatMap(({ admin }) => roleLinks(admin)),
    cursor: null,
    rows: admins.length,
    incomplete: 'the list of administrators may not be read; only those who are users are known',
  };
}

function asAdmin(one: AdminOfUser, idByName: ReadonlyMap<string, string>): Admin {
  const roles = one.roleNames.flatMap((name) => idByName.get(name) ?? []);
  return adminSchema.parse({
    _id: one.adminId,
    email: one.email,
    firstname: one.firstname,
    lastname: one.lastname,
    roles,
  });
}

function isRefused(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const { FORBIDDEN, NOT_FOUND, NOT_AVAILABLE } = UPSTREAM_CODES;
  return error.code === FORBIDDEN || error.code === NOT_FOUND || error.code === NOT_AVAILABLE;
}
