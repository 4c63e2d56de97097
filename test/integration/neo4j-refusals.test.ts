import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { failing } from '../support/neo4j-edge.ts';
import { type Neo4jGateway, startNeo4jGateway } from '../support/neo4j-gateway.ts';
import { collect, Playground } from '../support/store-playground.ts';

/**
 * What 5.26.8 said on a disk of 600 MB that was filled up: the commit that finds no room fails with the first, and from
 * then on whatever is asked, also what only reads, with the second, until the server is restarted.
 */
const FULL = 'Neo.DatabaseError.Transaction.TransactionLogError';
const STOPPED_ITSELF = 'Neo.DatabaseError.Transaction.TransactionStartFailed';

describe('a Neo4j that refuses', () => {
  let host: Neo4jHost;
  let plain: Neo4jServer;
  beforeAll(async () => {
    host = await startNeo4j();
    plain = await host.open();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
  });

  test.each([
    [FULL, 'STORE_FULL', true, 'disk is full'],
    [STOPPED_ITSELF, 'STORE_UNAVAILABLE', true, 'restart the server'],
    ['Neo.ClientError.General.WriteOnReadOnlyAccessDatabase', 'STORE_UNAVAILABLE', true, 'only reads now'],
    ['Neo.ClientError.Cluster.NotALeader', 'STORE_UNAVAILABLE', true, 'neo4j:// address'],
    ['Neo.TransientError.General.MemoryPoolOutOfMemoryError', 'STORE_UNAVAILABLE', true, 'try again'],
    ['Neo.ClientError.Transaction.TransactionTimedOut', 'STORE_UNAVAILABLE', true, 'too long'],
    ['Neo.ClientError.Statement.SyntaxError', 'STORE_UNAVAILABLE', false, 'failed'],
  ])(
    'a commit that ends with %s (injected at the edge of the driver) is %s and writes nothing',
    async (neo4jCode, code, retryable, words) => {
      let isRefusing = false;
      const driver = failing((statement) => (isRefusing && statement === 'COMMIT' ? neo4jCode : null));
      const store = createNeo4jStore({ ...plain, driver, retryMs: 200 });
      await store.open();
      const play = await Playground.open(store, 'okta');
      const before = (await store.range()).seq;
      const [id] = await play.ids(1);
      const change = { ...play.base(), nodes: [play.node('Account', id!)] };
      isRefusing = true;
      const failed = store.commit(change);
      await expect(failed).rejects.toMatchObject({ code, retryable });
      await expect(failed).rejects.toThrow(words);
      isRefusing = false;
      expect(await collect(store.changes(before))).toEqual([]);
      expect(await store.commit(change)).toMatchObject({ seq: before + 1 });
      await store.close();
    },
  );

  describe('while a gateway reads the company', () => {
    let server: Neo4jServer;
    let emulators: AllEmulators;
    let running: Neo4jGateway;
    let gateway: Gateway;
    /** Neo4j's code for statements like this. */
    let refusal: { readonly code: string; readonly statement: RegExp } | null = null;

    beforeAll(async () => {
      server = await host.open();
      emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
      const driver = failing((statement) => (refusal?.statement.test(statement) ? refusal.code : null));
      running = await startNeo4jGateway({
        ...{ server, emulators, connectors: ['torq'] },
        store: () => createNeo4jStore({ ...server, driver }),
      });
      gateway = await running.opened;
    });
    afterAll(async () => {
      await running?.[Symbol.asyncDispose]();
      await emulators?.close();
    });
    const state = (): string => gateway.sync.state('torq').state;
    const ended = () => vi.waitFor(() => expect(state()).toBe('CONNECTED'), { timeout: 40_000, interval: 100 });
    const said = (text: string): number =>
      running.logger.lines.filter(({ message }) => message.startsWith(text)).length;

    test('a disk that is full (injected at the edge of the driver) suspends the run, which ends whole when there is room', async () => {
      refusal = { code: FULL, statement: /\bCREATE \(\w*:_Change\b/ };
      const run = await gateway.sync.start('torq');
      await vi.waitFor(() => expect(said('run suspended')).toBeGreaterThan(1), 30_000);
      const asked = emulators.list.find(({ name }) => name === 'torq')!.requests().total;
      expect(state()).toBe('SYNCING');
      expect(gateway.graph.seq).toBe(0);
      // What only reads goes on.
      expect(await running.ask('/readyz')).toMatchObject({ status: 200 });
      // It is tried again, but the provider is not asked every second for nothing.
      expect(asked).toBeLessThan(60);
      refusal = null;
      await ended();
      await gateway.sync.finished('torq');
      const [last] = await gateway.sync.runs('torq');
      expect(last).toMatchObject({ id: run.id, state: 'SUCCEEDED' });
      expect(last!.resumes).toBeGreaterThan(0);
      expect(gateway.graph.seq).toBeGreaterThan(0);
    });

    test('a database that has stopped itself (injected at the edge of the driver) makes it not ready, until it answers again', async () => {
      refusal = { code: STOPPED_ITSELF, statement: /./ };
      await vi.waitFor(async () => {
        const { status, body } = await running.ask('/readyz');
        expect(status).toBe(503);
        expect(body.errors?.[0]?.message).toContain('stopped after a critical error');
      }, 5_000);
      refusal = null;
      await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(200), 15_000);
    });

    test.skipIf(process.env['NEO4J_URI'] !== undefined)(
      'a server that only reads answers questions and takes no sync; when it writes again, the sync goes on',
      async () => {
        await host.stop(server);
        await host.restart(server, { isReadOnly: true });
        await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(200), 15_000);
        const { body } = await running.ask('/graphql', '{ accounts(first: 1) { totalCount } }');
        expect(body.errors).toBeUndefined();
        const refused = await running.ask('/graphql', 'mutation { startSync(connector: "torq") { id } }');
        expect(refused.body.errors?.[0]).toMatchObject({
          message: expect.stringContaining('only reads now'),
          extensions: { code: 'STORE_UNAVAILABLE', retryable: true },
        });
        expect(refused.ms).toBeLessThan(3_000);
        {
          await using second = await startNeo4jGateway({ server });
          await vi.waitFor(async () => {
            const answer = await second.ask('/readyz');
            expect(answer.status).toBe(503);
            expect(answer.body.message).toContain('only reads now');
          }, 10_000);
        }
        await host.stop(server);
        await host.restart(server);
        const { seq } = gateway.graph;
        const [roleId] = emulators.okta.world.torq.roles.keys();
        emulators.torq.change('inviteUser', { email: 'guest@partner.example', roleId });
        await vi.waitFor(() => gateway.sync.start('torq'), { timeout: 20_000, interval: 250 });
        await gateway.sync.finished('torq');
        await ended();
        expect(gateway.graph.seq).toBeGreaterThan(seq);
      },
    );
  });
});
