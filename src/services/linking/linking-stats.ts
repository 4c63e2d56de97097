import { type AccountFacts, fold, normaliseEmail } from './account-facts.ts';

/** What the linker has done, for people and benches. */
export interface LinkingStats {
  readonly accounts: number;
  readonly identities: number;
  /** Accounts by the strongest rule that ties them to their identity. */
  readonly byRule: Readonly<Record<string, number>>;
  /** Values that two accounts of one slot claim, so that they prove nothing. */
  readonly ambiguous: number;
  /** Pairs of identities kept apart although the full name is the same. */
  readonly sameName: number;
  /** Accounts kept apart although an address of theirs is another identity's verified one. */
  readonly unverifiedLookAlikes: number;
}

interface Owned {
  readonly identity: number;
  readonly rule: string;
}

/** Counts what was linked and what was kept apart. One pass over all accounts: ask seldom. */
export function linkingStats(
  accounts: Iterable<AccountFacts>,
  ownership: (account: number) => Owned | undefined,
  countingEmails: (account: AccountFacts) => ReadonlySet<string>,
): Omit<LinkingStats, 'ambiguous' | 'identities'> {
  const all = [...accounts];
  const byRule: Record<string, number> = {};
  const byName = new Map<string, Set<number>>();
  const owners = new Map<string, number>();
  for (const facts of all) {
    const owned = ownership(facts.id);
    if (owned === undefined) continue;
    byRule[owned.rule] = (byRule[owned.rule] ?? 0) + 1;
    const name = fold(facts.properties.displayName ?? '');
    const holders = byName.get(name) ?? new Set();
    if (name.includes(' ')) byName.set(name, holders.add(owned.identity));
    for (const address of countingEmails(facts)) owners.set(address, owned.identity);
  }
  let sameName = 0;
  for (const { size } of byName.values()) sameName += (size * (size - 1)) / 2;
  const lookAlikes = all.filter((facts) =>
    facts.properties.emails?.some(({ value }) => {
      const owner = owners.get(normaliseEmail(value));
      return owner !== undefined && owner !== ownership(facts.id)?.identity;
    }),
  );
  return { accounts: all.length, byRule, sameName, unverifiedLookAlikes: lookAlikes.length };
}
