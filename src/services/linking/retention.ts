import type { AccountFacts } from './account-facts.ts';
import type { Cluster } from './partition.ts';

/** What becomes of the identities that the accounts hung on before. */
export interface Retention {
  /** Node id of the identity of each cluster, `null` where a new one is needed; parallel to the clusters. */
  readonly identities: readonly (number | null)[];
  /** Identities that go, each with the one that stays instead, or `null` when none of its accounts is left. */
  readonly retired: ReadonlyMap<number, number | null>;
}

/**
 * Identity ids are kept for life: of several that meet the oldest stays and the others redirect to it; one that is
 * split stays with the part that holds its oldest account (with the next one's, where an older identity is already). "Oldest" identity is the smallest node id; the oldest account
 * is the one created first at its provider, then the first by key.
 * @param before identity of each account until now
 */
export function retainIdentities(clusters: readonly Cluster[], before: ReadonlyMap<AccountFacts, number>): Retention {
  const clusterOf = new Map<AccountFacts, number>();
  clusters.forEach((cluster, i) => {
    for (const account of cluster.accounts) clusterOf.set(account, i);
  });
  const accountsOf = new Map<number, AccountFacts[]>();
  for (const [account, identity] of before) {
    const list = accountsOf.get(identity);
    if (list === undefined) accountsOf.set(identity, [account]);
    else list.push(account);
  }
  const identities: (number | null)[] = clusters.map(() => null);
  const retired = new Map<number, number | null>();
  for (const identity of [...accountsOf.keys()].sort((a, b) => a - b)) {
    const clustersByAge = accountsOf
      .get(identity)!
      .filter((account) => clusterOf.has(account))
      .sort(byAge)
      .map((account) => clusterOf.get(account)!);
    const kept = clustersByAge.find((cluster) => identities[cluster] === null);
    if (kept !== undefined) identities[kept] = identity;
    else retired.set(identity, clustersByAge.length === 0 ? null : identities[clustersByAge[0]!]!);
  }
  return { identities, retired };
}

function byAge(a: AccountFacts, b: AccountFacts): number {
  const left = `${a.properties.createdAt ?? '9999'} ${a.key}`;
  const right = `${b.properties.createdAt ?? '9999'} ${b.key}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
