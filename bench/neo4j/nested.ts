import { existsSync } from 'node:fs';
import { type Child, startChild } from '../support/children.ts';
import { NEO4J, SIZE } from '../support/company.ts';
import { figure, median } from '../support/figures.ts';
import { load } from '../support/load.ts';
import { firstPages, type Page, post, samePage } from './pages.ts';

/** Pages that take turns when measured, and as many others before to warm up. */
const PAGES = 16;
const CONNECTIONS = 4;
const SECONDS = 5;
const ROUNDS = 3;
/** From where children are started, and from here, once compiled. */
const PEER = '../../../bench/neo4j-graphql/server.mjs';
const INSTALLED = new URL('../../../bench/neo4j-graphql/node_modules/@neo4j/graphql/package.json', import.meta.url);

interface Contender {
  readonly server: Child<{ url: string }>;
  readonly bodyOf: (page: Page) => string;
}

/** Medians of the rounds. */
interface Measured {
  /** Of a page that the server has not been asked for before, in ms. */
  readonly first: number;
  readonly p50: number;
  readonly perSecond: number;
  /** Processor time of one request, in ms. */
  readonly serverMs: number;
  readonly neo4jMs: number;
}

/**
 * Three levels, about a thousand objects, over HTTP: the gateway on Neo4j and on SQLite against `@neo4j/graphql` on the
 * same Neo4j, whose package is installed apart. Pages take turns; what the two on Neo4j answer is compared.
 * @param sqliteStore name of the store with the same company
 * @param neo4jCpu processor seconds of the Neo4j server until now
 */
export async function compareNested(sqliteStore: string, neo4jCpu: () => number): Promise<void> {
  if (!existsSync(INSTALLED)) {
    console.log('three levels against @neo4j/graphql: skipped; install it with: npm ci --prefix bench/neo4j-graphql');
    return;
  }
  const pages = await firstPages(2 * PAGES, sqliteStore);
  const contenders: Contender[] = [];
  try {
    contenders.push({ server: await startChild('../servers/gateway.js', [NEO4J]), bodyOf: ({ ours }) => ours });
    contenders.push({
      server: await startChild('../servers/gateway.js', [sqliteStore]),
      bodyOf: ({ onSqlite }) => onSqlite,
    });
    contenders.push({ server: await startChild(PEER, []), bodyOf: ({ theirs }) => theirs });
    const firsts: number[] = [];
    for (const contender of contenders) firsts.push(await firstTimes(contender, pages));
    const data = await compareAnswers(contenders, pages);
    print(await measured(contenders, pages.slice(0, PAGES), firsts, neo4jCpu), data);
  } finally {
    for (const { server } of contenders) await server.stop();
  }
}

/** Warms up on the later pages, then asks for each of the others for the first time. */
async function firstTimes({ server, bodyOf }: Contender, pages: readonly Page[]): Promise<number> {
  const { url } = server.said;
  await load(url, pages.slice(PAGES).map(bodyOf), { connections: 1, seconds: 2 * SECONDS });
  const times: number[] = [];
  for (const page of pages.slice(0, PAGES)) {
    const started = performance.now();
    await post(url, bodyOf(page));
    times.push(performance.now() - started);
  }
  return median(times);
}

/** @returns what was compared, for the figure */
async function compareAnswers(contenders: readonly Contender[], pages: readonly Page[]): Promise<string> {
  let objects = 0;
  const [onNeo4j, , theirs] = contenders;
  for (const page of pages) {
    const answers = [onNeo4j!, theirs!].map(({ server, bodyOf }) => post(server.said.url, bodyOf(page)));
    const [our, their] = await Promise.all(answers);
    objects += samePage(our, their);
  }
  return `${SIZE}: ${Math.round(objects / pages.length)} objects a page, ${pages.length} pages compared`;
}

async function measured(
  contenders: readonly Contender[],
  pages: readonly Page[],
  firsts: readonly number[],
  neo4jCpu: () => number,
): Promise<Measured[]> {
  const rounds = contenders.map((): Measured[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { server, bodyOf }] of contenders.entries()) {
      const { url } = server.said;
      const bodies = pages.map(bodyOf);
      const cpu = server.cpuSeconds();
      const databaseCpu = neo4jCpu();
      const alone = await load(url, bodies, { connections: 1, seconds: SECONDS });
      const serverMs = ((server.cpuSeconds() - cpu) / alone.times.length) * 1e3;
      const neo4jMs = ((neo4jCpu() - databaseCpu) / alone.times.length) * 1e3;
      const { perSecond } = await load(url, bodies, { connections: CONNECTIONS, seconds: SECONDS });
      rounds[i]!.push({ first: firsts[i]!, p50: median(alone.times), perSecond, serverMs, neo4jMs });
    }
  }
  const of = (list: readonly Measured[], pick: (one: Measured) => number): number => median(list.map(pick));
  return rounds.map((list) => ({
    first: of(list, ({ first }) => first),
    p50: of(list, ({ p50 }) => p50),
    perSecond: of(list, ({ perSecond }) => perSecond),
    serverMs: of(list, ({ serverMs }) => serverMs),
    neo4jMs: of(list, ({ neo4jMs }) => neo4jMs),
  }));
}

function print([onNeo4j, onSqlite, theirs]: readonly Measured[], data: string): void {
  if (onNeo4j === undefined || onSqlite === undefined || theirs === undefined) return;
  const peer = (value: number): { peer: { name: string; value: number } } => ({
    peer: { name: '@neo4j/graphql', value },
  });
  figure({ name: 'three levels, gateway on Neo4j', value: onNeo4j.p50, unit: 'ms p50', ...peer(theirs.p50), data });
  figure({ name: '  a page for the first time', value: onNeo4j.first, unit: 'ms p50', ...peer(theirs.first) });
  figure({
    name: `  ${CONNECTIONS} connections`,
    value: onNeo4j.perSecond,
    unit: 'requests/s',
    ...peer(theirs.perSecond),
  });
  figure({ name: '  processor time of the server', value: onNeo4j.serverMs, unit: 'ms', ...peer(theirs.serverMs) });
  figure({ name: '  processor time of Neo4j', value: onNeo4j.neo4jMs, unit: 'ms', ...peer(theirs.neo4jMs) });
  figure({ name: 'three levels, gateway on SQLite', value: onSqlite.p50, unit: 'ms p50', ...peer(theirs.p50) });
  figure({ name: '  a page for the first time', value: onSqlite.first, unit: 'ms p50', ...peer(theirs.first) });
}
