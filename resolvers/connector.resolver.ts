import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { ForwardPageArgs } from '../schema/inputs/page-args.ts';
import { SyncRunConnection } from '../schema/types/connections.ts';
import { Connector, SyncProgress } from '../schema/types/connector.ts';
import { SyncRun } from '../schema/types/sync-run.ts';
import { AppError } from '../src/domain/errors.ts';
import { requireRole } from '../src/domain/viewer.ts';
import type { RequestContext } from '../src/server/context.ts';
import type { ConnectorStatus } from '../src/services/sync/types.ts';
import { readStorePage } from './args/page.ts';
import { connectionView } from './lists/connection-view.ts';
import { type ConnectorView, presentConnector, presentRun, type SyncRunView } from './present/connector-view.ts';

/** As many runs of a connector can be paged through. */
const MAX_RUNS = 1_000;

/** Connectors: how they stand, what their runs did, and steering them. */
@Resolver(() => Connector)
export class ConnectorResolver {
  @Query(() => [Connector], { description: 'All configured connectors, by id.' })
  connectors(@Ctx() context: RequestContext): ConnectorView[] {
    return context.sync.statuses().map(presentConnector);
  }

  @Query(() => Connector, { nullable: true })
  connector(@Ctx() context: RequestContext, @Arg('connector', () => String) connector: string): ConnectorView | null {
    const status = context.sync.statuses().find((candidate) => candidate.connector === connector);
    return status === undefined ? null : presentConnector(status);
  }

  @FieldResolver(() => SyncProgress, {
    nullable: true,
    description: 'Of the run in progress; null when there is none.',
  })
  progress(@Root() connector: ConnectorView, @Ctx() context: RequestContext) {
    const progress = context.sync.progress(connector.connectorId);
    return progress && { ...progress, startedAt: new Date(progress.startedAt) };
  }

  @FieldResolver(() => SyncRun, { nullable: true, description: 'The newest run, also while it is going on.' })
  async lastRun(@Root() connector: ConnectorView, @Ctx() context: RequestContext): Promise<SyncRunView | null> {
    const [run] = await context.sync.runs(connector.connectorId, 1);
    return run === undefined ? null : presentRun(run);
  }

  @FieldResolver(() => SyncRunConnection, { description: 'Newest first, the last 1,000.' })
  async runs(
    @Root() connector: ConnectorView,
    @Ctx() context: RequestContext,
    @Args(() => ForwardPageArgs) args: ForwardPageArgs,
  ) {
    const { limit, cursor } = readStorePage(args);
    const all = await context.sync.runs(connector.connectorId, MAX_RUNS);
    const start = cursor === undefined ? 0 : all.findIndex((run) => runCursor(run.id) === cursor) + 1;
    if (cursor !== undefined && start === 0) {
      throw new AppError('INVALID_CURSOR', 'This cursor is none of this list; read the list from its beginning.', {
        audience: 'user',
      });
    }
    const edges = all.slice(start, start + limit).map((run) => ({ cursor: runCursor(run.id), node: presentRun(run) }));
    const ends = { hasNextPage: start + limit < all.length, hasPreviousPage: start > 0 };
    return connectionView(context, edges, ends, () => all.length, []);
  }

  @Mutation(() => SyncRun, { description: 'Starts a run and answers at once. Needs the role operator.' })
  async startSync(
    @Ctx() context: RequestContext,
    @Arg('connector', () => String) connector: string,
  ): Promise<SyncRunView> {
    mustOperate(context, connector);
    return presentRun(await context.sync.startSync(connector, context.viewer));
  }

  @Mutation(() => Connector, {
    description: 'Ends the run in progress; what it has written stays. Needs the role operator.',
  })
  async cancelSync(
    @Ctx() context: RequestContext,
    @Arg('connector', () => String) connector: string,
  ): Promise<ConnectorView> {
    mustOperate(context, connector);
    await context.sync.cancelSync(connector, context.viewer);
    return presentConnector(mustOperate(context, connector));
  }

  @Mutation(() => Connector, {
    description: 'Lets the removals that the guard held back (`removalPreview`) happen. Needs the role operator.',
  })
  async confirmRemoval(
    @Ctx() context: RequestContext,
    @Arg('connector', () => String) connector: string,
  ): Promise<ConnectorView> {
    mustOperate(context, connector);
    return presentConnector(await context.sync.confirmRemoval(connector, context.viewer));
  }

  @Mutation(() => Connector, { description: 'Keeps what the guard held back. Needs the role operator.' })
  async rejectRemoval(
    @Ctx() context: RequestContext,
    @Arg('connector', () => String) connector: string,
  ): Promise<ConnectorView> {
    mustOperate(context, connector);
    return presentConnector(await context.sync.rejectRemoval(connector, context.viewer));
  }
}

/** @throws AppError `FORBIDDEN`, `CONNECTOR_NOT_FOUND` */
function mustOperate(context: RequestContext, connector: string): ConnectorStatus {
  requireRole(context.viewer, 'operator');
  const statuses = context.sync.statuses();
  const status = statuses.find((candidate) => candidate.connector === connector);
  if (status !== undefined) return status;
  const known = statuses.map((candidate) => candidate.connector).join(', ') || 'none';
  throw new AppError('CONNECTOR_NOT_FOUND', `There is no connector of this id; there are: ${known}.`, {
    audience: 'user',
  });
}

function runCursor(run: string): string {
  return Buffer.from(`r:${run}`, 'utf8').toString('base64url');
}
