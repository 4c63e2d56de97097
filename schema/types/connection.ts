import { Field, InterfaceType, ObjectType } from 'type-graphql';
import { GraphNode } from './node.ts';

@ObjectType('PageInfo', { simpleResolvers: true, description: 'Where a page lies in its list (Relay).' })
export class PageInfo {
  @Field(() => Boolean)
  readonly hasNextPage!: boolean;

  @Field(() => Boolean)
  readonly hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  readonly startCursor!: string | null;

  @Field(() => String, { nullable: true })
  readonly endCursor!: string | null;
}

@InterfaceType('Connection', {
  description:
    'A page of a list (Relay). `first` 1–500, default 50; `last` with `before` reads backwards. Cursors belong to one store.',
})
export abstract class Connection {
  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}

/** The class behind a GraphQL object type, as `@Field(() => …)` wants it. */
export type TypeClass<T> = abstract new () => T;

/** What the decorators of an edge and a connection need to know. */
export interface ConnectionNames {
  /** `Account` gives `AccountConnection` and `AccountEdge`. */
  readonly name: string;
  readonly edgeDescription?: string;
  readonly description?: string;
}

/** An edge of the plain kind: cursor and node. */
export interface Edge<T> {
  readonly cursor: string;
  readonly node: T;
}

/** Connection over `edge`, which must have `cursor` and `node`. Call once for each name. */
export function connectionType<T extends object, E extends object>(
  names: ConnectionNames,
  node: TypeClass<T>,
  edge: TypeClass<E>,
  base: typeof Connection = Connection,
): TypeClass<Connection & { readonly edges: readonly E[]; readonly nodes: readonly T[] }> {
  @ObjectType(`${names.name}Connection`, {
    implements: base,
    simpleResolvers: true,
    ...(names.description ? { description: names.description } : {}),
  })
  class NodeConnection extends base {
    @Field(() => [edge])
    readonly edges!: readonly E[];

    @Field(() => [node], { description: 'The nodes of the edges, for when the edges do not matter.' })
    readonly nodes!: readonly T[];
  }
  return NodeConnection;
}

/** Edge with nothing but cursor and node. Call once for each name. */
export function plainEdgeType<T extends object>(names: ConnectionNames, node: TypeClass<T>): TypeClass<Edge<T>> {
  @ObjectType(`${names.name}Edge`, { simpleResolvers: true })
  class NodeEdge implements Edge<T> {
    @Field(() => String)
    readonly cursor!: string;

    @Field(() => node)
    readonly node!: T;
  }
  return NodeEdge;
}

/** The interface class in the place of a node type, for lists of several kinds. */
export const AnyNode: TypeClass<GraphNode> = GraphNode;
