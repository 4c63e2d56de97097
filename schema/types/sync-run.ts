import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { JsonObject } from '../../src/domain/json.ts';
import { ListingOutcomeEnum, SyncRunReasonEnum, SyncRunStateEnum } from './enums.ts';
import { Node } from './node.ts';

@ObjectType('ListingRun', { simpleResolvers: true, description: 'What one run did with one listing.' })
export class ListingRun {
  @Field(() => String)
  readonly listing!: string;

  @Field(() => String)
  readonly title!: string;

  @Field(() => ListingOutcomeEnum)
  readonly outcome!: string;

  @Field(() => String, { nullable: true })
  readonly reasonCode!: string | null;

  @Field(() => String, { nullable: true })
  readonly message!: string | null;

  @Field(() => [String])
  readonly missingScopes!: readonly string[];

  @Field(() => Int)
  readonly pages!: number;

  @Field(() => Int, { description: 'Provider rows read.' })
  readonly rows!: number;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly startedAt!: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly endedAt!: Date | null;
}

@ObjectType('SyncRunMetrics', { simpleResolvers: true })
export class SyncRunMetrics {
  @Field(() => Int, { description: 'Requests sent to the provider.' })
  readonly requests!: number;

  @Field(() => Int)
  readonly retries!: number;

  @Field(() => Float)
  readonly throttledMs!: number;

  @Field(() => Int)
  readonly rows!: number;

  @Field(() => GraphQLJSONObject, { description: 'Counts by node or link kind.' })
  readonly added!: JsonObject;

  @Field(() => GraphQLJSONObject)
  readonly changed!: JsonObject;

  @Field(() => GraphQLJSONObject)
  readonly removed!: JsonObject;

  @Field(() => Int, { description: 'Links that wait for an end that is not there yet.' })
  readonly pendingLinks!: number;

  @Field(() => Float)
  readonly durationMs!: number;
}

@ObjectType('SyncRun', { implements: Node, simpleResolvers: true, description: 'One execution of a connector’s sync.' })
export class SyncRun extends Node {
  @Field(() => String, { description: '`<connector>/<time>`' })
  readonly runId!: string;

  @Field(() => String)
  readonly connectorId!: string;

  @Field(() => SyncRunReasonEnum)
  readonly reason!: string;

  @Field(() => SyncRunStateEnum)
  readonly state!: string;

  @Field(() => String, { nullable: true })
  readonly reasonCode!: string | null;

  @Field(() => String, { nullable: true })
  readonly message!: string | null;

  @Field(() => Boolean, { description: 'A failed end is worth another try without anybody doing something.' })
  readonly retryable!: boolean;

  @Field(() => Boolean, { description: 'The connector had no complete run before.' })
  readonly first!: boolean;

  @Field(() => GraphQLDateTime)
  readonly startedAt!: Date;

  @Field(() => GraphQLDateTime, { nullable: true })
  readonly endedAt!: Date | null;

  @Field(() => Int, { description: 'How often it was taken up again after the process had ended.' })
  readonly resumes!: number;

  @Field(() => [ListingRun])
  readonly listings!: readonly ListingRun[];

  @Field(() => SyncRunMetrics)
  readonly metrics!: SyncRunMetrics;
}
