import type { LinkKind } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';

/** One configured instance of a provider. `settings` is whatever its provider's `settingsSchema` accepts. */
export interface ConnectorConfig {
  /** Matches `CONNECTOR_ID`. */
  readonly id: string;
  /** For people; default the id. */
  readonly name?: string | undefined;
  readonly provider: string;
  readonly settings: unknown;
  readonly schedule?: ScheduleConfig | undefined;
  readonly removalGuard?: Partial<RemovalGuardConfig> | undefined;
}

/** Either of the two; default every 15 minutes. `false` in `enabled` leaves only runs that somebody asks for. */
export interface ScheduleConfig {
  readonly enabled?: boolean | undefined;
  /** Cron expression (5 or 6 fields), in UTC. Wins over `everySeconds`. */
  readonly cron?: string | undefined;
  /** Seconds from the start of one run to the start of the next; at least 10. */
  readonly everySeconds?: number | undefined;
}

/** A removal needs a confirmation when it takes at least `minimum` and more than `share` of a kind in one listing. */
export interface RemovalGuardConfig {
  /** 0–1, default 0.2. */
  readonly share: number;
  /** Default 10. */
  readonly minimum: number;
}

export const CONNECTOR_STATES = [
  'NOT_CONNECTED',
  'SYNCING',
  'CONNECTED',
  'DEGRADED',
  'RECONNECT_REQUIRED',
  'ERROR',
  'DELETING',
] as const;
export type ConnectorState = (typeof CONNECTOR_STATES)[number];

/** How a connector stands now. All times are epoch ms. */
export interface ConnectorStatus {
  readonly connector: string;
  readonly name: string;
  readonly provider: string;
  readonly state: ConnectorState;
  /** Machine-readable cause of the state (`SCOPE_MISSING`, `REMOVAL_GUARD`, an `UPSTREAM_*` code …); `null` when all is well. */
  readonly reasonCode: string | null;
  /** For people: what happened and the next thing to try; `null` when all is well. */
  readonly message: string | null;
  /** When it entered this state. */
  readonly since: number;
  /** While SYNCING: the state before. */
  readonly previousState: ConnectorState | null;
  readonly tenant: TenantStatus | null;
  /** The run in progress. */
  readonly activeRunId: string | null;
  readonly lastRunId: string | null;
  /** End of the last run in which every listing was complete. */
  readonly lastCompleteAt: number | null;
  /** Since when the data may be out of date because runs do not succeed; `null` while they do. */
  readonly staleSince: number | null;
  /** Freshness of every listing that ever ran, in the provider's order. */
  readonly listings: readonly ListingFreshness[];
  /** Scopes that listings miss, as the provider spells them. */
  readonly missingScopes: readonly string[];
  /** A removal that waits for `confirmRemoval` or `rejectRemoval`. */
  readonly preview: RemovalPreview | null;
  /** When the schedule starts the next run; `null` when it will not. */
  readonly nextRunAt: number | null;
}

export interface TenantStatus {
  readonly nativeId: string;
  readonly name: string;
  readonly domains: readonly string[];
  readonly url: string | null;
}

/** How old what a listing brought is. */
export interface ListingFreshness {
  readonly listing: string;
  readonly title: string;
  readonly nodes: readonly NodeKind[];
  readonly links: readonly LinkKind[];
  /** End of its last complete listing: the `lastSeenAt` of everything it holds. */
  readonly lastCompleteAt: number | null;
  /** Provider rows of its last complete listing. */
  readonly rows: number | null;
  readonly lastOutcome: ListingOutcome;
  readonly reasonCode: string | null;
  readonly message: string | null;
}

/** RUNNING and WAITING only while a run is going on. */
export type ListingOutcome =
  | 'WAITING'
  | 'RUNNING'
  /** Read from its first page to its last; what was gone is removed. */
  | 'COMPLETE'
  /** Read, but not to be trusted for removals (resumed, partial view, parent not complete). */
  | 'INCOMPLETE'
  /** Read, and its removals wait for a confirmation. */
  | 'GUARDED'
  /** Not read: a scope or feature is missing, or the run had failed before. */
  | 'SKIPPED'
  | 'FAILED'
  | 'CANCELLED';

export type RunState = 'RUNNING' | 'SUCCEEDED' | 'DEGRADED' | 'FAILED' | 'CANCELLED';

export type RunReason = 'SCHEDULE' | 'REQUEST' | 'BOOT' | 'RETRY' | 'CONFIRMED_REMOVAL' | 'HOOK';

/** The record of one run. */
export interface SyncRun {
  /** `<connector>/<time>`: ids of one connector sort by time. */
  readonly id: string;
  readonly connector: string;
  readonly reason: RunReason;
  readonly state: RunState;
  readonly reasonCode: string | null;
  readonly message: string | null;
  /** Whether a failed end is worth another try without anybody doing something. */
  readonly retryable: boolean;
  /** True when the connector had no complete run before. */
  readonly first: boolean;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** How often the run was taken up again after the process had ended. */
  readonly resumes: number;
  readonly listings: readonly ListingRun[];
  readonly metrics: RunMetrics;
}

export interface ListingRun {
  readonly listing: string;
  readonly title: string;
  readonly outcome: ListingOutcome;
  readonly reasonCode: string | null;
  readonly message: string | null;
  readonly missingScopes: readonly string[];
  readonly pages: number;
  /** Provider rows read. */
  readonly rows: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** What of the pages could not be used: rows with impossible ids, links to themselves, rows said twice. */
  readonly ignored: number;
}

/** Counts by node or link kind (`Account`, `MEMBER_OF`). */
export type KindCounts = Readonly<Record<string, number>>;

export interface RunMetrics {
  readonly requests: number;
  readonly retries: number;
  readonly throttledMs: number;
  readonly rows: number;
  readonly added: KindCounts;
  readonly changed: KindCounts;
  readonly removed: KindCounts;
  /** Links kept by key because an end is not there yet, at the end of the run. */
  readonly pendingLinks: number;
  readonly commits: number;
  readonly durationMs: number;
}

/** What a guarded listing would remove. */
export interface RemovalPreview {
  readonly runId: string;
  readonly at: number;
  readonly listings: readonly ListingRemovalPreview[];
}

export interface ListingRemovalPreview {
  readonly listing: string;
  readonly title: string;
  /** EMPTY_ANSWER: the listing held nothing at all; MASS_REMOVAL: more than the threshold of a kind. */
  readonly cause: 'EMPTY_ANSWER' | 'MASS_REMOVAL';
  readonly kinds: readonly { readonly kind: string; readonly removed: number; readonly before: number }[];
  /** Names of the first nodes that would go, at most 20. */
  readonly names: readonly string[];
}

export interface ListingProgress {
  readonly listing: string;
  readonly title: string;
  readonly outcome: ListingOutcome;
  /** Provider rows. */
  readonly done: number;
  /** As the provider says, else as many as last time, else `null`. */
  readonly total: number | null;
  readonly totalIsEstimate: boolean;
  readonly ratePerSecond: number;
  readonly etaMs: number | null;
}

export interface SyncProgress {
  readonly connector: string;
  readonly runId: string;
  readonly startedAt: number;
  readonly done: number;
  readonly total: number | null;
  readonly ratePerSecond: number;
  readonly etaMs: number | null;
  readonly listings: readonly ListingProgress[];
}

/** What happens, for a CLI display, notices and logs. Progress comes at most 4 times a second for each connector. */
export type SyncEvent =
  | { readonly type: 'state'; readonly status: ConnectorStatus }
  | { readonly type: 'run-started'; readonly run: SyncRun }
  | { readonly type: 'progress'; readonly progress: SyncProgress }
  | { readonly type: 'listing-ended'; readonly runId: string; readonly connector: string; readonly listing: ListingRun }
  | { readonly type: 'run-ended'; readonly run: SyncRun };

/** One entry of a connector's history. */
export interface StateChange {
  readonly connector: string;
  readonly at: number;
  readonly state: ConnectorState;
  readonly reasonCode: string | null;
  readonly message: string | null;
  readonly runId: string | null;
}
