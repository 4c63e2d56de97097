import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/domain/errors.ts';
import { startTestServer, type TestServer } from '../../support/api-server.ts';
import { idOf } from '../../support/api-world.ts';
import { pick } from '../../support/pick.ts';

describe('hostile requests', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(async () => {
    // Whatever was asked of it: it still answers.
    expect((await server.post('{ graph { seq } }')).body.data).toEqual({ graph: { seq: server.graph.seq } });
    await server.close();
  });

  const nested = (depth: number): string =>
    `{ identities(first: 1) { nodes ${'{ accounts(first: 1) { nodes { identity '.repeat(depth)} { id } ${'} } }'.repeat(depth)} } }`;
  const documents: readonly (readonly [string, string, RegExp])[] = [
    ['deep documents', nested(12), /depth limit of 16/],
    [
      'deep documents through fragments',
      `{ identities(first: 1) { nodes { ...a } } } ${'abcdefg'
        .split('')
        .map(
          (name, i, all) =>
            `fragment ${name} on Identity { accounts(first: 1) { nodes { identity { ${all[i + 1] ? `...${all[i + 1]}` : 'id'} } } } }`,
        )
        .join(' ')}`,
      /depth limit of 16/,
    ],
    [
      'many aliases',
      `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`,
      /Aliases limit of 30/,
    ],
    [
      'many directives',
      `{ __typename ${'@include(if: true) '.repeat(51)} }`,
      /Directives limit of 50|can only be used once/,
    ],
    ['many tokens', `{ ${'__typename '.repeat(2_100)} }`, /2000 tokens/],
    [
      'cycles of fragments',
      '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }',
      /Cannot spread fragment/,
    ],
    [
      'products of pages',
      '{ accounts(first: 500) { nodes { groups(first: 500) { nodes { members(first: 500) { nodes { id } } } } } } }',
      /more than the limit of 500000/,
    ],
    ['pages that are too big', '{ accounts(first: 501) { nodes { id } } }', /first: must be 1–500/],
    ['negative pages', '{ accounts(last: -1) { nodes { id } } }', /last: must be 1–500/],
    ['both directions at once', '{ accounts(first: 1, last: 1) { nodes { id } } }', /first or last, not both/],
    ['foreign cursors', '{ accounts(first: 1, after: "bm9uc2Vuc2U") { nodes { id } } }', /cursor/i],
    ['short fragments of names', '{ accounts(filter: { nameContains: "ab" }) { nodes { id } } }', /3 characters/],
    ['empty searches', '{ search(text: "  ") { nodes { id } } }', /text: must not be empty/],
    ['huge searches', `{ search(text: "${'x'.repeat(300)}") { nodes { id } } }`, /at most 256/],
    [
      'too many hops',
      `{ accessPaths(from: "${idOf('ada')}", to: "${idOf('crm')}", maxHops: 99) { truncated } }`,
      /maxHops: must be 1–16/,
    ],
    ['unknown nodes', '{ whoCanAccess(application: "bjpub25l") { totalCount } }', /application: there is no node/],
    ['nodes of the wrong kind', `{ whoCanAccess(application: "${idOf('ada')}") { totalCount } }`, /kind Identity/],
    ['paths to itself', `{ accessPaths(from: "${idOf('ada')}", to: "${idOf('ada')}") { truncated } }`, /same node/],
    ['unknown connectors', 'mutation { startSync(connector: "nope") { id } }', /there are: auth0, jumpcloud, okta/],
    ['wrong dates', '{ accounts(filter: { createdAfter: "yesterday" }) { nodes { id } } }', /DateTime|date-time/],
    ['syntax errors', '{ graph { ', /Syntax Error/],
  ];

  it.each(documents)('are refused with a readable error: %s', async (_, document, said) => {
    const { status, body } = await server.post(document);
    expect(body.errors?.[0]?.message).toMatch(said);
    expect(body.errors?.[0]?.extensions).toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
      requestId: expect.any(String),
    });
    expect(body.errors?.[0]?.extensions.code).not.toBe('INTERNAL');
    expect(status).toBeLessThan(500);
  });

  it('counts page sizes in variables as well', async () => {
    const { body } = await server.post(
      'query ($n: Int) { accounts(first: $n) { nodes { groups(first: $n) { nodes { members(first: $n) { nodes { id } } } } } } }',
      { n: 500 },
    );
    expect(body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_LARGE');
  });

  it('say which variable has the wrong type', async () => {
    const { body } = await server.post('query ($n: Int) { accounts(first: $n) { nodes { id } } }', { n: 'many' });
    expect(body.errors?.[0]).toMatchObject({
      message: expect.stringContaining('"$n"'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });

  it('still answer the standard introspection query', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    const { body } = await server.post(getIntrospectionQuery());
    expect(body.errors).toBeUndefined();
    expect(pick(body.data, '__schema.queryType.name')).toBe('Query');
  });

  it('are not batched', async () => {
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ query: '{ __typename }' }, { query: '{ __typename }' }]),
    });
    expect(answer.status).toBe(400);
  });

  it('are cut off when the body is too big, no JSON, or of another type', async () => {
    const post = (body: string, type = 'application/json'): Promise<Response> =>
      fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post(JSON.stringify({ query: `{ __typename } #${'x'.repeat(1_100_000)}` }))).status).toBe(413);
    expect((await post('{"query": ')).status).toBe(400);
    expect((await post('query=%7B__typename%7D', 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await post('{"query": 1}')).status).toBe(400);
    expect((await post('null')).status).toBe(400);
  });

  it('cannot be sent by a page without a preflight', async () => {
    const answer = await fetch(`${server.url}/graphql?query=%7B__typename%7D`);
    expect(answer.status).toBe(400);
  });

  it('do not open a socket elsewhere', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const upgrade = httpRequest(`${server.url}/elsewhere`, {
        headers: { connection: 'upgrade', upgrade: 'websocket' },
      });
      upgrade.on('response', (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
      upgrade.on('error', reject);
      upgrade.end();
    });
    expect(status).toBe(404);
  });
});

describe('failures inside', () => {
  it('are masked, and logged under the request id that the caller gets', async () => {
    await using server = await startTestServer();
    const secret = ['pass', 'word'].join('-');
    server.graph.store.search = async () => {
      throw new Error(`connection to ${secret} failed`);
    };
    const { status, body } = await server.post('{ search(text: "ada") { nodes { id } } graph { seq } }');
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain(secret);
    expect(body.errors?.[0]).toMatchObject({
      message: 'Something failed inside Crosswalk; its log names this request.',
      path: ['search'],
      extensions: { code: 'INTERNAL', retryable: false, requestId: body.extensions?.requestId },
    });
    expect(JSON.stringify(body)).not.toContain('stack');
    const logged = server.logs.lines.filter((line) => line.message === 'request failed unexpectedly');
    expect(logged.map((line) => line.fields)).toMatchObject([
      { requestId: body.extensions?.requestId, path: 'search' },
    ]);
  });

  it('that are known keep code, connector and whether a retry helps', async () => {
    await using server = await startTestServer();
    server.graph.store.search = async () => {
      throw new AppError('STORE_UNAVAILABLE', 'The store is busy; try again.', { retryable: true, connector: 'okta' });
    };
    const { body } = await server.post('{ search(text: "ada") { nodes { id } } }');
    expect(body.errors?.[0]).toMatchObject({
      message: 'The store is busy; try again.',
      extensions: { code: 'STORE_UNAVAILABLE', retryable: true, connector: 'okta' },
    });
  });
});
