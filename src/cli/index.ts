#!/usr/bin/env node
import { Command, Option } from 'commander';
import { asAppError } from '../domain/errors.ts';
import { EXIT, FORMATS, type Format, type Io } from './io.ts';
import { VERSION } from './version.ts';

// graphql-js checks every instance twice otherwise; commands are imported later, so this comes first.
process.env['NODE_ENV'] ??= 'production';

const controller = new AbortController();
const io: Io = {
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  isTerminal: process.stderr.isTTY === true,
  signal: controller.signal,
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
}

interface Remote {
  readonly url: string;
  readonly key?: string;
  readonly output: Format;
}

interface StoreCopyWords {
  readonly from: string;
  readonly to: string;
  readonly fromUser?: string;
  readonly fromDatabase?: string;
  readonly toUser?: string;
  readonly toDatabase?: string;
  readonly replace: boolean;
  readonly output: Format;
}

const program = new Command('crosswalk')
  .description('A GraphQL gateway over identity providers.')
  .version(VERSION)
  .showHelpAfterError('(see crosswalk --help)')
  .addHelpText(
    'after',
    `
Exit codes: 0 done · 1 failed · 2 wrong words or configuration · 3 no gateway answers · 4 done, but something needs attention
Environment: CROSSWALK_CONFIG (for serve and config check) · CROSSWALK_URL, CROSSWALK_KEY (for the commands that ask a running gateway)`,
  );

// Commands inherit it when they are made, so it comes before them.
program.exitOverride((error) => {
  process.exit(error.exitCode === 0 ? EXIT.OK : EXIT.USAGE);
});

const configOption = () =>
  new Option('-c, --config <file>', 'configuration file').env('CROSSWALK_CONFIG').default('crosswalk.config.yaml');

/** A command that asks a running gateway. */
function remote(name: string, description: string, parent: Command = program): Command {
  return parent
    .command(name)
    .description(description)
    .addOption(new Option('--url <url>', 'the gateway').env('CROSSWALK_URL').default('http://127.0.0.1:4000'))
    .addOption(new Option('--key <key>', 'API key; better in CROSSWALK_KEY').env('CROSSWALK_KEY'))
    .addOption(new Option('-o, --output <format>', 'format of the data').choices(FORMATS).default('table'));
}

/** Beside the configuration's own: what other words would mend. */
const USAGE_CODES: ReadonlySet<string> = new Set(['BAD_USER_INPUT', 'LISTEN_REFUSED', 'PROVIDER_UNKNOWN']);

/** Runs a command and sets the exit code; errors go to standard error with their code. Modules are loaded when needed. */
async function run(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (cause) {
    const error = asAppError(cause);
    if (error.code === 'ABORTED') {
      process.exitCode = 130;
      return;
    }
    io.err(`${error.message} (${error.code})`);
    if (error.code === 'INTERNAL') io.err(String((error.cause as Error | undefined)?.stack ?? error.cause));
    const usage = error.code.startsWith('CONFIG_') || USAGE_CODES.has(error.code);
    process.exitCode = error.code === 'GATEWAY_UNREACHABLE' ? EXIT.UNREACHABLE : usage ? EXIT.USAGE : EXIT.FAILED;
  }
}

program
  .command('serve')
  .description('run the gateway')
  .addOption(configOption())
  .action((options: { config: string }) => run(async () => (await import('./commands/serve.ts')).serve(options, io)));

const config = program.command('config').description('look at the configuration file');
config
  .command('check')
  .description('say whether the file can be used')
  .addOption(configOption())
  .action((options: { config: string }) =>
    run(async () => (await import('./commands/check-config.ts')).checkConfig(options, io)),
  );

remote('connectors', 'list connectors and their state').action((options: Remote) =>
  run(async () => (await import('./commands/connectors.ts')).listConnectors({ ...options, signal: io.signal }, io)),
);

remote('sync', 'read connectors now and wait for the end')
  .argument('[connector...]', 'default: all that are configured')
  .option('--no-wait', 'only start')
  .action((connectors: string[], options: Remote & { wait: boolean }) =>
    run(async () => (await import('./commands/sync.ts')).sync({ ...options, connectors, signal: io.signal }, io)),
  );

remote('cancel', 'end the run in progress')
  .argument('<connector>')
  .action((connector: string, options: Remote) =>
    run(async () => (await import('./commands/sync.ts')).cancel({ ...options, connector, signal: io.signal }, io)),
  );

remote('removal', 'show what a guarded run would remove, and decide on it')
  .argument('<connector>')
  .addOption(new Option('--confirm', 'let it be removed').conflicts('reject'))
  .addOption(new Option('--reject', 'keep it'))
  .action((connector: string, options: Remote & { confirm?: true; reject?: true }) =>
    run(async () => {
      const decision = options.confirm ? 'confirm' : options.reject ? 'reject' : null;
      return (await import('./commands/removal.ts')).removal(
        { ...options, connector, decision, signal: io.signal },
        io,
      );
    }),
  );

const store = program.command('store').description('look after where the graph is kept');
store
  .command('copy')
  .description('copy a whole graph into another store, in any direction, and compare the two')
  .requiredOption('--from <store>', 'a configuration file, sqlite:<path>, or the address of a Neo4j')
  .requiredOption('--to <store>', 'the same; it must be empty, unless --replace')
  .option('--from-user <name>', 'user of a Neo4j that is given by its address (default: neo4j)')
  .option('--from-database <name>', 'its database (default: neo4j)')
  .option('--to-user <name>', 'user of a Neo4j that is given by its address (default: neo4j)')
  .option('--to-database <name>', 'its database (default: neo4j)')
  .option('--replace', 'throw away what the target holds; also after a copy that did not finish', false)
  .addOption(new Option('-o, --output <format>', 'format of the result').choices(FORMATS).default('table'))
  .addHelpText(
    'after',
    `
Node ids and the numbers of changes stay; the copy gets a store id of its own, so old cursors are answered with a reset.
Of a configuration file only the store is used, and the connectors' providers for the second labels in Neo4j.
Stop the gateways of the target. Those of the source may go on when it is a Neo4j and no sync runs.
A copy that was interrupted leaves a target that no gateway opens: run it again with --replace.

Environment: CROSSWALK_FROM_PASSWORD, CROSSWALK_TO_PASSWORD (of a Neo4j that is given by its address)
Exit codes: 0 copied, both are equal · 1 failed · 2 wrong words or configuration · 130 interrupted

Examples:
  crosswalk store copy --from crosswalk.config.yaml --to shared.config.yaml
  crosswalk store copy --from sqlite:.crosswalk/graph.sqlite --to bolt://127.0.0.1:7687
  crosswalk store copy --from neo4j.config.yaml --to sqlite:backup.sqlite`,
  )
  .action((options: StoreCopyWords) =>
    run(async () => {
      const { from, to, replace, output } = options;
      return (await import('./commands/store-copy.ts')).storeCopy(
        {
          from: {
            address: from,
            user: options.fromUser,
            database: options.fromDatabase,
            passwordName: 'CROSSWALK_FROM_PASSWORD',
          },
          to: {
            address: to,
            user: options.toUser,
            database: options.toDatabase,
            passwordName: 'CROSSWALK_TO_PASSWORD',
          },
          replace,
          output,
        },
        io,
      );
    }),
  );

await program.parseAsync();
