import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { type Neo4jGateway, startNeo4jGateway } from '../support/neo4j-gateway.ts';
import { subscribe } from '../support/streams.ts';
import { differences, wholeGraph } from '../support/whole-graph.ts';

/** Enough to be read for a while; two, because they commit in turns. */
const CONNECTORS = ['jumpcloud', 'torq'] as const;
/** Applications, and somebody who can access each. */
const APPLICATIONS = `{
  applications(first: 30, filter: { connectors: ["jumpcloud"] }) {
    edges { node { id identities(first: 1) { edges { node { id } } } } }
  }
}`;
const edges = <T extends z.ZodType>(node: T) => z.object({ edges: z.array(z.object({ node })) });
const withId = z.object({ id: z.string() });
const applicationsSchema = z.object({ applications: edges(withId.extend({ identities: edges(withId) })) });
/** How long commits wait, see `Graph`. */
const PATIENCE_MS = 10_000;

/** In this order: the company is read through an outage, then asked through another one. */
describe.skipIf(process.env['NEO4J_URI'] !== undefined)('a gateway whose Neo4j goes away', () => {
  let host: Neo4jHost;
  let server: Neo4jServer;
  let emulators: AllEmulators;
  let running: Neo4jGateway;
  let gateway: Gateway;

  beforeAll(async () => {
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    host = await startNeo4j();
    server = await host.open();
    running = await startNeo4jGateway({ server, emulators, connectors: CONNECTORS });
    gateway = await running.opened;
  });
  afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
    await emulators?.close();
    await host?.[Symbol.asyncDispose]();
  });

  const said = (text: string): number => running.logger.lines.filter(({ message }) => message.startsWith(text)).length;

  /** Stops the server, and starts it again so long after that. */
  async function outage(ms: number): Promise<void> {
    await host.stop(server);
    const until = Date.now() + ms;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(until), { timeout: ms + 1_000, interval: 50 });
    await host.restart(server);
  }

  async function settled(): Promise<void> {
    await vi.waitFor(
      () => {
        const states = gateway.sync.states().map(({ connector, state }) => `${connector} ${state}`);
        expect(states).toEqual(CONNECTORS.map((connector) => `${connector} CONNECTED`));
      },
      { timeout: 90_000, interval: 100 },
    );
    await gateway.linker.flush();
  }

  test('a short outage in the middle of a sync is waited for: no run is suspended', async () => {
    for (const { faults } of emulators.list) faults.add({ match: '/', kind: 'slow', ms: 30 });
    for (const connector of CONNECTORS) await gateway.sync.start(connector);
    await vi.waitFor(() => expect(gateway.graph.seq).toBeGreaterThan(3), 20_000);
    await outage(500);
    await vi.waitFor(() => expect(said('the store is not available; trying again')).toBeGreaterThan(0), 20_000);
    const before = gateway.graph.seq;
    await vi.waitFor(() => expect(gateway.graph.seq).toBeGreaterThan(before), 20_000);
    expect(said('run suspended')).toBe(0);
  });

  test('a long one suspends the runs, which go on at their checkpoints when it is over', async () => {
    const runsBefore = await gateway.sync.runs('jumpcloud');
    expect(runsBefore[0]).toMatchObject({ state: 'RUNNING' });
    const stopped = outage(PATIENCE_MS + 3_000);
    await vi.waitFor(() => expect(said('run suspended')).toBeGreaterThan(0), { timeout: 20_000 });
    expect(await running.ask('/readyz')).toMatchObject({ status: 503 });
    await stopped;
    for (const { faults } of emulators.list) faults.clear();
    await settled();
    const [run] = await gateway.sync.runs('jumpcloud');
    expect(run!.id).toBe(runsBefore[0]!.id);
    expect(run!.resumes).toBeGreaterThan(0);
  });

  test('nothing was lost or doubled: the log has no gap, and the graph is that of a gateway that was never disturbed', async () => {
    const seqs: number[] = [];
    const changeIds = new Set<string>();
    for await (const change of gateway.graph.store.changes(0)) {
      seqs.push(change.seq);
      changeIds.add(change.changeId);
    }
    expect(seqs).toEqual(Array.from({ length: gateway.graph.seq }, (_, n) => n + 1));
    expect(changeIds.size).toBe(seqs.length);
    expect(await gateway.graph.verify()).toEqual({ ok: true, problems: [] });
    const folder = await mkdtemp(join(tmpdir(), 'crosswalk-undisturbed-'));
    const alone = await openTestGateway(folder, emulators, {
      config: { store: { type: 'sqlite', path: 'graph.sqlite' } },
    });
    await Promise.all(CONNECTORS.map((connector) => alone.sync.start(connector)));
    await Promise.all(CONNECTORS.map((connector) => alone.sync.finished(connector)));
    await alone.linker.flush();
    expect(differences(await wholeGraph(gateway.graph), await wholeGraph(alone.graph))).toEqual({
      missing: [],
      unexpected: [],
    });
    await alone.close();
    await rm(folder, { recursive: true });
  });

  describe('that is stopped', () => {
    let questions: readonly string[];
    const answers: unknown[] = [];
    let subscriber: ReturnType<typeof subscribe>;

    beforeAll(async () => {
      const { body } = await running.ask('/graphql', APPLICATIONS);
      const { applications } = applicationsSchema.parse(body.data);
      const to = applications.edges.find(({ node }) => node.identities.edges.length > 0)!.node;
      const from = to.identities.edges[0]!.node;
      questions = [
        `{ whoCanAccess(application: "${to.id}", first: 500) { totalCount edges { node { name } } } }`,
        `{ accessPaths(from: "${from.id}", to: "${to.id}") { paths { length hops { kind sentence from { name } to { name } } } } }`,
      ];
      for (const question of questions) {
        const { body } = await running.ask('/graphql', question);
        expect(body.errors).toBeUndefined();
        answers.push(body.data);
        expect(body.extensions?.notices ?? []).not.toContainEqual(
          expect.objectContaining({ connectorId: 'crosswalk' }),
        );
      }
      subscriber = subscribe('graphql-ws', running.url, 'subscription { graphChanges { seq type } }');
      await host.stop(server);
      await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(503), 5_000);
    });

    test('answers access questions from memory, and says how old that is', async () => {
      for (const [n, question] of questions.entries()) {
        const { status, body } = await running.ask('/graphql', question);
        expect(status).toBe(200);
        expect(body.errors).toBeUndefined();
        expect(body.data).toEqual(answers[n]);
        expect(body.extensions?.notices).toContainEqual(
          expect.objectContaining({
            connectorId: 'crosswalk',
            reasonCode: 'STORE_UNAVAILABLE',
            ageSeconds: expect.any(Number),
          }),
        );
      }
    });

    test('fails soon what needs the store: questions, mutations, readiness', async () => {
      const asked = [
        '{ accounts(first: 3, filter: { nameContains: "ari" }) { edges { node { id } } } }',
        '{ connectors { runs(first: 3) { edges { node { id } } } } }',
        'mutation { startSync(connector: "jumpcloud") { id } }',
        'mutation { cancelSync(connector: "jumpcloud") { id } }',
      ];
      const times: number[] = [];
      for (const query of asked) {
        const { ms, body } = await running.ask('/graphql', query);
        times.push(ms);
        expect(body.errors, query).toContainEqual(
          expect.objectContaining({
            extensions: expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true }),
          }),
        );
      }
      const ready = await running.ask('/readyz');
      expect(ready.body.errors?.[0]?.extensions).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      times.push(ready.ms);
      process.stdout.write(`while Neo4j is away: ${times.map((ms) => Math.round(ms)).join(', ')} ms\n`);
      expect(Math.max(...times)).toBeLessThan(2_000);
    });

    test('does not grow with the questions it refuses', async () => {
      const count = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
      const refuse = () =>
        running.ask('/graphql', '{ accounts(first: 1, filter: { nameContains: "ari" }) { totalCount } }');
      await Promise.all(Array.from({ length: 20 }, refuse));
      const before = count();
      for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 20 }, refuse));
      expect(count()).toBeLessThan(before + 20);
    });

    test('is itself again when the server is back, and its subscribers have missed nothing', async () => {
      const { seq } = gateway.graph;
      await host.restart(server);
      await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(200), 15_000);
      const { body } = await running.ask('/graphql', questions[0]);
      expect(body.extensions?.notices ?? []).not.toContainEqual(expect.objectContaining({ connectorId: 'crosswalk' }));
      const { users } = emulators.okta.world.jumpcloud;
      const active = [...users].filter(([, { state }]) => state === 'ACTIVATED').map(([userId]) => userId);
      for (const userId of active.slice(0, 5)) emulators.jumpcloud.change('suspendUser', { userId });
      await gateway.sync.start('jumpcloud');
      await gateway.sync.finished('jumpcloud');
      await gateway.linker.flush();
      const news = gateway.graph.seq - seq;
      expect(news).toBeGreaterThan(0);
      const heard = await subscriber.atLeast(news);
      expect(heard.map(({ graphChanges }) => graphChanges)).toEqual(
        Array.from({ length: news }, (_, n) => ({ seq: seq + 1 + n, type: 'CHANGE' })),
      );
      expect(subscriber.errors).toEqual([]);
      await subscriber.cut();
    });
  });
});
