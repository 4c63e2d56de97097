import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import type { RequestContext } from '../server/context.ts';
import { isUnexpected } from './public-errors.ts';

/** Logs what the caller is not told, under the request id that the caller is told. No document, no variables. */
export function logUnexpected(context: RequestContext, formatted: GraphQLFormattedError, error: unknown): void {
  if (!isUnexpected(formatted, error)) return;
  const path = formatted.path?.join('.') ?? null;
  context.logger.error({ requestId: context.requestId, path, err: causeOf(error) }, 'request failed unexpectedly');
}

export function errorLogPlugin(): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    async didEncounterErrors({ contextValue, errors }) {
      for (const error of errors) logUnexpected(contextValue, error.toJSON(), error);
    },
  };
  return { requestDidStart: async () => listener };
}

function causeOf(error: unknown): unknown {
  return error instanceof Object && 'originalError' in error && error.originalError ? error.originalError : error;
}
