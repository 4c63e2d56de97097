import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { LinkChange, NodeChange } from '../../../src/domain/changes.ts';
import type { LinkState, NodeState } from '../../../src/domain/graph.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import { linkKindOf } from '../../../src/domain/link-kinds.ts';
import { nodeKindOf } from '../../../src/domain/node-kinds.ts';

/** Bodies of at least so many characters are deflated: a first sync's row of 5,000 links shrinks to a seventh. */
const DEFLATE_FROM = 4_096;

// Inside a body: positions instead of names, and 0 for "was not there".
type NodeStateTuple = readonly [name: string, flags: number, hash: number, properties: JsonObject];
type LinkStateTuple = readonly [flags: number, hash: number, properties: JsonObject | null];
interface Body {
  readonly nodes: readonly (readonly [number, string, number, number, NodeStateTuple | 0, NodeStateTuple | 0])[];
  readonly links: readonly (readonly [
    number,
    number,
    number,
    number,
    string,
    LinkStateTuple | 0,
    LinkStateTuple | 0,
  ])[];
}

/** Collects what a commit changed, as text: the properties are JSON in the tables already. */
export class BodyWriter {
  readonly #nodes: string[] = [];
  readonly #links: string[] = [];

  get isEmpty(): boolean {
    return this.#nodes.length === 0 && this.#links.length === 0;
  }

  node(id: number, key: string, kind: number, source: number, before: string, after: string): void {
    this.#nodes.push(`[${id},${JSON.stringify(key)},${kind},${source},${before},${after}]`);
  }

  link(source: number, from: number, kind: number, to: number, qualifier: string, before: string, after: string): void {
    const tail = qualifier === '' ? '""' : JSON.stringify(qualifier);
    this.#links.push(`[${source},${from},${kind},${to},${tail},${before},${after}]`);
  }

  toString(): string {
    return `{"nodes":[${this.#nodes.join(',')}],"links":[${this.#links.join(',')}]}`;
  }
}

export const ABSENT = '0';

/** @param properties JSON text */
export function nodeStateText(name: string, flags: number, hash: number, properties: string): string {
  return `[${JSON.stringify(name)},${flags},${hash},${properties}]`;
}

/** @param properties JSON text or null */
export function linkStateText(flags: number, hash: number, properties: string | null): string {
  return `[${flags},${hash},${properties}]`;
}

/** `{"nodes":[…],"links":[…]}`, or the same deflated. */
export function packBody(body: string): string | Uint8Array {
  return body.length < DEFLATE_FROM ? body : deflateRawSync(body, { level: 1 });
}

/** What {@link BodyWriter} wrote, packed or not. */
export function decodeBody(packed: string | Uint8Array): {
  readonly nodes: readonly NodeChange[];
  readonly links: readonly LinkChange[];
} {
  const text = typeof packed === 'string' ? packed : inflateRawSync(packed).toString('utf8');
  const body: Body = JSON.parse(text);
  return {
    nodes: body.nodes.map(
      ([id, key, kind, source, before, after]): NodeChange => ({
        id,
        key,
        kind: nodeKindOf(kind)!,
        source,
        before: nodeState(before),
        after: nodeState(after),
      }),
    ),
    links: body.links.map(
      ([source, from, kind, to, qualifier, before, after]): LinkChange => ({
        source,
        from,
        kind: linkKindOf(kind)!,
        to,
        qualifier,
        before: linkState(before),
        after: linkState(after),
      }),
    ),
  };
}

function nodeState(tuple: NodeStateTuple | 0): NodeState | null {
  return tuple === 0 ? null : { name: tuple[0], flags: tuple[1], hash: tuple[2], properties: tuple[3] };
}

function linkState(tuple: LinkStateTuple | 0): LinkState | null {
  return tuple === 0 ? null : { flags: tuple[0], hash: tuple[1], properties: tuple[2] };
}
