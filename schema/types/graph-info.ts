import { Field, Int, ObjectType } from 'type-graphql';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { LinkKindEnum, NodeKindEnum } from './enums.ts';

@ObjectType('NodeCount', { simpleResolvers: true })
export class NodeCount {
  @Field(() => NodeKindEnum)
  readonly kind!: NodeKind;

  @Field(() => Int)
  readonly count!: number;
}

@ObjectType('LinkCount', { simpleResolvers: true })
export class LinkCount {
  @Field(() => LinkKindEnum)
  readonly kind!: LinkKind;

  @Field(() => Int, { description: 'Assertions: the same link said by two connectors counts twice.' })
  readonly count!: number;
}

@ObjectType('LinkKindInfo', { simpleResolvers: true, description: 'An entry of the register of link kinds.' })
export class LinkKindInfo {
  @Field(() => LinkKindEnum)
  readonly kind!: LinkKind;

  @Field(() => [NodeKindEnum])
  readonly from!: readonly NodeKind[];

  @Field(() => [NodeKindEnum])
  readonly to!: readonly NodeKind[];

  @Field(() => String, { description: '`always`, `never` or `conditional`: whether access flows along it.' })
  readonly walk!: string;

  @Field(() => String)
  readonly sentence!: string;

  @Field(() => [String])
  readonly givenBy!: readonly string[];
}

@ObjectType('RuleCount', { simpleResolvers: true })
export class RuleCount {
  @Field(() => String)
  readonly rule!: string;

  @Field(() => Int)
  readonly count!: number;
}

@ObjectType('LinkingSummary', {
  simpleResolvers: true,
  description: 'What was linked by which rule, and what was kept apart although it looks alike.',
})
export class LinkingSummary {
  @Field(() => Int)
  readonly accounts!: number;

  @Field(() => Int)
  readonly identities!: number;

  @Field(() => [RuleCount], { description: 'Accounts by the strongest rule that ties them to their identity.' })
  readonly byRule!: readonly RuleCount[];

  @Field(() => Int, {
    description: 'Values (addresses, numbers) that two accounts of one kind claim: they link nobody.',
  })
  readonly ambiguous!: number;

  @Field(() => Int, { description: 'Pairs of identities that share a full name.' })
  readonly sameName!: number;

  @Field(() => Int, { description: 'Accounts whose address is another identity’s verified one.' })
  readonly unverifiedLookAlikes!: number;
}

@ObjectType('GraphInfo', { simpleResolvers: true, description: 'The graph as a whole, at this moment.' })
export class GraphInfo {
  @Field(() => String)
  readonly storeId!: string;

  @Field(() => String, { description: 'For people: the engine of the store and its version.' })
  readonly engine!: string;

  @Field(() => Int, { description: 'Number of the newest change.' })
  readonly seq!: number;

  @Field(() => String, { description: 'For `graphChanges(after:)`: everything after this moment.' })
  readonly cursor!: string;

  @Field(() => Int)
  readonly nodeCount!: number;

  @Field(() => Int)
  readonly linkCount!: number;

  @Field(() => [NodeCount])
  readonly nodesByKind!: readonly NodeCount[];

  @Field(() => [LinkKindInfo], { description: 'The vocabulary: what every link kind means.' })
  readonly linkKinds!: readonly LinkKindInfo[];
}
