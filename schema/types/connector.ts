import { GraphQLDateTime } from 'graphql-scalars';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { ConnectorStateEnum, LinkKindEnum, ListingOutcomeEnum, NodeKindEnum } from './enums.ts';
import { Node } from './node.ts';

@ObjectType('Tenant', { simpleResolvers: true, description: 'What a connector is connected to.' })
export class Tenant {
  @Field(() => String)
  readonly nativeId!: string;

  @Field(() => String)
  readonly name!: string;

  @Field(() => [String], { description: 'Verified hosts and issuers.' })
  readonly domains!: readonly string[];

  @Field(() => String, { nullable: true })
  readonly url!: string | null;
}

@ObjectType('ListingFreshness', { simpleResolvers: true, description: 'How old what one listing brought is.' })
export class ListingFreshness {
  @Field(() => String)
  readonly listing!: string;

  @Field(() => String)
  readonly title!: string;

  @Field(() => [NodeKindEnum])
  readonly nodeKinds!: readonly NodeKind[];

  @Field(() => [LinkKindEnum])
  readonly linkKinds!: readonly LinkKind[];

  @Field(() => GraphQLDateTime, { nullable: true, description: 'End of its last complete reading.' })
  readonly lastCompleteAt!: Date | null;

  @Field(() => ListingOutcomeEnum)
  readonly lastOutcome!: string;

  @Field(() => String, { nullable: true })
  readonly reasonCode!: string | null;

  @Field(() => String, { nullable: true })
  readonly message!: string | null;
}

@ObjectType('RemovedCount', { simpleResolvers: true })
export class RemovedCount {
  @Field(() => String, { description: 'A node kind or a link kind.' })
  readonly kind!: string;

  @Field(() => Int)
  readonly removed!: number;

  @Field(() => Int)
  readonly before!: number;
}

@ObjectType('ListingRemovalPreview', { simpleResolvers: true })
export class ListingRemovalPreview {
  @Field(() => String)
  readonly listing!: string;

  @Field(() => String)
  readonly title!: string;

  @Field(() => String, { description: 'EMPTY_ANSWER or MASS_REMOVAL.' })
  readonly cause!: string;

  @Field(() => [RemovedCount])
  readonly counts!: readonly RemovedCount[];

  @Field(() => [String], { description: 'Names of the first nodes that would go, at most 20.' })
  readonly names!: readonly string[];
}

@ObjectType('RemovalPreview', {
  simpleResolvers: true,
  description: 'What a run would remove, held back until `confirmRemoval` or `rejectRemoval`.',
})
export class RemovalPreview {
  @Field(() => GraphQLDateTime)
  readonly at!: Date;

  @Field(() => [ListingRemovalPreview])
  readonly listings!: readonly ListingRemovalPreview[];
}

@ObjectType('ListingProgress', { simpleResolvers: true })
export class ListingProgress {
  @Field(() => String)
  readonly listing!: string;

  @Field(() => String)
  readonly title!: string;

  @Field(() => ListingOutcomeEnum)
  readonly outcome!: string;

  @Field(() => Int, { description: 'Provider rows read.' })
  readonly done!: number;

  @Field(() => Int, { nullable: true })
  readonly total!: number | null;

  @Field(() => Boolean)
  readonly totalIsEstimate!: boolean;

  @Field(() => Float)
  readonly ratePerSecond!: number;

  @Field(() => Float, { nullable: true, description: 'Milliseconds to go, as far as it can be told.' })
  readonly etaMs!: number | null;
}

@ObjectType('SyncProgress', { simpleResolvers: true, description: 'How far the run in progress is.' })
export class SyncProgress {
  @Field(() => GraphQLDateTime)
  readonly startedAt!: Date;

  @Field(() => Int, { description: 'Provider rows read.' })
  readonly done!: number;

  @Field(() => Int, { nullable: true })
  readonly total!: number | null;

  @Field(() => Float)
  readonly ratePerSecond!: number;

  @Field(() => Float, { nullable: true })
  readonly etaMs!: number | null;

  @Field(() => [ListingProgress])
  readonly listings!: readonly ListingProgress[];
}

@ObjectType('Connector', {
  implements: Node,
  simpleResolvers: true,
  description: 'One configured instance of a provider.',
})
export class Connector extends Node {
  @Field(() => String, { description: 'Its id in the configuration, the first part of every key: `okta`.' })
  readonly connectorId!: string;

  @Field(() => String)
  readonly name!: string;

  @Field(() => String, { description: 'The kind of system: `auth0`, `okta`, `jumpcloud`, `torq` …' })
  readonly provider!: string;

  @Field(() => ConnectorStateEnum)
  readonly state!: string;

  @Field(() => ConnectorStateEnum, { nullable: true, description: 'While SYNCING: the state before.' })
  readonly previousState!: string | null;

  @Field(() => String, { nullable: true, description: 'Machine-readable cause of the state; null when all is well.' })
  readonly reasonCode!: string | null;

  @Field(() => String, { nullable: true, description: 'What happened and the next thing to try.' })
  readonly message!: string | null;

  @Field(() => GraphQLDateTime, { description: 'When it entered this state.' })
  readonly since!: Date;

  @Field(() => Tenant, { nullable: true })
  readonly tenant!: Tenant | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'End of the last run in which every listing was complete.',
  })
  readonly lastCompleteAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Since when runs do not succeed; null while they do.' })
  readonly staleSince!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly nextRunAt!: Date | null;

  @Field(() => [ListingFreshness])
  readonly listings!: readonly ListingFreshness[];

  @Field(() => [String], { description: 'Scopes that listings miss, as the provider spells them.' })
  readonly missingScopes!: readonly string[];

  @Field(() => RemovalPreview, { nullable: true })
  readonly removalPreview!: RemovalPreview | null;
}

@ObjectType('Notice', {
  simpleResolvers: true,
  description: 'The data of a connector in this answer is old, partial or still being read for the first time.',
})
export class Notice {
  @Field(() => String)
  readonly connectorId!: string;

  @Field(() => String)
  readonly connectorName!: string;

  @Field(() => ConnectorStateEnum)
  readonly state!: string;

  @Field(() => String, { description: 'FIRST_SYNC, STALE, SCOPE_MISSING, REMOVAL_GUARD, an UPSTREAM_ code …' })
  readonly reasonCode!: string;

  @Field(() => Int, { nullable: true, description: 'Age of the last complete reading; null when there was none.' })
  readonly ageSeconds!: number | null;

  @Field(() => String, { description: 'For people, with the next thing to try.' })
  readonly message!: string;
}
