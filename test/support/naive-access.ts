import { NEVER_WALKED, NOT_LIVE_LINK, NOT_LIVE_NODE } from '../../src/domain/flags.ts';
import { type LinkKind, linkKindCode, linkKindSpec } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';

/** A graph as one would write it down. `via`: id of an application; `'lost'`: a key that names nothing. */
export interface PlainGraph {
  readonly nodes: readonly { readonly id: number; readonly kind: NodeKind; readonly flags: number }[];
  readonly links: readonly PlainLink[];
}

export interface PlainLink {
  readonly from: number;
  readonly kind: LinkKind;
  readonly to: number;
  readonly flags: number;
  readonly source: number;
  readonly via?: number | 'lost' | undefined;
}

/** Node ids and kinds in turn: `1 -HAS_ACCOUNT-> 2 -MEMBER_OF-> 3`. */
export type PlainPath = readonly { readonly from: number; readonly kind: LinkKind; readonly to: number }[];

/**
 * The rules of access by the book, without any thought of speed: what the index must agree with. Written apart from
 * it on purpose.
 */
export class NaiveAccess {
  readonly #graph: PlainGraph;
  readonly #includeNotLive: boolean;

  constructor(graph: PlainGraph, includeNotLive = false) {
    this.#graph = graph;
    this.#includeNotLive = includeNotLive;
  }

  isOpen(id: number): boolean {
    const node = this.#graph.nodes.find((candidate) => candidate.id === id);
    return node !== undefined && (this.#includeNotLive || (node.flags & NOT_LIVE_NODE) === 0);
  }

  /** Distance of everything that can be reached, the start left out. */
  reach(start: number, ownSideOnly = false): Map<number, number> {
    const found = new Map<number, number>();
    if (!this.isOpen(start)) return found;
    let frontier = [start];
    for (let hop = 1; frontier.length > 0; hop++) {
      const next = new Set<number>();
      for (const node of frontier) {
        for (const link of this.steps(node, ownSideOnly)) {
          if (link.to !== start && !found.has(link.to)) next.add(link.to);
        }
      }
      for (const node of next) found.set(node, hop);
      frontier = [...next];
    }
    return found;
  }

  /** Everybody whose {@link reach} has the target. */
  whoCanReach(target: number): Map<number, number> {
    const found = new Map<number, number>();
    for (const { id } of this.#graph.nodes) {
      const hops = this.reach(id).get(target);
      if (hops !== undefined) found.set(id, hops);
    }
    return found;
  }

  /** All paths without a repeated node, shortest first, then by node ids and kinds. */
  paths(start: number, target: number, maxHops: number): PlainPath[] {
    const found: PlainPath[] = [];
    const extend = (path: PlainPath, node: number, seen: ReadonlySet<number>): void => {
      if (node === target) {
        if (path.length > 0) found.push(path);
        return;
      }
      if (path.length === maxHops) return;
      const offered = new Set<string>();
      for (const { from, kind, to } of this.steps(node, false)) {
        const step = `${kind} ${to}`;
        if (seen.has(to) || offered.has(step)) continue;
        offered.add(step);
        extend([...path, { from, kind, to }], to, new Set([...seen, to]));
      }
    };
    if (this.isOpen(start)) extend([], start, new Set([start]));
    return found.sort(comparePaths);
  }

  steps(node: number, ownSideOnly: boolean): PlainLink[] {
    return this.#graph.links.filter((link) => {
      if (link.from !== node || (link.flags & NEVER_WALKED) !== 0) return false;
      if (!this.#includeNotLive && (link.flags & NOT_LIVE_LINK) !== 0) return false;
      const { walk } = linkKindSpec(link.kind);
      if (walk === 'never' || !this.isOpen(link.to)) return false;
      if (walk === 'always') return true;
      if (ownSideOnly || link.via === 'lost') return false;
      return link.via === undefined || link.via === node || this.reach(node, true).has(link.via);
    });
  }
}

function comparePaths(a: PlainPath, b: PlainPath): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [i, hop] of a.entries()) {
    const other = b[i]!;
    if (hop.to !== other.to) return hop.to - other.to;
    if (hop.kind !== other.kind) return linkKindCode(hop.kind) - linkKindCode(other.kind);
  }
  return 0;
}
