import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { AccessPath as AccessPathType, Hop as HopType, ReachedEdge } from '../schema/types/access-path.ts';
import { OwnedAccountEdge } from '../schema/types/connections.ts';
import { Link, LinkedEdge, LinkWay, Ownership } from '../schema/types/link.ts';
import type { LinkRecord } from '../src/domain/graph.ts';
import type { LinkKind } from '../src/domain/link-kinds.ts';
import type { RequestContext } from '../src/server/context.ts';
import type { LinkedEdgeView } from './lists/linked.ts';
import type { ReachedEdgeView } from './lists/walked.ts';
import { loadNode, type Pair } from './loaders/loaders.ts';
import { presentFlags, presentLink, presentOwnership } from './present/link-view.ts';
import type { NodeView } from './present/node-view.ts';
import { type HopView, type PathView, presentPaths } from './present/path-view.ts';

/** How the two ends of an edge are linked, in general: by themselves, through groups, by whom. */
@Resolver(() => LinkedEdge)
export class LinkedEdgeResolver {
  @FieldResolver(() => [Link], {
    description: 'The direct links behind the edge; empty when it comes through groups only.',
  })
  async links(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<Link[]> {
    return presentLinks(context, await linksBetween(context, edge.pair, edge.linkKinds));
  }

  @FieldResolver(() => [String], { description: 'Connectors that assert a direct link.' })
  async assertedBy(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<string[]> {
    return assertersOf(context, await linksBetween(context, edge.pair, edge.linkKinds));
  }

  @FieldResolver(() => [LinkWay], {
    description: 'Every way in which it came about: direct, or by which group or role.',
  })
  async how(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<LinkWay[]> {
    if (edge.ways === null) return [await directWay(context, edge)];
    return Promise.all(
      edge.ways().map(async (way) => ({
        basis: way.basis,
        via: way.via === 0 ? null : await loadNode(context.loaders, way.via),
        isLive: way.isLive,
      })),
    );
  }

  @FieldResolver(() => Boolean, { description: 'Works now, by at least one way.' })
  async isLive(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<boolean> {
    if (edge.ways !== null) return edge.ways().some((way) => way.isLive);
    return (await directWay(context, edge)).isLive;
  }
}

/** How an account came under its identity. */
@Resolver(() => OwnedAccountEdge)
export class OwnedAccountEdgeResolver {
  @FieldResolver(() => Ownership, { nullable: true })
  async ownership(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<Ownership | null> {
    return ownershipBetween(context, edge.pair);
  }

  @FieldResolver(() => [Link])
  async links(@Root() edge: LinkedEdgeView, @Ctx() context: RequestContext): Promise<Link[]> {
    return presentLinks(context, await linksBetween(context, edge.pair, edge.linkKinds));
  }
}

@Resolver(() => ReachedEdge)
export class ReachedEdgeResolver {
  @FieldResolver(() => AccessPathType, {
    nullable: true,
    description: 'A shortest path: how it was obtained. Null when it is longer than 16 hops.',
  })
  async path(@Root() edge: ReachedEdgeView, @Ctx() context: RequestContext): Promise<PathView | null> {
    const { access } = context.services;
    const path = access.example(context.viewer, edge.fromId, edge.toId, edge.includeNotLive, context.signal);
    const [view] = path === null ? [] : await presentPaths(context.loaders, [path]);
    return view ?? null;
  }
}

@Resolver(() => HopType)
export class HopResolver {
  @FieldResolver(() => [Link], { description: 'The assertions behind the hop, with their properties.' })
  async links(@Root() hop: HopView, @Ctx() context: RequestContext): Promise<Link[]> {
    return presentLinks(context, await linksBetween(context, pairOf(hop), [hop.kind]));
  }

  @FieldResolver(() => [String])
  async assertedBy(@Root() hop: HopView, @Ctx() context: RequestContext): Promise<string[]> {
    return assertersOf(context, await linksBetween(context, pairOf(hop), [hop.kind]));
  }

  @FieldResolver(() => Boolean, {
    description: 'HAS_ACCOUNT only: the account is entered by federation, but its upstream tenant is not connected.',
  })
  entranceUnknown(@Root() hop: HopView, @Ctx() context: RequestContext): Promise<boolean> | boolean {
    return isEntranceUnknown(hop, context);
  }
}

@Resolver(() => AccessPathType)
export class AccessPathResolver {
  @FieldResolver(() => Boolean, { description: 'At least one account on it is entered in a way that is not known.' })
  async entranceUnknown(@Root() path: PathView, @Ctx() context: RequestContext): Promise<boolean> {
    const answers = await Promise.all(path.hops.map((hop) => isEntranceUnknown(hop, context)));
    return answers.includes(true);
  }
}

/** The ownership of an account by an identity; `null` when there is none. */
export async function ownershipBetween(context: RequestContext, pair: Pair): Promise<Ownership | null> {
  const [record] = await linksBetween(context, pair, ['HAS_ACCOUNT']);
  return record === undefined ? null : presentOwnership(record.properties);
}

async function linksBetween(
  context: RequestContext,
  pair: Pair,
  kinds: readonly LinkKind[],
): Promise<readonly LinkRecord[]> {
  const records = await context.loaders.links.load(pair);
  return records.filter((record) => kinds.includes(record.kind));
}

function presentLinks(context: RequestContext, records: readonly LinkRecord[]): Link[] {
  return records.map((record) => presentLink(record, context.graph.sourceOf(record.source)));
}

function assertersOf(context: RequestContext, records: readonly LinkRecord[]): string[] {
  return [...new Set(records.map((record) => context.graph.sourceOf(record.source).connector))].sort();
}

async function directWay(context: RequestContext, edge: LinkedEdgeView): Promise<LinkWay> {
  const flags = (await linksBetween(context, edge.pair, edge.linkKinds)).map((record) => presentFlags(record.flags));
  const isEvidence = flags.length > 0 && flags.every((flag) => flag.isDerived || flag.isEvidence);
  const isLive = flags.some((flag) => flag.isLive) && edge.parent.isLive && edge.node.isLive;
  return { basis: isEvidence ? 'EVIDENCE' : 'DIRECT', via: null, isLive };
}

async function isEntranceUnknown(hop: HopView, context: RequestContext): Promise<boolean> {
  if (hop.kind !== 'HAS_ACCOUNT') return false;
  return (await ownershipBetween(context, pairOf(hop)))?.entranceUnknown ?? false;
}

function pairOf(hop: { readonly from: NodeView; readonly to: NodeView }): Pair {
  return { from: hop.from.nodeId, to: hop.to.nodeId };
}
