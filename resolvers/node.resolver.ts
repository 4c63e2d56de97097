import { GraphQLDateTime } from 'graphql-scalars';
import { Arg, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import { Connector } from '../schema/types/connector.ts';
import { GraphNode, Node } from '../schema/types/node.ts';
import type { RequestContext } from '../src/server/context.ts';
import { isStale } from '../src/services/connectors/staleness.ts';
import { parseArgs } from './args/parse.ts';
import { scopeOf } from './lists/connection-view.ts';
import { loadNode } from './loaders/loaders.ts';
import { type ConnectorView, presentConnector, presentRun, type SyncRunView } from './present/connector-view.ts';
import type { NodeView } from './present/node-view.ts';
import { parseRecordId } from './present/record-ids.ts';

type AnyView = NodeView | ConnectorView | SyncRunView;

const idList = z.array(z.string().max(4_096, 'is no id')).max(500, 'must have at most 500 members');

/** `node` and `nodes`, and what every node of the graph can tell about itself. */
@Resolver(() => GraphNode)
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Anything by its id; null when it is not there (any more).' })
  async node(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<AnyView | null> {
    const [found] = await findAll(context, [id]);
    return found ?? null;
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: 'In the order of the ids, at most 500; null for what is not there.',
  })
  async nodes(
    @Ctx() context: RequestContext,
    @Arg('ids', () => [ID]) ids: string[],
  ): Promise<readonly (AnyView | null)[]> {
    return findAll(context, parseArgs(idList, ids));
  }

  @FieldResolver(() => Connector, { nullable: true, description: 'Null for identities, which belong to none.' })
  connector(@Root() node: NodeView, @Ctx() context: RequestContext): ConnectorView | null {
    const status = context.sync.statuses().find((candidate) => candidate.connector === node.connectorId);
    return status === undefined ? null : presentConnector(status);
  }

  @FieldResolver(() => String, { nullable: true, description: 'Kind of system it was read from: `okta`, `auth0` …' })
  provider(@Root() node: NodeView, @Ctx() context: RequestContext): string | null {
    return context.sync.statuses().find((candidate) => candidate.connector === node.connectorId)?.provider ?? null;
  }

  @FieldResolver(() => Boolean, {
    description: 'Its connector can no longer read it: what is shown is what was last known.',
  })
  isStale(@Root() node: NodeView, @Ctx() context: RequestContext): boolean {
    const status = context.sync.statuses().find((candidate) => candidate.connector === node.connectorId);
    return isStale(status, node.record.listing);
  }

  @FieldResolver(() => GraphQLDateTime, {
    nullable: true,
    description: 'End of the last complete listing of its kind: it was there then.',
  })
  lastSeenAt(@Root() node: NodeView, @Ctx() context: RequestContext): Date | null {
    const status = context.sync.statuses().find((candidate) => candidate.connector === node.connectorId);
    const at = status?.listings.find((listing) => listing.listing === node.record.listing)?.lastCompleteAt;
    return at == null ? null : new Date(at);
  }
}

async function findAll(context: RequestContext, ids: readonly string[]): Promise<(AnyView | null)[]> {
  const found = await context.services.lookup.byOpaqueIds(context.viewer, ids);
  return Promise.all(
    ids.map(async (id, i) => {
      const nodeId = found[i];
      if (typeof nodeId !== 'number') return findRecord(context, id);
      const node = await loadNode(context.loaders, nodeId);
      if (node !== null) context.notices.touch(scopeOf(node));
      return node;
    }),
  );
}

async function findRecord(context: RequestContext, id: string): Promise<AnyView | null> {
  const parsed = parseRecordId(id);
  if (parsed?.type === 'Connector') {
    const status = context.sync.statuses().find((candidate) => candidate.connector === parsed.name);
    return status === undefined ? null : presentConnector(status);
  }
  if (parsed?.type !== 'SyncRun') return null;
  const run = await context.sync.run(parsed.name);
  return run && presentRun(run);
}
