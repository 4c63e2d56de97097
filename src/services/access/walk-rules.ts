import { NEVER_WALKED, NOT_LIVE_LINK, NOT_LIVE_NODE } from '../../domain/flags.ts';
import { LINK_KIND_NAMES, linkKindCode, linkKindSpec } from '../../domain/link-kinds.ts';
import { TOMBSTONE_CODE } from '../../domain/node-kinds.ts';
import { packMeta } from './adjacency.ts';
import type { NodeTable } from './node-table.ts';

export const BLOCKED = 0;
export const OPEN = 1;
/** Open while a condition beside the link holds. */
export const CONDITIONAL = 2;

function passes(includeNotLive: boolean, withConditional: boolean): Uint8Array {
  const table = new Uint8Array(256);
  const barred = includeNotLive ? NEVER_WALKED : NEVER_WALKED | NOT_LIVE_LINK;
  for (const kind of LINK_KIND_NAMES) {
    const { walk } = linkKindSpec(kind);
    if (walk === 'never' || (walk === 'conditional' && !withConditional)) continue;
    for (let flags = 0; flags < 16; flags++) {
      if ((flags & barred) !== 0) continue;
      table[packMeta(linkKindCode(kind), flags)] = walk === 'always' ? OPEN : CONDITIONAL;
    }
  }
  return table;
}

const LIVE = passes(false, true);
const ANY = passes(true, true);
const LIVE_OWN = passes(false, false);
const ANY_OWN = passes(true, false);

/** By packed meta: how a link lets a walk through. */
export function linkPasses(includeNotLive: boolean): Uint8Array {
  return includeNotLive ? ANY : LIVE;
}

/** The same for the own side of an account: conditional links are blocked, so that conditions stay well defined. */
export function ownSidePasses(includeNotLive: boolean): Uint8Array {
  return includeNotLive ? ANY_OWN : LIVE_OWN;
}

/** Whether a walk may enter the node. */
export function mayEnter(nodes: NodeTable, id: number, includeNotLive: boolean): boolean {
  const kind = nodes.kind[id];
  if (kind === undefined || kind === 0 || kind === TOMBSTONE_CODE) return false;
  return includeNotLive || (nodes.flags[id]! & NOT_LIVE_NODE) === 0;
}
