import { Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import { Connection } from './connection.ts';
import { LinkKindEnum, TruncationReasonEnum } from './enums.ts';
import { GraphNode } from './node.ts';
import { Application } from './resources.ts';

@ObjectType('Hop', { simpleResolvers: true, description: 'One step of an access path.' })
export class Hop {
  @Field(() => GraphNode)
  readonly from!: GraphNode;

  @Field(() => GraphNode)
  readonly to!: GraphNode;

  @Field(() => LinkKindEnum)
  readonly kind!: LinkKind;

  @Field(() => String, { description: 'For a reader: “Ada is a member of Payroll”.' })
  readonly sentence!: string;

  @Field(() => Boolean, { description: 'The link works now.' })
  readonly isLive!: boolean;

  @Field(() => Boolean)
  readonly isInactive!: boolean;

  @Field(() => Boolean)
  readonly isExpired!: boolean;

  @Field(() => Application, {
    nullable: true,
    description: 'FEDERATES only: the application that the log-in goes through.',
  })
  readonly via!: Application | null;

  @Field(() => [Hop], { description: 'FEDERATES only: how `from` reaches `via`.' })
  readonly through!: readonly Hop[];
}

@ObjectType('AccessPath', { simpleResolvers: true, description: 'Why access exists: hops from the start to the end.' })
export class AccessPath {
  @Field(() => Int, { description: 'Number of hops; those under `through` are not counted.' })
  readonly length!: number;

  @Field(() => [Hop])
  readonly hops!: readonly Hop[];

  @Field(() => Boolean, { description: 'Every hop and every node on it works now.' })
  readonly isLive!: boolean;
}

@ObjectType('AccessPathResult', { simpleResolvers: true })
export class AccessPathResult {
  @Field(() => GraphNode)
  readonly from!: GraphNode;

  @Field(() => GraphNode)
  readonly to!: GraphNode;

  @Field(() => [AccessPath], { description: 'Shortest first, ties by id.' })
  readonly paths!: readonly AccessPath[];

  @Field(() => Boolean, { description: 'True when a limit, not the graph, ended the search.' })
  readonly truncated!: boolean;

  @Field(() => TruncationReasonEnum, { nullable: true })
  readonly truncationReason!: string | null;
}

@InterfaceType('ReachedEdge', { description: 'An edge to something that was found by walking the graph.' })
export abstract class ReachedEdge {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => Int, { description: 'Length of a shortest path.' })
  readonly hops!: number;
}

@InterfaceType('WalkConnection', {
  implements: Connection,
  description: 'A list that was found by walking; says when a limit ended the walk.',
})
export abstract class WalkConnection extends Connection {
  @Field(() => Boolean, { description: 'True when a limit, not the graph, ended the walk.' })
  readonly truncated!: boolean;

  @Field(() => TruncationReasonEnum, { nullable: true })
  readonly truncationReason!: string | null;
}
