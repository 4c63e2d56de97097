import { setTimeout as sleep } from 'node:timers/promises';
import type { Driver } from 'neo4j-driver';
import { Neo4jError } from 'neo4j-driver';
import { afterEach, describe, expect, test } from 'vitest';
import { Line } from '../../../../datasources/stores/neo4j/line.ts';

const GONE = 'ServiceUnavailable';
const lines: Line[] = [];
afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()));
});

const failure = (code: string): Neo4jError =>
  new Neo4jError('from a test', code, '50N42', 'error: general processing exception');

/** A line to a server that answers, or fails whatever is asked with one of Neo4j's codes. */
function lineTo() {
  const server = { fails: null as string | null, probes: 0, atOnce: 0, mostAtOnce: 0 };
  const driver = {
    session: () => ({
      async run() {
        server.probes++;
        server.mostAtOnce = Math.max(server.mostAtOnce, ++server.atOnce);
        await sleep(5);
        server.atOnce--;
        if (server.fails !== null) throw failure(server.fails);
      },
    }),
    close: async () => {},
  };
  const line = new Line({
    uri: 'bolt://127.0.0.1:1',
    database: 'neo4j',
    // Nothing else of a driver is asked for.
    open: () => driver as unknown as Driver,
  });
  lines.push(line);
  const ask = (): Promise<string> =>
    line.run(async () => {
      if (server.fails !== null) throw failure(server.fails);
      return 'answer';
    });
  return { server, line, ask };
}

/** What a call failed with, and after how many ms. */
async function refusal(call: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const began = performance.now();
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { error, ms: performance.now() - began };
}

describe('a line to Neo4j', () => {
  test('hands on what only concerns one call, and asks nobody', async () => {
    const { server, ask } = lineTo();
    server.fails = 'Neo.ClientError.Statement.SyntaxError';
    expect((await refusal(ask())).error).toMatchObject({ code: server.fails });
    server.fails = null;
    expect(await ask()).toBe('answer');
    expect(server.probes).toBe(0);
  });

  test('holds the calls that come just after a break, until the server is back', async () => {
    const { server, ask } = lineTo();
    server.fails = GONE;
    expect((await refusal(ask())).error).toMatchObject({ code: GONE });
    const waiting = Array.from({ length: 20 }, ask);
    await sleep(200);
    server.fails = null;
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'answer'));
  });

  test('fails calls at once while the server stays away, with one probe at a time, and finds it when it is back', async () => {
    const { server, ask } = lineTo();
    server.fails = GONE;
    await refusal(ask());
    await sleep(1_100);
    const refusals = await Promise.all(Array.from({ length: 50 }, () => refusal(ask())));
    for (const { error, ms } of refusals) {
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(ms).toBeLessThan(200);
    }
    expect(server.mostAtOnce).toBe(1);
    expect(server.probes).toBeLessThan(10);
    server.fails = null;
    await expect.poll(() => ask().catch(() => null), { timeout: 3_000 }).toBe('answer');
  });

  test('asks a server that does not let it in once more, not for every call', async () => {
    const { server, ask } = lineTo();
    server.fails = 'Neo.ClientError.Security.Unauthorized';
    await refusal(ask());
    await sleep(1_100);
    const refusals = await Promise.all(Array.from({ length: 50 }, () => refusal(ask())));
    for (const { error } of refusals) expect(error).toMatchObject({ code: 'STORE_UNAUTHORIZED' });
    expect(server.probes).toBe(1);
  });

  test('is let in again when the lock after somebody’s wrong passwords is over', async () => {
    const { server, ask } = lineTo();
    server.fails = 'Neo.ClientError.Security.AuthenticationRateLimit';
    await refusal(ask());
    await sleep(1_100);
    expect((await refusal(ask())).error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    server.fails = null;
    await expect.poll(() => ask().catch(() => null), { timeout: 3_000 }).toBe('answer');
  });

  test('ends its probes when it is closed', async () => {
    const { server, line, ask } = lineTo();
    server.fails = GONE;
    await refusal(ask());
    await line.close();
    const { probes } = server;
    await sleep(300);
    expect(server.probes).toBeLessThanOrEqual(probes + 1);
  });
});
