import { NEVER_WALKED, NOT_LIVE_LINK, NOT_LIVE_NODE } from '../../domain/flags.ts';
import { type LinkKind, linkKindCode } from '../../domain/link-kinds.ts';
import { nodeKindCode } from '../../domain/node-kinds.ts';
import type { AccessIndex } from '../access/access-index.ts';

/** What an account may hold by itself or through its groups and roles. */
export type Holding = 'Application' | 'Role' | 'Permission';

/** One way from an account (or group) to what it holds. */
export interface Way {
  readonly basis: 'DIRECT' | 'GROUP' | 'ROLE' | 'EVIDENCE';
  /** Node id of the group or role; 0 when direct. */
  readonly via: number;
  /** Every link and node of the way is live. */
  readonly isLive: boolean;
}

interface Carrier {
  readonly id: number;
  readonly basis: Way['basis'];
  readonly isLive: boolean;
}

const LINK_OF: Readonly<Record<Holding, LinkKind>> = {
  Application: 'ASSIGNED_TO',
  Role: 'HAS_ROLE',
  Permission: 'GRANTS',
};
const MEMBER_OF = linkKindCode('MEMBER_OF');
const HAS_ROLE = linkKindCode('HAS_ROLE');
const GROUP = nodeKindCode('Group');

/**
 * Everything of a kind that a principal holds, each with the ways it does. Ways through groups follow nested groups;
 * for permissions also roles. A row that only explains (derived, consent …) is a way of its own, `EVIDENCE`, unless
 * another way explains it better.
 */
export function holdings(index: AccessIndex, principal: number, what: Holding): Map<number, Way[]> {
  const code = linkKindCode(LINK_OF[what]);
  const found = new Map<number, Way[]>();
  const evidence = new Set<number>();
  for (const carrier of carriersOf(index, principal, what === 'Permission')) {
    index.eachLinkFrom(carrier.id, (to, kind, flags) => {
      if (kind !== code || !index.isAlive(to)) return;
      if ((flags & NEVER_WALKED) !== 0) {
        if (carrier.basis === 'DIRECT') evidence.add(to);
        return;
      }
      const isLive = carrier.isLive && (flags & NOT_LIVE_LINK) === 0 && nodeIsLive(index, to);
      addWay(found, to, { basis: carrier.basis, via: carrier.basis === 'DIRECT' ? 0 : carrier.id, isLive });
    });
  }
  for (const to of evidence) if (!found.has(to)) addWay(found, to, { basis: 'EVIDENCE', via: 0, isLive: false });
  return found;
}

/** Ids of all accounts to which an application or role is given: themselves, or through a group; ascending. */
export function accountsHolding(index: AccessIndex, target: number, what: Holding, liveOnly: boolean): Uint32Array {
  const code = linkKindCode(LINK_OF[what]);
  const account = nodeKindCode('Account');
  const barred = liveOnly ? NEVER_WALKED | NOT_LIVE_LINK : 0;
  const enter = (id: number): boolean => index.isAlive(id) && (!liveOnly || nodeIsLive(index, id));
  const accounts = new Set<number>();
  const groups = new Set<number>();
  const collect = (from: number): void => {
    if (!enter(from)) return;
    const kind = index.kindCodeOf(from);
    if (kind === account) accounts.add(from);
    else if (kind === GROUP) groups.add(from);
  };
  if (enter(target)) {
    index.eachLinkTo(target, (from, kind, flags) => {
      if (kind === code && (flags & barred) === 0) collect(from);
    });
  }
  // A set may grow while it is walked: nested groups are visited once, cycles end.
  for (const group of groups) {
    index.eachLinkTo(group, (from, kind, flags) => {
      if (kind === MEMBER_OF && (flags & (barred | NEVER_WALKED)) === 0) collect(from);
    });
  }
  return Uint32Array.from(accounts).sort();
}

/** The principal itself, its groups (nested ones too) and, when asked, the roles of them all. */
function carriersOf(index: AccessIndex, principal: number, withRoles: boolean): Carrier[] {
  const byId = new Map<number, Carrier>();
  const add = (carrier: Carrier): void => {
    const before = byId.get(carrier.id);
    if (!before || (carrier.isLive && !before.isLive)) byId.set(carrier.id, carrier);
  };
  add({ id: principal, basis: 'DIRECT', isLive: nodeIsLive(index, principal) });
  spread(index, byId, MEMBER_OF, 'GROUP', add);
  if (withRoles) {
    for (const carrier of [...byId.values()]) follow(index, carrier, HAS_ROLE, 'ROLE', add);
  }
  return [...byId.values()];
}

/** Follows a link kind until nothing new turns up, live ways first so that each node gets its best mark. */
function spread(
  index: AccessIndex,
  byId: ReadonlyMap<number, Carrier>,
  code: number,
  basis: Way['basis'],
  add: (carrier: Carrier) => void,
): void {
  const done = new Map<number, boolean>();
  let queue = [...byId.values()];
  while (queue.length > 0) {
    for (const carrier of queue) {
      done.set(carrier.id, carrier.isLive);
      follow(index, carrier, code, basis, add);
    }
    queue = [...byId.values()].filter((carrier) => done.get(carrier.id) !== carrier.isLive);
  }
}

function follow(
  index: AccessIndex,
  carrier: Carrier,
  code: number,
  basis: Way['basis'],
  add: (carrier: Carrier) => void,
): void {
  index.eachLinkFrom(carrier.id, (to, kind, flags) => {
    if (kind !== code || (flags & NEVER_WALKED) !== 0 || !index.isAlive(to)) return;
    if (code === MEMBER_OF && index.kindCodeOf(to) !== GROUP) return;
    add({ id: to, basis, isLive: carrier.isLive && (flags & NOT_LIVE_LINK) === 0 && nodeIsLive(index, to) });
  });
}

function addWay(found: Map<number, Way[]>, to: number, way: Way): void {
  const ways = found.get(to);
  if (!ways) found.set(to, [way]);
  else if (!ways.some((known) => known.basis === way.basis && known.via === way.via && known.isLive)) {
    const worse = ways.findIndex((known) => known.basis === way.basis && known.via === way.via);
    if (worse >= 0) ways[worse] = way;
    else ways.push(way);
  }
}

function nodeIsLive(index: AccessIndex, id: number): boolean {
  return index.isAlive(id) && (index.flagsOf(id) & NOT_LIVE_NODE) === 0;
}
