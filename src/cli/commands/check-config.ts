import { loadConfig } from '../../config/load.ts';
import { checkConfig as check } from '../../server/check.ts';
import { EXIT, type Io } from '../io.ts';

/** `crosswalk config check`: says whether the configuration file can be used: settings, schedules and the address included. Opens nothing, asks nobody. */
export async function checkConfig(options: { readonly config: string }, io: Io): Promise<number> {
  const { config } = await loadConfig(options.config, io.env);
  await check(config);
  const names = config.connectors.map(({ id, provider }) => `${id} (${provider})`);
  io.err(`${options.config} is fine: ${names.length === 0 ? 'no connectors' : names.join(', ')}.`);
  return EXIT.OK;
}
