import { describe, expect, it } from 'vitest';
import { aStatus, startTestServer } from '../../support/api-server.ts';
import { idOf } from '../../support/api-world.ts';
import { put } from '../../support/graph.ts';
import { pick } from '../../support/pick.ts';

describe('store calls', () => {
  it('of a nested query are one batch for each level, whatever its breadth', async () => {
    await using server = await startTestServer();
    const accounts = Array.from({ length: 60 }, (_, i) => `okta/Account/n${i}`);
    const groups = Array.from({ length: 5 }, (_, i) => `okta/Group/g${i}`);
    await put(
      server.graph,
      [...accounts, ...groups].map((key) => ({ key, name: key })),
      accounts.flatMap((from) => groups.map((to) => ({ from, kind: 'MEMBER_OF' as const, to }))),
    );
    server.calls.clear();
    const question = `{ accounts(first: 50, filter: { connectors: ["okta"] }) { nodes { name groups { totalCount edges { links { kind } node { name members(first: 50) { nodes { name } } } } } } } }`;
    const first = await server.ask(question);
    expect([pick(first, 'accounts.nodes.groups.edges.node.members.nodes.name')].flat(2).length).toBeGreaterThan(10_000);
    expect(Object.fromEntries(server.calls)).toEqual({ list: 1, nodes: 3, links: 1 });
  });

  it('are none when the same nodes are asked for again', async () => {
    await using server = await startTestServer();
    const question = `query ($id: ID!) { identity(by: { id: $id }) { name accounts { nodes { name groups { nodes { name } } } } } }`;
    const first = await server.ask(question, { id: idOf('ada') });
    server.calls.clear();
    expect(await server.ask(question, { id: idOf('ada') })).toEqual(first);
    expect(Object.fromEntries(server.calls)).toEqual({});
  });

  it('come again for a node that has changed', async () => {
    await using server = await startTestServer();
    const question = '{ groups(filter: { connectors: ["okta"] }) { nodes { name } } }';
    await server.ask(question);
    await put(server.graph, [{ key: 'okta/Group/00geng', name: 'Engineers', properties: { type: 'USER_GROUP' } }]);
    expect(pick(await server.ask(question), 'groups.nodes.name')).toEqual(['Engineers', 'Everyone']);
  });

  it('of a count happen only when it is asked for', async () => {
    await using server = await startTestServer();
    server.calls.clear();
    await server.ask('{ accounts(filter: { statuses: [ACTIVE] }) { nodes { id } } }');
    expect(server.calls.get('list')).toBe(1);
    const counted = await server.ask('{ accounts(first: 1, filter: { statuses: [ACTIVE] }) { totalCount } }');
    expect(pick(counted, 'accounts.totalCount')).toBe(3);
  });
});

describe('notices', () => {
  const statuses = [
    aStatus('okta'),
    aStatus('auth0', {
      state: 'RECONNECT_REQUIRED',
      reasonCode: 'UPSTREAM_UNAUTHORIZED',
      message: 'auth0 refuses the credentials; enter new ones.',
      lastCompleteAt: Date.now() - 3_600_000,
      staleSince: Date.now() - 600_000,
    }),
    aStatus('jumpcloud', { state: 'SYNCING', previousState: 'NOT_CONNECTED', lastCompleteAt: null }),
  ];

  it('tell of every connector whose data in a list is old or still arriving, and of no other', async () => {
    await using server = await startTestServer({ statuses });
    const { body } = await server.post(
      `query ($okta: ID!, $auth0: ID!) {
        identities { notices { connectorId state reasonCode ageSeconds message } }
        okta: account(by: { id: $okta }) { groups { notices { connectorId } } }
        auth0: account(by: { id: $auth0 }) { roles { notices { connectorId } } }
      }`,
      { okta: idOf('oktaAda'), auth0: idOf('auth0Ada') },
    );
    expect(pick(body.data, 'identities.notices')).toEqual([
      {
        connectorId: 'auth0',
        state: 'RECONNECT_REQUIRED',
        reasonCode: 'UPSTREAM_UNAUTHORIZED',
        ageSeconds: expect.toSatisfy((age: number) => age >= 3_600 && age < 3_700),
        message: 'auth0 refuses the credentials; enter new ones.',
      },
      {
        connectorId: 'jumpcloud',
        state: 'SYNCING',
        reasonCode: 'FIRST_SYNC',
        ageSeconds: null,
        message: expect.stringContaining('first time'),
      },
    ]);
    expect(pick(body.data, 'okta.groups.notices')).toEqual([]);
    expect(pick(body.data, 'auth0.roles.notices')).toEqual([{ connectorId: 'auth0' }]);
    expect(pick(body.extensions, 'notices.connectorId')).toEqual(['auth0', 'jumpcloud']);
  });

  it('are not there while all is well', async () => {
    await using server = await startTestServer();
    const { body } = await server.post('{ identities { notices { connectorId } } }');
    expect(pick(body.data, 'identities.notices')).toEqual([]);
    expect(body.extensions).not.toHaveProperty('notices');
  });

  it('stand in the extensions also for lists of one connector', async () => {
    await using server = await startTestServer({ statuses });
    const healthy = await server.post('{ groups(filter: { connectors: ["okta"] }) { totalCount } }');
    const stale = await server.post('{ groups(filter: { connectors: ["auth0"] }) { totalCount } }');
    expect(healthy.body.extensions).not.toHaveProperty('notices');
    expect(pick(stale.body.extensions, 'notices.reasonCode')).toEqual(['UPSTREAM_UNAUTHORIZED']);
  });
});

describe('other addresses', () => {
  it('give GraphiQL as one page with nothing from outside, under a strict policy', async () => {
    await using server = await startTestServer();
    const page = await fetch(`${server.url}/graphiql?query=%7B__typename%7D`);
    const html = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(page.headers.get('content-encoding')).toBe('gzip');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'sha256-[A-Za-z0-9+/=]{44}' blob:/);
    expect(policy).not.toMatch(/script-src[^;]*unsafe-inline/);
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)="(https?:)?\/\//);
    expect(html.match(/<script/g)?.length).toBe(html.match(/<script>/g)?.length);
  });

  it('lead a browser to GraphiQL, with its query', async () => {
    await using server = await startTestServer();
    const answer = await fetch(`${server.url}/graphql?query=%7B__typename%7D`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/graphiql?query=%7B__typename%7D']);
  });

  it('leave GraphiQL and introspection out when they are switched off', async () => {
    await using server = await startTestServer({ graphiql: false, introspection: false });
    expect((await fetch(`${server.url}/graphiql`)).status).toBe(404);
    const { body } = await server.post('{ __schema { queryType { name } } }');
    expect(body.errors?.[0]?.message).toMatch(/introspection is not allowed/i);
    const typo = await server.post('{ identitie { totalCount } }');
    expect(typo.body.errors?.[0]?.message).not.toContain('Did you mean');
  });

  it('give the schema as text, and say whether the server lives and is ready', async () => {
    await using server = await startTestServer();
    expect(await (await fetch(`${server.url}/schema.graphql`)).text()).toContain(
      'type Identity implements GraphNode & Node',
    );
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${server.url}/readyz`)).json()).toEqual({ status: 'ok', seq: 1 });
    await server.graph.store.close();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  });
});
