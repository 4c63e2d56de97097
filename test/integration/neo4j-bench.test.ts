import neo4j, { type Driver } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../bench/access/topology.ts';
import { ask } from '../../bench/neo4j/ask.ts';
import { REACH } from '../../bench/neo4j/cypher.ts';
import { type Question, questionsAbout } from '../../bench/neo4j/questions.ts';
import { createNeo4jStore } from '../../datasources/stores/neo4j/index.ts';
import type { LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../src/domain/flags.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import { systemClock } from '../../src/server/clock.ts';
import { whoCanReach } from '../../src/services/access/queries.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { aLink, aNode } from '../support/graph-builder.ts';
import { type Neo4jHost, type Neo4jServer, startNeo4j } from '../support/neo4j/server.ts';

const COUNTS = { Identity: 12, Account: 40, Group: 10, Role: 4, Permission: 4, Application: 12 } as const;

describe('the forms in which the bench asks Neo4j', () => {
  let host: Neo4jHost;
  let server: Neo4jServer;
  let driver: Driver;
  let graph: Graph;
  let questions: readonly Question[];
  beforeAll(async () => {
    host = await startNeo4j();
    server = await host.open();
    driver = neo4j.driver(server.uri, neo4j.auth.basic(server.username, server.password), {
      telemetryDisabled: true,
      disableLosslessIntegers: true,
    });
    const store = createNeo4jStore(server);
    graph = await Graph.open({ store, snapshotPath: null, logger: silentLogger, clock: systemClock });
    await fill(graph);
    questions = questionsAbout(graph.index, 24);
  });
  afterAll(async () => {
    await driver?.close();
    await graph?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test('say what the index says, also where a log-in elsewhere is needed or must not count', async () => {
    expect(whoCanReach(graph.index, questions[0]!.asked[0]!['id']!).ids.length).toBeGreaterThan(3);
    for (const question of questions) {
      expect(question.asked.length).toBeGreaterThan(0);
      for (const form of question.forms) {
        for (const parameters of question.asked) {
          const { rows } = await ask(driver, server.database, form, parameters);
          expect(() => question.check(parameters, rows, form), `${question.name}: ${form.name}`).not.toThrow();
        }
      }
    }
  });

  test('are found out when they let everybody in who could log in elsewhere', async () => {
    const reach = questions.find(({ forms }) => forms === REACH)!;
    const form = { ...REACH[0]!, cypher: REACH[0]!.cypher.replace(/\nWHERE f\.via IS NULL OR .*/, '') };
    expect(form.cypher).not.toContain('f.via');
    let found = 0;
    for (const parameters of reach.asked) {
      const { rows } = await ask(driver, server.database, form, parameters);
      try {
        reach.check(parameters, rows, form);
      } catch {
        found++;
      }
    }
    expect(found).toBeGreaterThan(0);
  });

  test('are found out when an answer lacks something', async () => {
    for (const question of questions) {
      const [form] = question.forms;
      const [parameters] = question.asked;
      const { rows } = await ask(driver, server.database, form!, parameters!);
      if (rows.length > 0) expect(() => question.check(parameters!, rows.slice(1), form!), question.name).toThrow();
    }
  });
});

/** A company that nobody would want: everything linked at random, a part of it switched off. */
async function fill(graph: Graph): Promise<void> {
  const source = await graph.sourceId({ connector: 'okta', listing: 'users' });
  const random = seeded(5);
  const ids: Partial<Record<NodeKind, number[]>> = {};
  const nodes: NodeUpsert[] = [];
  for (const [kind, count] of Object.entries(COUNTS) as [NodeKind, number][]) {
    const first = await graph.store.allocateIds(count);
    ids[kind] = Array.from({ length: count }, (_, i) => first + i);
    for (const id of ids[kind]) {
      nodes.push(aNode(id, kind, `n${id}`, { source, flags: random() < 0.05 ? NodeFlag.INACTIVE : 0 }));
    }
  }
  const pick = (kind: NodeKind): number => ids[kind]![Math.floor(random() * ids[kind]!.length)]!;
  const links = new Map<string, LinkUpsert>();
  const link = (count: number, from: NodeKind, kind: LinkKind, to: NodeKind): void => {
    for (let i = 0; i < count; i++) {
      const ends = [pick(from), pick(to)] as const;
      const flags = random() < 0.15 ? LinkFlag.EVIDENCE : 0;
      if (ends[0] !== ends[1]) links.set(`${kind} ${ends}`, aLink(ends[0], kind, ends[1], { source, flags }));
    }
  };
  // The other half is reached by logging in elsewhere only.
  const half = ids.Account!.length / 2;
  for (const account of ids.Account!.slice(0, half)) {
    const owner = pick('Identity');
    links.set(`HAS_ACCOUNT ${account}`, aLink(owner, 'HAS_ACCOUNT', account, { source }));
  }
  link(40, 'Account', 'MEMBER_OF', 'Group');
  link(6, 'Group', 'MEMBER_OF', 'Group');
  link(12, 'Group', 'ASSIGNED_TO', 'Application');
  link(20, 'Account', 'ASSIGNED_TO', 'Application');
  link(8, 'Account', 'HAS_ROLE', 'Role');
  link(4, 'Group', 'HAS_ROLE', 'Role');
  link(6, 'Role', 'GRANTS', 'Permission');
  link(3, 'Account', 'GRANTS', 'Permission');
  link(5, 'Permission', 'PERMITS', 'Application');
  // One deep, as in the company: from the first half of the accounts into the second.
  for (const [i, from] of ids.Account!.slice(0, half).entries()) {
    const to = ids.Account![half + i]!;
    const via =
      i % 6 === 0 ? undefined : i % 6 === 1 ? 'okta/Application/lost' : `okta/Application/n${pick('Application')}`;
    links.set(`FEDERATES ${from}`, aLink(from, 'FEDERATES', to, { source, via }));
  }
  await graph.commit(() => ({ cause: 'SYNC', connector: 'okta', nodes, links: [...links.values()] }));
}
