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
