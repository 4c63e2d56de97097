import type { LinkUpsert, NodeUpsert } from '../../src/domain/changes.ts';
import { contentHash } from '../../src/domain/graph.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { nodeKey } from '../../src/domain/keys.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';

/** A node upsert with everything that a test does not care about filled in. */
export function aNode(
  id: number,
  kind: NodeKind,
  nativeId: string,
  more: { readonly source?: number; readonly flags?: number; readonly connector?: string; readonly name?: string } = {},
): NodeUpsert {
  const name = more.name ?? nativeId;
  const flags = more.flags ?? 0;
  return {
    id,
    key: nodeKey(more.connector ?? 'okta', kind, nativeId),
    kind,
    source: more.source ?? 1,
    name,
    flags,
    properties: {},
    hash: contentHash([name, flags]),
  };
}

/** A link upsert; `via` is the key of the application that a FEDERATES link goes through. */
export function aLink(
  from: number,
  kind: LinkKind,
  to: number,
  more: {
    readonly source?: number;
    readonly flags?: number;
    readonly qualifier?: string;
    readonly via?: string | undefined;
  } = {},
): LinkUpsert {
  const properties: JsonObject | null = more.via === undefined ? null : { via: more.via, evidence: 'test' };
  return {
    from,
    kind,
    to,
    source: more.source ?? 1,
    qualifier: more.qualifier ?? '',
    flags: more.flags ?? 0,
    properties,
    hash: properties === null ? 0 : contentHash(properties),
  };
}
