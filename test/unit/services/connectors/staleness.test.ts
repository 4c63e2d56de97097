import { describe, expect, it } from 'vitest';
import { isStale } from '../../../../src/services/connectors/staleness.ts';
import type { ConnectorStatus, ListingOutcome } from '../../../../src/services/sync/types.ts';
import { aStatus } from '../../../support/api-server.ts';

function withListing(lastOutcome: ListingOutcome, more: Partial<ConnectorStatus> = {}): ConnectorStatus {
  const listing = {
    listing: 'roles',
    title: 'roles',
    nodes: [],
    links: [],
    lastCompleteAt: 1,
    rows: 1,
    lastOutcome,
    reasonCode: null,
    message: null,
  };
  return aStatus('okta', { listings: [listing], ...more });
}

describe('what a listing brought', () => {
  it.each(['SKIPPED', 'FAILED'] as const)('is stale after it was %s, and only it', (outcome) => {
    expect(isStale(withListing(outcome), 'roles')).toBe(true);
    expect(isStale(withListing(outcome), 'users')).toBe(false);
  });

  it.each(['COMPLETE', 'INCOMPLETE', 'GUARDED', 'CANCELLED'] as const)('is not stale after it was %s', (outcome) => {
    expect(isStale(withListing(outcome), 'roles')).toBe(false);
  });

  it.each(['RECONNECT_REQUIRED', 'ERROR'] as const)(
    'is stale while its connector is %s, also during the next try',
    (state) => {
      expect(isStale(withListing('COMPLETE', { state }), 'roles')).toBe(true);
      expect(isStale(withListing('COMPLETE', { state: 'SYNCING', previousState: state }), 'roles')).toBe(true);
    },
  );

  it('is never stale without a connector: identities are made here', () => {
    expect(isStale(undefined, 'linking')).toBe(false);
  });
});
