import { describeIssue } from '../config/load.ts';
import { type Config, type ConnectorSection, durationSeconds } from '../config/schema.ts';
import { AppError, asAppError } from '../domain/errors.ts';
import type { ProviderDefinition } from '../ports/provider.ts';
import { checkSchedule } from '../services/sync/schedule.ts';
import type { ConnectorConfig } from '../services/sync/types.ts';
import { assertMayListen } from './gate.ts';
import { loadProviders } from './providers.ts';

/**
 * Loads the providers that connectors name, and checks what the shape of the file does not tell: every connector's
 * settings and schedule, all of them, so that one look shows every mistake, and the address. Opens nothing, asks nobody.
 * @throws AppError `PROVIDER_UNKNOWN`, `LISTEN_REFUSED`, `CONFIG_INVALID` that lists every mistake
 */
export async function checkConfig(config: Config): Promise<ReadonlyMap<string, ProviderDefinition>> {
  const providers = await loadProviders(config.connectors);
  const problems = config.connectors.flatMap((section) => [
    ...settingsProblems(section, providers.get(section.provider)!),
    ...scheduleProblems(section),
  ]);
  if (problems.length > 0) {
    throw new AppError(
      'CONFIG_INVALID',
      `The configuration cannot be used:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
    );
  }
  assertMayListen(config.listen.host, config.apiKeys.length > 0);
  return providers;
}

function settingsProblems({ id, settings }: ConnectorSection, { settingsSchema }: ProviderDefinition): string[] {
  const result = settingsSchema.safeParse(settings);
  if (result.success) return [];
  return result.error.issues
    .flatMap((issue) => describeIssue(issue, settingsSchema))
    .map((line) => `connector ${id}, settings: ${line}`);
}

function scheduleProblems(section: ConnectorSection): string[] {
  try {
    checkSchedule(section.id, connectorConfig(section).schedule);
    return [];
  } catch (error) {
    return [asAppError(error).message];
  }
}

/** A connector as the sync takes it. */
export function connectorConfig(section: ConnectorSection): ConnectorConfig {
  const { schedule, ...rest } = section;
  return {
    ...rest,
    ...(schedule === undefined
      ? {}
      : {
          schedule: {
            enabled: schedule.enabled,
            cron: schedule.cron,
            ...(schedule.every === undefined ? {} : { everySeconds: durationSeconds(schedule.every) }),
          },
        }),
  };
}
