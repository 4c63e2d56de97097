import { NodeFlag } from '../../../src/domain/flags.ts';
import { compact } from '../../../src/domain/graph.ts';
import { nodeKey } from '../../../src/domain/keys.ts';
import {
  type AccountProperties,
  type AccountStatus,
  type EmailValue,
  NOT_LIVE_STATUSES,
  type PrincipalType,
} from '../../../src/domain/properties.ts';
import type { LinkDraft, NodeDraft } from '../../../src/ports/provider.ts';
import type { Admin, SystemUser } from './payloads.ts';

/**
 * What cannot be used wins over what heals by itself: a staged user that is locked out is staged. `ACTIVATED` only
 * says that an administrator let the person in; without `activated` no password was ever set, so nobody can sign in
 * yet: that is `INVITED`. Without a `state` (older records) the flags decide, and without those nothing is known.
 */
export function userStatus(user: SystemUser): AccountStatus {
  const state = user.state?.toUpperCase();
  if (state === 'SUSPENDED' || (state === undefined && user.suspended === true)) return 'SUSPENDED';
  if (state === 'STAGED') return 'STAGED';
  if (state !== undefined && state !== 'ACTIVATED') return 'UNKNOWN';
  if (user.activated === false) return 'INVITED';
  if (user.account_locked === true) return 'LOCKED';
  if (user.password_expired === true) return 'PASSWORD_EXPIRED';
  return state === 'ACTIVATED' || user.activated === true ? 'ACTIVE' : 'UNKNOWN';
}

/** A log-in of the directory. Its native id is the same in v1, v2 and the log. */
export function toAccount(user: SystemUser, connector: string): NodeDraft<'Account'> {
  const status = userStatus(user);
  const fullName = joined(user.firstname, user.lastname);
  const userName = user.username ?? user.email;
  const email = address(user.email);
  return {
    kind: 'Account',
    nativeId: user._id,
    name: user.displayname ?? fullName ?? userName ?? user._id,
    flags: flagsOf(status),
    properties: compact<AccountProperties>({
      userName,
      displayName: user.displayname ?? fullName,
      name: personName(user.firstname, user.lastname),
      emails: emailsOf(email, address(user.alternateEmail)),
      phoneNumbers: some((user.phoneNumbers ?? []).flatMap(({ number }) => (number === undefined ? [] : [number]))),
      status,
      nativeStatus: user.state,
      active: activeOf(status),
      type: principalType(user, fullName),
      accountClass: 'USER',
      entry: 'DIRECT',
      employeeNumber: user.employeeIdentifier,
      department: user.department,
      title: user.jobTitle,
      userType: user.employeeType,
      managerKey: user.manager === undefined ? undefined : nodeKey(connector, 'Account', user.manager),
      mfaEnrolled: mfaEnrolled(user),
      createdAt: user.created,
      lockedOut: user.account_locked,
      sameAs: user.admin == null ? undefined : [nodeKey(connector, 'Account', user.admin.id)],
    }),
  };
}

/** What is known of an administrator beside the record itself. */
export interface AdminContext {
  readonly connector: string;
  /** The directory user whose `admin.id` names this administrator. */
  readonly userId: string | undefined;
}

/** A log-in of the admin portal: an account of its own, also when its holder is a user of the directory. */
export function toAdminAccount(admin: Admin, { connector, userId }: AdminContext): NodeDraft<'Account'> {
  const status: AccountStatus =
    admin.suspended === true ? 'SUSPENDED' : admin.registered === false ? 'INVITED' : 'ACTIVE';
  const fullName = joined(admin.firstname, admin.lastname);
  return {
    kind: 'Account',
    nativeId: admin._id,
    name: fullName ?? admin.email ?? admin._id,
    flags: flagsOf(status),
    properties: compact<AccountProperties>({
      userName: admin.email,
      displayName: fullName,
      name: personName(admin.firstname, admin.lastname),
      emails: emailsOf(address(admin.email), undefined),
      status,
      active: activeOf(status),
      type: fullName === undefined ? 'UNKNOWN' : 'HUMAN',
      accountClass: 'ADMIN',
      entry: 'DIRECT',
      mfaEnrolled: admin.totpEnrolled ?? null,
      createdAt: admin.created,
      sameAs: userId === undefined ? undefined : [nodeKey(connector, 'Account', userId)],
    }),
  };
}

/** HAS_ROLE for each of an administrator's roles; several are shown as "Multi Role", which is no role. */
export function roleLinks(admin: Admin): readonly LinkDraft[] {
  const ids = new Set(admin.roles.length > 0 ? admin.roles : admin.role === undefined ? [] : [admin.role]);
  return Array.from(ids, (roleId) => ({
    from: { kind: 'Account', nativeId: admin._id },
    kind: 'HAS_ROLE',
    to: { kind: 'Role', nativeId: roleId },
  }));
}

/** Enrolment, not the demand for it (`enable_user_portal_multifactor`); `null` when no member says anything. */
function mfaEnrolled(user: SystemUser): boolean | null {
  const says = [
    user.mfaEnrollment?.overallStatus === undefined ? undefined : user.mfaEnrollment.overallStatus === 'ENROLLED',
    user.mfa?.configured,
    user.totp_enabled,
  ];
  if (says.includes(true)) return true;
  return says.includes(false) ? false : null;
}

function principalType(user: SystemUser, fullName: string | undefined): PrincipalType {
  const word = user.employeeType?.trim().toLowerCase() ?? '';
  if (/^service\b/.test(word)) return 'SERVICE';
  if (/^shared\b/.test(word)) return 'SHARED';
  return user.employeeIdentifier !== undefined || fullName !== undefined ? 'HUMAN' : 'UNKNOWN';
}

function flagsOf(status: AccountStatus): number {
  return NOT_LIVE_STATUSES.has(status) ? NodeFlag.INACTIVE : 0;
}

function activeOf(status: AccountStatus): boolean | null {
  return status === 'UNKNOWN' ? null : !NOT_LIVE_STATUSES.has(status);
}

/** An administrator sets the primary address; the alternate one is the person's own and proves nothing. */
function emailsOf(primary: string | undefined, other: string | undefined): readonly EmailValue[] | undefined {
  return some([
    ...(primary === undefined
      ? []
      : [{ value: primary, type: 'work', primary: true, verified: null, directorySet: true }]),
    ...(other === undefined || other === primary ? [] : [{ value: other, type: 'other', verified: null }]),
  ]);
}

function address(text: string | undefined): string | undefined {
  const value = text?.trim().toLowerCase();
  return value === '' ? undefined : value;
}

function joined(first: string | undefined, last: string | undefined): string | undefined {
  return first === undefined && last === undefined ? undefined : [first, last].filter(Boolean).join(' ');
}

function personName(first: string | undefined, last: string | undefined): AccountProperties['name'] {
  return first === undefined && last === undefined ? undefined : { givenName: first, familyName: last };
}

function some<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}
