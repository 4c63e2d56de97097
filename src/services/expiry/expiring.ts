import { z } from 'zod';
import type { LinkChange, NodeChange } from '../../domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../domain/flags.ts';
import type { JsonObject } from '../../domain/json.ts';
import { LINK_KIND_NAMES } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import type { ValidityProperties } from '../../domain/properties.ts';

const VALID_UNTIL: keyof ValidityProperties = 'validUntil';

const linkKind = z.enum(LINK_KIND_NAMES);
const expiringSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('node'), at: z.number(), id: z.number() }),
  z.object({
    what: z.literal('link'),
    at: z.number(),
    source: z.number(),
    from: z.number(),
    kind: linkKind,
    to: z.number(),
    qualifier: z.string(),
  }),
]);

/** A node or link whose validity ends at `at` (epoch ms). */
export type Expiring = z.output<typeof expiringSchema>;

/** @returns `null` for a record of another shape */
export function readExpiring(value: JsonObject): Expiring | null {
  return expiringSchema.safeParse(value).data ?? null;
}

/** Unique for each node and link. */
export function expiringId(item: NodeChange | LinkChange | Expiring): string {
  return 'from' in item
    ? `link/${item.source}/${item.from}/${item.kind}/${item.to}/${item.qualifier}`
    : `node/${item.id}`;
}

/** What of a changed node will expire; `null` when nothing will, or it has. */
export function expiringNode(change: NodeChange): Expiring | null {
  const { after, id, kind } = change;
  if (after === null || (after.flags & NodeFlag.EXPIRED) !== 0) return null;
  const at = endOfNode(kind, after.properties);
  return at === null ? null : { what: 'node', at, id };
}

/** What of a changed link will expire; `null` when nothing will, or it has. */
export function expiringLink(change: LinkChange): Expiring | null {
  const { after, source, from, kind, to, qualifier } = change;
  if (after === null || after.properties === null || (after.flags & LinkFlag.EXPIRED) !== 0) return null;
  const at = endOfLink(after.properties);
  return at === null ? null : { what: 'link', at, source, from, kind, to, qualifier };
}

/** Epoch ms; credentials say `expiresAt`, everything else `validUntil`. */
export function endOfNode(kind: NodeKind, properties: JsonObject): number | null {
  return parsed(properties[VALID_UNTIL]) ?? (kind === 'Credential' ? parsed(properties['expiresAt']) : null);
}

export function endOfLink(properties: JsonObject | null): number | null {
  return parsed(properties?.[VALID_UNTIL]);
}

function parsed(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
