import type { Connector } from '../../schema/types/connector.ts';
import { CONNECTOR_STATES, known, LISTING_OUTCOMES, RUN_REASONS, RUN_STATES } from '../../schema/types/enums.ts';
import type { SyncRun as SyncRunType } from '../../schema/types/sync-run.ts';
import type { ConnectorStatus, SyncRun } from '../../src/services/sync/types.ts';
import { connectorNodeId, runNodeId } from './record-ids.ts';

/** A connector as the API gives it. */
export interface ConnectorView extends Connector {
  readonly __typename: 'Connector';
}

/** A run as the API gives it. */
export interface SyncRunView extends SyncRunType {
  readonly __typename: 'SyncRun';
}

const dateOrNull = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

export function presentConnector(status: ConnectorStatus): ConnectorView {
  return {
    __typename: 'Connector',
    id: connectorNodeId(status.connector),
    connectorId: status.connector,
    name: status.name,
    provider: status.provider,
    state: known(CONNECTOR_STATES, status.state),
    previousState: status.previousState === null ? null : known(CONNECTOR_STATES, status.previousState),
    reasonCode: status.reasonCode,
    message: status.message,
    since: new Date(status.since),
    tenant: status.tenant,
    lastCompleteAt: dateOrNull(status.lastCompleteAt),
    staleSince: dateOrNull(status.staleSince),
    nextRunAt: dateOrNull(status.nextRunAt),
    listings: status.listings.map((listing) => ({
      listing: listing.listing,
      title: listing.title,
      nodeKinds: listing.nodes,
      linkKinds: listing.links,
      lastCompleteAt: dateOrNull(listing.lastCompleteAt),
      lastOutcome: known(LISTING_OUTCOMES, listing.lastOutcome),
      reasonCode: listing.reasonCode,
      message: listing.message,
    })),
    missingScopes: status.missingScopes,
    removalPreview: status.preview && {
      at: new Date(status.preview.at),
      listings: status.preview.listings.map(({ kinds, ...listing }) => ({ ...listing, counts: kinds })),
    },
  };
}

export function presentRun(run: SyncRun): SyncRunView {
  return {
    __typename: 'SyncRun',
    id: runNodeId(run.id),
    runId: run.id,
    connectorId: run.connector,
    reason: known(RUN_REASONS, run.reason),
    state: known(RUN_STATES, run.state),
    reasonCode: run.reasonCode,
    message: run.message,
    retryable: run.retryable,
    first: run.first,
    startedAt: new Date(run.startedAt),
    endedAt: dateOrNull(run.endedAt),
    resumes: run.resumes,
    listings: run.listings.map((listing) => ({
      ...listing,
      outcome: known(LISTING_OUTCOMES, listing.outcome),
      startedAt: dateOrNull(listing.startedAt),
      endedAt: dateOrNull(listing.endedAt),
    })),
    metrics: run.metrics,
  };
}
