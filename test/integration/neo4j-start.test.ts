import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import neo4j from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createNeo4jStore, type Neo4jStoreOptions } from '../../datasources/stores/neo4j/index.ts';
import type { AppError } from '../../src/domain/errors.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';
import { answering, failing } from '../support/neo4j-edge.ts';
import { freePort, startNeo4jGateway } from '../support/neo4j-gateway.ts';

describe('starting on a Neo4j that is not as it should be', () => {
  let host: Neo4jHost;
  let server: Neo4jServer;
  beforeAll(async () => {
    host = await startNeo4j();
    server = await host.open();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
  });

  /** Opens a store and closes it; answers with the error and how long it took. */
  async function refusal(options: Partial<Neo4jStoreOptions>): Promise<{ error: AppError; ms: number }> {
    const store = createNeo4jStore({ ...server, ...options });
    const began = performance.now();
    const error = await store.open().then(
      () => null,
      (thrown: AppError) => thrown,
    );
    const ms = performance.now() - began;
    await store.close();
    if (error === null) throw new Error('the store opened');
    return { error, ms };
  }

  /** Cypher beside the store, as an operator would send it. */
  async function cypher(on: Neo4jServer, statement: string): Promise<void> {
    const driver = neo4j.driver(on.uri, neo4j.auth.basic(on.username, on.password), { telemetryDisabled: true });
    await driver.executeQuery(statement, {}, { database: on.database });
    await driver.close();
  }

  test.skipIf(process.env['NEO4J_URI'] !== undefined)(
    'a gateway waits for a server that is down, says so, and is ready soon after it has come',
    async () => {
      const late = await host.open();
      await host.stop(late);
      await using gateway = await startNeo4jGateway({ server: late });
      await vi.waitFor(async () => {
        const { status, body } = await gateway.ask('/readyz');
        expect(status).toBe(503);
        expect(body).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') });
      }, 5_000);
      expect(await gateway.ask('/healthz')).toMatchObject({ status: 200 });
      expect(await gateway.ask('/graphql', '{ graph { seq } }')).toMatchObject({
        status: 503,
        body: { errors: [{ extensions: { code: 'STORE_UNAVAILABLE', retryable: true } }] },
      });
      await vi.waitFor(() => {
        const waits = gateway.logger.lines.flatMap(({ fields }) => fields['waitMs'] ?? []);
        expect(waits).toEqual([500, 1_000]);
      }, 5_000);
      expect(gateway.logger.text()).toContain('the store cannot be reached; trying again');
      expect(gateway.logger.text()).not.toContain(late.password);
      await host.restart(late);
      await gateway.opened;
      expect(await gateway.ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    },
  );

  test('a wrong password ends the command at once, with a message that says what to do', async () => {
    await using served = await serveOn({ ...server, password: 'not-this-one' });
    expect(await served.ended).toEqual([1, null]);
    expect(served.output()).toContain('refuses the user name or password');
    expect(served.output()).not.toContain('not-this-one');
  });

  test('a store that is put in the place of the one that was opened ends the command, which reads it when it is started again', async () => {
    const replaced = await host.open();
    await using served = await serveOn(replaced);
    await vi.waitFor(() => expect(served.output()).toContain('listens on'), { timeout: 30_000 });
    await cypher(replaced, "MATCH (m:_Meta {name: 'graph'}) SET m.storeId = 'another'");
    expect(await served.ended).toEqual([1, null]);
    expect(served.output()).toContain('(STORE_REPLACED)');
    await using again = await serveOn(replaced);
    await vi.waitFor(() => expect(again.output()).toContain('listens on'), { timeout: 30_000 });
  });

  test('a user whom the server has locked out is let wait: that passes, also for who knows the password', async () => {
    const locked = await host.open();
    for (let n = 0; n < 3; n++) {
      const { error } = await refusal({ ...locked, password: 'guessed' });
      expect(error).toMatchObject({ code: 'STORE_UNAUTHORIZED', retryable: false });
    }
    const { error } = await refusal(locked);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('a wrong password was sent several times');
    await using gateway = await startNeo4jGateway({ server: locked });
    await gateway.opened;
    expect(await gateway.ask('/readyz')).toMatchObject({ status: 200 });
  });

  test('a database that is not there is named', async () => {
    const { error } = await refusal({ database: 'elsewhere' });
    expect(error).toMatchObject({ code: 'STORE_DATABASE_MISSING', retryable: false });
    expect(error.message).toContain('no database elsewhere');
  });

  test('a user without rights is told which it needs (injected at the edge of the driver: Community has no roles)', async () => {
    const driver = failing(() => 'Neo.ClientError.Security.Forbidden');
    const { error } = await refusal({ driver });
    expect(error).toMatchObject({ code: 'STORE_UNAUTHORIZED', retryable: false });
    expect(error.message).toContain('rights');
  });

  test.each([
    ['5.25.1', true],
    ['4.4.38', true],
    ['2024.01.0', false],
    ['', true],
  ])('release "%s" is refused: %s (its answer is injected at the edge of the driver)', async (version, isRefused) => {
    const driver = answering(/dbms\.components/, ['Neo4j Kernel', [version], 'community']);
    const store = createNeo4jStore({ ...server, driver });
    const opened = store.open();
    if (isRefused) {
      await expect(opened).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
      await expect(opened).rejects.toThrow('needs 5.26 or newer');
    } else expect(await opened).toMatchObject({ engine: `Neo4j ${version} community` });
    await store.close();
  });

  test('a schema that is newer than ours is left alone', async () => {
    const newer = await host.open();
    const store = createNeo4jStore(newer);
    await store.open();
    await store.close();
    await cypher(newer, "MATCH (m:_Meta {name: 'graph'}) SET m.schema = m.schema + 1");
    const { error } = await refusal(newer);
    expect(error).toMatchObject({ code: 'STORE_SCHEMA_NEWER', retryable: false });
    await host.close(newer);
  });

  test("somebody else's data is not touched", async () => {
    const theirs = await host.open();
    await cypher(theirs, "CREATE (:Film {title: 'Metropolis'})-[:BY]->(:Person {name: 'Fritz Lang'})");
    const { error } = await refusal(theirs);
    expect(error).toMatchObject({ code: 'STORE_CORRUPT' });
    expect(error.message).toContain('2 nodes');
    const driver = neo4j.driver(theirs.uri, neo4j.auth.basic(theirs.username, theirs.password));
    const { records } = await driver.executeQuery('SHOW CONSTRAINTS YIELD name RETURN name');
    expect(records).toEqual([]);
    await driver.close();
    await host.close(theirs);
  });

  test.each(['bolt+s', 'bolt+ssc', 'neo4j+s'])('%s:// to a server without TLS says what to write', async (scheme) => {
    const { error, ms } = await refusal({ uri: server.uri.replace('bolt', scheme) });
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain('without it the address begins with bolt://');
    expect(ms).toBeLessThan(6_000);
  });

  test('an address that speaks HTTP is told apart', async () => {
    const http = createHttpServer((_, response) => response.end('hello'));
    const { error } = await refusal({ uri: await listen(http) });
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
    expect(error.message).toContain('7687');
    http.close();
  });

  test('a port that takes connections and says nothing is given up within seconds', async () => {
    const silent = createServer(() => {});
    const { error, ms } = await refusal({ uri: await listen(silent) });
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('does not answer');
    expect(ms).toBeLessThan(6_000);
    silent.close();
  });

  test('a port that answers nonsense is no Neo4j', async () => {
    const nonsense = createServer((socket) => socket.on('error', () => {}).end('220 mail.example ESMTP\r\n'));
    const { error, ms } = await refusal({ uri: await listen(nonsense) });
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(ms).toBeLessThan(6_000);
    nonsense.close();
  });
});

interface Served extends AsyncDisposable {
  output(): string;
  /** Exit code and signal. */
  readonly ended: Promise<unknown[]>;
}

/** `crosswalk serve`, as an operator starts it. */
async function serveOn(server: Neo4jServer): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-served-'));
  const config = join(folder, 'crosswalk.config.yaml');
  const store = { type: 'neo4j', ...server };
  await writeFile(config, JSON.stringify({ listen: { port: await freePort() }, store }));
  const command = ['--import', 'tsx', 'src/cli/index.ts', 'serve', '--config', config];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const ended = once(child, 'close');
  return {
    output: () => output,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `bolt://127.0.0.1:${address.port}`;
}
