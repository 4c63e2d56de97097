import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { z } from 'zod';
import { SearchArgs } from '../schema/inputs/access.ts';
import { SearchConnection } from '../schema/types/connections.ts';
import type { RequestContext } from '../src/server/context.ts';
import { readStorePage } from './args/page.ts';
import { optional, parseArgs, shortList, shortText } from './args/parse.ts';
import { readKinds } from './args/walk.ts';
import { connectionView } from './lists/connection-view.ts';
import { edgesOf } from './lists/store-list.ts';

const searchSchema = z.object({ text: shortText, connectors: optional(shortList(shortText)) });

/** Finds nodes by what people remember of them. */
@Resolver()
export class SearchResolver {
  @Query(() => SearchConnection, { description: 'Best matches first.' })
  async search(@Ctx() context: RequestContext, @Args(() => SearchArgs) args: SearchArgs) {
    const { text, connectors } = parseArgs(searchSchema, { text: args.text.trim(), connectors: args.connectors });
    const { limit, cursor } = readStorePage(args);
    const kinds = readKinds(args.kinds);
    const { items, hasMore } = await context.graph.store.search({ text, kinds, connectors, limit, cursor });
    const edges = await edgesOf(context, items);
    const ends = { hasNextPage: hasMore, hasPreviousPage: cursor !== undefined };
    return connectionView(context, edges, ends, null, connectors ?? null);
  }
}
