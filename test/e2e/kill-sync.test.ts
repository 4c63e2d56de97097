import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { compile } from '../support/compile.ts';
import { storeOf, storeSection } from '../support/store-under-test.ts';
import { differences, wholeGraph } from '../support/whole-graph.ts';

/** Listings that take many requests, and the route that nearly all of those go to. */
const ROUTES: readonly (readonly [connector: string, listing: string, route: string])[] = [
  ['okta', 'users', 'GET /api/v1/users'],
  ['okta', 'group-members', 'GET /api/v1/groups/:id/users'],
  ['okta', 'app-groups', 'GET /api/v1/apps/:id/groups'],
  ['okta', 'app-users', 'GET /api/v1/apps/:id/users'],
  ['auth0', 'users', 'GET /api/v2/users'],
  ['auth0', 'role-users', 'GET /api/v2/roles/:id/users'],
  ['auth0', 'group-members', 'GET /api/v2/groups/:id/members'],
  ['auth0', 'group-roles', 'GET /api/v2/groups/:id/roles'],
  ['jumpcloud', 'users', 'GET /api/systemusers'],
  ['jumpcloud', 'group-members', 'GET /api/v2/usergroups/:id/members'],
  ['jumpcloud', 'app-assignments', 'GET /api/v2/applications/:id/associations'],
];
/** Connecting, and listings that go on, may ask such a route for one thing each. */
const LOOK_UPS = 2;

/** When to kill: after so many commits of a process, or requests to the providers. Each round is a first sync. */
type Moment = { readonly commits: number } | { readonly requests: number };
const MOMENTS: readonly (readonly Moment[])[] = [
  [{ requests: 3 }],
  [{ commits: 30 }, { commits: 8 }, { requests: 150 }],
  [{ commits: 45 }],
  [{ commits: 6 }],
  [{ requests: 600 }],
];
/** Each reads the company anew, into Neo4j at a quarter of the speed. */
const ROUNDS = Number(process.env['CROSSWALK_KILL_ROUNDS'] ?? (inject('store') === 'sqlite' ? 3 : 2));
const momentsOf = (round: number): readonly Moment[] =>
  MOMENTS[round] ?? [{ commits: 1 + Math.floor(Math.random() * 50) }, { requests: Math.floor(Math.random() * 900) }];

const lineSchema = z.union([
  z.strictObject({ seq: z.number() }),
  z.strictObject({
    synced: z.array(
      z.object({
        connector: z.string(),
        id: z.string(),
        state: z.string(),
        resumes: z.number(),
        rows: z.record(z.string(), z.number()),
      }),
    ),
  }),
]);
type Runs = Extract<z.output<typeof lineSchema>, { synced: unknown }>['synced'];

describe('a gateway killed during its first sync', () => {
  let emulators: AllEmulators;
  let folder: string;
  let undisturbed: Awaited<ReturnType<typeof wholeGraph>>;
  /** Provider rows of each listing, by connector. */
  const undisturbedRows = new Map<string, Record<string, number>>();
  let interrupted = 0;
  let passedOver = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-killed-'));
    compile(join(folder, 'built'), ['src', 'schema', 'resolvers', 'datasources', 'test/support/gateway-child.ts']);
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    await mkdir(join(folder, 'undisturbed'));
    const gateway = await openTestGateway(join(folder, 'undisturbed'), emulators);
    await Promise.all(emulators.list.map(({ name }) => gateway.sync.start(name)));
    for (const run of await Promise.all(emulators.list.map(({ name }) => gateway.sync.finished(name)))) {
      undisturbedRows.set(
        run!.connector,
        Object.fromEntries(run!.listings.map(({ listing, rows }) => [listing, rows])),
      );
    }
    await gateway.linker.flush();
    undisturbed = await wholeGraph(gateway.graph);
    await gateway.close();
  });

  afterAll(async () => {
    await emulators?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function requestCounts(): Map<string, number> {
    return new Map(
      emulators.list.flatMap((emulator) =>
        Object.entries(emulator.requests().byRoute).map(([route, count]) => [`${emulator.name} ${route}`, count]),
      ),
    );
  }

  const totalRequests = (): number => emulators.list.reduce((sum, emulator) => sum + emulator.requests().total, 0);

  it.each(Array.from({ length: ROUNDS }, (_, round) => [momentsOf(round)] as const))(
    'goes on where it was and ends with the same graph: %j',
    async (moments) => {
      const home = await mkdtemp(join(folder, 'round-'));
      const config = join(home, 'crosswalk.config.yaml');
      await writeFile(
        config,
        JSON.stringify({
          listen: { port: 0 },
          store: await storeSection(home),
          linking: { ownedDomains: emulators.okta.world.ownedDomains },
          connectors: emulators.connectors(),
        }),
      );
      for (const emulator of emulators.list) emulator.resetRequests();

      let before: Remains | null = null;
      for (const moment of moments) {
        const gateway = new GatewayProcess(folder, config);
        const start = totalRequests();
        await gateway.until(
          () => ('commits' in moment ? gateway.commits >= moment.commits : totalRequests() - start >= moment.requests),
          'the moment of the kill',
        );
        await gateway.kill();
        const remains = await remainsOf(home);
        expect(remains.seq).toBeGreaterThanOrEqual(gateway.acknowledged);
        if (before !== null) expectKept(before, remains);
        before = remains;
      }

      const killed = before!;
      const asked = requestCounts();
      const gateway = new GatewayProcess(folder, config);
      const runs = await gateway.synced();
      for (const { connector, id, state, resumes, rows } of runs) {
        expect([connector, state]).toEqual([connector, 'SUCCEEDED']);
        // No row was read twice into the graph, and none left out.
        expect([connector, rows]).toEqual([connector, undisturbedRows.get(connector)]);
        const run = killed.interrupted.get(connector);
        if (run === undefined) continue;
        expect([connector, id]).toEqual([connector, run]);
        expect(resumes).toBeGreaterThanOrEqual(1);
      }
      const askedNow = requestCounts();
      for (const [connector, listing, route] of ROUTES) {
        const key = `${connector} ${route}`;
        if (!killed.ended.has(`${connector}/${listing}`)) continue;
        expect([key, Math.max(LOOK_UPS, askedNow.get(key)! - asked.get(key)!)]).toEqual([key, LOOK_UPS]);
        passedOver++;
      }
      interrupted += killed.interrupted.size;

      const whole = await gateway.again();
      expect(whole.map(({ connector, state }) => [connector, state])).toEqual(
        runs.map(({ connector }) => [connector, 'SUCCEEDED']),
      );
      await gateway.end();
      expectKept(killed, await remainsOf(home));

      const graph = await Graph.open({ ...(await storeOf(home)), logger: silentLogger, clock: systemClock });
      expect(await graph.verify()).toEqual({ ok: true, problems: [] });
      expect(differences(await wholeGraph(graph), undisturbed)).toEqual({ missing: [], unexpected: [] });
      await graph.close();
    },
    240_000,
  );

  it('was in the middle of runs and had long listings behind it', () => {
    expect(interrupted).toBeGreaterThan(ROUNDS);
    expect(passedOver).toBeGreaterThan(3);
  });
});

/** What a process left behind, read from its store. */
interface Remains {
  readonly seq: number;
  readonly changeIds: readonly string[];
  readonly keys: ReadonlySet<string>;
  /** Run in progress, by connector. */
  readonly interrupted: ReadonlyMap<string, string>;
  /** `<connector>/<listing>` of the runs in progress that were read to their end. */
  readonly ended: ReadonlySet<string>;
}

async function remainsOf(home: string): Promise<Remains> {
  const { store } = await storeOf(home);
  const { seq, sources } = await store.open();
  const changeIds: string[] = [];
  for await (const change of store.changes(0)) {
    changeIds.push(change.changeId);
    expect(change.seq).toBe(changeIds.length);
  }
  expect(changeIds).toHaveLength(seq);
  const interrupted = new Map<string, string>();
  // Begun is a run when its connector says so; one that was only written down is given up for a new one.
  for (const { id: connector, value } of await store.listRecords('connector')) {
    const run = value['activeRunId'];
    if (typeof run === 'string') interrupted.set(connector, run);
  }
  const ended = new Set<string>();
  const keys = new Set<string>();
  for (const { source } of sources) {
    const checkpoint = await store.checkpoint(source);
    if (checkpoint === null || checkpoint['runId'] !== interrupted.get(source.connector)) continue;
    if (checkpoint['outcome'] !== null) ended.add(`${source.connector}/${source.listing}`);
  }
  for (const connector of new Set(sources.map(({ source }) => source.connector))) {
    for await (const chunk of store.keys(connector)) {
      chunk.keys.forEach((key, n) => {
        if (chunk.removed[n] === 0) keys.add(key);
      });
    }
  }
  await store.close();
  return { seq, changeIds, keys, interrupted, ended };
}

/** Nothing that was committed is undone: the log goes on, every node of the providers is still there. */
function expectKept(before: Remains, after: Remains): void {
  expect(after.changeIds.slice(0, before.seq)).toEqual(before.changeIds);
  const lost = [...before.keys].filter((key) => !after.keys.has(key) && !key.startsWith('crosswalk/'));
  expect(lost).toEqual([]);
}

/** A gateway as a child process, and what it has told so far. */
class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  readonly #synced: Runs[] = [];
  #wake: () => void = () => {};
  commits = 0;
  /** Seq of the last commit it told of. */
  acknowledged = 0;

  constructor(folder: string, config: string) {
    this.#child = spawn(process.execPath, [join(folder, 'built/test/support/gateway-child.js'), config], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#closed = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout! }).on('line', (text) => this.#heard(text));
  }

  #heard(text: string): void {
    if (!text.endsWith('}')) return;
    const line = lineSchema.parse(JSON.parse(text));
    if ('seq' in line) {
      this.commits++;
      this.acknowledged = line.seq;
    } else if ('synced' in line) this.#synced.push(line.synced);
    this.#wake();
  }

  /** Looks at every line, and every few ms for what happens elsewhere. @throws Error after two minutes, or when it ends first */
  async until(isTrue: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 120_000;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
      if (this.#child.exitCode !== null) throw new Error(`the gateway ended before ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 5);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async synced(): Promise<Runs> {
    await this.until(() => this.#synced.length > 0, 'the end of its sync');
    return this.#synced.shift()!;
  }

  again(): Promise<Runs> {
    this.#child.stdin!.write('again\n');
    return this.synced();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    expect((await this.#closed)[1]).toBe('SIGKILL');
  }

  async end(): Promise<void> {
    this.#child.stdin!.end('end\n');
    expect(await this.#closed).toEqual([0, null]);
  }
}
