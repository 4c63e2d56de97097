import { setTimeout as sleep } from 'node:timers/promises';
import neo4j from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { type BoltRelay, startBoltRelay } from '../support/bolt-relay.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { type Neo4jGateway, startNeo4jGateway } from '../support/neo4j-gateway.ts';

const ANOTHER = 'changed-behind-its-back';

/** In this order: the password is changed while a run reads the company, and put back. */
describe.skipIf(process.env['NEO4J_URI'] !== undefined)('a gateway whose password is changed', () => {
  let host: Neo4jHost;
  let server: Neo4jServer;
  let relay: BoltRelay;
  let emulators: AllEmulators;
  let running: Neo4jGateway;
  let gateway: Gateway;
  let runId: string;

  beforeAll(async () => {
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    host = await startNeo4j();
    server = await host.open();
    relay = await startBoltRelay(server.uri);
    running = await startNeo4jGateway({ server: { ...server, uri: relay.uri }, emulators, connectors: ['jumpcloud'] });
    gateway = await running.opened;
    for (const { faults } of emulators.list) faults.add({ match: '/', kind: 'slow', ms: 30 });
    ({ id: runId } = await gateway.sync.start('jumpcloud'));
    await vi.waitFor(() => expect(gateway.graph.seq).toBeGreaterThan(3), 20_000);
    await change(server.password, ANOTHER);
    // A connection that is open stays let in.
    relay.cut();
  });
  afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
    await emulators?.close();
    await host?.[Symbol.asyncDispose]();
  });

  const driverWith = (password: string) => neo4j.driver(server.uri, neo4j.auth.basic(server.username, password));

  async function change(from: string, to: string): Promise<void> {
    const driver = driverWith(from);
    const query = 'ALTER CURRENT USER SET PASSWORD FROM $from TO $to';
    await driver.executeQuery(query, { from, to }, { database: 'system' });
    await driver.close();
  }

  test('is not ready, says why, and answers from memory', async () => {
    await vi.waitFor(async () => {
      const { status, body } = await running.ask('/readyz');
      expect(status).toBe(503);
      expect(body.errors?.[0]).toMatchObject({
        message: expect.stringContaining('refuses the user name or password'),
        extensions: { code: 'STORE_UNAUTHORIZED' },
      });
    }, 15_000);
    const { body } = await running.ask('/graphql', '{ graph { seq } }');
    expect(body).toMatchObject({ data: { graph: { seq: gateway.graph.seq } } });
    expect(body.extensions?.notices).toContainEqual(expect.objectContaining({ connectorId: 'crosswalk' }));
  });

  test('does not lock the user out for those who know the new one', async () => {
    const { made } = relay;
    const refused: string[] = [];
    const until = Date.now() + 12_000;
    while (Date.now() < until) {
      const driver = driverWith(ANOTHER);
      await driver.executeQuery('RETURN 1').catch(({ code }: { code: string }) => refused.push(code));
      await driver.close();
      await running.ask('/graphql', 'mutation { startSync(connector: "jumpcloud") { id } }');
      await sleep(500);
    }
    expect(refused).toEqual([]);
    expect(relay.made - made).toBeLessThan(3);
  });

  test('goes on with the run when the password is put back', async () => {
    for (const { faults } of emulators.list) faults.clear();
    await change(ANOTHER, server.password);
    await vi.waitFor(async () => expect((await running.ask('/readyz')).status).toBe(200), { timeout: 40_000 });
    await vi.waitFor(() => expect(gateway.sync.state('jumpcloud').state).toBe('CONNECTED'), { timeout: 60_000 });
    await gateway.sync.finished('jumpcloud');
    const [run] = await gateway.sync.runs('jumpcloud');
    expect(run).toMatchObject({ id: runId, state: 'SUCCEEDED' });
    expect(run!.resumes).toBeGreaterThan(0);
    expect(await gateway.graph.verify()).toEqual({ ok: true, problems: [] });
  });
});
