import { isNodeKind, type NodeKind } from './node-kinds.ts';

/** The connector id of what Crosswalk itself makes (identities, derived links). No configured connector may take it. */
export const CROSSWALK = 'crosswalk';

/** What a connector may be called: it is the first part of every key. */
export const CONNECTOR_ID = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * `<connectorId>/<kind>/<nativeId>`: unique, stable over rebuilt stores. The native id may hold any character,
 * also `/`; only the first two separators count.
 */
export function nodeKey(connector: string, kind: NodeKind, nativeId: string): string {
  return `${connector}/${kind}/${nativeId}`;
}

export interface KeyParts {
  readonly connector: string;
  readonly kind: NodeKind;
  readonly nativeId: string;
}

/** @returns the parts, or `null` when the text is no key */
export function parseKey(key: string): KeyParts | null {
  const first = key.indexOf('/');
  const second = key.indexOf('/', first + 1);
  if (first < 1 || second < 0 || second === key.length - 1) return null;
  const kind = key.slice(first + 1, second);
  if (!isNodeKind(kind)) return null;
  return { connector: key.slice(0, first), kind, nativeId: key.slice(second + 1) };
}

/** The opaque Relay id of a node: made from its key, so a bookmark survives a rebuilt store. */
export function opaqueId(key: string): string {
  return Buffer.from(`n:${key}`, 'utf8').toString('base64url');
}

/** @returns the key behind an opaque id, or `null` for anything that was not made by {@link opaqueId} */
export function keyOfOpaqueId(id: string): string | null {
  if (!/^[A-Za-z0-9_-]{1,2048}$/.test(id)) return null;
  const text = Buffer.from(id, 'base64url').toString('utf8');
  if (!text.startsWith('n:')) return null;
  const key = text.slice(2);
  return parseKey(key) !== null && opaqueId(key) === id ? key : null;
}
