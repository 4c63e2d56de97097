import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/api-server.ts';
import { idOf, KEYS } from '../../support/api-world.ts';
import { pick, pickText } from '../../support/pick.ts';

describe('the API over HTTP', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  it('gives a person with all accounts, the evidence of each, and what it can access with a path', async () => {
    const answer = await server.ask(
      `query ($id: ID!) {
        identity(by: { id: $id }) {
          name email
          accounts { totalCount edges { node { connectorId status isLive } ownership { rule confidence evidence { rule sentence withKey } entranceUnknown } } }
          groups { nodes { name } }
          roles { nodes { name } }
          organizations { nodes { name } }
          applications { totalCount truncated edges { hops node { name } path { hops { kind from { name } to { name } via { name } through { kind to { name } } } } } }
        }
      }`,
      { id: idOf('ada') },
    );
    const identity = pick(answer, 'identity');
    expect(identity).toMatchObject({ name: 'Ada', email: 'ada@acme.example', accounts: { totalCount: 3 } });
    expect(pick(identity, 'accounts.edges.node.connectorId')).toEqual(['okta', 'auth0', 'jumpcloud']);
    expect(pick(identity, 'accounts.edges.node.status')).toEqual(['ACTIVE', 'ACTIVE', 'SUSPENDED']);
    expect(pick(identity, 'accounts.edges.ownership')).toMatchObject([
      {
        rule: 'verified-email',
        confidence: 1,
        entranceUnknown: false,
        evidence: [{ rule: 'verified-email', sentence: 'matched by verified-email', withKey: KEYS.oktaAda }],
      },
      { rule: 'federated-subject' },
      { rule: 'employee-number' },
    ]);
    expect(pick(identity, 'groups.nodes.name')).toEqual(['Engineering', 'Everyone']);
    expect(pick(identity, 'roles.nodes.name')).toEqual(['Clerk']);
    expect(pick(identity, 'organizations.nodes.name')).toEqual(['Acme Okta', 'Acme Auth0']);
    expect(pick(identity, 'applications.edges.node.name')).toEqual(['CRM', 'Auth0 log-in', 'Orders API']);
    expect(pick(identity, 'applications.edges.2')).toMatchObject({
      hops: 5,
      path: {
        hops: [
          { kind: 'HAS_ACCOUNT' },
          {
            kind: 'FEDERATES',
            via: { name: 'Auth0 log-in' },
            through: [
              { kind: 'MEMBER_OF', to: { name: 'Engineering' } },
              { kind: 'ASSIGNED_TO', to: { name: 'Auth0 log-in' } },
            ],
          },
          { kind: 'HAS_ROLE' },
          { kind: 'GRANTS' },
          { kind: 'PERMITS' },
        ],
      },
    });
  });

  it('explains a path in sentences', async () => {
    const answer = await server.ask(
      `query ($from: ID!, $to: ID!) { accessPaths(from: $from, to: $to) { truncated paths { length isLive entranceUnknown hops { sentence isLive assertedBy entranceUnknown links { properties } } } } }`,
      { from: idOf('ada'), to: idOf('crm') },
    );
    expect(pick(answer, 'accessPaths')).toMatchObject({
      truncated: false,
      paths: [{ length: 3, isLive: true, entranceUnknown: false }],
    });
    expect(pick(answer, 'accessPaths.paths.0.hops.sentence')).toEqual([
      'Ada owns the account Ada O',
      'Ada O is a member of Engineering',
      'Engineering is assigned to the application CRM',
    ]);
  });

  it('tells how an account came to an application: direct, by which group, or as evidence', async () => {
    const answer = await server.ask(
      `query ($crm: ID!, $ada: ID!) {
        application(by: { id: $crm }) { assignments { totalCount edges { node { name } isLive how { basis isLive via { name } } links { isDerived properties } assertedBy } } }
        account(by: { id: $ada }) { applications { edges { node { name } how { basis via { name } } } } }
      }`,
      { crm: idOf('crm'), ada: idOf('oktaAda') },
    );
    expect(pick(answer, 'application.assignments.edges')).toEqual([
      {
        node: { name: 'Ada O' },
        isLive: true,
        how: [{ basis: 'GROUP', isLive: true, via: { name: 'Engineering' } }],
        links: [{ isDerived: true, properties: { basis: 'GROUP', appUserName: 'ada-crm' } }],
        assertedBy: ['okta'],
      },
      {
        node: { name: 'Bob O' },
        isLive: true,
        how: [{ basis: 'DIRECT', isLive: true, via: null }],
        links: [{ isDerived: false, properties: { basis: 'DIRECT' } }],
        assertedBy: ['okta'],
      },
    ]);
    const how = [{ basis: 'GROUP', via: { name: 'Engineering' } }];
    expect(pick(answer, 'account.applications.edges')).toEqual([
      { node: { name: 'CRM' }, how },
      { node: { name: 'Auth0 log-in' }, how },
    ]);
  });

  it('follows nested groups, and says that a suspended account no longer gets there', async () => {
    const answer = await server.ask(
      `query ($id: ID!) {
        account(by: { id: $id }) { applications { edges { node { name } isLive how { basis isLive via { name } } } } }
        live: account(by: { id: $id }) { applications(liveOnly: true) { totalCount } }
      }`,
      { id: idOf('jumpAda') },
    );
    expect(pick(answer, 'account.applications.edges')).toEqual([
      { node: { name: 'VPN' }, isLive: false, how: [{ basis: 'GROUP', isLive: false, via: { name: 'All' } }] },
    ]);
    expect(pick(answer, 'live.applications.totalCount')).toBe(0);
  });

  it('says who can access an application, with hops and an example path', async () => {
    const answer = await server.ask(
      `query ($id: ID!) { whoCanAccess(application: $id) { totalCount truncated edges { hops node { name } path { length hops { kind } } } } }`,
      { id: idOf('crm') },
    );
    expect(pick(answer, 'whoCanAccess')).toMatchObject({
      totalCount: 2,
      truncated: false,
      edges: [
        { hops: 3, node: { name: 'Ada' }, path: { length: 3 } },
        { hops: 2, node: { name: 'Bob' }, path: { length: 2 } },
      ],
    });
  });

  it('reaches what is not live only when asked to', async () => {
    const question = `query ($from: ID!, $all: Boolean!) { reachable(from: $from, kinds: [Application], includeNotLive: $all) { nodes { name } } }`;
    const without = await server.ask(question, { from: idOf('ada'), all: false });
    const withAll = await server.ask(question, { from: idOf('ada'), all: true });
    expect(pick(without, 'reachable.nodes.name')).toEqual(['CRM', 'Auth0 log-in', 'Orders API']);
    expect(pick(withAll, 'reachable.nodes.name')).toEqual(['CRM', 'Auth0 log-in', 'VPN', 'Orders API']);
  });

  it('finds an identity by e-mail, employee number and account', async () => {
    const answer = await server.ask(
      `{
        email: identity(by: { email: "ADA@acme.example" }) { name }
        number: identity(by: { employeeNumber: "E1" }) { name }
        account: identity(by: { account: { connector: "jumpcloud", nativeId: "ada" } }) { name }
        nobody: identity(by: { email: "nobody@acme.example" }) { name }
      }`,
    );
    expect(answer).toEqual({ email: { name: 'Ada' }, number: { name: 'Ada' }, account: { name: 'Ada' }, nobody: null });
  });

  it('names the candidates when an e-mail belongs to several identities', async () => {
    const { body } = await server.post(`{ identity(by: { email: "shared@acme.example" }) { name } }`);
    expect(body.errors?.[0]?.extensions).toMatchObject({
      code: 'AMBIGUOUS',
      retryable: false,
      details: { ids: expect.arrayContaining([idOf('bob'), idOf('twin')]) },
    });
  });

  it('wants exactly one member of by', async () => {
    const two = await server.post(`{ identity(by: { email: "a@b", employeeNumber: "1" }) { name } }`);
    const none = await server.post(`{ identity(by: {}) { name } }`);
    const variable = await server.post(`query ($by: IdentityBy!) { identity(by: $by) { name } }`, {
      by: { email: 'a@b', employeeNumber: '1' },
    });
    for (const { body } of [two, none, variable]) {
      expect(body.errors?.[0]?.message).toMatch(/exactly one/i);
      expect(body.errors?.[0]?.extensions.code).toMatch(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/);
    }
  });

  it('pages a sorted list forwards and backwards without gap or repeat', async () => {
    const page = `query ($first: Int, $after: String, $last: Int, $before: String) {
      groups(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
    }`;
    const forward: unknown[] = [];
    for (let after: unknown = null, more = true; more; ) {
      const answer = await server.ask(page, { first: 3, after });
      forward.push(pick(answer, 'groups.nodes.name'));
      after = pick(answer, 'groups.pageInfo.endCursor');
      more = pick(answer, 'groups.pageInfo.hasNextPage') === true;
    }
    const backward: unknown[] = [];
    for (let before: unknown = null, more = true; more; ) {
      const answer = await server.ask(page, { last: 3, before });
      backward.unshift(pick(answer, 'groups.nodes.name'));
      before = pick(answer, 'groups.pageInfo.startCursor');
      more = pick(answer, 'groups.pageInfo.hasPreviousPage') === true;
    }
    expect(forward).toEqual([['All', 'Engineering', 'Everyone'], ['Team']]);
    expect(backward).toEqual([['All'], ['Engineering', 'Everyone', 'Team']]);
  });

  it('pages a list under a node in both directions', async () => {
    const page = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      identity(by: { id: $id }) { accounts(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
    }`;
    const id = idOf('ada');
    const one = pick(await server.ask(page, { id, first: 2 }), 'identity.accounts');
    const two = pick(
      await server.ask(page, { id, first: 2, after: pickText(one, 'pageInfo.endCursor') }),
      'identity.accounts',
    );
    const before = pickText(two, 'pageInfo.startCursor');
    const back = pick(await server.ask(page, { id, last: 2, before }), 'identity.accounts');
    expect(pick(one, 'nodes.name')).toEqual(['Ada O', 'Ada A']);
    expect(pick(one, 'pageInfo')).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(pick(two, 'nodes.name')).toEqual(['Ada J']);
    expect(pick(two, 'pageInfo')).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(back).toMatchObject({ nodes: pick(one, 'nodes'), totalCount: 3 });
  });

  it('filters and sorts accounts by what is typed in the schema', async () => {
    const answer = await server.ask(
      `{
        suspended: accounts(filter: { statuses: [SUSPENDED] }) { nodes { name } totalCount }
        created: accounts(filter: { createdAfter: "2023-06-01T00:00:00Z" }) { nodes { name createdAt } }
        byName: accounts(filter: { connectors: ["okta"] }, orderBy: { field: NAME, direction: DESC }) { nodes { name } }
      }`,
    );
    expect(pick(answer, 'suspended')).toEqual({ nodes: [{ name: 'Ada J' }], totalCount: 1 });
    expect(pick(answer, 'created.nodes')).toEqual([{ name: 'Bob O', createdAt: '2024-01-01T00:00:00.000Z' }]);
    expect(pick(answer, 'byName.nodes.name')).toEqual(['Bob O', 'Ada O']);
  });

  it('finds nodes, connectors and runs by id, in the order asked', async () => {
    const answer = await server.ask(
      `query ($ids: [ID!]!) {
        connector(connector: "okta") { id lastRun { id } runs(first: 2) { totalCount nodes { runId } pageInfo { hasNextPage } } }
        nodes(ids: $ids) { __typename ... on GraphNode { name connector { connectorId } provider } }
      }`,
      { ids: [idOf('crm'), 'nonsense', idOf('ada')] },
    );
    expect(pick(answer, 'nodes')).toEqual([
      { __typename: 'Application', name: 'CRM', connector: { connectorId: 'okta' }, provider: 'okta' },
      null,
      { __typename: 'Identity', name: 'Ada', connector: null, provider: null },
    ]);
    expect(pick(answer, 'connector.runs')).toEqual({
      totalCount: 3,
      nodes: [{ runId: 'okta/3' }, { runId: 'okta/2' }],
      pageInfo: { hasNextPage: true },
    });
    const ids = [pickText(answer, 'connector.id'), pickText(answer, 'connector.lastRun.id')];
    const again = await server.ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }`, { ids });
    expect(pick(again, 'nodes.__typename')).toEqual(['Connector', 'SyncRun']);
    expect(pick(again, 'nodes.id')).toEqual(ids);
  });

  it('searches over kinds', async () => {
    const answer = await server.ask(
      `{ search(text: "ada", kinds: [Identity, Account], first: 10) { totalCount edges { cursor node { __typename name } } } }`,
    );
    expect(new Set([pick(answer, 'search.edges.node.name')].flat())).toEqual(
      new Set(['Ada', 'Ada A', 'Ada J', 'Ada O']),
    );
  });

  it('walks every other list of a node', async () => {
    const answer = await server.ask(
      `query ($eng: ID!, $team: ID!, $role: ID!, $perm: ID!, $sso: ID!, $tenant: ID!, $ada: ID!, $auth0: ID!) {
        eng: group(by: { id: $eng }) { members { nodes { __typename name } } applications { nodes { name } } identities { nodes { name } } }
        team: group(by: { id: $team }) { memberOf { nodes { name } } applications { nodes { name } } }
        role(by: { id: $role }) { holders { nodes { name } } accounts { nodes { name } } permissions { nodes { name } } identities { nodes { name } } }
        permission(by: { id: $perm }) { roles { nodes { name } } applications { nodes { name } } holders { nodes { __typename } } }
        sso: application(by: { id: $sso }) { signsInto { nodes { name } } groups { nodes { name } } }
        tenant: organization(by: { id: $tenant }) { members { nodes { name } } signedIntoBy { nodes { name } } domains }
        ada: account(by: { id: $ada }) { manager { name } identity { name } ownership { rule } federatesTo { nodes { name } edges { links { kind properties } } } groups { nodes { name } } organizations { nodes { name } } }
        auth0: account(by: { id: $auth0 }) { federatedFrom { nodes { name } } roles { nodes { name } } permissions { edges { node { name } how { basis via { name } } } } }
      }`,
      {
        eng: idOf('engineering'),
        team: idOf('jumpTeam'),
        role: idOf('role'),
        perm: idOf('permission'),
        sso: idOf('sso'),
        tenant: idOf('auth0Tenant'),
        ada: idOf('oktaAda'),
        auth0: idOf('auth0Ada'),
      },
    );
    expect(pick(answer, 'eng')).toEqual({
      members: { nodes: [{ __typename: 'Account', name: 'Ada O' }] },
      applications: { nodes: [{ name: 'CRM' }, { name: 'Auth0 log-in' }] },
      identities: { nodes: [{ name: 'Ada' }] },
    });
    expect(pick(answer, 'team')).toEqual({
      memberOf: { nodes: [{ name: 'All' }] },
      applications: { nodes: [{ name: 'VPN' }] },
    });
    expect(pick(answer, 'role')).toEqual({
      holders: { nodes: [{ name: 'Ada A' }] },
      accounts: { nodes: [{ name: 'Ada A' }] },
      permissions: { nodes: [{ name: 'read:orders' }] },
      identities: { nodes: [{ name: 'Ada' }] },
    });
    expect(pick(answer, 'permission.applications.nodes')).toEqual([{ name: 'Orders API' }]);
    expect(pick(answer, 'sso')).toEqual({
      signsInto: { nodes: [{ name: 'Acme Auth0' }] },
      groups: { nodes: [{ name: 'Engineering' }] },
    });
    expect(pick(answer, 'tenant.signedIntoBy.nodes')).toEqual([{ name: 'Auth0 log-in' }]);
    expect(pick(answer, 'ada')).toMatchObject({
      manager: { name: 'Bob O' },
      identity: { name: 'Ada' },
      ownership: { rule: 'verified-email' },
    });
    expect(pick(answer, 'auth0.permissions.edges')).toEqual([
      { node: { name: 'read:orders' }, how: [{ basis: 'ROLE', via: { name: 'Clerk' } }] },
    ]);
  });

  it('carries seq and the request id beside every answer', async () => {
    const { body, headers } = await server.post('{ graph { seq nodeCount } }', {}, { 'x-request-id': 'mine-1' });
    expect(body.extensions).toEqual({ seq: server.graph.seq, requestId: 'mine-1' });
    expect(headers.get('x-request-id')).toBe('mine-1');
  });
});
