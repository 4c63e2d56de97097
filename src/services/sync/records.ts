import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { LINK_KIND_NAMES } from '../../domain/link-kinds.ts';
import { NODE_KINDS } from '../../domain/node-kinds.ts';
import { CONNECTOR_STATES, type ConnectorStatus, type StateChange, type SyncRun } from './types.ts';

const reason = { reasonCode: z.string().nullable(), message: z.string().nullable() };
const time = z.number().nullable();
const state = z.enum(CONNECTOR_STATES);
const outcome = z.enum(['WAITING', 'RUNNING', 'COMPLETE', 'INCOMPLETE', 'GUARDED', 'SKIPPED', 'FAILED', 'CANCELLED']);
const counts = z.record(z.string(), z.number());
const texts = z.array(z.string());

const runSchema: z.ZodType<SyncRun> = z.object({
  id: z.string(),
  connector: z.string(),
  reason: z.enum(['SCHEDULE', 'REQUEST', 'BOOT', 'RETRY', 'CONFIRMED_REMOVAL', 'HOOK']),
  state: z.enum(['RUNNING', 'SUCCEEDED', 'DEGRADED', 'FAILED', 'CANCELLED']),
  ...reason,
  retryable: z.boolean(),
  first: z.boolean(),
  startedAt: z.number(),
  endedAt: time,
  resumes: z.number(),
  listings: z.array(
    z.object({
      listing: z.string(),
      title: z.string(),
      outcome,
      ...reason,
      missingScopes: texts,
      pages: z.number(),
      rows: z.number(),
      startedAt: time,
      endedAt: time,
      ignored: z.number(),
    }),
  ),
  metrics: z.object({
    requests: z.number(),
    retries: z.number(),
    throttledMs: z.number(),
    rows: z.number(),
    added: counts,
    changed: counts,
    removed: counts,
    pendingLinks: z.number(),
    commits: z.number(),
    durationMs: z.number(),
  }),
});

const previewSchema = z.object({
  runId: z.string(),
  at: z.number(),
  listings: z.array(
    z.object({
      listing: z.string(),
      title: z.string(),
      cause: z.enum(['EMPTY_ANSWER', 'MASS_REMOVAL']),
      kinds: z.array(z.object({ kind: z.string(), removed: z.number(), before: z.number() })),
      names: texts,
    }),
  ),
});

const statusSchema: z.ZodType<ConnectorStatus> = z.object({
  connector: z.string(),
  name: z.string(),
  provider: z.string(),
  state,
  ...reason,
  since: z.number(),
  previousState: state.nullable(),
  tenant: z.object({ nativeId: z.string(), name: z.string(), domains: texts, url: z.string().nullable() }).nullable(),
  activeRunId: z.string().nullable(),
  lastRunId: z.string().nullable(),
  lastCompleteAt: time,
  staleSince: time,
  listings: z.array(
    z.object({
      listing: z.string(),
      title: z.string(),
      nodes: z.array(z.enum(NODE_KINDS)),
      links: z
        .array(z.string().refine((kind) => LINK_KIND_NAMES.some((known) => known === kind)))
        .transform((kinds) => LINK_KIND_NAMES.filter((known) => kinds.includes(known))),
      lastCompleteAt: time,
      rows: z.number().nullable(),
      lastOutcome: outcome,
      ...reason,
    }),
  ),
  missingScopes: texts,
  preview: previewSchema.nullable(),
  nextRunAt: time,
});

const historySchema: z.ZodType<StateChange> = z.object({
  connector: z.string(),
  at: z.number(),
  state,
  ...reason,
  runId: z.string().nullable(),
});

/** Each `null` for a record of another shape: written by another version, and of no use to this one. */
export const readRun = (value: JsonObject | null): SyncRun | null => runSchema.safeParse(value).data ?? null;
export const readStatus = (value: JsonObject | null): ConnectorStatus | null =>
  statusSchema.safeParse(value).data ?? null;
export const readStateChange = (value: JsonObject | null): StateChange | null =>
  historySchema.safeParse(value).data ?? null;

/** Fixed width, so that ids made of it sort by time. */
export function timeKey(ms: number): string {
  return ms.toString(36).padStart(9, '0');
}

/** The reverse of {@link timeKey}; 0 for anything else. */
export function timeOfKey(key: string): number {
  const ms = Number.parseInt(key, 36);
  return Number.isNaN(ms) ? 0 : ms;
}
