import type { CommittedChange } from '../../domain/changes.ts';
import { type GraphStore, VIA_UNKNOWN } from '../../ports/graph-store.ts';
import { type AccessIndex, type ResolveKey, viaKeyOf } from '../access/access-index.ts';

/** Pairs of one read. */
const BATCH = 500;

/** Whether a change holds a FEDERATES link with a condition, whose key must be looked up. */
export function namesVia(change: CommittedChange): boolean {
  return change.links.some(({ kind, before, after }) => {
    if (kind !== 'FEDERATES') return false;
    return (before !== null && viaKeyOf(before) !== undefined) || (after !== null && viaKeyOf(after) !== undefined);
  });
}

/** The ids of all `via` keys in a change. A key without a living node is {@link VIA_UNKNOWN} until one appears. */
export async function resolveVias(store: GraphStore, change: CommittedChange): Promise<ResolveKey> {
  const keys = new Set<string>();
  for (const { kind, before, after } of change.links) {
    if (kind !== 'FEDERATES') continue;
    for (const state of [before, after]) {
      const key = state ? viaKeyOf(state) : undefined;
      if (key !== undefined) keys.add(key);
    }
  }
  const asked = [...keys];
  const found = await store.idsByKey(asked);
  const ids = new Map(asked.map((key, i) => [key, found[i] ?? VIA_UNKNOWN]));
  return (key) => ids.get(key) ?? VIA_UNKNOWN;
}

/** After a build from the topology, which has ids only: reads the keys that FEDERATES links without a node wait for. */
export async function resolveWaiting(store: GraphStore, index: AccessIndex): Promise<void> {
  const { federations } = index;
  const unknown = [...federations.rows()].filter((row) => federations.via[row] === VIA_UNKNOWN);
  for (let at = 0; at < unknown.length; at += BATCH) {
    const rows = unknown.slice(at, at + BATCH);
    const pairs = rows.map((row) => ({ from: federations.from[row]!, to: federations.to[row]! }));
    const links = (await store.links(pairs)).flat().filter(({ kind }) => kind === 'FEDERATES');
    const keys = [...new Set(links.map(viaKeyOf))].filter((key) => key !== undefined);
    const found = await store.idsByKey(keys);
    const lost = new Set(keys.filter((_, i) => found[i] === null));
    for (const row of rows) {
      const at = links.findIndex((link) => {
        const key = viaKeyOf(link);
        return (
          key !== undefined &&
          lost.has(key) &&
          link.from === federations.from[row] &&
          link.to === federations.to[row] &&
          link.source === federations.source[row]
        );
      });
      // Each link stands for one row, also where two differ in their qualifier only.
      const [link] = at < 0 ? [] : links.splice(at, 1);
      if (link) federations.await(row, viaKeyOf(link)!);
    }
  }
}
