import { type LinkKind, linkKindCode } from '../../src/domain/link-kinds.ts';
import { type NodeKind, nodeKindCode } from '../../src/domain/node-kinds.ts';
import type { TopologyChunk } from '../../src/ports/graph-store.ts';

/** An invented company as bare topology: about 100 links a person, over four providers. */
export interface SyntheticTopology {
  readonly people: number;
  readonly nodes: NonNullable<TopologyChunk['nodes']>;
  readonly links: Required<NonNullable<TopologyChunk['links']>>;
  /** Ids: applications, the one that every employee has, accounts of the first provider, groups. */
  readonly applications: readonly number[];
  readonly biggest: number;
  readonly accounts: readonly number[];
  readonly groups: readonly number[];
}

const PROVIDERS = 4;
const LINKS_PER_PERSON = 100;
/** Primes that divide no round number of people: steps that meet everybody once. */
const STRIDES = [7_919, 104_729, 15_485_863, 611_953, 49_979_687];

/** Small, quick and the same everywhere: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Links {
  #count = 0;
  from = new Uint32Array(1 << 16);
  to = new Uint32Array(1 << 16);
  kind = new Uint8Array(1 << 16);
  flags = new Uint8Array(1 << 16);
  source = new Uint16Array(1 << 16);
  via = new Uint32Array(1 << 16);

  add(from: number, kind: LinkKind, to: number, source: number, via = 0): void {
    if (this.#count === this.from.length) this.#resize(this.#count * 2);
    const at = this.#count++;
    this.from[at] = from;
    this.to[at] = to;
    this.kind[at] = linkKindCode(kind);
    this.source[at] = source;
    this.via[at] = via;
  }

  get count(): number {
    return this.#count;
  }

  done(): SyntheticTopology['links'] {
    this.#resize(this.#count);
    const { from, to, kind, flags, source, via } = this;
    return { from, to, kind, flags, source, via };
  }

  #resize(length: number): void {
    const moved = <A extends Uint8Array | Uint16Array | Uint32Array>(array: A, made: A): A => {
      made.set(array.subarray(0, Math.min(array.length, length)));
      return made;
    };
    this.from = moved(this.from, new Uint32Array(length));
    this.to = moved(this.to, new Uint32Array(length));
    this.kind = moved(this.kind, new Uint8Array(length));
    this.flags = moved(this.flags, new Uint8Array(length));
    this.source = moved(this.source, new Uint16Array(length));
    this.via = moved(this.via, new Uint32Array(length));
  }
}

/**
 * Deterministic. Every person has an account at each of four providers; groups of log-normal size with an "everyone"
 * group each, a few nested; applications by group and directly; roles with permissions on APIs; a third of the people
 * enter their account at the fourth provider by a federated log-in from the first.
 */
export function syntheticTopology(people: number, seed = 7): SyntheticTopology {
  const random = seeded(seed);
  const kinds: number[] = [];
  const sources: number[] = [];
  const make = (kind: NodeKind, count: number, source: number): number[] =>
    Array.from({ length: count }, () => {
      kinds.push(nodeKindCode(kind));
      sources.push(source);
      return kinds.length;
    });
  const pick = (ids: readonly number[]): number => ids[Math.floor(random() * ids.length)]!;
  // Squared: the first of a list are popular.
  const pickPopular = (ids: readonly number[]): number => ids[Math.floor(random() ** 2 * ids.length)]!;
  const links = new Links();
  const identities = make('Identity', people, 1);
  const accounts: number[][] = [];
  const groups: number[][] = [];
  const apps: number[][] = [];
  for (let p = 0; p < PROVIDERS; p++) {
    accounts.push(make('Account', people, 10 + p));
    groups.push(make('Group', Math.ceil(people / 20), 20 + p));
    apps.push(make('Application', Math.ceil(people / 100) + 5, 30 + p));
  }
  const roles = make('Role', Math.ceil(people / 50), 40);
  const permissions = make('Permission', Math.ceil(people / 25), 41);

  for (let p = 0; p < PROVIDERS; p++) {
    const [everyone, ...others] = groups[p]!;
    const isFederated = (person: number): boolean => p === PROVIDERS - 1 && person % 3 === 0;
    for (const [i, account] of accounts[p]!.entries()) {
      if (isFederated(i)) links.add(accounts[0]![i]!, 'FEDERATES', account, 2, apps[0]![1 + (i % 2)]!);
      else links.add(identities[i]!, 'HAS_ACCOUNT', account, 1);
      links.add(account, 'MEMBER_OF', everyone!, 20 + p);
      if (i % 4 === 0) links.add(account, 'HAS_ROLE', pickPopular(roles), 50 + p);
      for (const app of new Set([pick(apps[p]!), pick(apps[p]!)])) links.add(account, 'ASSIGNED_TO', app, 30 + p);
    }
    // All assigned applications but the first two: those let people in elsewhere.
    links.add(everyone!, 'ASSIGNED_TO', apps[p]![0]!, 30 + p);
    for (const [i, group] of others.entries()) {
      const applications = 1 + Math.floor(random() * 3);
      const assigned = new Set(Array.from({ length: applications }, () => pickPopular(apps[p]!)));
      for (const app of assigned) links.add(group, 'ASSIGNED_TO', app, 30 + p);
      if (i % 5 === 0 && i > 0) links.add(group, 'MEMBER_OF', others[Math.floor(random() * i)]!, 20 + p);
    }
  }
  for (const [i, permission] of permissions.entries()) {
    links.add(pickPopular(roles), 'GRANTS', permission, 41);
    links.add(permission, 'PERMITS', apps[i % PROVIDERS]![i % 5]!, 41);
  }
  // The rest are memberships, in groups of very different sizes, nobody twice in one.
  const rest = people * LINKS_PER_PERSON - links.count;
  for (let p = 0; p < PROVIDERS; p++) {
    const shares = logNormalShares(groups[p]!.length - 1, random);
    for (const [i, share] of shares.entries()) {
      const size = Math.min(Math.round((share * rest) / PROVIDERS), Math.floor(people * 0.8));
      const offset = Math.floor(random() * people);
      const stride = STRIDES[Math.floor(random() * STRIDES.length)]!;
      for (let n = 0; n < size; n++) {
        links.add(accounts[p]![(offset + n * stride) % people]!, 'MEMBER_OF', groups[p]![i + 1]!, 20 + p);
      }
    }
  }

  const count = kinds.length;
  return {
    people,
    nodes: {
      id: Uint32Array.from({ length: count }, (_, i) => i + 1),
      kind: Uint8Array.from(kinds),
      flags: Uint8Array.from({ length: count }, (_, i) =>
        kinds[i] === nodeKindCode('Account') && i % 50 === 0 ? 1 : 0,
      ),
      source: Uint16Array.from(sources),
      hash: Uint32Array.from({ length: count }, () => random() * 4_294_967_295),
    },
    links: links.done(),
    applications: apps.flat(),
    biggest: apps[0]![0]!,
    accounts: accounts[0]!,
    groups: groups.flat(),
  };
}

/** As a store gives it: 20,000 rows a chunk, or other portions. */
export async function* chunksOf(topology: SyntheticTopology, seq = 1, rows = 20_000): AsyncIterable<TopologyChunk> {
  const { nodes, links } = topology;
  for (let at = 0; at < nodes.id.length; at += rows) {
    const end = at + rows;
    yield {
      seq,
      nodes: {
        id: nodes.id.subarray(at, end),
        kind: nodes.kind.subarray(at, end),
        flags: nodes.flags.subarray(at, end),
        source: nodes.source.subarray(at, end),
        hash: nodes.hash.subarray(at, end),
      },
    };
  }
  for (let at = 0; at < links.from.length; at += rows) {
    const end = at + rows;
    yield {
      seq,
      links: {
        from: links.from.subarray(at, end),
        to: links.to.subarray(at, end),
        kind: links.kind.subarray(at, end),
        flags: links.flags.subarray(at, end),
        source: links.source.subarray(at, end),
        via: links.via.subarray(at, end),
      },
    };
  }
}

/** Log-normal shares of one whole. */
function logNormalShares(count: number, random: () => number): Float64Array {
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    weights[i] = Math.exp(normal * 1.2);
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
