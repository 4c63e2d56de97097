import { CROSSWALK } from '../../domain/keys.ts';
import type { StoreTrouble } from '../graph/follower.ts';
import type { ConnectorStatus } from '../sync/types.ts';

/** Why what a connector brought may be old or partial. */
export interface ConnectorNotice {
  readonly connectorId: string;
  readonly connectorName: string;
  readonly state: ConnectorStatus['state'];
  readonly reasonCode: string;
  /** Age of the last complete reading; `null` when there was none. */
  readonly ageSeconds: number | null;
  readonly message: string;
}

/** Codes that Crosswalk gives where the sync names none. */
const OWN_REASONS = { first: 'FIRST_SYNC', stale: 'STALE', off: 'NOT_CONNECTED' } as const;

/** The notice that an answer with data of this connector must carry; `null` while all is well. */
export function noticeOf(status: ConnectorStatus, now: number): ConnectorNotice | null {
  const found = reasonOf(status);
  if (found === null) return null;
  return {
    connectorId: status.connector,
    connectorName: status.name,
    state: status.state,
    reasonCode: status.reasonCode ?? found.code,
    ageSeconds: status.lastCompleteAt === null ? null : Math.max(0, Math.round((now - status.lastCompleteAt) / 1000)),
    message: status.message ?? found.message,
  };
}

/** The notice that every answer carries while the store does not answer: it comes from memory, and how old that is. */
export function storeNotice(trouble: StoreTrouble | null, now: number): ConnectorNotice | null {
  if (trouble === null) return null;
  return {
    connectorId: CROSSWALK,
    connectorName: 'Crosswalk',
    state: 'ERROR',
    reasonCode: trouble.error.code,
    ageSeconds: Math.max(0, Math.round((now - trouble.lastAnswerAt) / 1000)),
    message: 'The store does not answer. What is shown comes from memory and may be out of date; try again soon.',
  };
}

function reasonOf(status: ConnectorStatus): { readonly code: string; readonly message: string } | null {
  // A run in progress neither heals nor harms: what counts is how the connector stood before it.
  const state = status.state === 'SYNCING' ? (status.previousState ?? 'NOT_CONNECTED') : status.state;
  if (status.lastCompleteAt === null) {
    if (status.state === 'SYNCING') {
      return { code: OWN_REASONS.first, message: `${status.name} is being read for the first time; more will come.` };
    }
    if (state === 'NOT_CONNECTED' || state === 'CONNECTED') {
      return { code: OWN_REASONS.off, message: `${status.name} has not been read yet; start its first sync.` };
    }
  }
  if (state !== 'CONNECTED' && state !== 'NOT_CONNECTED') {
    return { code: state, message: `${status.name} is in the state ${state}; what is shown is what was last known.` };
  }
  if (status.staleSince !== null || status.missingScopes.length > 0) {
    return { code: OWN_REASONS.stale, message: `Not everything of ${status.name} could be read lately.` };
  }
  return null;
}
