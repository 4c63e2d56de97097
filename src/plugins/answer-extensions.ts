import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { RequestContext } from '../server/context.ts';

/** What every answer carries beside its data. */
export interface AnswerExtensions {
  /** The graph as it was for this answer: number of the newest change. */
  readonly seq: number;
  readonly requestId: string;
  /** Connectors whose data in this answer is old or partial; absent when there is none. */
  readonly notices?: readonly object[];
}

export function answerExtensions(context: RequestContext): AnswerExtensions {
  const notices = context.notices.touched();
  return { seq: context.graph.seq, requestId: context.requestId, ...(notices.length > 0 ? { notices } : {}) };
}

/** Adds {@link AnswerExtensions} to answers over HTTP, and the request id to each error. */
export function answerExtensionsPlugin(): ApolloServerPlugin<RequestContext> {
  const listener: GraphQLRequestListener<RequestContext> = {
    async willSendResponse({ response, contextValue }) {
      if (response.body.kind !== 'single') return;
      const result = response.body.singleResult;
      result.extensions = { ...result.extensions, ...answerExtensions(contextValue) };
      if (result.errors) {
        const { requestId } = contextValue;
        result.errors = result.errors.map((error) => ({ ...error, extensions: { ...error.extensions, requestId } }));
      }
    },
  };
  return { requestDidStart: async () => listener };
}
