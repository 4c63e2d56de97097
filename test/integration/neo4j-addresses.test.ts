import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { javaCommand } from '../support/neo4j/java.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j, whyNoNeo4j } from '../support/neo4j/server.ts';
import { startTlsRelay, type TlsRelay } from '../support/tls-relay.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('../support/open-neo4j.ts', import.meta.url));

const missing = await whyNoNeo4j();
if (missing === null) {
  describe('the address of Neo4j', () => {
    let host: Neo4jHost;
    let server: Neo4jServer;
    let relay: TlsRelay;
    let port: string;

    beforeAll(async () => {
      host = await startNeo4j();
      server = await host.open();
      ({ port } = new URL(server.uri));
      const { java } = await javaCommand();
      relay = await startTlsRelay(server.uri, java === 'java' ? 'keytool' : join(dirname(java), 'keytool'));
    }, 120_000);
    afterAll(async () => {
      await relay?.[Symbol.asyncDispose]();
      await host?.[Symbol.asyncDispose]();
    });

    const at = (uri: string) => createNeo4jStore({ ...server, uri, connectTimeoutMs: 5_000, retryMs: 1_000 });
    const storeIdAt = async (uri: string): Promise<string> => {
      const store = at(uri);
      try {
        return (await store.open()).storeId;
      } finally {
        await store.close();
      }
    };

    it('is one server or a cluster, plain or with TLS, and leads to the same store', async () => {
      const storeId = await storeIdAt(`bolt://127.0.0.1:${port}`);
      expect(await storeIdAt(`neo4j://127.0.0.1:${port}`)).toBe(storeId);
      expect(await storeIdAt(`bolt+ssc://127.0.0.1:${relay.port}`)).toBe(storeId);
      expect(await storeIdAt(`neo4j+ssc://127.0.0.1:${relay.port}`)).toBe(storeId);
    });

    it('finds its own writes on a cluster: reads carry the bookmarks of the writes before', async () => {
      const store = at(`neo4j://127.0.0.1:${port}`);
      await store.open();
      for (let n = 1; n <= 20; n++) {
        await store.putRecord('setting', 'last', { n });
        expect(await store.getRecord('setting', 'last')).toEqual({ n });
      }
      await store.close();
    });

    it('with +s wants a certificate that is trusted, by the system or by NODE_EXTRA_CA_CERTS', async () => {
      const open = async (env: Record<string, string>): Promise<unknown> => {
        const uri = `bolt+s://127.0.0.1:${relay.port}`;
        const { stdout } = await run(
          process.execPath,
          ['--import', 'tsx', child, uri, server.username, server.password],
          { env: { ...process.env, ...env } },
        );
        return JSON.parse(stdout);
      };
      expect(await open({})).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('certificate'),
      });
      expect(await open({ NODE_EXTRA_CA_CERTS: relay.certificatePath })).toEqual({
        storeId: await storeIdAt(`bolt://127.0.0.1:${port}`),
      });
    });
  });
} else if (process.env['CI'] === 'true') {
  test('Neo4j is there to test with', () => expect.fail(missing));
} else {
  test.skip(`the address of Neo4j: ${missing}`, () => {});
}
