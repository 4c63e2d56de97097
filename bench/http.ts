import { type Child, startChild } from './support/children.ts';
import { companyStore, SIZE } from './support/company.ts';
import { figure, median, percentile } from './support/figures.ts';
import { load } from './support/load.ts';

const DOCUMENT = 'query ByKey($id: ID!) { identity(by: { id: $id }) { id displayName email } }';
const CONNECTIONS = 16;
const SECONDS = 6;
const ROUNDS = 3;

/**
 * A query by key over HTTP, against Apollo on Fastify with a constant resolver and against bare node:http with the same
 * answer. Each server is a process of its own; they take turns under the same load.
 */
export async function run(): Promise<void> {
  const ours = await startChild<{ url: string }>('../servers/gateway.js', [await companyStore()]);
  const ids = await someIdentities(ours.said.url);
  const bodies = ids.map((id) => JSON.stringify({ query: DOCUMENT, variables: { id } }));
  const answer = JSON.stringify(await ask(ours.said.url, bodies[0]!));
  const apollo = await startChild<{ url: string }>('../servers/constant-apollo.js', [answer]);
  const bare = await startChild<{ url: string }>('../servers/bare.js', [answer]);
  try {
    const [gateway, constant, floor] = await measured([ours, apollo, bare], bodies);
    const data = `${SIZE}, ${CONNECTIONS} connections, ${ROUNDS} × ${SECONDS} s each, ${ids.length} keys`;
    const peer = (name: string, value: number) => ({ peer: { name, value } });
    const target = { target: '>= 0.9', of: 'ratio' } as const;
    figure({
      name: 'identity by key over HTTP',
      value: gateway!.perSecond,
      unit: 'requests/s',
      ...peer('Apollo on Fastify, constant', constant!.perSecond),
      ...target,
      data,
    });
    figure({
      name: '  against the floor',
      value: gateway!.perSecond,
      unit: 'requests/s',
      ...peer('bare node:http', floor!.perSecond),
    });
    figure({
      name: '  processor time a request',
      value: gateway!.cpuMicros,
      unit: 'µs',
      ...peer('Apollo on Fastify, constant', constant!.cpuMicros),
    });
    figure({
      name: '  processor time a request, floor',
      value: floor!.cpuMicros,
      unit: 'µs',
      ...peer('Apollo on Fastify, constant', constant!.cpuMicros),
    });
    figure({
      name: '  p50 under this load',
      value: gateway!.p50,
      unit: 'ms',
      ...peer('Apollo on Fastify, constant', constant!.p50),
    });
    figure({
      name: '  p99 under this load',
      value: gateway!.p99,
      unit: 'ms',
      ...peer('Apollo on Fastify, constant', constant!.p99),
    });
    const alone = [];
    for (const { said } of [ours, apollo]) alone.push(await load(said.url, bodies, { connections: 1, seconds: 4 }));
    figure({
      name: '  p50, one request at a time',
      value: median(alone[0]!.times),
      unit: 'ms',
      target: '< 2',
      ...peer('Apollo on Fastify, constant', median(alone[1]!.times)),
    });
  } finally {
    for (const server of [ours, apollo, bare]) await server.stop();
  }
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicros: number;
}

/** Medians of the rounds; in each round every server has its turn. */
async function measured(servers: readonly Child<{ url: string }>[], bodies: readonly string[]): Promise<Measured[]> {
  for (const { said } of servers) await load(said.url, bodies, { connections: CONNECTIONS, seconds: 2 });
  const rounds = servers.map((): Measured[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) {
      const cpu = server.cpuSeconds();
      const { perSecond, times } = await load(server.said.url, bodies, { connections: CONNECTIONS, seconds: SECONDS });
      const cpuMicros = ((server.cpuSeconds() - cpu) / times.length) * 1e6;
      rounds[i]!.push({ perSecond, p50: median(times), p99: percentile(times, 0.99), cpuMicros });
    }
  }
  const middle = (list: readonly Measured[], pick: (one: Measured) => number): number => median(list.map(pick));
  return rounds.map((list) => ({
    perSecond: middle(list, ({ perSecond }) => perSecond),
    p50: middle(list, ({ p50 }) => p50),
    p99: middle(list, ({ p99 }) => p99),
    cpuMicros: middle(list, ({ cpuMicros }) => cpuMicros),
  }));
}

async function someIdentities(url: string): Promise<string[]> {
  const query = '{ identities(first: 64, filter: { isLive: true }) { nodes { id } } }';
  const { data } = (await ask(url, JSON.stringify({ query }))) as { data: { identities: { nodes: { id: string }[] } } };
  return data.identities.nodes.map(({ id }) => id);
}

async function ask(url: string, body: string): Promise<unknown> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  return answer.json();
}
