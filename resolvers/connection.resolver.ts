import { Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { Connection } from '../schema/types/connection.ts';
import { Notice } from '../schema/types/connector.ts';
import type { RequestContext } from '../src/server/context.ts';
import type { ConnectorNotice } from '../src/services/connectors/notices.ts';
import type { ConnectionView } from './lists/connection-view.ts';

/** What every list tells beside its edges. */
@Resolver(() => Connection)
export class ConnectionResolver {
  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Of the whole list, whatever the page; null where nothing counts them (search).',
  })
  totalCount(@Root() connection: ConnectionView): number | Promise<number> | null {
    return connection.count === null ? null : connection.count();
  }

  @FieldResolver(() => [Notice], {
    description: 'Connectors whose data in this list is old, partial or still arriving.',
  })
  notices(@Root() connection: ConnectionView, @Ctx() context: RequestContext): readonly ConnectorNotice[] {
    return context.notices.of(connection.scope);
  }
}
