import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars';
import { Field, Float, InterfaceType, ObjectType } from 'type-graphql';
import type { JsonObject } from '../../src/domain/json.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import { LinkBasisEnum, LinkKindEnum } from './enums.ts';
import { GraphNode } from './node.ts';

@ObjectType('Link', {
  simpleResolvers: true,
  description: 'One assertion of a link. The same link said by two connectors is two of these and one edge.',
})
export class Link {
  @Field(() => LinkKindEnum)
  readonly kind!: LinkKind;

  @Field(() => String, { description: 'Who asserts it; `crosswalk` for what was derived.' })
  readonly connectorId!: string;

  @Field(() => String, { description: 'The listing that brought it.' })
  readonly listing!: string;

  @Field(() => String, { description: 'Tells apart links of one kind between the same ends; mostly empty.' })
  readonly qualifier!: string;

  @Field(() => Boolean, { description: 'Carries access now: not inactive, not expired, not evidence only.' })
  readonly isLive!: boolean;

  @Field(() => Boolean, { description: 'Switched off at the provider.' })
  readonly isInactive!: boolean;

  @Field(() => Boolean, { description: 'Its validity has passed.' })
  readonly isExpired!: boolean;

  @Field(() => Boolean, { description: 'The provider derived it from another link; never walked.' })
  readonly isDerived!: boolean;

  @Field(() => Boolean, { description: 'Kept as evidence only; never walked.' })
  readonly isEvidence!: boolean;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly validUntil!: Date | null;

  @Field(() => GraphQLJSONObject, { nullable: true })
  readonly properties!: JsonObject | null;
}

@ObjectType('LinkWay', { simpleResolvers: true, description: 'One way in which two nodes are linked.' })
export class LinkWay {
  @Field(() => LinkBasisEnum)
  readonly basis!: string;

  @Field(() => GraphNode, { nullable: true, description: 'The group or role that brings it; null when direct.' })
  readonly via!: GraphNode | null;

  @Field(() => Boolean, { description: 'Works now, by this way.' })
  readonly isLive!: boolean;
}

@InterfaceType('LinkedEdge', {
  description: 'An edge that stands for links of the graph and says how they came about.',
})
export abstract class LinkedEdge {
  @Field(() => String)
  readonly cursor!: string;
}

@ObjectType('OwnershipEvidence', { simpleResolvers: true, description: 'Why an account belongs to an identity.' })
export class OwnershipEvidence {
  @Field(() => String)
  readonly rule!: string;

  @Field(() => String, { description: 'For a reader.' })
  readonly sentence!: string;

  @Field(() => String, { nullable: true, description: 'The value that matched.' })
  readonly value!: string | null;

  @Field(() => String, { nullable: true, description: 'Key of the other account that it ties this one to.' })
  readonly withKey!: string | null;
}

@ObjectType('Ownership', { simpleResolvers: true, description: 'How an account came under its identity.' })
export class Ownership {
  @Field(() => String, { description: 'The strongest rule.' })
  readonly rule!: string;

  @Field(() => Float, { description: '0–1; deterministic rules are 1.' })
  readonly confidence!: number;

  @Field(() => [OwnershipEvidence])
  readonly evidence!: readonly OwnershipEvidence[];

  @Field(() => Boolean, {
    description: 'Entered by federation, but the upstream tenant is not connected or not readable.',
  })
  readonly entranceUnknown!: boolean;
}
