import type { Json, JsonObject } from './json.ts';
import type { LinkKind } from './link-kinds.ts';
import type { NodeKind } from './node-kinds.ts';

/** Longer names are cut. In UTF-16 units. */
export const MAX_NAME = 1_024;

/** What of a node can change. `hash` is {@link contentHash} of the rest; 32 bits, unsigned. */
export interface NodeState {
  readonly name: string;
  /** Bits of `NodeFlag`. */
  readonly flags: number;
  readonly properties: JsonObject;
  readonly hash: number;
}

/** A node as a store gives it. `id` is a uint32 of this store; `key` is for the outside. */
export interface NodeRecord extends NodeState {
  readonly id: number;
  readonly key: string;
  readonly kind: NodeKind;
  readonly connector: string;
  readonly nativeId: string;
  /** The listing that asserts it, see {@link SourceRef}. */
  readonly listing: string;
  /** Seq of the last change of this node. */
  readonly seq: number;
  /** Epoch ms: first seen, last changed. */
  readonly firstSeenAt: number;
  readonly changedAt: number;
}

/** Who asserts a node or link: a connector and the syncer (listing) that reads it. The store gives each pair a uint16. */
export interface SourceRef {
  readonly connector: string;
  readonly listing: string;
}

/** What identifies a link inside a store. Two connectors that assert the same link are two links. */
export interface LinkKey {
  /** Source id, see {@link SourceRef}; the connector is part of it. */
  readonly source: number;
  readonly from: number;
  readonly kind: LinkKind;
  readonly to: number;
  /** Tells apart links of one kind between the same ends; mostly `''`. */
  readonly qualifier: string;
}

/** What of a link can change. `properties` is `null` when it has none, `hash` then 0. */
export interface LinkState {
  /** Bits of `LinkFlag`. */
  readonly flags: number;
  readonly properties: JsonObject | null;
  readonly hash: number;
}

export interface LinkRecord extends LinkKey, LinkState {}

/**
 * Stable 32-bit hash of a value: keys sorted, `undefined` left out. Equal hashes mean "not changed" to a sync, so the
 * normaliser's version belongs into the value.
 */
export function contentHash(value: unknown): number {
  let hash = 0x811c9dc5;
  const feed = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
  };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      feed('[');
      for (const item of node) {
        walk(item);
        feed(',');
      }
      feed(']');
    } else if (node !== null && typeof node === 'object') {
      feed('{');
      for (const key of Object.keys(node).sort()) {
        const value = (node as Record<string, unknown>)[key];
        if (value === undefined) continue;
        feed(key);
        feed(':');
        walk(value);
        feed(',');
      }
      feed('}');
    } else {
      feed(typeof node === 'string' ? JSON.stringify(node) : String(node));
    }
  };
  walk(value);
  // A last mix, so that short inputs spread over all bits.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0;
}

/** Drops `undefined` members, deeply, so that a record is plain JSON and compares by value. */
export function compact<T extends object>(value: T): JsonObject {
  const out: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    out[key] = Array.isArray(member)
      ? member.map((item) => (item !== null && typeof item === 'object' && !Array.isArray(item) ? compact(item) : item))
      : member !== null && typeof member === 'object'
        ? compact(member)
        : member;
  }
  return out;
}
