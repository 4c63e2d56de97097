import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import type { Syncer, SyncerContext, SyncPage } from '../../../src/ports/provider.ts';
import type { OktaClient } from './client.ts';

/** What every syncer of one session shares. */
export interface OktaReading {
  readonly client: OktaClient;
  readonly connector: string;
  readonly logger: Logger;
  /** Granted scopes; `null` when an API token is used, whose powers nobody tells. */
  readonly scopes: readonly string[] | null;
  /** False when a custom admin role may hide rows: nothing is ever removed then. */
  readonly isComplete: boolean;
  readonly resolveManagers: boolean;
}

type OktaSyncer = Omit<Syncer, 'list'> & {
  /** `client` ends with the context's signal. */
  read(context: SyncerContext, client: OktaClient): AsyncGenerator<SyncPage, void, void>;
};

/** A syncer that does not even ask when its scope is known to be missing, and says so when rows may be hidden. */
export function oktaSyncer(reading: OktaReading, { read, ...syncer }: OktaSyncer): Syncer {
  return {
    ...syncer,
    async *list(context) {
      demandScopes(reading, syncer.requires);
      for await (const page of read(context, reading.client.with(context.signal))) {
        yield reading.isComplete ? page : { ...page, incomplete: 'PARTIAL_VISIBILITY' };
      }
    },
  };
}

/** @throws AppError `UPSTREAM_FORBIDDEN` */
function demandScopes(reading: OktaReading, requires: readonly string[]): void {
  const { scopes } = reading;
  if (scopes === null) return;
  // `okta.users.manage` includes reading.
  const missing = requires.filter(
    (scope) => !scopes.includes(scope) && !scopes.includes(scope.replace(/\.read$/, '.manage')),
  );
  if (missing.length === 0) return;
  throw new AppError(
    UPSTREAM_CODES.FORBIDDEN,
    `${reading.connector}: the service app has not been granted ${missing.join(', ')}. Grant it under "Okta API Scopes".`,
    { connector: reading.connector, details: { missing } },
  );
}

/** True for a refusal that leaves a part out and no more: a scope, a permission, a feature. */
export function isRefusal(error: unknown): boolean {
  const codes: readonly string[] = [UPSTREAM_CODES.FORBIDDEN, UPSTREAM_CODES.NOT_AVAILABLE, UPSTREAM_CODES.NOT_FOUND];
  return error instanceof AppError && codes.includes(error.code);
}

/** `next` of a checkpoint, for listings that page on their own. */
export function nextOf(cursor: JsonObject | null): string | null {
  const next = cursor?.['next'];
  return typeof next === 'string' ? next : null;
}

/** The id behind `/<collection>/` in a link like `…/api/v1/groups/00g1`; `null` when it is not there. */
export function idInLink(link: string | undefined, collection: string): string | null {
  const mark = `/${collection}/`;
  const at = link?.lastIndexOf(mark) ?? -1;
  if (link === undefined || at < 0) return null;
  const id = /^[^/?#]+/.exec(link.slice(at + mark.length))?.[0];
  if (id === undefined) return null;
  try {
    return decodeURIComponent(id);
  } catch {
    return null;
  }
}
