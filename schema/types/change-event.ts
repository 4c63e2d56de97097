import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { JsonObject } from '../../src/domain/json.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import {
  ChangeActionEnum,
  ChangeCauseEnum,
  ChangeEventTypeEnum,
  LinkKindEnum,
  NodeKindEnum,
  ResetReasonEnum,
} from './enums.ts';
import { GraphNode } from './node.ts';

@ObjectType('NodeChange', { simpleResolvers: true })
export class NodeChange {
  @Field(() => ChangeActionEnum)
  readonly action!: string;

  @Field(() => NodeKindEnum)
  readonly kind!: NodeKind;

  @Field(() => ID)
  readonly id!: string;

  @Field(() => String)
  readonly key!: string;

  @Field(() => String, { description: 'Its name after the change; the last one when it is gone.' })
  readonly name!: string;

  @Field(() => [String], { description: 'CHANGED: properties that differ, and `name` or `flags`; else empty.' })
  readonly changedFields!: readonly string[];

  @Field(() => GraphNode, {
    nullable: true,
    description: 'As it was; null when it was not there. Its lists and links are those of now.',
  })
  readonly before!: GraphNode | null;

  @Field(() => GraphNode, { nullable: true, description: 'As it became; null when it was removed.' })
  readonly after!: GraphNode | null;
}

@ObjectType('LinkState', { simpleResolvers: true })
export class LinkState {
  @Field(() => Boolean, { description: 'Carries access: not inactive, not expired, not evidence only.' })
  readonly isLive!: boolean;

  @Field(() => Boolean)
  readonly isInactive!: boolean;

  @Field(() => Boolean)
  readonly isExpired!: boolean;

  @Field(() => Boolean)
  readonly isDerived!: boolean;

  @Field(() => Boolean)
  readonly isEvidence!: boolean;

  @Field(() => GraphQLJSONObject, { nullable: true })
  readonly properties!: JsonObject | null;
}

@ObjectType('LinkChange', { simpleResolvers: true })
export class LinkChange {
  @Field(() => ChangeActionEnum)
  readonly action!: string;

  @Field(() => LinkKindEnum)
  readonly kind!: LinkKind;

  @Field(() => GraphNode, { description: 'As it is now, or as it last was.' })
  readonly from!: GraphNode;

  @Field(() => GraphNode, { description: 'As it is now, or as it last was.' })
  readonly to!: GraphNode;

  @Field(() => String, { description: 'Who asserts it; `crosswalk` for what was derived.' })
  readonly connectorId!: string;

  @Field(() => String)
  readonly qualifier!: string;

  @Field(() => LinkState, { nullable: true })
  readonly before!: LinkState | null;

  @Field(() => LinkState, { nullable: true })
  readonly after!: LinkState | null;
}

@ObjectType('ChangeEvent', {
  simpleResolvers: true,
  description:
    'One committed change, or a part of it when it is big. After a RESET, read what you need afresh, then go on from `cursor`.',
})
export class ChangeEvent {
  @Field(() => ChangeEventTypeEnum)
  readonly type!: string;

  @Field(() => String, {
    description: 'Where to go on after this event: `graphChanges(after:)`, or Last-Event-ID over SSE.',
  })
  readonly cursor!: string;

  @Field(() => Int, {
    description: 'Number of the change; grows by one for each commit, also for those that a filter hides.',
  })
  readonly seq!: number;

  @Field(() => Int, { description: 'Position among the parts of this change, from 1; filtered parts are left out.' })
  readonly part!: number;

  @Field(() => Boolean, { description: 'No further part of this change follows.' })
  readonly isLastPart!: boolean;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly at!: Date | null;

  @Field(() => ChangeCauseEnum, { nullable: true })
  readonly cause!: string | null;

  @Field(() => String, { nullable: true, description: 'The connector whose sync made it.' })
  readonly connectorId!: string | null;

  @Field(() => String, { nullable: true })
  readonly runId!: string | null;

  @Field(() => String, { nullable: true, description: 'Who decided, for a change made by a person or key.' })
  readonly actor!: string | null;

  @Field(() => [NodeChange])
  readonly nodes!: readonly NodeChange[];

  @Field(() => [LinkChange])
  readonly links!: readonly LinkChange[];

  @Field(() => ResetReasonEnum, { nullable: true, description: 'RESET only.' })
  readonly resetReason!: string | null;
}
