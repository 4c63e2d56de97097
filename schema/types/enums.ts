import { registerEnumType } from 'type-graphql';
import { LINK_KIND_NAMES } from '../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import { ACCOUNT_ENTRIES, ACCOUNT_STATUSES, PRINCIPAL_TYPES } from '../../src/domain/properties.ts';

/** Every enum that the API gives out has it, so that a value of a newer server never breaks an older client. */
export type OrUnknown<T extends string> = T | 'UNKNOWN';

/** `value` when it is one of `values`, else `UNKNOWN`: nothing that a store or service says can break an answer. */
export function known<T extends string>(values: readonly T[], value: unknown): OrUnknown<T> {
  return values.find((candidate) => candidate === value) ?? 'UNKNOWN';
}

/** Registers an enum, with `UNKNOWN` added where it is missing. @returns the object that stands for it in `@Field(() => …)` */
function enumType<T extends string>(
  name: string,
  description: string,
  values: readonly T[],
  options: { readonly unknown?: boolean } = {},
): Record<string, string> {
  const names: readonly string[] = values;
  const all = options.unknown === false || names.includes('UNKNOWN') ? names : [...names, 'UNKNOWN'];
  const object = Object.fromEntries(all.map((value) => [value, value]));
  registerEnumType(object, { name, description });
  return object;
}

export const NodeKindEnum = enumType('NodeKind', 'What a node of the graph is.', NODE_KINDS);
export const LinkKindEnum = enumType('LinkKind', 'What a link of the graph says.', LINK_KIND_NAMES);
export const AccountStatusEnum = enumType(
  'AccountStatus',
  'Status of an account, normalised over all providers; `nativeStatus` holds the provider’s own word.',
  ACCOUNT_STATUSES,
);
export const AccountEntryEnum = enumType(
  'AccountEntry',
  'How an account is entered: directly, only through another tenant, both, or not known.',
  ACCOUNT_ENTRIES,
);
export const PrincipalTypeEnum = enumType(
  'PrincipalType',
  'A person, a workload, or a log-in that several people use.',
  PRINCIPAL_TYPES,
);

export const CONNECTOR_STATES = [
  'NOT_CONNECTED',
  'SYNCING',
  'CONNECTED',
  'DEGRADED',
  'RECONNECT_REQUIRED',
  'ERROR',
  'DELETING',
] as const;
export const ConnectorStateEnum = enumType('ConnectorState', 'How a connector stands.', CONNECTOR_STATES);

export const RUN_STATES = ['RUNNING', 'SUCCEEDED', 'DEGRADED', 'FAILED', 'CANCELLED'] as const;
export const SyncRunStateEnum = enumType('SyncRunState', 'How a run stands or ended.', RUN_STATES);

export const RUN_REASONS = ['SCHEDULE', 'REQUEST', 'BOOT', 'RETRY', 'CONFIRMED_REMOVAL', 'HOOK'] as const;
export const SyncRunReasonEnum = enumType('SyncRunReason', 'What started a run.', RUN_REASONS);

export const LISTING_OUTCOMES = [
  'WAITING',
  'RUNNING',
  'COMPLETE',
  'INCOMPLETE',
  'GUARDED',
  'SKIPPED',
  'FAILED',
  'CANCELLED',
] as const;
export const ListingOutcomeEnum = enumType(
  'ListingOutcome',
  'How far the reading of one listing came. Only COMPLETE removes what is gone; GUARDED waits for `confirmRemoval`.',
  LISTING_OUTCOMES,
);

export const CHANGE_CAUSES = ['SYNC', 'LINKING', 'EXPIRY', 'DECISION', 'CONNECTOR', 'IMPORT'] as const;
export const ChangeCauseEnum = enumType('ChangeCause', 'Why a change was written.', CHANGE_CAUSES);

export const ChangeActionEnum = enumType('ChangeAction', 'What happened to a node or a link.', [
  'ADDED',
  'CHANGED',
  'REMOVED',
] as const);
export const ChangeEventTypeEnum = enumType(
  'ChangeEventType',
  'CHANGE: something changed. RESET: the cursor could not be continued; read afresh, then go on from this event. ' +
    'BOOKMARK: nothing that the filter lets through, but a newer cursor.',
  ['CHANGE', 'RESET', 'BOOKMARK'] as const,
);
export const ResetReasonEnum = enumType('ResetReason', 'Why a cursor could not be continued.', [
  'CURSOR_TOO_OLD',
  'OTHER_STORE',
  'CURSOR_AHEAD',
] as const);

export const TruncationReasonEnum = enumType(
  'TruncationReason',
  'Which limit ended a search early. More is there, or may be.',
  ['LIMIT', 'MAX_HOPS', 'VISITED', 'DEADLINE'] as const,
);

export const LinkBasisEnum = enumType(
  'LinkBasis',
  'DIRECT: linked itself. GROUP: through a group. ROLE: through a role. EVIDENCE: a row that explains but carries no ' +
    'access (what the provider derived from a group, a consent, an observed log-in).',
  ['DIRECT', 'GROUP', 'ROLE', 'EVIDENCE'] as const,
);

export const PathModeEnum = enumType(
  'PathMode',
  'SHORTEST: only paths of the smallest number of hops. ALL: every simple path up to `maxHops`, shortest first.',
  ['SHORTEST', 'ALL'] as const,
  { unknown: false },
);
export const NodeOrderFieldEnum = enumType(
  'NodeOrderField',
  'What a list can be sorted by. Ties go by id; absent values come last in both directions.',
  ['ID', 'NAME', 'CREATED_AT', 'LAST_LOGIN_AT', 'CHANGED_AT'] as const,
  { unknown: false },
);
export const OrderDirectionEnum = enumType('OrderDirection', 'Direction of a sort.', ['ASC', 'DESC'] as const, {
  unknown: false,
});
