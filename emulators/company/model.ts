import type { SpelledName } from './names.ts';

export const COMPANY_NAME = 'Halden Works';
export const MAIN_DOMAIN = 'haldenworks.example';
/** Of a company that Halden Works bought: its people kept their old addresses in some systems. */
export const LABS_DOMAIN = 'halden-labs.example';
export const CONTRACTOR_DOMAINS = ['brightcontract.example', 'fieldhands.test', 'vendorgrid.example'] as const;
export const PRIVATE_DOMAINS = ['mailbox.test', 'postfach.test', 'letterbox.example'] as const;

/** The instant at which the company is described: fixed, so that a seed gives the same world for ever. */
export const NOW = Date.parse('2026-08-20T08:00:00.000Z');
const DAY = 86_400_000;

export const iso = (at: number): string => new Date(at).toISOString();
export const days = (count: number): number => Math.round(count * DAY);

export interface Department {
  readonly name: string;
  /** Short form in group names. */
  readonly slug: string;
  readonly division: string;
  readonly members: Person[];
  readonly teams: Team[];
}

export interface Team {
  readonly name: string;
  readonly slug: string;
  readonly members: Person[];
}

/** What binds a contractor to the company decides which accounts there are. */
export type ContractorKind =
  | 'AUTH0_DATABASE'
  | 'JUMPCLOUD'
  | 'JUMPCLOUD_INTO_AUTH0'
  | 'JUMPCLOUD_INTO_OKTA'
  | 'PARTNER_CONNECTION'
  | 'PRIVATE_MAIL';

export interface Person {
  readonly index: number;
  readonly id: string;
  given: SpelledName;
  family: SpelledName;
  /** Family name before a marriage; some systems still have it. */
  formerFamily: SpelledName | null;
  kind: 'EMPLOYEE' | 'CONTRACTOR' | 'LEAVER';
  contractor: ContractorKind | null;
  email: string;
  /** A second address of the company's own domains that some systems still have. */
  formerEmail: string | null;
  privateEmail: string;
  employeeNumber: string | null;
  department: Department;
  team: Team;
  location: string;
  title: string;
  manager: Person | null;
  hiredAt: number;
  leftAt: number | null;
  readonly tags: Set<string>;
  /** Native ids of the accounts, filled by the builders. */
  okta: string | null;
  jumpcloud: string | null;
  jumpcloudAdmin: string | null;
  torq: string | null;
  auth0: { workforce?: string; database?: string; jumpcloud?: string; google?: string; other?: string };
}

export const fullName = (person: Person): string => `${person.given.native} ${person.family.native}`;

/** Accounts are keyed by connector, kind and native id; in tests a connector is called like its provider. */
export const accountKey = (provider: 'okta' | 'auth0' | 'jumpcloud' | 'torq', nativeId: string): string =>
  `${provider}/Account/${nativeId}`;
