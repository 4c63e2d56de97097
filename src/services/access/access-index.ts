import type { CommittedChange, LinkChange, NodeChange } from '../../domain/changes.ts';
import { AppError } from '../../domain/errors.ts';
import type { LinkState } from '../../domain/graph.ts';
import { type LinkKind, linkKindCode } from '../../domain/link-kinds.ts';
import { nodeKindCode } from '../../domain/node-kinds.ts';
import { type TopologyChunk, VIA_UNKNOWN } from '../../ports/graph-store.ts';
import { type Adjacency, packMeta } from './adjacency.ts';
import { buildParts } from './build.ts';
import type { Federations } from './federations.ts';
import type { IndexParts } from './index-parts.ts';
import type { NodeTable } from './node-table.ts';
import type { SourceCount, Tally } from './tally.ts';

/** Id of the node that a key names, or {@link VIA_UNKNOWN}. */
export type ResolveKey = (key: string) => number;

const FEDERATES = linkKindCode('FEDERATES');

/**
 * The topology in memory: who is linked to whom, and the few bits a walk needs. Properties stay in the store.
 * It changes only by {@link apply}, one committed change after the other; between two of them it never moves, so a
 * synchronous walk sees one state. Ask for arrays anew after every await: growing replaces them.
 */
export class AccessIndex {
  #parts: IndexParts;
  #seq: number;
  #version = 0;

  constructor(parts: IndexParts) {
    this.#parts = parts;
    this.#seq = parts.seq;
  }

  /**
   * From a store's topology. Chunks may come in any order, links before their nodes too.
   * @param seqWhenEmpty the seq of a graph without nodes and links, whose topology has no chunk to tell it
   * @throws AppError `STORE_CORRUPT` when the chunks are not of one seq
   */
  static async build(storeId: string, chunks: AsyncIterable<TopologyChunk>, seqWhenEmpty = 0): Promise<AccessIndex> {
    return new AccessIndex(await buildParts(storeId, chunks, seqWhenEmpty));
  }

  get storeId(): string {
    return this.#parts.storeId;
  }

  /** Number of the last change it holds. */
  get seq(): number {
    return this.#seq;
  }

  /** Moves with everything that could change an answer, also where the seq does not. */
  get version(): number {
    return this.#version;
  }

  /** Living nodes. */
  get nodeCount(): number {
    return this.#parts.nodes.alive;
  }

  get linkCount(): number {
    return this.#parts.forward.links;
  }

  /** Bytes held by its arrays. */
  get bytes(): number {
    const { nodes, forward, reverse, federations } = this.#parts;
    return nodes.bytes + forward.bytes + reverse.bytes + federations.bytes;
  }

  get nodes(): NodeTable {
    return this.#parts.nodes;
  }

  get forward(): Adjacency {
    return this.#parts.forward;
  }

  get reverse(): Adjacency {
    return this.#parts.reverse;
  }

  get federations(): Federations {
    return this.#parts.federations;
  }

  /** Its arrays as they are now, for a snapshot. */
  parts(): IndexParts {
    return { ...this.#parts, seq: this.#seq };
  }

  /** Takes over the content of another index, so that those who hold this one need not know of a rebuild. */
  adopt(other: AccessIndex): void {
    this.#parts = other.#parts;
    this.#seq = other.#seq;
    this.#version++;
  }

  /**
   * Takes one committed change.
   * @param resolveVia ids of the `via` keys of FEDERATES links; without it only nodes of the same change are known
   * @throws AppError `INDEX_GAP` unless the change is the next one; `INDEX_MISMATCH` when it does not fit what is here:
   *   then the index is broken and must be rebuilt
   */
  apply(change: CommittedChange, resolveVia?: ResolveKey): void {
    if (change.storeId !== this.storeId || change.seq !== this.#seq + 1) {
      throw new AppError(
        'INDEX_GAP',
        `The access index is at ${this.#seq} and cannot take change ${change.seq}; read the changes between.`,
        { retryable: true, audience: 'developer', details: { at: this.#seq, given: change.seq } },
      );
    }
    this.#version++;
    for (const node of change.nodes) if (node.after) this.#putNode(node, node.after.flags, node.after.hash);
    const resolve = resolveVia ?? keysOf(change);
    for (const link of change.links) this.#changeLink(link, resolve);
    for (const node of change.nodes) if (!node.after) this.#removeNode(node);
    this.#seq = change.seq;
    const { forward, reverse } = this.#parts;
    if (forward.wasteful) forward.compact();
    if (reverse.wasteful) reverse.compact();
  }

  isAlive(id: number): boolean {
    return this.#parts.nodes.isAlive(id);
  }

  /** Code of the kind; 0 for an id that was never there, `TOMBSTONE_CODE` for a removed node. */
  kindCodeOf(id: number): number {
    return this.#parts.nodes.kind[id] ?? 0;
  }

  flagsOf(id: number): number {
    return this.#parts.nodes.flags[id] ?? 0;
  }

  sourceOf(id: number): number {
    return this.#parts.nodes.source[id] ?? 0;
  }

  hashOf(id: number): number {
    return this.#parts.nodes.hash[id] ?? 0;
  }

  /** Flags of the link, or -1 when there is none. Of several that differ in their qualifier, the fewest flags. */
  linkFlags(source: number, from: number, kind: LinkKind, to: number): number {
    const { forward } = this.#parts;
    if (from >= forward.start.length) return -1;
    const code = linkKindCode(kind);
    const stop = forward.start[from]! + forward.length[from]!;
    for (let at = forward.lowerBound(from, to, packMeta(code, 0), 0); at < stop; at++) {
      if (forward.ends[at] !== to || forward.meta[at]! >>> 4 !== code) return -1;
      if (forward.source![at] === source) return forward.meta[at]! & 15;
    }
    return -1;
  }

  /** Every link that starts at the node, live or not, by id of the other end. */
  eachLinkFrom(id: number, visit: (to: number, kindCode: number, flags: number, source: number) => void): void {
    const { start, length, ends, meta, source } = this.#parts.forward;
    if (id >= start.length) return;
    const stop = start[id]! + length[id]!;
    for (let at = start[id]!; at < stop; at++) visit(ends[at]!, meta[at]! >>> 4, meta[at]! & 15, source![at]!);
  }

  /** Every link that ends at the node, live or not, by id of the other end. */
  eachLinkTo(id: number, visit: (from: number, kindCode: number, flags: number) => void): void {
    const { start, length, ends, meta } = this.#parts.reverse;
    if (id >= start.length) return;
    const stop = start[id]! + length[id]!;
    for (let at = start[id]!; at < stop; at++) visit(ends[at]!, meta[at]! >>> 4, meta[at]! & 15);
  }

  /** Living nodes of a source, by id. Costs a pass over all nodes (about 1 ms a million). */
  eachNodeOfSource(source: number, visit: (id: number) => void): void {
    const { nodes } = this.#parts;
    for (let id = 1; id < nodes.size; id++) if (nodes.source[id] === source && nodes.isAlive(id)) visit(id);
  }

  /** Links of a source, by start, then end. Costs a pass over all links (about 2 ms a million). */
  eachLinkOfSource(source: number, visit: (from: number, kindCode: number, to: number, flags: number) => void): void {
    const { start, length, ends, meta, source: sources } = this.#parts.forward;
    for (let from = 0; from < start.length; from++) {
      const stop = start[from]! + length[from]!;
      for (let at = start[from]!; at < stop; at++) {
        if (sources![at] === source) visit(from, meta[at]! >>> 4, ends[at]!, meta[at]! & 15);
      }
    }
  }

  /** Sources that assert something, with what they assert. */
  countsBySource(): ReadonlyMap<number, SourceCount> {
    return this.#parts.tally.bySource();
  }

  countByKind(): ReturnType<Tally['byKind']> {
    return this.#parts.tally.byKind();
  }

  #putNode(change: NodeChange, flags: number, hash: number): void {
    const { nodes, tally, federations } = this.#parts;
    const { id, source } = change;
    const kind = nodeKindCode(change.kind);
    if (nodes.isAlive(id)) tally.node(-1, id, nodes.kind[id]!, nodes.flags[id]!, nodes.hash[id]!, nodes.source[id]!);
    else if (change.before) throw mismatch(`node ${id} was to be changed, but is not there`);
    nodes.set(id, kind, flags, hash, source);
    tally.node(1, id, kind, flags, hash, source);
    if (!change.before) federations.arrived(change.key, id);
  }

  #removeNode(change: NodeChange): void {
    const { nodes, tally } = this.#parts;
    const { id } = change;
    if (!nodes.isAlive(id)) throw mismatch(`node ${id} was to be removed, but is not there`);
    tally.node(-1, id, nodes.kind[id]!, nodes.flags[id]!, nodes.hash[id]!, nodes.source[id]!);
    nodes.bury(id);
  }

  #changeLink(link: LinkChange, resolve: ResolveKey): void {
    const { before, after, from, to, source } = link;
    const code = linkKindCode(link.kind);
    const { forward, reverse, federations, tally } = this.#parts;
    const sameBits = before !== null && after !== null && before.flags === after.flags;
    if (before && !sameBits) {
      const meta = packMeta(code, before.flags);
      if (!forward.remove(from, to, meta, source) || !reverse.remove(to, from, meta, 0)) {
        throw mismatch(`the link ${from} ${link.kind} ${to} was to be removed, but is not there`);
      }
      tally.link(-1, from, to, meta, source);
    }
    if (after && !sameBits) {
      const meta = packMeta(code, after.flags);
      forward.insert(from, to, meta, source);
      reverse.insert(to, from, meta, 0);
      tally.link(1, from, to, meta, source);
    }
    if (code !== FEDERATES) return;
    if (before && !federations.remove(from, to, source, before.flags, viaOf(before, resolve))) {
      throw mismatch(`the condition of ${from} FEDERATES ${to} is not there`);
    }
    if (after) federations.add(from, to, source, after.flags, viaOf(after, resolve), viaKeyOf(after));
  }
}

/** The `via` key of a FEDERATES link; `undefined` when nothing is demanded. Whatever is no key names no node. */
export function viaKeyOf(state: LinkState): string | undefined {
  const via = state.properties?.['via'];
  if (via === undefined || via === null) return undefined;
  return typeof via === 'string' ? via : JSON.stringify(via);
}

function viaOf(state: LinkState, resolve: ResolveKey): number {
  const key = viaKeyOf(state);
  return key === undefined ? 0 : resolve(key);
}

function keysOf(change: CommittedChange): ResolveKey {
  const ids = new Map(change.nodes.map((node) => [node.key, node.id]));
  return (key) => ids.get(key) ?? VIA_UNKNOWN;
}

function mismatch(what: string): AppError {
  return new AppError('INDEX_MISMATCH', `The access index does not fit the change log: ${what}. It must be rebuilt.`, {
    audience: 'developer',
  });
}
