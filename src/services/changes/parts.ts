import type { CommittedChange, LinkChange, NodeChange } from '../../domain/changes.ts';
import type { LinkKind } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';

/** What a subscriber wants to hear; `null` means everything. */
export interface ChangeFilter {
  readonly kinds: ReadonlySet<NodeKind> | null;
  readonly linkKinds: ReadonlySet<LinkKind> | null;
  readonly connectors: ReadonlySet<string> | null;
}

/** A piece of a row, small enough for one message. */
export interface ChangePart {
  /** From 1; the same for everybody with the same filter, also after a resume. */
  readonly part: number;
  readonly isLast: boolean;
  readonly nodes: readonly NodeChange[];
  readonly links: readonly LinkChange[];
  /** Items of the row (nodes, then links) that are done after this part; 0 after the last one: the row is done. */
  readonly items: number;
}

/**
 * Cuts what the filter lets through of a row into parts of at most `maxItems`. Cuts are counted from the beginning of
 * the row, so they do not depend on where a subscriber resumes.
 * @param done  items of the row that the subscriber has seen
 */
export function partsOf(
  row: CommittedChange,
  filter: ChangeFilter,
  connectorOf: (source: number) => string,
  maxItems: number,
  done: number,
): ChangePart[] {
  const places = matching(row, filter, connectorOf);
  const parts: ChangePart[] = [];
  for (let start = 0; start < places.length; start += maxItems) {
    const end = Math.min(start + maxItems, places.length);
    const items = places[end - 1]! + 1;
    if (items <= done) continue;
    const chosen = places.slice(start, end).filter((place) => place >= done);
    const isLast = end === places.length;
    parts.push({
      part: start / maxItems + 1,
      isLast,
      nodes: chosen.flatMap((place) => row.nodes[place] ?? []),
      links: chosen.flatMap((place) => row.links[place - row.nodes.length] ?? []),
      items: isLast ? 0 : items,
    });
  }
  return parts;
}

/** Places of the items that the filter lets through: nodes from 0, then links. */
function matching(row: CommittedChange, filter: ChangeFilter, connectorOf: (source: number) => string): number[] {
  const { kinds, linkKinds, connectors } = filter;
  const places: number[] = [];
  const heard = (source: number): boolean => connectors === null || connectors.has(connectorOf(source));
  if (kinds !== null || linkKinds === null) {
    row.nodes.forEach((node, place) => {
      if ((kinds === null || kinds.has(node.kind)) && heard(node.source)) places.push(place);
    });
  }
  if (linkKinds !== null || kinds === null) {
    row.links.forEach((link, place) => {
      if ((linkKinds === null || linkKinds.has(link.kind)) && heard(link.source)) places.push(row.nodes.length + place);
    });
  }
  return places;
}
