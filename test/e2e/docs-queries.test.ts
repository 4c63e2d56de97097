import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type OperationDefinitionNode, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApiSchema } from '../../src/server/schema.ts';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { pick } from '../support/pick.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Example {
  readonly file: string;
  readonly name: string;
  readonly document: string;
}

/** Every fenced graphql block of the README and the guides. */
async function examples(): Promise<Example[]> {
  const guides = await readdir(`${ROOT}docs/guides`);
  const files = ['README.md', ...guides.map((name) => `docs/guides/${name}`)].filter((name) => name.endsWith('.md'));
  const found = await Promise.all(
    files.map(async (file) => {
      const blocks = (await readFile(ROOT + file, 'utf8')).matchAll(/```graphql\n([\s\S]*?)```/g);
      return Array.from(blocks, ([, document = '']) => ({ file, name: nameOf(document) ?? '(unnamed)', document }));
    }),
  );
  return found.flat();
}

function nameOf(document: string): string | undefined {
  const [operation] = parse(document).definitions;
  return (operation as OperationDefinitionNode | undefined)?.name?.value;
}

/** What an answer must have, so that no example answers with nothing. */
const TELLING: Readonly<Record<string, readonly string[]>> = {
  WhoIs: ['identity.accounts.edges.0.ownership.evidence.0.sentence'],
  WhatCan: ['identity.applications.edges.0.path.hops.0.sentence', 'identity.roles.nodes.0.name'],
  Why: ['accessPaths.paths.0.hops.0.sentence'],
  WhoCan: ['whoCanAccess.edges.0.node.displayName'],
  Assigned: ['application.groups.nodes.0.name', 'application.assignments.edges.0.how.0.basis'],
  Administrators: ['applications.nodes.identities.edges.node.displayName'],
  Leavers: ['accounts.nodes.0.identity.displayName'],
  Sleeping: ['withoutMfa.nodes.0.connectorId', 'neverUsed.nodes.0.connectorId'],
  Find: ['search.nodes.0.name'],
  Fresh: ['connectors.0.lastRun.state'],
};

const all = await examples();

it('every document of the README and the guides is valid', () => {
  expect(all.length).toBeGreaterThanOrEqual(12);
  const schema = buildApiSchema();
  const wrong = all.flatMap(({ file, name, document }) =>
    validate(schema, parse(document)).map(({ message }) => `${file}, ${name}: ${message}`),
  );
  expect(wrong).toEqual([]);
});

describe('docs/guides/graphql.md on the company of the demo', () => {
  const queries = all.filter(({ file }) => file === 'docs/guides/graphql.md');
  let company: CompanyGateway;
  let variables: Record<string, unknown>;

  beforeAll(async () => {
    company = await startCompanyGateway();
    await company.sync();
    const { person, path } = company.highlights;
    const found = await company.query('query ($email: String!) { identity(by: { email: $email }) { id } }', {
      email: person.email,
    });
    const identity = pick(found, 'identity.id');
    const api = company.idOf(`auth0/Application/${path.apiId}`);
    variables = {
      email: person.email,
      identity,
      from: identity,
      to: api,
      application: api,
      text: person.displayName.split(' ')[0],
    };
  });

  afterAll(() => company[Symbol.asyncDispose]());

  it('has ten queries, each with something to tell', () => {
    expect(queries.map(({ name }) => name).sort()).toEqual(Object.keys(TELLING).sort());
  });

  it.each(queries)('$name', async ({ name, document }) => {
    const own = { connector: 'okta', application: company.highlights.path.oktaAppId };
    const data = await company.query(document, name === 'Assigned' ? own : declared(document, variables));
    for (const place of TELLING[name] ?? []) expect([pick(data, place)].flat().some(Boolean), place).toBe(true);
  });
});

/** The variables that a document declares, by name. */
function declared(document: string, variables: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = [...document.matchAll(/\$(\w+):/g)].map(([, name]) => name ?? '');
  return Object.fromEntries(names.filter((name) => name in variables).map((name) => [name, variables[name]]));
}
