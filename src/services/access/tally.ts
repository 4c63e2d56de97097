import { LINK_KIND_NAMES, type LinkKind } from '../../domain/link-kinds.ts';
import { NODE_KINDS, type NodeKind } from '../../domain/node-kinds.ts';

export interface SourceCount {
  readonly nodes: number;
  readonly links: number;
  /** Sum of the fingerprints of its nodes and links, 32 bits: independent of order, and doubled links do not cancel. */
  readonly digest: number;
}

function mix(a: number, b: number): number {
  let h = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 13);
}

function nodePrint(id: number, kind: number, flags: number, hash: number): number {
  return mix(mix(id, hash), (kind << 8) | flags);
}

function linkPrint(from: number, to: number, meta: number): number {
  return mix(mix(from, meta ^ 0x51ed270b), to);
}

/** Counts and digests by source and kind, kept with every change, so that two indexes compare without a walk. */
export class Tally {
  readonly nodesBySource: number[] = [];
  readonly linksBySource: number[] = [];
  readonly digests: number[] = [];
  readonly nodesByKind: number[] = new Array<number>(256).fill(0);
  readonly linksByKind: number[] = new Array<number>(16).fill(0);

  /** `by` is 1 to add, -1 to take away. */
  node(by: 1 | -1, id: number, kind: number, flags: number, hash: number, source: number): void {
    this.#reach(source);
    this.nodesBySource[source]! += by;
    this.nodesByKind[kind]! += by;
    this.digests[source] = (this.digests[source]! + by * nodePrint(id, kind, flags, hash)) | 0;
  }

  link(by: 1 | -1, from: number, to: number, meta: number, source: number): void {
    this.#reach(source);
    this.linksBySource[source]! += by;
    this.linksByKind[meta >>> 4]! += by;
    this.digests[source] = (this.digests[source]! + by * linkPrint(from, to, meta)) | 0;
  }

  bySource(): ReadonlyMap<number, SourceCount> {
    const out = new Map<number, SourceCount>();
    for (let source = 0; source < this.digests.length; source++) {
      const nodes = this.nodesBySource[source]!;
      const links = this.linksBySource[source]!;
      if (nodes === 0 && links === 0) continue;
      out.set(source, { nodes, links, digest: this.digests[source]! >>> 0 });
    }
    return out;
  }

  restore(source: number, count: SourceCount): void {
    this.#reach(source);
    this.nodesBySource[source] = count.nodes;
    this.linksBySource[source] = count.links;
    this.digests[source] = count.digest | 0;
  }

  byKind(): { readonly nodes: ReadonlyMap<NodeKind, number>; readonly links: ReadonlyMap<LinkKind, number> } {
    return {
      nodes: new Map(NODE_KINDS.map((kind, i) => [kind, this.nodesByKind[i + 1]!])),
      links: new Map(LINK_KIND_NAMES.map((kind, i) => [kind, this.linksByKind[i + 1]!])),
    };
  }

  #reach(source: number): void {
    while (this.digests.length <= source) {
      this.digests.push(0);
      this.nodesBySource.push(0);
      this.linksBySource.push(0);
    }
  }
}
