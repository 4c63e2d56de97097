import { Cron } from 'croner';
import { AppError } from '../../domain/errors.ts';
import type { ScheduleConfig } from './types.ts';

const DEFAULT_EVERY_SECONDS = 15 * 60;
const MIN_EVERY_SECONDS = 10;
const FIRST_RETRY_MS = 30_000;
const MAX_RETRY_MS = 60 * 60_000;
/** Many gateways with one configuration must not meet at a provider in the same second. */
const MAX_JITTER_MS = 60_000;

/** What the next start depends on. Times in epoch ms. */
export interface ScheduleFacts {
  readonly now: number;
  readonly lastStartedAt: number | null;
  readonly lastEndedAt: number | null;
  /** Retryable failures in a row. */
  readonly failures: number;
  /** True when another try cannot help until somebody changes something. */
  readonly isHopeless: boolean;
  /** 0–1, one number for each plan. */
  readonly random: number;
}

/** @returns when the next run starts (now, when it is overdue), or `null` when the schedule is off or pointless */
export function nextStart(config: ScheduleConfig | undefined, facts: ScheduleFacts): number | null {
  if (config?.enabled === false || facts.isHopeless) return null;
  const { now, lastStartedAt } = facts;
  const regular = regularStart(config, facts);
  if (facts.failures > 0) {
    const wait = Math.min(FIRST_RETRY_MS * 2 ** (facts.failures - 1), MAX_RETRY_MS) * (0.75 + facts.random / 2);
    return Math.max(now, Math.min(regular, (facts.lastEndedAt ?? now) + wait));
  }
  return lastStartedAt === null && config?.cron === undefined ? now : Math.max(now, regular);
}

function regularStart(config: ScheduleConfig | undefined, facts: ScheduleFacts): number {
  const after = facts.lastStartedAt ?? facts.now;
  if (config?.cron !== undefined) {
    const next = new Cron(config.cron, { timezone: 'UTC' }).nextRun(new Date(Math.max(after, facts.now)));
    const gap = next === null ? MAX_JITTER_MS : next.getTime() - after;
    return (next?.getTime() ?? Number.POSITIVE_INFINITY) + jitter(gap, facts.random);
  }
  const every = Math.max(MIN_EVERY_SECONDS, config?.everySeconds ?? DEFAULT_EVERY_SECONDS) * 1000;
  return after + every + jitter(every, facts.random);
}

/** Up to a tenth of the interval. */
function jitter(intervalMs: number, random: number): number {
  return Math.round(Math.min(MAX_JITTER_MS, Math.max(0, intervalMs) / 10) * random);
}

/** @throws AppError `SCHEDULE_INVALID` for a cron expression that cannot be read or an interval below 10 seconds */
export function checkSchedule(connector: string, config: ScheduleConfig | undefined): void {
  const fault = (what: string, cause?: unknown): AppError =>
    new AppError('SCHEDULE_INVALID', `The schedule of the connector ${connector} ${what}.`, { connector, cause });
  if (config?.cron !== undefined) {
    try {
      new Cron(config.cron, { timezone: 'UTC' }).nextRun();
    } catch (error) {
      throw fault('is no cron expression', error);
    }
  }
  if (config?.everySeconds !== undefined && !(config.everySeconds >= MIN_EVERY_SECONDS)) {
    throw fault(`is too tight: the least is every ${MIN_EVERY_SECONDS} seconds`);
  }
}
