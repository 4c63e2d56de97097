/**
 * The register of deterministic linking rules, strongest first. Position is precedence: evidence of an earlier row is
 * applied before that of a later one, so the outcome never depends on the order in which accounts arrived.
 */
export const LINKING_RULES = {
  SAME_PERSON_AT_PROVIDER: {
    prefix: 's',
    sentence: 'the provider itself says that both accounts belong to one person',
  },
  FEDERATED_SUBJECT: {
    prefix: 'f',
    sentence: 'one account is entered through the other: its subject is the other account in a tenant that is trusted',
  },
  PROVIDER_EXTERNAL_ID: {
    prefix: 'x',
    sentence: 'an application that signs into the tenant records the other account as the same user there',
  },
  VERIFIED_EMAIL: {
    prefix: 'm',
    sentence: 'both accounts carry the same verified e-mail address',
  },
  EMPLOYEE_NUMBER: {
    prefix: 'e',
    sentence: 'both accounts carry the same employee number and share a part of the name',
  },
} as const;

export type LinkingRule = keyof typeof LINKING_RULES;

const byPrefix = new Map<string, { rule: LinkingRule; tier: number }>(
  Object.entries(LINKING_RULES).map(([rule, { prefix }], tier) => [prefix, { rule: rule as LinkingRule, tier }]),
);

/**
 * Evidence is a block: a text such as `m:ana@acme.example` under which all accounts that carry it meet.
 * The first letter names the rule.
 */
export function blockKey(rule: LinkingRule, value: string): string {
  return `${LINKING_RULES[rule].prefix}:${value}`;
}

export function ruleOfBlock(block: string): { rule: LinkingRule; tier: number } {
  return byPrefix.get(block.slice(0, 1))!;
}

/** The readable part of a block. */
export function valueOfBlock(block: string): string {
  return block.slice(2);
}
