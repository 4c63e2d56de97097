import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphQLClient, gql } from 'graphql-request';
import neo4j from 'neo4j-driver';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import { storeCopy } from '../../src/cli/commands/store-copy.ts';
import { EXIT, type Io } from '../../src/cli/io.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { type CompanyGateway, openTestGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { compileCli, startCopy } from '../support/copy-child.ts';
import { graphDigest } from '../support/graph-digest.ts';
import type { Neo4jServer } from '../support/neo4j/server.ts';
import { serverOf } from '../support/store-under-test.ts';
import { subscribe } from '../support/streams.ts';

/** What a client sees of the company: facts, lists, search, paths, who can, and what was logged. */
const LOOK = gql`
  query Look($email: String!, $api: ID!) {
    graph { seq nodeCount linkCount linksByKind { kind count } }
    identity(by: { email: $email }) {
      id key displayName firstSeenAt changedAt
      accounts { totalCount edges { confidence: ownership { confidence rule } node { id key status groups { nodes { key } } roles { nodes { key } } } } }
      applications(first: 50) { edges { hops node { id key name } } }
    }
    identities(first: 50) { totalCount edges { cursor node { id displayName } } }
    accounts(first: 50, filter: { isLive: false }) { totalCount nodes { id key status } }
    groups(first: 200) { totalCount nodes { id key name } }
    search(text: $email, first: 50) { nodes { id } }
    whoCanAccess(application: $api, first: 100) { totalCount nodes { id } }
    connectors { connectorId provider state lastCompleteAt lastRun { id state } }
  }
`;
const RESET = gql`
  subscription ($after: String) { graphChanges(after: $after) { type resetReason seq cursor } }
`;

describe('a graph that moves from SQLite to Neo4j and back', () => {
  let company: CompanyGateway;
  let server: Neo4jServer;
  let before: Awaited<ReturnType<typeof look>>;
  let cursor: string;

  beforeAll(async () => {
    company = await startCompanyGateway({ config: { store: { type: 'sqlite', path: 'graph.sqlite' } } });
    await company.sync();
    before = await look(company.gateway);
    ({
      graph: { cursor },
    } = await company.query<{ graph: { cursor: string } }>('{ graph { cursor } }'));
    server = await serverOf(join(company.folder, 'shared'));
    await mkdir(join(company.folder, 'shared'));
    await writeConfig('sqlite.yaml', { type: 'sqlite', path: 'graph.sqlite' });
    await writeConfig('shared.yaml', {
      type: 'neo4j',
      ...server,
      password: placeholder('NEO4J'),
      snapshot: 'shared/topology',
    });
    await writeConfig('back.yaml', { type: 'sqlite', path: 'back/graph.sqlite' });
  });

  const opened: Gateway[] = [];
  afterEach(async () => {
    for (const gateway of opened.splice(0)) await gateway.close();
  });

  afterAll(() => company[Symbol.asyncDispose]());

  async function look(gateway: Gateway): Promise<{ digest: unknown; answers: unknown }> {
    const client = new GraphQLClient(`${gateway.url}/graphql`);
    const { person, path } = company.highlights;
    const { search, ...answers } = await client.request<{ search: { nodes: { id: string }[] } }>(LOOK, {
      email: person.email,
      api: company.idOf(`auth0/Application/${path.apiId}`),
    });
    // Among hits of one rank each store has an order of its own.
    const found = search.nodes.map(({ id }) => id).sort();
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThan(50);
    return { digest: graphDigest(gateway.graph), answers: { ...answers, found } };
  }

  /** As the gateway's own file, with the connectors; their secrets are not set when it is copied. */
  function writeConfig(name: string, store: object): Promise<void> {
    const connectors = company.emulators
      .connectors()
      .map((connector) => ({ ...connector, settings: { secret: placeholder('ABSENT') } }));
    return writeFile(join(company.folder, name), JSON.stringify({ store, connectors }));
  }

  async function copy(
    from: string,
    to: string,
    replace = false,
  ): Promise<{ code: number; rows: { section: string; rows: number }[]; said: string }> {
    const out: string[] = [];
    const err: string[] = [];
    const io: Io = {
      env: { NEO4J: server.password, CROSSWALK_FROM_PASSWORD: server.password },
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      isTerminal: false,
      signal: new AbortController().signal,
    };
    const address = (name: string, role: string) => ({
      address: /^(sqlite:|bolt:)/.test(name) ? name : join(company.folder, name),
      passwordName: `CROSSWALK_${role}_PASSWORD`,
    });
    const code = await storeCopy({ from: address(from, 'FROM'), to: address(to, 'TO'), replace, output: 'json' }, io);
    return { code, rows: JSON.parse(out.join('')), said: err.join('\n') };
  }

  async function open(name: string, store: Config['store']): Promise<Gateway> {
    const gateway = await openTestGateway(join(company.folder, name), company.emulators, { config: { store } });
    opened.push(gateway);
    return gateway;
  }

  async function sync(gateway: Gateway): Promise<string[]> {
    const names = company.emulators.list.map(({ name }) => name);
    const states = await Promise.all(
      names.map(async (name) => {
        await gateway.sync.start(name);
        await gateway.sync.finished(name);
        return (await gateway.sync.runs(name, 1))[0]!.state;
      }),
    );
    await gateway.linker.flush();
    return states;
  }

  it('is not taken from under a gateway', async () => {
    await expect(copy('sqlite.yaml', 'shared.yaml')).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  });

  it('answers the same on Neo4j, with the labels of its providers', async () => {
    await company.gateway.close();
    const { code, rows, said } = await copy('sqlite.yaml', 'shared.yaml');
    expect(code).toBe(EXIT.OK);
    expect(rows.find(({ section }) => section === 'links')!.rows).toBeGreaterThan(10_000);
    expect(said).toContain('a new store id');
    expect(said).not.toContain(server.password);

    const gateway = await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' });
    expect(await look(gateway)).toEqual(before);
    await gateway.close();
    const driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password));
    const { records } = await driver.executeQuery('MATCH (n:Okta:Account) RETURN count(n) > 100 AS many');
    await driver.close();
    expect(records[0]!.get('many')).toBe(true);
  });

  it('answers a cursor of the old store with a reset', async () => {
    const gateway = await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' });
    const subscriber = subscribe('graphql-ws', gateway.url, RESET, { after: cursor });
    const [first] = await subscriber.atLeast(1);
    expect(first).toMatchObject({
      graphChanges: { type: 'RESET', resetReason: 'OTHER_STORE', seq: gateway.graph.seq },
    });
    await subscriber.cut();
    await gateway.close();
  });

  it('goes on there, and comes back the same', async () => {
    const gateway = await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' });
    const { oktaGroupId: groupId, oktaAppId: appId } = company.highlights.path;
    company.emulators.okta.change('removeGroupFromApp', { groupId, appId });
    const seq = gateway.graph.seq;
    expect(await sync(gateway)).toEqual(company.emulators.list.map(() => 'SUCCEEDED'));
    expect(gateway.graph.seq).toBeGreaterThan(seq);
    expect(gateway.graph.seq).toBeLessThan(seq + 10);
    expect(await gateway.graph.verify()).toEqual({ ok: true, problems: [] });
    const there = await look(gateway);

    // Beside the gateway, which does not write at the moment; never over it.
    await expect(copy('sqlite.yaml', 'shared.yaml', true)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await copy(server.uri, 'back.yaml');
    await gateway.close();
    const back = await open('back', { type: 'sqlite', path: 'graph.sqlite' });
    expect(await look(back)).toEqual(there);
    expect(await back.graph.verify()).toEqual({ ok: true, problems: [] });
    await back.close();
  });

  it('is not written over another graph, unless that is wanted', async () => {
    await expect(copy('sqlite.yaml', 'back.yaml')).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
    expect((await copy('sqlite.yaml', 'back.yaml', true)).code).toBe(EXIT.OK);
    const back = await open('back', { type: 'sqlite', path: 'graph.sqlite' });
    expect(await look(back)).toEqual(before);
    await back.close();
  });

  it('is not written to by somebody who still has the store open that was there before', async () => {
    const old = createNeo4jStore({ ...server });
    await old.open();
    const source = await old.sourceId({ connector: 'okta', listing: 'users' });
    const id = await old.allocateIds(1);
    await copy('sqlite.yaml', 'shared.yaml', true);
    const node = {
      id,
      key: 'okta/Account/late',
      kind: 'Account',
      source,
      name: '',
      flags: 0,
      properties: {},
      hash: 1,
    } as const;
    await expect(old.range()).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    const late = old.commit({ changeId: 'late', cause: 'SYNC', connector: 'okta', nodes: [node] });
    await expect(late).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    await old.close();
    expect(await look(await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' }))).toEqual(before);
  });

  it('is refused when the copy was killed in the middle, and copied again', async () => {
    compileCli(company.folder);
    const words = ['--from', 'sqlite.yaml', '--to', server.uri, '--replace'];
    const child = startCopy(company.folder, words, { CROSSWALK_TO_PASSWORD: server.password });
    const driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password));
    await vi.waitFor(
      async () => {
        const { records } = await driver.executeQuery(
          "MATCH (m:_Meta {name: 'graph'}) RETURN m.restored > 3 AND EXISTS { (:_Node) } AS isInTheMiddle",
        );
        expect(records[0]!.get('isInTheMiddle')).toBe(true);
      },
      { timeout: 120_000, interval: 20 },
    );
    await driver.close();
    child.child.kill('SIGKILL');
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' });
    const refused = open('shared', { type: 'neo4j', ...server, snapshot: 'topology' });
    await expect(refused).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    await expect(copy('sqlite.yaml', 'shared.yaml')).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    expect((await copy('sqlite.yaml', 'shared.yaml', true)).code).toBe(EXIT.OK);
    expect(await look(await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' }))).toEqual(before);
  });

  it('is not replaced by itself', async () => {
    await expect(copy(server.uri, 'shared.yaml', true)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    const gateway = await open('shared', { type: 'neo4j', ...server, snapshot: 'topology' });
    expect(gateway.graph.index.linkCount).toBeGreaterThan(10_000);
    await gateway.close();
  });
});

/** As a configuration file names a variable of the environment. */
function placeholder(name: string): string {
  return `$\{${name}}`;
}
