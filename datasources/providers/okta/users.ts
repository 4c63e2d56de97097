import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { AccountProperties, FederatedSubject } from '../../../src/domain/properties.ts';
import type { LinkDraft, Syncer, SyncerContext } from '../../../src/ports/provider.ts';
import { isDeprovisioned, isUserId, toAccount } from './account.ts';
import type { OktaClient } from './client.ts';
import { everyoneId, memberOf } from './groups.ts';
import { readSubjects } from './idps.ts';
import { loginSchema, type OktaUser, userSchema } from './payloads.ts';
import { isRefusal, nextOf, type OktaReading, oktaSyncer } from './reading.ts';

/** Plain listings leave deprovisioned users out, so they are asked for by name. */
const PASSES = [
  { path: '/api/v1/users', query: { limit: 200 } },
  { path: '/api/v1/users', query: { limit: 200, search: 'status eq "DEPROVISIONED"' } },
] as const;

/** Accounts, with their membership in Everyone and what inbound identity providers call them. */
export function usersSyncer(reading: OktaReading): Syncer {
  const { connector } = reading;

  /** What inbound identity providers call each user; where they may not be read, what was known of the user before. */
  const subjectsOf = async (
    client: OktaClient,
    context: SyncerContext,
  ): Promise<(user: string) => Promise<readonly FederatedSubject[]>> => {
    try {
      const subjects = await readSubjects(client);
      return async (user) => subjects.get(user) ?? [];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      reading.logger.warn({ connector }, 'inbound identity providers cannot be read; what was known of them is kept');
      return async (user) => {
        const known = await context.node('Account', user);
        const { federatedSubjects = [] } = (known?.properties ?? {}) as Pick<AccountProperties, 'federatedSubjects'>;
        return federatedSubjects;
      };
    }
  };

  /** Log-in → id for everybody, read once and only if some manager is given by log-in. */
  const readLogins = async (client: OktaClient): Promise<ReadonlyMap<string, string>> => {
    const logins = new Map<string, string>();
    const start = { path: '/api/v1/users', query: { limit: 200, fields: 'profile:(login)' } };
    for await (const page of client.pages((at) => client.page(at, loginSchema, 'ids'), start)) {
      for (const { id, profile } of page.rows) if (profile?.login) logins.set(profile.login.toLowerCase(), id);
    }
    return logins;
  };

  return oktaSyncer(reading, {
    name: 'users',
    title: 'users',
    nodes: ['Account'],
    links: ['MEMBER_OF'],
    requires: ['okta.users.read'],
    // Everyone of an earlier run is looked for among them, where this run cannot see it.
    after: ['groups'],
    mandatory: true,
    async *read(context, client) {
      const { cursor } = context;
      const everyone = await everyoneId(client, context);
      const subjects = await subjectsOf(client, context);
      let logins: ReadonlyMap<string, string> | null = null;
      const first = cursor?.['pass'] === 1 ? 1 : 0;
      const resume = nextOf(cursor);
      let users = 0;
      for (let pass = first; pass < PASSES.length; pass++) {
        const start = pass === first && resume !== null ? { next: resume } : (PASSES[pass] ?? PASSES[0]);
        for await (const page of client.pages((at) => client.page(at, userSchema, 'users'), start)) {
          users += page.rows.length;
          if (users === 0 && cursor === null && pass === 0 && page.next === null) throw nobodyThere(connector);
          if (reading.resolveManagers && logins === null && page.rows.some(namesManager))
            logins = await readLogins(client);
          const known = logins;
          const idOfLogin = (login: string): string | undefined => known?.get(login.toLowerCase());
          const links: LinkDraft[] =
            everyone === null
              ? []
              : page.rows.filter((user) => !isDeprovisioned(user)).map((user) => memberOf(user.id, everyone));
          const isLast = pass === PASSES.length - 1 && page.next === null;
          yield {
            nodes: await Promise.all(
              page.rows.map(async (user) =>
                toAccount(user, { connector, subjects: await subjects(user.id), idOfLogin }),
              ),
            ),
            links,
            // After the last page of a pass the next one begins; `next` absent says: from its start.
            cursor: isLast ? null : page.next === null ? { pass: pass + 1 } : { pass, next: page.next },
            rows: page.rows.length,
          };
        }
      }
    },
  });
}

function namesManager(user: OktaUser): boolean {
  const managerId = user.profile?.managerId?.trim();
  return Boolean(managerId) && !isUserId(managerId ?? '');
}

/** Every org has an administrator, so an empty list means that nobody may be seen. */
export function nobodyThere(connector: string): AppError {
  return new AppError(
    UPSTREAM_CODES.MISCONFIGURED,
    `${connector}: Okta shows no users at all, which means that the owner of the credentials has no administrator role. Give the service app or token owner the role "Read-only Administrator".`,
    { connector },
  );
}
