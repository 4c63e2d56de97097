import { once } from 'node:events';
import { loadConfig } from '../../config/load.ts';
import { systemClock } from '../../server/clock.ts';
import { openGateway } from '../../server/compose.ts';
import { createLogger } from '../../server/logger.ts';
import { EXIT, type Io } from '../io.ts';
import { VERSION } from '../version.ts';

/** `crosswalk serve`: the gateway, until Ctrl-C or SIGTERM; a second one ends it at once. */
export async function serve(options: { readonly config: string }, io: Io): Promise<number> {
  const loaded = await loadConfig(options.config, io.env);
  const logger = createLogger({ level: loaded.config.log.level });
  const gateway = await openGateway(loaded, { clock: systemClock, logger, version: VERSION, signal: io.signal });
  io.err(`Crosswalk ${VERSION} listens on ${gateway.url}`);
  io.err(`  GraphQL    ${gateway.url}/graphql`);
  if (loaded.config.introspection) io.err(`  GraphiQL   ${gateway.url}/graphiql`);
  if (loaded.config.connectors.length === 0) io.err('  No connectors yet: add one to the configuration file.');
  if (!io.signal.aborted) await once(io.signal, 'abort');
  io.err('Stopping …');
  await gateway.close();
  return EXIT.OK;
}
