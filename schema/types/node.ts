import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, InterfaceType } from 'type-graphql';
import type { JsonObject } from '../../src/domain/json.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { NodeKindEnum } from './enums.ts';

@InterfaceType('Node', { description: 'Anything that `node(id:)` finds again. Ids survive a rebuilt store.' })
export abstract class Node {
  @Field(() => ID, { description: 'Opaque, stable.' })
  readonly id!: string;
}

@InterfaceType('GraphNode', {
  implements: Node,
  description:
    'A node of the access graph: an identity, account, group, role, organisation, application, permission or credential.',
})
export abstract class GraphNode extends Node {
  @Field(() => String, { description: '`<connector>/<kind>/<nativeId>`: unique and readable.' })
  readonly key!: string;

  @Field(() => NodeKindEnum)
  readonly kind!: NodeKind;

  @Field(() => String, { description: 'What people call it; never empty.' })
  readonly name!: string;

  @Field(() => String, { description: 'Its id at the provider.' })
  readonly nativeId!: string;

  @Field(() => String, { description: 'The connector that it was read from; `crosswalk` for identities.' })
  readonly connectorId!: string;

  @Field(() => Boolean, { description: 'Usable now: neither inactive (suspended, disabled …) nor expired.' })
  readonly isLive!: boolean;

  @Field(() => Boolean, { description: 'Its validity has passed.' })
  readonly isExpired!: boolean;

  @Field(() => Boolean, { description: 'It is gone; only the past (change events) shows it.' })
  readonly isRemoved!: boolean;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When Crosswalk first saw it.' })
  readonly firstSeenAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'When it last changed, as Crosswalk saw it.' })
  readonly changedAt!: Date | null;

  @Field(() => GraphQLJSONObject, {
    description: 'Every normalised property, also those without a field of their own. No secrets, no raw payloads.',
  })
  readonly properties!: JsonObject;
}
