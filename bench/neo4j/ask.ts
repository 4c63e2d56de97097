import { join } from 'node:path';
import neo4j, { type Driver, Neo4jError } from 'neo4j-driver';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { FOLDER, NEO4J_SNAPSHOT, neo4jServer, SIZE } from '../support/company.ts';
import { figure, median, percentile, round } from '../support/figures.ts';
import type { Form } from './cypher.ts';
import { type Parameters, type Question, questionsAbout, type Row } from './questions.ts';

/** How long a form of a question is tried once it is warm, and the chosen one measured. */
const TRIAL_MS = 3_000;
const MEASURE_MS = 5_000;
/** A form that needs more for one answer is out, as is one that needs more memory than the server has. */
const LIMIT_MS = 20_000;
/** Questions that forms are tried with, and least answers of each form: a short while is too little for slow ones. */
const TRIED = 10;
const LEAST = 3;

/**
 * Questions about access through the index in this process and in Cypher on the server that holds the graph. Several
 * forms of each are tried; the quickest stands for Cypher. Every answer is compared.
 * @param sample how many applications, identities and pairs
 */
export async function compareQuestions(sample: number): Promise<void> {
  const server = neo4jServer();
  const driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password), {
    telemetryDisabled: true,
    disableLosslessIntegers: true,
    // A form that fails for want of memory fails again.
    maxTransactionRetryTime: 0,
  });
  const store = createNeo4jStore(server);
  const snapshotPath = join(FOLDER, NEO4J_SNAPSHOT);
  const graph = await Graph.open({ store, snapshotPath, logger: silentLogger, clock: systemClock });
  try {
    await driver.executeQuery('CALL db.prepareForReplanning()', {}, { database: server.database });
    for (const question of questionsAbout(graph.index, sample)) await compare(question, driver, server.database);
    const cypher: Form = { name: 'RETURN 1', cypher: 'RETURN 1' };
    const times = await repeated(TRIAL_MS, [{}], async () => (await ask(driver, server.database, cypher, {})).ms);
    figure({ name: '  an empty answer from Neo4j, for comparison', value: median(times), unit: 'ms p50' });
  } finally {
    await graph.close();
    await driver.close();
  }
}

async function compare(question: Question, driver: Driver, database: string): Promise<void> {
  const { name, asked, data } = question;
  const few = asked.slice(0, TRIED);
  const answer = async (form: Form, parameters: Parameters): Promise<number> => {
    const { rows, ms } = await ask(driver, database, form, parameters);
    question.check(parameters, rows, form);
    return ms;
  };
  // All are planned and compiled before any is timed.
  const out = new Map<Form, string>();
  for (const form of question.forms) {
    const problem = await problemOf(form, few, answer);
    if (problem !== null) out.set(form, problem);
  }
  const trials: { form: Form; mean: number }[] = [];
  for (const form of question.forms.filter((one) => !out.has(one))) {
    const times = await repeated(TRIAL_MS, few, (parameters) => answer(form, parameters));
    trials.push({ form, mean: times.reduce((sum, ms) => sum + ms, 0) / times.length });
  }
  const [best] = trials.sort((a, b) => a.mean - b.mean);
  if (best === undefined) throw new Error(`No form of "${name}" is quick enough: ${[...out.values()].join(', ')}.`);
  const theirs = await repeated(MEASURE_MS, asked, (parameters) => answer(best.form, parameters));
  const ours = await repeated(MEASURE_MS / 5, asked, async (parameters) => {
    const started = performance.now();
    await question.ours(parameters);
    return performance.now() - started;
  });
  const peer = (value: number): { name: string; value: number } => ({ name: `Cypher, ${best.form.name}`, value });
  const said = `${SIZE}: ${data}, answers equal`;
  figure({ name, value: median(ours), unit: 'ms p50', peer: peer(median(theirs)), data: said });
  figure({ name, value: percentile(ours, 0.95), unit: 'ms p95', peer: peer(percentile(theirs, 0.95)) });
  const tried = question.forms.map((form) => {
    const mean = trials.find((one) => one.form === form)?.mean;
    return `${form.name} ${mean === undefined ? out.get(form) : `${round(mean)} ms`}`;
  });
  console.log(`  forms tried (mean): ${tried.join('; ')}`);
  console.log(`  its plan: ${await planOf(driver, database, best.form, asked[0]!)}`);
}

/** Asks everything once. @returns why the form is out; `null` when it answers in time */
async function problemOf(
  form: Form,
  asked: readonly Parameters[],
  answer: (form: Form, parameters: Parameters) => Promise<number>,
): Promise<string | null> {
  try {
    for (const parameters of asked) await answer(form, parameters);
    return null;
  } catch (error) {
    if (!(error instanceof Neo4jError)) throw error;
    if (error.code.includes('TransactionTimedOut')) return `over ${LIMIT_MS / 1e3} s`;
    if (error.code.includes('OutOfMemory')) return 'out of memory';
    throw error;
  }
}

/** Asks in one form, and says how long the answer took. */
export async function ask(
  driver: Driver,
  database: string,
  { cypher }: Form,
  parameters: Parameters,
): Promise<{ readonly rows: readonly Row[]; readonly ms: number }> {
  const started = performance.now();
  const { records } = await driver.executeQuery(cypher, integers(parameters), {
    database,
    routing: 'READ',
    transactionConfig: { timeout: LIMIT_MS },
  });
  const ms = performance.now() - started;
  return { rows: records.map((record) => record.toObject()), ms };
}

/** Operators of the plan, the last one first. */
async function planOf(driver: Driver, database: string, { cypher }: Form, parameters: Parameters): Promise<string> {
  const { summary } = await driver.executeQuery(`EXPLAIN ${cypher}`, integers(parameters), { database });
  const names: string[] = [];
  const visit = (plan: typeof summary.plan): void => {
    if (plan === false) return;
    const name = plan.operatorType.replace(/@.*/, '');
    if (!names.includes(name)) names.push(name);
    for (const child of plan.children) visit(child);
  };
  visit(summary.plan);
  return names.join(', ');
}

/** The driver sends every number as a float. */
function integers(parameters: Parameters): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, neo4j.int(value)]));
}

/** Times of asking one after the other, each at least once, then on until the time is over. */
async function repeated(
  ms: number,
  asked: readonly Parameters[],
  work: (parameters: Parameters) => Promise<number>,
): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  while (times.length < Math.max(asked.length, LEAST) || performance.now() < end) {
    times.push(await work(asked[times.length % asked.length]!));
  }
  return times;
}
