import { Args, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { z } from 'zod';
import { GraphChangesArgs } from '../schema/inputs/access.ts';
import { ChangeEvent } from '../schema/types/change-event.ts';
import { isLinkKind } from '../src/domain/link-kinds.ts';
import { isNodeKind } from '../src/domain/node-kinds.ts';
import type { RequestContext } from '../src/server/context.ts';
import type { FeedEvent, FeedRequest } from '../src/services/changes/change-feed.ts';
import { optional, parseArgs, shortList, shortText } from './args/parse.ts';
import { createLoaders } from './loaders/loaders.ts';
import { presentEvent } from './present/change-view.ts';

const kindSet = optional(shortList(z.string()).transform((names) => new Set(names.filter(isNodeKind))));
const linkKindSet = optional(shortList(z.string()).transform((names) => new Set(names.filter(isLinkKind))));
const connectorSet = optional(shortList(shortText).transform((names) => new Set(names)));
const requestSchema = z.object({
  after: optional(z.string()),
  filter: optional(z.object({ kinds: kindSet, linkKinds: linkKindSet, connectors: connectorSet })),
  bookmarks: optional(z.boolean()),
});

/** The change log as a subscription, over WebSocket and SSE alike. */
@Resolver()
export class ChangesResolver {
  @Subscription(() => ChangeEvent, {
    description:
      'Every change of the graph, in order, without gap or repeat: first what happened after the cursor, then what happens.',
    subscribe: ({ args, context }: { args: unknown; context: RequestContext }) =>
      context.services.changes.subscribe(context.viewer, feedRequest(args, context)),
  })
  graphChanges(
    @Root() event: FeedEvent,
    @Ctx() context: RequestContext,
    @Args(() => GraphChangesArgs) _args: GraphChangesArgs,
  ): Promise<ChangeEvent> {
    // A stream outlives any cache of a request: each event reads the ends of its links as they are now.
    return presentEvent(context.graph, createLoaders(context.graph, context.services.reader), event);
  }
}

/** @throws AppError `BAD_USER_INPUT` */
function feedRequest(args: unknown, context: RequestContext): FeedRequest {
  const { after, filter, bookmarks } = parseArgs(requestSchema, args);
  return {
    // A browser that reconnects sends the same document again, and the id of the last event it saw.
    after: context.lastEventId ?? after,
    filter: {
      kinds: filter?.kinds ?? null,
      linkKinds: filter?.linkKinds ?? null,
      connectors: filter?.connectors ?? null,
    },
    bookmarks: bookmarks ?? false,
    signal: context.signal,
  };
}
