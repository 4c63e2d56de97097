import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { RequestContext } from '../server/context.ts';

const WELL_FORMED = new Set<unknown>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/**
 * The GraphQL-over-HTTP draft wants 200 for every well-formed request that is answered as `application/json`, also when
 * its document is wrong; 4xx belongs to `application/graphql-response+json`. Apollo Server answers 400 to both.
 */
export function specStatusPlugin(): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    async willSendResponse({ request, response }) {
      if (response.body.kind !== 'single') return;
      const accept = request.http?.headers.get('accept') ?? '';
      if (accept.includes('application/graphql-response+json')) return;
      const { errors } = response.body.singleResult;
      if (errors?.some((error) => WELL_FORMED.has(error.extensions?.['code']))) response.http.status = 200;
    },
  };
  return { requestDidStart: async () => listener };
}
