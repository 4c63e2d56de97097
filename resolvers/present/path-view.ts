import type { AccessPath, Hop as HopType } from '../../schema/types/access-path.ts';
import type { Application } from '../../schema/types/resources.ts';
import { NOT_LIVE_LINK } from '../../src/domain/flags.ts';
import { linkKindSpec } from '../../src/domain/link-kinds.ts';
import type { Hop, Path } from '../../src/services/access/queries.ts';
import { type Loaders, loadNodes } from '../loaders/loaders.ts';
import { presentFlags } from './link-view.ts';
import type { NodeView } from './node-view.ts';

/** A hop as the API gives it, with its ends' node ids for the loader of links. */
export interface HopView extends HopType {
  readonly from: NodeView;
  readonly to: NodeView;
  readonly through: readonly HopView[];
}

export interface PathView extends AccessPath {
  readonly hops: readonly HopView[];
}

/** Paths with their nodes, read in one go. A path one of whose nodes vanished meanwhile is left out. */
export async function presentPaths(loaders: Loaders, paths: readonly Path[]): Promise<PathView[]> {
  const ids = new Set<number>();
  for (const path of paths) collectIds(path.hops, ids);
  const nodes = new Map((await loadNodes(loaders, [...ids])).map((node) => [node.nodeId, node]));
  return paths.flatMap((path) => {
    const hops = presentHops(path.hops, nodes);
    if (hops.length < path.hops.length) return [];
    return [{ length: hops.length, hops, isLive: hops.every(isLiveHop) }];
  });
}

function collectIds(hops: readonly Hop[], ids: Set<number>): void {
  for (const hop of hops) {
    ids.add(hop.from).add(hop.to);
    if (hop.via !== undefined) ids.add(hop.via);
    if (hop.through !== undefined) collectIds(hop.through, ids);
  }
}

function presentHops(hops: readonly Hop[], nodes: ReadonlyMap<number, NodeView>): HopView[] {
  return hops.flatMap((hop) => {
    const from = nodes.get(hop.from);
    const to = nodes.get(hop.to);
    if (!from || !to) return [];
    const { isInactive, isExpired } = presentFlags(hop.flags);
    return [
      {
        from,
        to,
        kind: hop.kind,
        sentence: sentenceOf(hop, from.name, to.name),
        isLive: (hop.flags & NOT_LIVE_LINK) === 0,
        isInactive,
        isExpired,
        via: applicationOf(hop.via === undefined ? undefined : nodes.get(hop.via)),
        through: presentHops(hop.through ?? [], nodes),
      },
    ];
  });
}

/** The register's sentence with the names in their places; names are not searched for places again. */
function sentenceOf(hop: Hop, from: string, to: string): string {
  return linkKindSpec(hop.kind).sentence.replace(/\{(from|to)\}/g, (_, end) => (end === 'from' ? from : to));
}

function isLiveHop(hop: HopView): boolean {
  return hop.isLive && hop.from.isLive && hop.to.isLive && hop.through.every(isLiveHop);
}

function applicationOf(node: NodeView | undefined): (NodeView & Application) | null {
  return node !== undefined && isApplication(node) ? node : null;
}

function isApplication(node: NodeView): node is NodeView & Application {
  return node.kind === 'Application';
}
