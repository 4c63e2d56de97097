import type { ConnectorState, ConnectorStatus, ListingOutcome } from '../sync/types.ts';

const UNREAD: ReadonlySet<ListingOutcome> = new Set(['SKIPPED', 'FAILED']);
const BROKEN: ReadonlySet<ConnectorState | null> = new Set(['RECONNECT_REQUIRED', 'ERROR']);

/**
 * Whether what a listing brought is only what was last known: the last run could not read the listing, or the
 * connector as a whole. A run in progress changes nothing until it has ended.
 * @param status of its connector; none for what Crosswalk itself derives, which is never stale
 */
export function isStale(status: ConnectorStatus | undefined, listing: string): boolean {
  if (status === undefined) return false;
  if (BROKEN.has(status.state === 'SYNCING' ? status.previousState : status.state)) return true;
  return status.listings.some((known) => known.listing === listing && UNREAD.has(known.lastOutcome));
}
