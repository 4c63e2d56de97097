import { NodeFlag } from '../../../src/domain/flags.ts';
import type { AccountEntry, EmailValue, FederatedSubject, PrincipalType } from '../../../src/domain/properties.ts';
import type { LinkDraft, NodeDraft } from '../../../src/ports/provider.ts';
import type { IdentityPayload, UserPayload } from './payloads.ts';

/** A connection as accounts need it: by name, which is what identities carry. */
export interface KnownConnection {
  readonly id: string;
}

/** Connections by name; `null` when they may not be read. */
export type ConnectionsByName = ReadonlyMap<string, KnownConnection> | null;

/** Log-ins that Auth0 itself holds. Every other one that is not social comes from another tenant. */
const LOCAL_PROVIDERS = new Set(['auth0', 'email', 'sms']);
/** Strategies whose NameID is chosen by the upstream administrator, mostly an address. */
const NAME_ID_PROVIDERS = new Set(['samlp', 'adfs', 'google-apps', 'pingfederate']);

interface LogIn {
  readonly provider: string;
  readonly connection: string | null;
  /** Without `provider|` and `connection|`. */
  readonly subject: string;
  readonly isFederated: boolean;
  readonly profile: IdentityPayload['profileData'];
}

/** The account and its memberships in the connections it logs in through. */
export function accountDrafts(
  user: UserPayload,
  connections: ConnectionsByName,
): { readonly node: NodeDraft<'Account'>; readonly links: readonly LinkDraft[] } {
  const logIns = logInsOf(user);
  const primary = logIns[0];
  const connectionId = (logIn: LogIn): string | undefined => connections?.get(logIn.connection ?? '')?.id;
  const isBlocked = user.blocked === true;
  const name = {
    givenName: user.given_name || undefined,
    familyName: user.family_name || undefined,
    formatted: user.name || undefined,
  };
  const metadata = user.app_metadata ?? {};
  const employeeNumber = word(metadata, 'employeeNumber', 'employee_number');
  const subjects = logIns.filter((logIn) => logIn.isFederated).map((logIn) => subjectOf(logIn, connectionId(logIn)));
  const node: NodeDraft<'Account'> = {
    kind: 'Account',
    nativeId: user.user_id,
    name: user.name || user.username || user.email || user.user_id,
    flags: isBlocked ? NodeFlag.INACTIVE : 0,
    properties: {
      userName: user.username || user.email?.trim().toLowerCase() || undefined,
      displayName: user.name || undefined,
      name: Object.values(name).some((part) => part !== undefined) ? name : undefined,
      emails: emailsOf(user, logIns),
      phoneNumbers: user.phone_number ? [user.phone_number] : undefined,
      status: isBlocked ? 'SUSPENDED' : 'ACTIVE',
      nativeStatus: isBlocked ? 'blocked' : 'active',
      active: !isBlocked,
      type: typeOf(metadata, user, employeeNumber),
      accountClass: `CONNECTION:${(primary && connectionId(primary)) ?? primary?.connection ?? primary?.provider ?? 'unknown'}`,
      entry: entryOf(logIns),
      employeeNumber,
      department: word(metadata, 'department'),
      title: word(metadata, 'title', 'jobTitle', 'job_title'),
      // An absent list does not tell: it leaves out passkeys and whatever an upstream tenant asks for.
      mfaEnrolled: user.multifactor == null ? null : user.multifactor.length > 0,
      createdAt: user.created_at ?? undefined,
      lastLoginAt: user.last_login ?? undefined,
      federatedSubjects: subjects.length > 0 ? subjects : undefined,
      pictureUrl: user.picture || undefined,
    },
  };
  const groups = new Set(logIns.map(connectionId).filter((id) => id !== undefined));
  const links = [...groups].map(
    (id): LinkDraft => ({
      from: { kind: 'Account', nativeId: user.user_id },
      kind: 'MEMBER_OF',
      to: { kind: 'Group', nativeId: id },
    }),
  );
  return { node, links };
}

/** Identities in Auth0's order, the primary one first; without any, the user id itself tells. */
function logInsOf(user: UserPayload): readonly LogIn[] {
  if (user.identities && user.identities.length > 0) {
    return user.identities.map((identity) => {
      const isLocal = LOCAL_PROVIDERS.has(identity.provider) || identity.isSocial === true;
      const prefix = `${identity.connection}|`;
      return {
        provider: identity.provider,
        connection: identity.connection || null,
        subject: identity.user_id.startsWith(prefix) ? identity.user_id.slice(prefix.length) : identity.user_id,
        isFederated: !isLocal,
        profile: identity.profileData,
      };
    });
  }
  const [provider = '', ...rest] = user.user_id.split('|');
  // Three parts: an enterprise connection's name stands between. Two: a local, social or unnamed one.
  const isNamed = rest.length > 1;
  return [
    {
      provider,
      connection: isNamed ? (rest[0] ?? null) : null,
      subject: (isNamed ? rest.slice(1) : rest).join('|'),
      isFederated: isNamed && !LOCAL_PROVIDERS.has(provider),
      profile: null,
    },
  ];
}

function subjectOf(logIn: LogIn, connectionId: string | undefined): FederatedSubject {
  return {
    connectionId: connectionId ?? logIn.connection ?? logIn.provider,
    connectionName: logIn.connection ?? undefined,
    subject: logIn.subject,
    subjectType: NAME_ID_PROVIDERS.has(logIn.provider) ? 'nameId' : 'id',
  };
}

function entryOf(logIns: readonly LogIn[]): AccountEntry {
  const federated = logIns.filter((logIn) => logIn.isFederated).length;
  if (logIns.length === 0) return 'UNKNOWN';
  return federated === 0 ? 'DIRECT' : federated === logIns.length ? 'FEDERATED' : 'BOTH';
}

/** The account's own address, then those of linked log-ins, of which Auth0 itself vouches for none. */
function emailsOf(user: UserPayload, logIns: readonly LogIn[]): readonly EmailValue[] | undefined {
  const emails = new Map<string, EmailValue>();
  const own = user.email?.trim().toLowerCase();
  if (own) emails.set(own, { value: own, primary: true, verified: user.email_verified ?? null });
  for (const logIn of logIns.slice(1)) {
    const value = logIn.profile?.email?.trim().toLowerCase();
    if (value && !emails.has(value)) emails.set(value, { value, verified: null });
  }
  return emails.size > 0 ? [...emails.values()] : undefined;
}

function typeOf(
  metadata: Readonly<Record<string, unknown>>,
  user: UserPayload,
  employeeNumber: string | undefined,
): PrincipalType {
  const said = word(metadata, 'accountType', 'account_type')?.toUpperCase();
  if (said === 'SERVICE' || said === 'SHARED') return said;
  return employeeNumber !== undefined || user.given_name || user.family_name ? 'HUMAN' : 'UNKNOWN';
}

/** First of these app_metadata keys that holds a word or number. Only administrators and the tenant's own code write there. */
function word(metadata: Readonly<Record<string, unknown>>, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = metadata[key];
    if (typeof value === 'string' && value.trim() !== '' && value.length <= 256) return value.trim();
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}
