import type { NodeKind } from './node-kinds.ts';

/**
 * How access flows along a link:
 * `always` walkable, `never` walkable (it explains, it does not carry), or `conditional`
 * (walkable only while its start can reach the application in `via`).
 */
export type Walk = 'always' | 'never' | 'conditional';

export interface LinkKindSpec {
  readonly from: readonly NodeKind[];
  readonly to: readonly NodeKind[];
  readonly walk: Walk;
  /** One sentence for a reader of a path; `{from}` and `{to}` are replaced by names. */
  readonly sentence: string;
  /** Who asserts it: provider names, or `crosswalk` for what the linker derives. */
  readonly givenBy: readonly string[];
}

/**
 * The ONE register of link kinds. Order is storage: append only, the position + 1 is the stored code, at most 15.
 * All kinds allow; none denies. A provider with a deny rule needs its semantics written down here first.
 */
export const LINK_KINDS = {
  HAS_ACCOUNT: {
    from: ['Identity'],
    to: ['Account'],
    walk: 'always',
    sentence: '{from} owns the account {to}',
    givenBy: ['crosswalk'],
  },
  MEMBER_OF: {
    from: ['Account', 'Group'],
    to: ['Group', 'Organization'],
    walk: 'always',
    sentence: '{from} is a member of {to}',
    givenBy: ['auth0', 'okta', 'jumpcloud', 'torq'],
  },
  ASSIGNED_TO: {
    from: ['Account', 'Group'],
    to: ['Application'],
    walk: 'always',
    sentence: '{from} is assigned to the application {to}',
    givenBy: ['auth0', 'okta', 'jumpcloud'],
  },
  HAS_ROLE: {
    from: ['Account', 'Group'],
    to: ['Role'],
    walk: 'always',
    sentence: '{from} holds the role {to}',
    givenBy: ['auth0', 'okta', 'jumpcloud', 'torq'],
  },
  GRANTS: {
    from: ['Role', 'Account'],
    to: ['Permission'],
    walk: 'always',
    sentence: '{from} grants the permission {to}',
    givenBy: ['auth0', 'okta', 'jumpcloud', 'torq'],
  },
  PERMITS: {
    from: ['Permission'],
    to: ['Application'],
    walk: 'always',
    sentence: 'the permission {from} is one on {to}',
    givenBy: ['auth0', 'okta', 'jumpcloud', 'torq'],
  },
  SIGNS_INTO: {
    from: ['Application'],
    to: ['Organization'],
    walk: 'never',
    sentence: '{from} signs people into the tenant {to}',
    givenBy: ['crosswalk'],
  },
  FEDERATES: {
    from: ['Account'],
    to: ['Account'],
    walk: 'conditional',
    sentence: 'a log-in as {from} opens a session as {to}',
    givenBy: ['crosswalk'],
  },
  INSTANCE_OF: {
    from: ['Role'],
    to: ['Role'],
    walk: 'never',
    sentence: '{from} is {to}, held in one scope',
    givenBy: ['auth0', 'okta'],
  },
  PUSHES_TO: {
    from: ['Group'],
    to: ['Group'],
    walk: 'never',
    sentence: '{from} is pushed to {to}',
    givenBy: ['okta'],
  },
  OWNS: {
    from: ['Identity', 'Account'],
    to: ['Credential'],
    walk: 'never',
    sentence: '{from} owns the credential {to}',
    givenBy: ['torq', 'okta'],
  },
} as const satisfies Record<string, LinkKindSpec>;

export type LinkKind = keyof typeof LINK_KINDS;

export const LINK_KIND_NAMES = Object.keys(LINK_KINDS) as readonly LinkKind[];

const codes = new Map<string, number>(LINK_KIND_NAMES.map((kind, i) => [kind, i + 1]));

/** Small stable number of a link kind (1–15), as kept in the index and the stores. */
export function linkKindCode(kind: LinkKind): number {
  return codes.get(kind)!;
}

export function linkKindOf(code: number): LinkKind | null {
  return LINK_KIND_NAMES[code - 1] ?? null;
}

export function linkKindSpec(kind: LinkKind): LinkKindSpec {
  return LINK_KINDS[kind];
}

export function isLinkKind(value: string): value is LinkKind {
  return codes.has(value);
}
