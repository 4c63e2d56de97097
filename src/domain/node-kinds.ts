/** The kinds of node in the graph. Order is storage: append only, the position + 1 is the stored code. */
export const NODE_KINDS = [
  'Identity',
  'Account',
  'Group',
  'Role',
  'Organization',
  'Application',
  'Permission',
  'Credential',
] as const;

export type NodeKind = (typeof NODE_KINDS)[number];

/** Code of a removed node in the access index; never a kind. */
export const TOMBSTONE_CODE = 255;

const codes = new Map<string, number>(NODE_KINDS.map((kind, i) => [kind, i + 1]));

/** Small stable number of a kind (1-based), as kept in the index and the stores. */
export function nodeKindCode(kind: NodeKind): number {
  return codes.get(kind)!;
}

/** Kind of a code; `null` for 0, the tombstone and unknown codes. */
export function nodeKindOf(code: number): NodeKind | null {
  return NODE_KINDS[code - 1] ?? null;
}

export function isNodeKind(value: string): value is NodeKind {
  return codes.has(value);
}
