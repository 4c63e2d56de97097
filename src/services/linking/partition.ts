import type { AccountFacts } from './account-facts.ts';
import { type LinkingRule, ruleOfBlock } from './rules.ts';

/** Accounts that share a piece of evidence. */
export interface Block {
  readonly key: string;
  readonly accounts: readonly AccountFacts[];
}

/** Accounts of one identity. Sorted by key, so equal partitions are equal values. */
export interface Cluster {
  readonly accounts: readonly AccountFacts[];
}

/**
 * True when a block proves nothing: two accounts of one slot carry the same value. A rehired person's old,
 * dead account beside the live one (same employee number) is no ambiguity; the live one speaks for both.
 */
export function isAmbiguous(accounts: readonly AccountFacts[]): boolean {
  const slots = new Map<string, AccountFacts[]>();
  for (const account of accounts) {
    const list = slots.get(account.slot);
    if (list === undefined) slots.set(account.slot, [account]);
    else list.push(account);
  }
  if (slots.size === accounts.length) return false;
  for (const list of slots.values()) {
    if (list.length < 2) continue;
    const live = list.filter((account) => account.isLive);
    const number = live[0]?.employeeNumber;
    if (live.length !== 1 || !number || list.some((account) => account.employeeNumber !== number)) return true;
  }
  return false;
}

/** The accounts of a block that may be joined by it: of each slot the only one, or the only live one. */
function speakers(accounts: readonly AccountFacts[]): readonly AccountFacts[] {
  return accounts.filter(
    (account) => account.isLive || !accounts.some((other) => other !== account && other.slot === account.slot),
  );
}

export function shareNameWord(a: AccountFacts, b: AccountFacts): boolean {
  return a.nameWords.some((word) => b.nameWords.includes(word));
}

/**
 * Parts accounts into identities. Pure: the result depends on the accounts and their evidence only, not on order.
 * Blocks are applied by rule precedence, then by their text. Two groups are never joined when that would put two
 * human accounts of one slot together, nor (for the weaker rules) when their employee numbers contradict.
 * @param accounts closed under evidence: every account that shares a block with one of them is among them
 */
export function partition(
  accounts: readonly AccountFacts[],
  blocks: readonly Block[],
): { clusters: Cluster[]; refused: number } {
  const sorted = [...accounts].sort(byKey);
  const parent = new Map<AccountFacts, AccountFacts>();
  const members = new Map<AccountFacts, { slots: Set<string>; numbers: Set<string>; list: AccountFacts[] }>();
  for (const account of sorted) {
    parent.set(account, account);
    members.set(account, {
      slots: new Set([account.slot]),
      numbers: new Set(account.employeeNumber === null ? [] : [account.employeeNumber]),
      list: [account],
    });
  }
  const rootOf = (account: AccountFacts): AccountFacts => {
    let root = account;
    while (parent.get(root) !== root) root = parent.get(root)!;
    parent.set(account, root);
    return root;
  };
  let refused = 0;
  /** @returns true when both are together afterwards */
  const join = (a: AccountFacts, b: AccountFacts, rule: LinkingRule): boolean => {
    const rootA = rootOf(a);
    const rootB = rootOf(b);
    if (rootA === rootB) return true;
    const left = members.get(rootA)!;
    const right = members.get(rootB)!;
    for (const slot of right.slots) if (left.slots.has(slot)) return false;
    const mayContradict =
      rule === 'SAME_PERSON_AT_PROVIDER' || rule === 'FEDERATED_SUBJECT' || rule === 'PROVIDER_EXTERNAL_ID';
    if (!mayContradict && left.numbers.size > 0 && right.numbers.size > 0) {
      if (![...right.numbers].some((number) => left.numbers.has(number))) return false;
    }
    const [root, other] = byKey(rootA, rootB) < 0 ? [rootA, rootB] : [rootB, rootA];
    const into = members.get(root)!;
    const from = members.get(other)!;
    parent.set(other, root);
    for (const slot of from.slots) into.slots.add(slot);
    for (const number of from.numbers) into.numbers.add(number);
    into.list.push(...from.list);
    members.delete(other);
    return true;
  };

  const ordered = blocks
    .map((block) => ({ block, ...ruleOfBlock(block.key) }))
    .sort((a, b) => a.tier - b.tier || (a.block.key < b.block.key ? -1 : 1));
  for (const { block, rule } of ordered) {
    if (isAmbiguous(block.accounts)) continue;
    const list = [...speakers(block.accounts)].sort(byKey);
    for (let i = 1; i < list.length; i++) {
      let joined = false;
      let tried = false;
      for (let j = 0; j < i && !joined; j++) {
        if (rule === 'EMPLOYEE_NUMBER' && !shareNameWord(list[i]!, list[j]!)) continue;
        tried = true;
        joined = join(list[i]!, list[j]!, rule);
      }
      if (tried && !joined) refused++;
    }
  }
  const clusters = [...members.values()]
    .map(({ list }) => ({ accounts: list.sort(byKey) }))
    .sort((a, b) => byKey(a.accounts[0]!, b.accounts[0]!));
  return { clusters, refused };
}

function byKey(a: AccountFacts, b: AccountFacts): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
