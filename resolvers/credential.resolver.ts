import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { LinkedArgs } from '../schema/inputs/page-args.ts';
import { LinkedNodeConnection } from '../schema/types/connections.ts';
import { Credential } from '../schema/types/resources.ts';
import type { RequestContext } from '../src/server/context.ts';
import { linkedConnection } from './lists/linked.ts';
import type { NodeView } from './present/node-view.ts';

/** API keys and tokens. */
@Resolver(() => Credential)
export class CredentialResolver {
  @FieldResolver(() => LinkedNodeConnection, { description: 'Accounts and identities that own it.' })
  owners(@Root() node: NodeView, @Ctx() context: RequestContext, @Args(() => LinkedArgs) args: LinkedArgs) {
    const list = { direction: 'in', linkKinds: ['OWNS'], nodeKinds: ['Account', 'Identity'] } as const;
    return linkedConnection(context, node, list, args);
  }
}
