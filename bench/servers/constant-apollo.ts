import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';

// Apollo Server on Fastify, as lean as ours, with a resolver that always gives the same: what the frameworks cost.
const answer = JSON.parse(process.argv[2]!) as { data: { identity: object } };
const apollo = new ApolloServer({
  typeDefs: `
    type Query { identity(by: IdentityBy!): Identity }
    input IdentityBy @oneOf { id: ID email: String }
    type Identity { id: ID! displayName: String email: String }
  `,
  resolvers: { Query: { identity: () => answer.data.identity } },
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
app.post('/graphql', fastifyApolloHandler(apollo));
console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }));
process.on('SIGTERM', async () => {
  await app.close();
  process.exit(0);
});
