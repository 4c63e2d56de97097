import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { Neo4jGraphQL } from '@neo4j/graphql';
import Fastify from 'fastify';
import neo4j from 'neo4j-driver';

// Our graph in Neo4j through @neo4j/graphql, behind the very HTTP server and settings that the gateway has. `rank` is
// the number by which the gateway orders its lists. Prints where it listens, ends on SIGTERM.
const typeDefs = `
  type Identity @node @mutation(operations: []) {
    rank: Int! @alias(property: "_id")
    key: ID!
    displayName: String
    primaryEmail: String
    accounts: [Account!]! @relationship(type: "HAS_ACCOUNT", direction: OUT)
  }
  type Account @node @mutation(operations: []) {
    rank: Int! @alias(property: "_id")
    key: ID!
    userName: String
    status: String
    connector: String!
    groups: [Group!]! @relationship(type: "MEMBER_OF", direction: OUT)
  }
  type Group @node @mutation(operations: []) {
    rank: Int! @alias(property: "_id")
    key: ID!
    name: String!
    type: String
    nativeId: String!
  }
`;
const { uri, username, password, database } = JSON.parse(process.env.BENCH_NEO4J ?? '');
const driver = neo4j.driver(uri, neo4j.auth.basic(username, password), { telemetryDisabled: true });
const apollo = new ApolloServer({
  schema: await new Neo4jGraphQL({ typeDefs, driver }).getSchema(),
  csrfPrevention: true,
  allowBatchedHttpRequests: false,
  persistedQueries: false,
  stopOnTerminationSignals: false,
  nodeEnv: 'production',
  stringifyResult: async (value) => JSON.stringify(value),
  plugins: [
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginInlineTraceDisabled(),
    ApolloServerPluginLandingPageDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
  ],
});
await apollo.start();
const app = Fastify({ forceCloseConnections: true });
const context = async () => ({ sessionConfig: { database } });
app.post('/graphql', fastifyApolloHandler(apollo, { context }));
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }));
process.on('SIGTERM', async () => {
  await app.close();
  await driver.close();
  process.exit(0);
});
