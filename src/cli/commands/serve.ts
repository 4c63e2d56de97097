import { once } from 'node:events';
import { loadConfig } from '../../config/load.ts';
import { AppError } from '../../domain/errors.ts';
import { systemClock } from '../../server/clock.ts';
import { openGateway } from '../../server/compose.ts';
import { createLogger } from '../../server/logger.ts';
import { EXIT, type Io } from '../io.ts';
import { VERSION } from '../version.ts';

/** `crosswalk serve`: the gateway, until Ctrl-C or SIGTERM (a second one ends it at once), or until its store is replaced. */
export async function serve(options: { readonly config: string }, io: Io): Promise<number> {
  const loaded = await loadConfig(options.config, io.env);
  const logger = createLogger({ level: loaded.config.log.level });
  const gateway = await openGateway(loaded, { clock: systemClock, logger, version: VERSION, signal: io.signal });
  io.err(`Crosswalk ${VERSION} listens on ${gateway.url}`);
  io.err(`  GraphQL    ${gateway.url}/graphql`);
  if (loaded.config.introspection) io.err(`  GraphiQL   ${gateway.url}/graphiql`);
  if (loaded.config.connectors.length === 0) io.err('  No connectors yet: add one to the configuration file.');
  const ended = io.signal.aborted ? null : await Promise.race([once(io.signal, 'abort'), gateway.graph.replaced]);
  io.err('Stopping …');
  await gateway.close();
  // Whoever supervises the process starts it again, and it reads the store that is there now.
  if (ended instanceof AppError) throw ended;
  return EXIT.OK;
}
