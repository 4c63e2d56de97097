import { Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { GraphInfo, LinkCount, LinkingSummary } from '../schema/types/graph-info.ts';
import { LINK_KIND_NAMES, linkKindSpec } from '../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../src/domain/node-kinds.ts';
import type { RequestContext } from '../src/server/context.ts';

/** The graph as a whole. */
@Resolver(() => GraphInfo)
export class GraphResolver {
  @Query(() => GraphInfo)
  graph(@Ctx() context: RequestContext): Omit<GraphInfo, 'linksByKind' | 'linking'> {
    const { info, index, seq } = context.graph;
    const { nodes } = index.countByKind();
    return {
      storeId: info.storeId,
      engine: info.engine,
      seq,
      cursor: context.services.changes.now(),
      nodeCount: index.nodeCount,
      linkCount: index.linkCount,
      nodesByKind: NODE_KINDS.map((kind) => ({ kind, count: nodes.get(kind) ?? 0 })),
      linkKinds: LINK_KIND_NAMES.map((kind) => ({ kind, ...linkKindSpec(kind) })),
    };
  }

  @FieldResolver(() => [LinkCount])
  linksByKind(@Root() _graph: GraphInfo, @Ctx() context: RequestContext): LinkCount[] {
    const { links } = context.graph.index.countByKind();
    return LINK_KIND_NAMES.map((kind) => ({ kind, count: links.get(kind) ?? 0 }));
  }

  @FieldResolver(() => LinkingSummary, {
    nullable: true,
    description: 'Null on a gateway that leaves linking to another one.',
  })
  linking(@Root() _graph: GraphInfo, @Ctx() context: RequestContext): LinkingSummary | null {
    const stats = context.linking?.();
    if (!stats) return null;
    const byRule = Object.entries(stats.byRule).map(([rule, count]) => ({ rule, count }));
    return { ...stats, byRule: byRule.sort((a, b) => b.count - a.count) };
  }
}
