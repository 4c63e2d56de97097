import { NodeFlag } from '../../../src/domain/flags.ts';
import { compact } from '../../../src/domain/graph.ts';
import { nodeKey } from '../../../src/domain/keys.ts';
import {
  type AccountEntry,
  type AccountProperties,
  type AccountStatus,
  type EmailValue,
  type FederatedSubject,
  NOT_LIVE_STATUSES,
  type PrincipalType,
} from '../../../src/domain/properties.ts';
import type { NodeDraft } from '../../../src/ports/provider.ts';
import type { OktaUser } from './payloads.ts';

const STATUSES: Readonly<Record<string, AccountStatus>> = {
  STAGED: 'STAGED',
  // Activated, but nobody has set credentials yet.
  PROVISIONED: 'INVITED',
  ACTIVE: 'ACTIVE',
  // A password reset is under way; it does not end the session or the account.
  RECOVERY: 'ACTIVE',
  PASSWORD_EXPIRED: 'PASSWORD_EXPIRED',
  LOCKED_OUT: 'LOCKED',
  SUSPENDED: 'SUSPENDED',
  DEPROVISIONED: 'DEPROVISIONED',
};

/** What an account needs to know that is not in its own payload. */
export interface AccountContext {
  readonly connector: string;
  /** Subjects at inbound identity providers. */
  readonly subjects: readonly FederatedSubject[];
  /** Native id of a log-in name, when it is known. */
  idOfLogin(login: string): string | undefined;
}

/** An Okta user as an account. Pure; the payload stays as it is. */
export function toAccount(user: OktaUser, context: AccountContext): NodeDraft<'Account'> {
  const profile = user.profile ?? {};
  const status = STATUSES[user.status] ?? 'UNKNOWN';
  const isLive = !NOT_LIVE_STATUSES.has(status);
  const given = clean(profile.firstName);
  const family = clean(profile.lastName);
  const fullName = [given, family].filter((part) => part !== undefined).join(' ') || undefined;
  const userName = clean(profile.login);
  const displayName = clean(profile.displayName) ?? fullName;
  const emails = emailsOf(user);
  const phones = [clean(profile.mobilePhone), clean(profile.primaryPhone)].filter((phone) => phone !== undefined);
  const employeeNumber = clean(profile.employeeNumber);
  const managerId = managerOf(user, context);
  const properties: AccountProperties = {
    userName,
    displayName,
    name: fullName === undefined ? undefined : { givenName: given, familyName: family, formatted: fullName },
    emails: emails.length > 0 ? emails : undefined,
    phoneNumbers: phones.length > 0 ? [...new Set(phones)] : undefined,
    status,
    nativeStatus: user.status,
    active: status === 'UNKNOWN' ? null : isLive,
    type: principalType(clean(profile.userType), employeeNumber !== undefined || fullName !== undefined),
    accountClass: 'USER',
    entry: entryOf(user, context.subjects.length > 0),
    employeeNumber,
    department: clean(profile.department),
    title: clean(profile.title),
    userType: clean(profile.userType),
    managerKey: managerId === undefined ? undefined : nodeKey(context.connector, 'Account', managerId),
    createdAt: clean(user.created),
    lastLoginAt: clean(user.lastLogin),
    lockedOut: status === 'LOCKED' ? true : undefined,
    federatedSubjects: context.subjects.length > 0 ? context.subjects : undefined,
  };
  return {
    kind: 'Account',
    nativeId: user.id,
    name: displayName ?? userName ?? emails[0]?.value ?? user.id,
    flags: isLive ? 0 : NodeFlag.INACTIVE,
    properties: compact(properties),
  };
}

/** True for people that Okta keeps out of Everyone and out of all listings below groups and apps. */
export function isDeprovisioned(user: OktaUser): boolean {
  return user.status === 'DEPROVISIONED';
}

function emailsOf(user: OktaUser): EmailValue[] {
  const primary = clean(user.profile?.email)?.toLowerCase();
  const second = clean(user.profile?.secondEmail)?.toLowerCase();
  const isVerified = (user.credentials?.emails ?? []).some(
    (email) => email.status === 'VERIFIED' && clean(email.value)?.toLowerCase() === primary,
  );
  const emails: EmailValue[] = [];
  if (primary !== undefined) {
    // An administrator set it. "Not verified" only means that nobody clicked a link, which directories rarely send.
    emails.push({
      value: primary,
      type: 'work',
      primary: true,
      directorySet: true,
      verified: isVerified ? true : null,
    });
  }
  // The person can change this one alone.
  if (second !== undefined && second !== primary) emails.push({ value: second, type: 'other', verified: null });
  return emails;
}

/** FEDERATION and SOCIAL users hold no password in Okta; with one, the inbound link is a second door. */
function entryOf(user: OktaUser, hasSubject: boolean): AccountEntry {
  const master = user.credentials?.provider?.type ?? null;
  if (master === 'FEDERATION' || master === 'SOCIAL') return 'FEDERATED';
  if (master === null) return hasSubject ? 'BOTH' : 'UNKNOWN';
  return hasSubject ? 'BOTH' : 'DIRECT';
}

function principalType(userType: string | undefined, hasPerson: boolean): PrincipalType {
  if (userType !== undefined && /^service\b/i.test(userType)) return 'SERVICE';
  if (userType !== undefined && /^shared\b/i.test(userType)) return 'SHARED';
  return hasPerson ? 'HUMAN' : 'UNKNOWN';
}

/** `managerId` is free text: it counts only when it is an id or a log-in of this org. */
function managerOf(user: OktaUser, context: AccountContext): string | undefined {
  const text = clean(user.profile?.managerId);
  if (text === undefined) return undefined;
  const id = isUserId(text) ? text : context.idOfLogin(text);
  return id === user.id ? undefined : id;
}

/** The shape of Okta's user ids. */
export function isUserId(text: string): boolean {
  return /^00u[A-Za-z0-9]{17}$/.test(text);
}

function clean(text: string | null | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed ? trimmed : undefined;
}
