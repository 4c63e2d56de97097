// First, because graphql-js looks at it when it is loaded.
import './production.ts';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseConfig } from '../src/config/load.ts';
import { asAppError } from '../src/domain/errors.ts';
import { nodeKey, opaqueId } from '../src/domain/keys.ts';
import { systemClock } from '../src/server/clock.ts';
import { type Gateway, openGateway } from '../src/server/compose.ts';
import { createLogger } from '../src/server/logger.ts';
import { type AllEmulators, startAllEmulators } from './all.ts';
import { type CompanyHighlights, companyHighlights } from './company/highlights.ts';
import { createCompany } from './company.ts';
import { DemoProgress } from './demo-progress.ts';
import { inventChange } from './drift.ts';
import type { World } from './world.ts';

const HELP = `npm run demo -- [options]

One invented company over Auth0, Okta, JumpCloud and Torq: four emulators on loopback and a gateway that reads them
into an embedded store, ready to be asked.

  --size S|M        1,000 or 10,000 people; default S
  --port N          port of the gateway; default 4000
  --seed N          another company; default 1
  --no-changes      the company stays as it is (otherwise something small changes every five seconds)
  --once            stop after the first sync
  --help
`;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: 'S' },
    port: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
    'no-changes': { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function demo(): Promise<void> {
  const { size } = values;
  if (size !== 'S' && size !== 'M') throw new Error('--size is S or M');
  const { world, truth } = createCompany({ size, seed: Number(values.seed) });
  const emulators = await startAllEmulators({ world });
  const folder = resolve('.crosswalk', 'demo');
  // The company is invented anew, so the graph of the last demo would only be in the way.
  await rm(folder, { recursive: true, force: true });
  const gateway = await openDemoGateway(emulators, folder);
  const stop = onStop(async () => {
    print('\nStopping …');
    await gateway.close();
    await emulators.close();
  });
  try {
    print(`${truth.people.length.toLocaleString('en')} people in four tenants (all invented, all on this machine):`);
    for (const { name, url } of emulators.list) print(`  ${name.padEnd(10)} ${url}`);
    await firstSync(gateway, emulators);
    await printQuestions(gateway, companyHighlights(world, truth));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  if (values.once) stop.now();
  else if (!stop.signal.aborted) live(gateway, world, stop.signal);
  await stop.ended;
}

function openDemoGateway(emulators: AllEmulators, folder: string): Promise<Gateway> {
  const config = parseConfig(
    JSON.stringify({
      listen: { port: Number(values.port) },
      store: { type: 'sqlite', path: 'graph.sqlite' },
      linking: { ownedDomains: emulators.okta.world.ownedDomains },
      connectors: emulators.connectors().map((connector) => ({ ...connector, schedule: { every: '10s' } })),
    }),
    {},
    'the demo configuration',
  );
  const logger = createLogger({ level: 'error' });
  const options = { clock: systemClock, logger, version: 'demo', allowLoopback: true, schedules: false };
  return openGateway({ config, folder }, options);
}

async function firstSync(gateway: Gateway, emulators: AllEmulators): Promise<void> {
  const started = performance.now();
  const progress = new DemoProgress(gateway.sync);
  const names = emulators.list.map(({ name }) => name);
  await Promise.all(names.map((name) => gateway.sync.start(name)));
  await Promise.all(names.map((name) => gateway.sync.finished(name)));
  await gateway.linker.flush();
  progress.end();
  for (const { connector, state, message } of gateway.sync.states()) {
    if (state !== 'CONNECTED') print(`  ${connector}: ${state}: ${message}`);
  }
  const { nodeCount, linkCount } = gateway.graph.index;
  const { accounts, identities } = gateway.linker.stats()!;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  print(
    `Read and linked in ${seconds} s: ${accounts.toLocaleString('en')} accounts of ${identities.toLocaleString('en')} ` +
      `identities; ${nodeCount.toLocaleString('en')} nodes, ${linkCount.toLocaleString('en')} links.`,
  );
}

async function printQuestions(gateway: Gateway, { person, path }: CompanyHighlights): Promise<void> {
  const [account] = await gateway.graph.store.idsByKey([nodeKey('okta', 'Account', person.oktaUserId)]);
  let identity = '';
  for (const owner of ownersOf(gateway, account)) {
    const [node] = await gateway.graph.store.nodes([owner]);
    if (node?.kind === 'Identity') identity = opaqueId(node.key);
  }
  const api = opaqueId(nodeKey('auth0', 'Application', path.apiId));
  const first = person.displayName.split(' ')[0];
  const ask = (title: string, query: string): void =>
    print(`\n  ${title}\n  ${gateway.url}/graphiql?query=${encodeURIComponent(query)}`);
  print(
    `\nGraphQL   ${gateway.url}/graphql\nGraphiQL  ${gateway.url}/graphiql\n\nReady questions (open them in a browser):`,
  );
  ask(`Who is ${person.displayName} everywhere, and how do we know?`, WHO_IS(person.email));
  ask(`By which path does ${first} reach the API ${path.apiIdentifier}?`, PATHS(identity, api));
  ask('Who can access that API?', WHO_CAN(api));
  if (!values['no-changes']) ask('And tell me what changes (press play and wait):', CHANGES);
}

function ownersOf(gateway: Gateway, account: number | null | undefined): number[] {
  const owners: number[] = [];
  if (account) gateway.graph.index.eachLinkTo(account, (from) => owners.push(from));
  return owners;
}

function live(gateway: Gateway, world: World, signal: AbortSignal): void {
  gateway.sync.schedule();
  print(
    values['no-changes']
      ? '\nCtrl-C stops it.'
      : '\nThe company goes on changing; it is read every ten seconds. Ctrl-C stops it.',
  );
  if (values['no-changes']) return;
  const timer = setInterval(() => {
    if (signal.aborted) clearInterval(timer);
    else print(`  ${new Date().toISOString().slice(11, 19)}  ${inventChange(world, Math.random).sentence}`);
  }, 5_000);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** Ctrl-C and SIGTERM stop in good order; a second one at once. */
function onStop(close: () => Promise<void>): { signal: AbortSignal; ended: Promise<void>; now(): void } {
  const controller = new AbortController();
  let end: (value: Promise<void>) => void;
  const ended = new Promise<void>((resolveEnd) => {
    end = resolveEnd;
  });
  const now = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    end(close());
  };
  process.on('SIGINT', now).on('SIGTERM', now);
  return { signal: controller.signal, ended, now };
}

const WHO_IS = (email: string): string => `{
  identity(by: { email: "${email}" }) {
    displayName
    employeeNumber
    accounts {
      edges {
        node { connectorId userName status groups { totalCount } roles { nodes { name } } }
        ownership { rule evidence { sentence withKey } }
      }
    }
    applications(first: 20) {
      totalCount
      edges { node { name connectorId } path { hops { sentence } } }
    }
  }
}`;

const PATHS = (from: string, to: string): string => `{
  accessPaths(from: "${from}", to: "${to}") {
    paths {
      length
      hops { sentence via { name } through { sentence } }
    }
    truncated
  }
}`;

const WHO_CAN = (application: string): string => `{
  whoCanAccess(application: "${application}") {
    totalCount
    edges { node { displayName department } hops path { hops { sentence } } }
  }
}`;

const CHANGES = `subscription {
  graphChanges(filter: { kinds: [Account, Group, Role], linkKinds: [MEMBER_OF, HAS_ROLE, ASSIGNED_TO] }) {
    seq
    at
    connectorId
    nodes { action kind name changedFields }
    links { action kind from { name } to { name } }
    cursor
  }
}`;

if (values.help) {
  print(HELP);
} else {
  try {
    await demo();
  } catch (cause) {
    const error = asAppError(cause);
    process.stderr.write(`${error.code === 'INTERNAL' ? String((cause as Error).stack ?? cause) : error.message}\n`);
    process.exit(1);
  }
}
