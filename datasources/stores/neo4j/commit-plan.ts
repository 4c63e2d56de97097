import type { ChangeSet, LinkUpsert, NodeUpsert } from '../../../src/domain/changes.ts';
import type { LinkKey } from '../../../src/domain/graph.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkText, type NodeStates, type StoredState } from './commit-state.ts';
import { invalidChange } from './errors.ts';

/** Longer keys do not fit Neo4j's index of them. */
const MAX_KEY_BYTES = 4_000;

export interface NodePlan {
  /** New, changed and brought back, with what is stored under the key. */
  readonly upserts: readonly {
    readonly id: number;
    readonly node: NodeUpsert;
    readonly stored: StoredState | undefined;
  }[];
  readonly removals: readonly StoredState[];
  /** Links with the ids under which their ends are stored, each once; no removed one among the upserts. */
  readonly links: readonly LinkUpsert[];
  readonly removedLinks: readonly LinkKey[];
}

export interface PlanContext {
  readonly nextId: number;
  readonly isSource: (id: number) => boolean;
}

/**
 * What a change set does to the nodes, and which links it speaks of. Who comes last wins, and a removal wins over an
 * upsert: each node and link is written once, so that the log tells the states before and after the whole change set.
 * @throws AppError `CHANGE_INVALID`
 */
export function planNodes(change: ChangeSet, states: NodeStates, context: PlanContext): NodePlan {
  const last = new Map((change.nodes ?? []).map((node) => [node.key, node]));
  /** Fresh ids given for keys that had one already → that one. */
  const settled = new Map<number, number>();
  for (const { id, key } of change.nodes ?? []) {
    const stays = states.byKey.get(key)?.id ?? last.get(key)!.id;
    if (id !== stays) settled.set(id, stays);
  }
  const settle = (id: number): number => settled.get(id) ?? id;
  const removed = new Set(change.removedNodes?.map(settle));
  const byId = new Map(states.byId);
  for (const state of states.byKey.values()) byId.set(state.id, state);

  const fresh = new Set<number>();
  const upserts = [...last.values()].flatMap((node) => {
    const stored = states.byKey.get(node.key);
    const id = stored?.id ?? node.id;
    if (removed.has(id)) return [];
    checkNode(node, context);
    if (stored === undefined) {
      checkFreshId(id, context.nextId);
      if (byId.has(id) || fresh.has(id)) throw invalidChange(`The node id ${id} belongs to another key.`);
      fresh.add(id);
    }
    return stored !== undefined && !stored.removed && isSame(stored, node) ? [] : [{ id, node, stored }];
  });
  const removals = [...removed].flatMap((id) => {
    const stored = byId.get(id);
    return stored === undefined || stored.removed ? [] : [stored];
  });

  const ends = <Link extends LinkKey>(links: readonly Link[] = []): Map<string, Link> =>
    new Map(
      links.map((link) => {
        const here = { ...link, from: settle(link.from), to: settle(link.to) };
        return [linkText(here), here];
      }),
    );
  const removedLinks = ends(change.removedLinks);
  const links = [...ends(change.links)].flatMap(([text, link]) => (removedLinks.has(text) ? [] : [link]));
  for (const { source } of links) checkSource(source, context);
  return { upserts, removals, links, removedLinks: [...removedLinks.values()] };
}

export function checkSource(source: number, { isSource }: Pick<PlanContext, 'isSource'>): void {
  if (!isSource(source)) throw invalidChange(`The source ${source} is not known; ask sourceId() for it.`);
}

export function checkKey(key: string): void {
  if (key.length > MAX_KEY_BYTES / 4 && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalidChange(`A key of more than ${MAX_KEY_BYTES} bytes cannot be kept in Neo4j.`);
  }
}

function checkNode(node: NodeUpsert, context: PlanContext): void {
  checkSource(node.source, context);
  if (parseKey(node.key)?.kind !== node.kind) throw invalidChange(`The key of node ${node.id} is not one of its kind.`);
  checkKey(node.key);
}

function checkFreshId(id: number, nextId: number): void {
  if (Number.isInteger(id) && id >= 1 && id < nextId) return;
  throw invalidChange(`The node id ${id} was never handed out; ask allocateIds() for it.`);
}

function isSame(a: StoredState, b: NodeUpsert): boolean {
  return a.name === b.name && a.flags === b.flags && a.hash === b.hash && a.source === b.source;
}
