import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, execute, parse } from 'graphql';
import { printApiSchema } from '../src/server/schema.ts';
import { type Child, startChild } from './support/children.ts';
import { companyStore, FOLDER, SIZE } from './support/company.ts';
import { figure, median } from './support/figures.ts';
import { load } from './support/load.ts';

const QUERY = `query Nested {
  identities(first: 25) {
    nodes {
      id
      displayName
      email
      accounts(first: 5) {
        nodes {
          id
          userName
          status
          connectorId
          groups(first: 11) { nodes { id name type nativeId } }
        }
      }
    }
  }
}`;
const ROUNDS = 3;
const SECONDS = 5;

/**
 * Three levels, about a thousand objects: our server from its store against plain graphql-js behind node:http, which
 * has the very same answer in memory and parses the document once. Both are asked over HTTP, one request at a time.
 */
export async function run(): Promise<void> {
  const ours = await startChild<{ url: string }>('../servers/gateway.js', [await companyStore()]);
  const { data } = await answerOf(ours);
  const file = join(FOLDER, 'nested.json');
  writeFileSync(file, JSON.stringify(data));
  const plain = await startChild<{ url: string }>('../servers/plain-graphql.js', [file]);
  try {
    assert.deepEqual((await answerOf(plain)).data, data);
    const [gateway, peer] = await measured([ours, plain]);
    const text = JSON.stringify(data);
    const objects = (text.match(/"id":/g) ?? []).length;
    const kilobytes = Math.round(text.length / 1_000);
    figure({
      name: 'three levels over HTTP',
      value: gateway!.p50,
      unit: 'ms p50',
      peer: { name: 'plain graphql-js, in memory', value: peer!.p50 },
      target: '<= 2',
      of: 'ratio',
      data: `${SIZE}, ${objects} objects with an id, ${kilobytes} kB`,
    });
    figure({
      name: '  processor time',
      value: gateway!.cpuMs,
      unit: 'ms',
      peer: { name: 'plain graphql-js, in memory', value: peer!.cpuMs },
    });
    figure({ name: '  graphql-js alone, in this process, no HTTP', value: await executeAlone(data), unit: 'ms p50' });
  } finally {
    await ours.stop();
    await plain.stop();
  }
}

interface Measured {
  readonly p50: number;
  readonly cpuMs: number;
}

async function measured(servers: readonly Child<{ url: string }>[]): Promise<Measured[]> {
  const body = [JSON.stringify({ query: QUERY })];
  for (const { said } of servers) await load(said.url, body, { connections: 1, seconds: 3 });
  const rounds = servers.map((): Measured[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) {
      const cpu = server.cpuSeconds();
      const { times } = await load(server.said.url, body, { connections: 1, seconds: SECONDS });
      rounds[i]!.push({ p50: median(times), cpuMs: ((server.cpuSeconds() - cpu) / times.length) * 1e3 });
    }
  }
  return rounds.map((list) => ({
    p50: median(list.map(({ p50 }) => p50)),
    cpuMs: median(list.map(({ cpuMs }) => cpuMs)),
  }));
}

async function executeAlone(rootValue: unknown): Promise<number> {
  const schema = buildSchema(printApiSchema());
  const document = parse(QUERY);
  const times: number[] = [];
  for (let i = 0; i < 300; i++) {
    const started = performance.now();
    await execute({ schema, document, rootValue });
    times.push(performance.now() - started);
  }
  return median(times.slice(50));
}

async function answerOf({ said }: Child<{ url: string }>): Promise<{ data: unknown }> {
  const answer = await fetch(`${said.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY }),
  });
  const text = await answer.text();
  const parsed = JSON.parse(text) as { data?: unknown; errors?: unknown };
  if (parsed.data == null || parsed.errors !== undefined) throw new Error(text.slice(0, 500));
  return { data: parsed.data };
}
