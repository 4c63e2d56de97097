import { readFile } from 'node:fs/promises';
import neo4j, { type Driver } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeKey } from '../../src/domain/keys.ts';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { serverOf } from '../support/store-under-test.ts';

const page = await readFile(new URL('../../docs/neo4j.md', import.meta.url), 'utf8');

/** Title → Cypher of every question on the page. */
const questions = new Map(
  Array.from(page.matchAll(/### (.+)\n\n(?:[A-Z].*\n\n)?```cypher\n([\s\S]*?)```/g), ([, title, cypher]) => [
    title!,
    cypher!,
  ]),
);
const words = /```cypher\n(CALL db\.index\.fulltext[\s\S]*?)```/.exec(page)![1]!;

describe('the questions of docs/neo4j.md, asked about the company', () => {
  let company: CompanyGateway;
  let driver: Driver;
  beforeAll(async () => {
    company = await startCompanyGateway();
    const server = await serverOf(company.folder);
    for (const run of await company.sync()) expect(run.state).toBe('SUCCEEDED');
    driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password), {
      disableLosslessIntegers: true,
      telemetryDisabled: true,
    });
  });
  afterAll(async () => {
    await driver?.close();
    await company?.[Symbol.asyncDispose]();
  });

  async function ask(cypher: string): Promise<Record<string, unknown>[]> {
    const { path, person, biggestOktaAppId } = company.highlights;
    const parameters = {
      application: nodeKey('okta', 'Application', biggestOktaAppId),
      group: nodeKey('okta', 'Group', path.oktaGroupId),
      email: person.email,
      words: 'valadares inês',
    };
    const used = cypher.includes('$group')
      ? { ...parameters, application: nodeKey('okta', 'Application', path.oktaAppId) }
      : parameters;
    const { records } = await driver.executeQuery(cypher, used, { database: 'neo4j', routing: 'READ' });
    return records.map((record) => record.toObject());
  }

  test('there are ten', () => expect(questions.size).toBe(10));

  test.each([...questions])('%s', async (_, cypher) => {
    const rows = await ask(cypher);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Object.values(row).some((value) => value !== null)).toBe(true);
  });

  test('who can reach the biggest application is what the gateway says', async () => {
    const people = await ask(questions.get('Who can reach an application?')!);
    const { whoCanAccess } = await company.query<{ whoCanAccess: { totalCount: number } }>(
      'query ($application: ID!) { whoCanAccess(application: $application, first: 1) { totalCount } }',
      { application: company.idOf(nodeKey('okta', 'Application', company.highlights.biggestOktaAppId)) },
    );
    expect(people).toHaveLength(whoCanAccess.totalCount);
  });

  test('the leaver with a live Torq account is among those who left', async () => {
    const rows = await ask(questions.get('Who has left in the directory and still has a live account elsewhere?')!);
    const leaver = company.truth.people.find(({ id }) => id === company.highlights.leaver.truthId);
    expect(rows).toContainEqual(expect.objectContaining({ person: leaver?.displayName, connector: 'torq' }));
  });

  test('words are found in any order', async () => {
    await expect
      .poll(async () => (await ask(words)).map((row) => row['name']), { timeout: 20_000 })
      .toContain(company.highlights.person.displayName);
  });

  test('every node has the label of its kind and of its provider', async () => {
    const rows = await ask('MATCH (n:Account) RETURN DISTINCT n.connector AS connector, labels(n) AS labels');
    expect(rows).toHaveLength(4);
    for (const { labels } of rows) expect(labels).toHaveLength(3);
    expect(rows.flatMap(({ labels }) => labels as string[])).toEqual(
      expect.arrayContaining(['Okta', 'Auth0', 'JumpCloud', 'Torq']),
    );
  });
});
