import { LinkFlag, NodeFlag } from '../../domain/flags.ts';
import { compact, contentHash, MAX_NAME } from '../../domain/graph.ts';
import type { JsonObject } from '../../domain/json.ts';
import type {
  EmailValue,
  IdentityProperties,
  OwnershipEvidence,
  OwnershipProperties,
} from '../../domain/properties.ts';
import { type AccountFacts, normaliseEmail } from './account-facts.ts';
import type { EvidenceIndex } from './evidence.ts';
import { isAmbiguous } from './partition.ts';
import { LINKING_RULES, ruleOfBlock, valueOfBlock } from './rules.ts';

/** Part of every hash, so that a new field rewrites what it must. */
const VERSION = 1;

export interface IdentityRecord {
  readonly name: string;
  readonly flags: number;
  readonly properties: JsonObject;
  readonly hash: number;
}

/**
 * The identity as its accounts describe it. The most authoritative account speaks first: live before dead, with an
 * employee number before without, directory users before others, then by key.
 */
export function identityRecord(
  accounts: readonly AccountFacts[],
  countingEmails: (account: AccountFacts) => ReadonlySet<string>,
): IdentityRecord {
  const speakers = [...accounts].sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
  const first = <T>(pick: (account: AccountFacts) => T | undefined): T | undefined => {
    for (const account of speakers) {
      const value = pick(account);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
  const isLive = accounts.some((account) => account.isLive);
  const displayName = first((account) => {
    const { displayName: shown, name } = account.properties;
    const full = shown ?? name?.formatted ?? [name?.givenName, name?.familyName].filter(Boolean).join(' ');
    return full.includes('@') ? undefined : full;
  });
  const properties: IdentityProperties = {
    type: speakers.find((account) => account.type !== 'UNKNOWN')?.type ?? 'HUMAN',
    displayName,
    name: first((account) => account.properties.name),
    emails: mergeEmails(speakers, countingEmails),
    employeeNumber: first((account) => account.properties.employeeNumber),
    department: first((account) => account.properties.department),
    title: first((account) => account.properties.title),
    active: isLive,
    accountCount: accounts.length,
    connectors: [...new Set(accounts.map((account) => account.connector))].sort(),
  };
  const name = (displayName ?? properties.emails?.[0]?.value ?? speakers[0]!.name).slice(0, MAX_NAME);
  const flags = isLive ? 0 : NodeFlag.INACTIVE;
  const plain = compact(properties);
  return { name, flags, properties: plain, hash: contentHash([VERSION, name, flags, plain]) };
}

function rank(account: AccountFacts): number {
  return (
    (account.isLive ? 0 : 4) +
    (account.employeeNumber === null ? 2 : 0) +
    (account.properties.accountClass === 'USER' ? 0 : 1)
  );
}

function mergeEmails(
  speakers: readonly AccountFacts[],
  countingEmails: (account: AccountFacts) => ReadonlySet<string>,
): EmailValue[] {
  const merged = new Map<string, EmailValue>();
  for (const account of speakers) {
    const counting = countingEmails(account);
    for (const { value, type } of account.properties.emails ?? []) {
      const address = normaliseEmail(value);
      const known = merged.get(address);
      if (counting.has(address) && known?.verified !== true)
        merged.set(address, { value: address, type, verified: true });
      else if (known === undefined) merged.set(address, { value: address, type, verified: null });
    }
  }
  const list = [...merged.values()].sort((a, b) => Number(b.verified === true) - Number(a.verified === true));
  return list.map((email, i) => ({ ...email, primary: i === 0 }));
}

export interface OwnershipRecord {
  readonly flags: number;
  readonly properties: JsonObject;
  readonly hash: number;
}

/**
 * Why an account hangs on its identity. An account that is entered by federation only is owned, but not entered, this
 * way: the link is then evidence and the walk takes FEDERATES instead, unless nobody knows its entrance.
 */
export function ownershipRecord(
  account: AccountFacts,
  together: ReadonlySet<number>,
  evidence: EvidenceIndex,
  entrance: { readonly isOpen: boolean; readonly isTrusted: boolean },
): OwnershipRecord {
  const found: (OwnershipEvidence & { tier: number })[] = [];
  for (const key of evidence.blockKeys(account.id)) {
    const { accounts } = evidence.block(key);
    const others = accounts.filter((other) => other !== account && together.has(other.id));
    if (others.length === 0 || isAmbiguous(accounts)) continue;
    const { rule, tier } = ruleOfBlock(key);
    for (const other of others) {
      found.push({ rule, tier, with: other.key, value: valueOfBlock(key), sentence: LINKING_RULES[rule].sentence });
    }
  }
  found.sort((a, b) => a.tier - b.tier || (`${a.with}` < `${b.with}` ? -1 : 1));
  const { entry } = account.properties;
  const byFederationOnly = entry === 'FEDERATED' && (entrance.isOpen || entrance.isTrusted);
  const properties: OwnershipProperties = {
    rule: found[0]?.rule ?? 'ONLY_ACCOUNT',
    confidence: 1,
    evidence:
      found.length > 0
        ? found.map(({ tier: _, ...rest }) => rest)
        : [{ rule: 'ONLY_ACCOUNT', sentence: 'no other account is known to belong to the same identity' }],
    ...(!byFederationOnly && !entrance.isOpen && entry !== 'DIRECT' && entry !== 'BOTH'
      ? { entranceUnknown: true }
      : {}),
  };
  const flags = byFederationOnly ? LinkFlag.EVIDENCE : 0;
  const plain = compact(properties);
  return { flags, properties: plain, hash: contentHash([VERSION, flags, plain]) || 1 };
}
