import { isDeepStrictEqual } from 'node:util';
import neo4j from 'neo4j-driver';
import { z } from 'zod';
import { startChild } from '../support/children.ts';
import { NEO4J, neo4jServer } from '../support/company.ts';

/** Bodies of requests for one page. */
export interface Page {
  /** To the gateway on Neo4j. */
  readonly ours: string;
  /** To `@neo4j/graphql`: the same people. */
  readonly theirs: string;
  /** To the gateway on SQLite: lists go by numbers that each store gives for itself, so these are other people. */
  readonly onSqlite: string;
}

/** Identities of a page: about a thousand objects with what is below. */
const SIZE = 25;

const OUR_QUERY = `query Nested($after: String) {
  identities(first: ${SIZE}, after: $after, orderBy: { field: ID }) {
    nodes {
      id displayName email
      accounts(first: 5) {
        nodes {
          id userName status connectorId
          groups(first: 11) { nodes { id name type nativeId } }
        }
      }
    }
  }
}`;

/** `rank` is asked for because only what is asked for is sorted by under an alias. */
const THEIR_QUERY = `query Nested($after: Int!) {
  identities(where: { rank: { gt: $after } }, limit: ${SIZE}, sort: [{ rank: ASC }]) {
    rank key displayName primaryEmail
    accounts(limit: 5, sort: [{ rank: ASC }]) {
      rank key userName status connector
      groups(limit: 11, sort: [{ rank: ASC }]) { rank key name type nativeId }
    }
  }
}`;

/** First pages of the list of identities; fewer when there are not so many. Makes the index that @neo4j/graphql wants. */
export async function firstPages(count: number, sqliteStore: string): Promise<Page[]> {
  const { uri, username, password, database } = neo4jServer();
  const driver = neo4j.driver(uri, neo4j.auth.basic(username, password), { disableLosslessIntegers: true });
  try {
    await driver.executeQuery('CREATE INDEX bench_rank IF NOT EXISTS FOR (n:Identity) ON (n._id)', {}, { database });
    await driver.executeQuery('CALL db.awaitIndexes(60)', {}, { database });
    const { records } = await driver.executeQuery(
      'MATCH (n:Identity) RETURN n._id AS id ORDER BY id',
      {},
      { database },
    );
    const ids = records.map((record): unknown => record.get('id'));
    const full = Math.min(count, Math.floor(ids.length / SIZE));
    const [cursors, sqliteCursors] = [await cursorsOf(NEO4J, full), await cursorsOf(sqliteStore, full)];
    return cursors.map((after, page) => ({
      ours: JSON.stringify({ query: OUR_QUERY, variables: { after } }),
      onSqlite: JSON.stringify({ query: OUR_QUERY, variables: { after: sqliteCursors[page] } }),
      theirs: JSON.stringify({ query: THEIR_QUERY, variables: { after: page === 0 ? 0 : ids[page * SIZE - 1] } }),
    }));
  } finally {
    await driver.close();
  }
}

const listed = z.object({
  data: z.object({ identities: z.object({ pageInfo: z.object({ endCursor: z.string() }) }) }),
});

/** Where pages begin. Asked of a gateway that is gone afterwards, so that the one which is measured has read nothing. */
async function cursorsOf(store: string, count: number): Promise<(string | null)[]> {
  const gateway = await startChild<{ url: string }>('../servers/gateway.js', [store]);
  try {
    const cursors: (string | null)[] = [null];
    while (cursors.length < count) {
      const query = `query ($after: String) { identities(first: ${SIZE}, after: $after, orderBy: { field: ID }) { pageInfo { endCursor } } }`;
      const body = JSON.stringify({ query, variables: { after: cursors.at(-1) } });
      cursors.push(listed.parse(await post(gateway.said.url, body)).data.identities.pageInfo.endCursor);
    }
    return cursors;
  } finally {
    await gateway.stop();
  }
}

const text = z.string().nullable();
const nodes = <T extends z.ZodType>(item: T) => z.object({ nodes: z.array(item) }).transform((list) => list.nodes);
const keyed = (key: string): string => Buffer.from(`n:${key}`).toString('base64url');

const ourAnswer = z.object({
  data: z.object({
    identities: nodes(
      z.object({
        ...{ id: z.string(), displayName: text, email: text },
        accounts: nodes(
          z.object({
            ...{ id: z.string(), userName: text, status: text, connectorId: z.string() },
            groups: nodes(z.object({ id: z.string(), name: z.string(), type: text, nativeId: z.string() })),
          }),
        ),
      }),
    ),
  }),
});

const theirAnswer = z.object({
  data: z.object({
    identities: z.array(
      z
        .object({
          ...{ key: z.string(), displayName: text, primaryEmail: text },
          accounts: z.array(
            z
              .object({
                ...{ key: z.string(), userName: text, status: text, connector: z.string() },
                groups: z.array(
                  z
                    .object({ key: z.string(), name: z.string(), type: text, nativeId: z.string() })
                    .transform(({ key, ...group }) => ({ id: keyed(key), ...group })),
                ),
              })
              .transform(({ key, connector, ...account }) => ({ id: keyed(key), connectorId: connector, ...account })),
          ),
        })
        .transform(({ key, primaryEmail, ...identity }) => ({ id: keyed(key), email: primaryEmail, ...identity })),
    ),
  }),
});

/**
 * Compares two answers to the same page.
 * @returns how many objects they hold
 * @throws Error when they differ
 */
export function samePage(ours: unknown, theirs: unknown): number {
  const { identities } = ourAnswer.parse(ours).data;
  if (!isDeepStrictEqual(theirAnswer.parse(theirs).data.identities, identities)) {
    throw new Error('The gateway and @neo4j/graphql differ on a page.');
  }
  const accounts = identities.flatMap((identity) => identity.accounts);
  return identities.length + accounts.length + accounts.reduce((sum, { groups }) => sum + groups.length, 0);
}

/** @throws Error with what the server says, unless it answers with a 200 */
export async function post(url: string, body: string): Promise<unknown> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const said = await answer.text();
  if (!answer.ok) throw new Error(said.slice(0, 500));
  return JSON.parse(said);
}
