import type { World } from '../world.ts';
import type { Double } from './casting.ts';
import type { Department, Person } from './model.ts';
import { Random } from './random.ts';
import type { TruthBook } from './truth.ts';

/** What the tenants know of each other. */
export interface Tenants {
  readonly oktaDomain: string;
  readonly auth0Domain: string;
  /** JumpCloud application that signs into Okta. */
  readonly oktaSsoUrl: string;
  /** JumpCloud application that signs into Auth0. */
  readonly auth0SsoUrl: string;
  /** Okta application (and OAuth client) through which people enter Auth0. */
  readonly platformAppId: string;
  readonly torqWorkspaceId: string;
}

/** The company while it is being invented. */
export interface Company {
  readonly size: World['size'];
  readonly seed: number;
  /** 1 for S, 10 for M, 100 for L. */
  readonly scale: number;
  readonly people: readonly Person[];
  readonly departments: readonly Department[];
  readonly locations: readonly string[];
  readonly executives: readonly Person[];
  readonly showcase: Person;
  readonly doubles: readonly Double[];
  readonly tenants: Tenants;
  readonly truth: TruthBook;
  /** A stream of chance for one part. */
  random(label: string): Random;
}

export const seededRandom =
  (seed: number): ((label: string) => Random) =>
  (label) =>
    Random.seeded(seed, label);

/** A count that grows slower than the company: `base` in S, `base * scale ** power` beyond. */
export const grown = (company: Company, base: number, power = 0.5): number => Math.round(base * company.scale ** power);

/**
 * Fills groups with people of a pool until there are about `memberships`: log-normal sizes, as in real directories
 * (many small ones, few big ones). A group never holds more than 60 % of the pool.
 */
export function fillBySize<T>(
  random: Random,
  groups: readonly { readonly members: Pick<Set<T>, 'add'> }[],
  pool: readonly T[],
  memberships: number,
  sigma = 1,
): void {
  if (pool.length === 0) return;
  const weights = groups.map(() => Math.exp(sigma * random.gauss()));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  groups.forEach((group, i) => {
    const wanted = Math.round((memberships * (weights[i] ?? 0)) / total);
    const size = Math.max(1, Math.min(wanted, Math.floor(pool.length * 0.6)));
    for (const member of random.distinct(pool, size)) group.members.add(member);
  });
}
