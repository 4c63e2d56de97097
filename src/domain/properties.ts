import type { JsonObject } from './json.ts';
import type { NodeKind } from './node-kinds.ts';

/** Normalised account status; the provider's own word stays beside it in `nativeStatus`. */
export const ACCOUNT_STATUSES = [
  'INVITED',
  'STAGED',
  'ACTIVE',
  'SUSPENDED',
  'LOCKED',
  'PASSWORD_EXPIRED',
  'DEPROVISIONED',
  'UNKNOWN',
] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/** Statuses whose account cannot be used now: the node carries `NodeFlag.INACTIVE`. Locked and expired passwords heal by themselves. */
export const NOT_LIVE_STATUSES: ReadonlySet<AccountStatus> = new Set([
  'INVITED',
  'STAGED',
  'SUSPENDED',
  'DEPROVISIONED',
]);

/** How an account is entered: directly, only through another tenant, both, or not known. */
export const ACCOUNT_ENTRIES = ['DIRECT', 'FEDERATED', 'BOTH', 'UNKNOWN'] as const;
export type AccountEntry = (typeof ACCOUNT_ENTRIES)[number];

/** A person, a workload, or a log-in that several people use. */
export const PRINCIPAL_TYPES = ['HUMAN', 'SERVICE', 'SHARED', 'UNKNOWN'] as const;
export type PrincipalType = (typeof PRINCIPAL_TYPES)[number];

export interface EmailValue {
  readonly value: string;
  readonly type?: string | undefined;
  readonly primary?: boolean | undefined;
  /**
   * `true`/`false` when the provider says so itself (Auth0 `email_verified`), `null` when it does not.
   * An address that a directory's administrator set is `null` here; whether it counts is `linking.ownedDomains`' business.
   */
  readonly verified: boolean | null;
  /** True where an administrator of a directory set it (Okta, JumpCloud, Torq primary address), not the person. */
  readonly directorySet?: boolean | undefined;
}

export interface PersonName {
  readonly givenName?: string | undefined;
  readonly familyName?: string | undefined;
  readonly formatted?: string | undefined;
}

/**
 * The subject under which an upstream tenant knows the person of this account: how an Auth0 enterprise account,
 * or an Okta account with an inbound identity provider, says where it comes from.
 */
export interface FederatedSubject {
  /** Native id of the Group of type CONNECTION (Auth0) or of the identity provider (Okta) it came through. */
  readonly connectionId: string;
  /** The name of that connection as the id carries it (`okta|<name>|00u…`), when the id is not known. */
  readonly connectionName?: string | undefined;
  /** Subject at the upstream tenant: its native user id (`id`), its log-in name (`userName`) or an e-mail-like NameID (`nameId`). */
  readonly subject: string;
  readonly subjectType: 'id' | 'userName' | 'nameId';
}

/** SCIM (RFC 7643) spelling where SCIM has the attribute. Absent means that the provider does not say. */
export interface AccountProperties {
  readonly userName?: string | undefined;
  readonly displayName?: string | undefined;
  readonly name?: PersonName | undefined;
  readonly emails?: readonly EmailValue[] | undefined;
  readonly phoneNumbers?: readonly string[] | undefined;
  readonly status: AccountStatus;
  readonly nativeStatus?: string | undefined;
  /** Tri-state: `null` when the provider does not say. */
  readonly active: boolean | null;
  readonly type: PrincipalType;
  /** Slot of the cardinality rule: `USER`, `ADMIN`, or `CONNECTION:<id>` in Auth0. */
  readonly accountClass: string;
  readonly entry: AccountEntry;
  readonly employeeNumber?: string | undefined;
  readonly department?: string | undefined;
  readonly title?: string | undefined;
  readonly userType?: string | undefined;
  /** Key of the manager's account in the same connector. */
  readonly managerKey?: string | undefined;
  readonly mfaEnrolled?: boolean | null | undefined;
  /** ISO 8601. */
  readonly createdAt?: string | undefined;
  readonly lastLoginAt?: string | undefined;
  readonly lockedOut?: boolean | undefined;
  readonly federatedSubjects?: readonly FederatedSubject[] | undefined;
  /** Keys of accounts in the same connector that the provider itself says are the same person (JumpCloud `admin.id`). */
  readonly sameAs?: readonly string[] | undefined;
  readonly pictureUrl?: string | undefined;
}

/**
 * What a connection or an inbound identity provider says about the tenant it trusts. A claim, not a proof: the linker
 * believes it only when it names a connected tenant's own verified domain, issuer or application.
 */
export interface UpstreamClaim {
  readonly strategy: string;
  /** Host of the upstream tenant (`acme.okta.com`), lower-case, no scheme. */
  readonly domain?: string | undefined;
  readonly issuer?: string | undefined;
  /** OAuth client of the upstream application that people go through. */
  readonly clientId?: string | undefined;
  /** URL of the upstream log-in page (SAML sign-in endpoint), as configured. */
  readonly signInUrl?: string | undefined;
}

/** `type`: USER_GROUP, BUILT_IN, APP_GROUP, CONNECTION, DYNAMIC … in the provider's sense, upper-case, open. */
export interface GroupProperties {
  readonly type: string;
  readonly description?: string | undefined;
  readonly memberCount?: number | undefined;
  /** Rule or membership method, readable. */
  readonly rule?: string | undefined;
  readonly createdAt?: string | undefined;
  readonly upstream?: UpstreamClaim | undefined;
  readonly externalId?: string | undefined;
}

/** `type`: ADMIN, CUSTOM_ADMIN, RBAC … upper-case, open. */
export interface RoleProperties {
  readonly type: string;
  readonly description?: string | undefined;
  /** Where it counts, when not in the whole tenant: the name of the organisation or resource set. */
  readonly scope?: string | undefined;
  readonly isCustom?: boolean | undefined;
}

/** `type`: TENANT (one for each connector), ORGANIZATION. */
export interface OrganizationProperties {
  readonly type: string;
  readonly displayName?: string | undefined;
  readonly description?: string | undefined;
  readonly logoUrl?: string | undefined;
  readonly url?: string | undefined;
  /** TENANT only: verified hosts and issuers of the tenant, lower-case. */
  readonly domains?: readonly string[] | undefined;
  readonly createdAt?: string | undefined;
}

/**
 * Where an application signs people in: what its settings name (redirect URIs, ACS URL, audience). With `clientId`
 * or `ssoUrl` a connection of another tenant can be matched to it.
 */
export interface SignOn {
  readonly mode?: string | undefined;
  readonly clientId?: string | undefined;
  readonly redirectUris?: readonly string[] | undefined;
  readonly acsUrl?: string | undefined;
  readonly audience?: string | undefined;
  /** The application's own log-in URL at its identity provider (JumpCloud `ssoUrl`, Okta app embed link). */
  readonly ssoUrl?: string | undefined;
}

/** `type`: CONSOLE (one for each connector), API, SAML, OIDC, BOOKMARK, LDAP, RADIUS, DIRECTORY, M2M … open. */
export interface ApplicationProperties {
  readonly type: string;
  readonly label?: string | undefined;
  readonly catalogName?: string | undefined;
  readonly description?: string | undefined;
  readonly status?: string | undefined;
  readonly active: boolean | null;
  readonly logoUrl?: string | undefined;
  readonly url?: string | undefined;
  readonly audience?: string | undefined;
  readonly signOn?: SignOn | undefined;
  readonly createdAt?: string | undefined;
}

export interface PermissionProperties {
  readonly value: string;
  readonly description?: string | undefined;
  /** Native id or identifier of the API it belongs to. */
  readonly audience?: string | undefined;
}

/** `type`: API_KEY, API_TOKEN, SERVICE_KEY … open. Never the secret itself. */
export interface CredentialProperties {
  readonly type: string;
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly lastUsedAt?: string | undefined;
}

/** Made by the linker from the accounts; `type` is never UNKNOWN. */
export interface IdentityProperties {
  readonly type: PrincipalType;
  readonly displayName?: string | undefined;
  readonly emails?: readonly EmailValue[] | undefined;
  readonly name?: PersonName | undefined;
  readonly employeeNumber?: string | undefined;
  readonly department?: string | undefined;
  readonly title?: string | undefined;
  /** True while at least one of its accounts is live. */
  readonly active: boolean;
  readonly accountCount: number;
  /** Connectors in which it has an account, sorted. */
  readonly connectors: readonly string[];
}

export interface PropertiesByKind {
  Identity: IdentityProperties;
  Account: AccountProperties;
  Group: GroupProperties;
  Role: RoleProperties;
  Organization: OrganizationProperties;
  Application: ApplicationProperties;
  Permission: PermissionProperties;
  Credential: CredentialProperties;
}

/** The property record of a kind, or any record where the kind is not known yet. */
export type NodeProperties<K extends NodeKind = NodeKind> = PropertiesByKind[K] | JsonObject;

/** Evidence on an ASSIGNED_TO link that a provider reports for one account. */
export interface AssignmentProperties {
  /** DIRECT, GROUP, CONNECTION, CONSENT, LOGIN. */
  readonly basis?: string | undefined;
  /** Native id of the group that brought it, when the provider says. */
  readonly viaGroup?: string | undefined;
  /** Name of the person in the target application. */
  readonly appUserName?: string | undefined;
  /** Id of the person in the target application (set by provisioning). */
  readonly appExternalId?: string | undefined;
  readonly nativeStatus?: string | undefined;
  readonly lastUsedAt?: string | undefined;
}

/** On links that end by themselves. */
export interface ValidityProperties {
  /** ISO 8601; from then on the link carries `LinkFlag.EXPIRED`. */
  readonly validUntil?: string | undefined;
}

/** On HAS_ACCOUNT: why the linker put the account under the identity. */
export interface OwnershipProperties {
  /** The strongest rule, as named in the linking register. */
  readonly rule: string;
  /** 0–1. Deterministic rules are 1. */
  readonly confidence: number;
  readonly evidence: readonly OwnershipEvidence[];
  /** True when the account is entered by federation but its upstream tenant is not connected or not readable. */
  readonly entranceUnknown?: boolean | undefined;
}

export interface OwnershipEvidence {
  readonly rule: string;
  /** Key of the other account that the evidence ties it to; absent for an account that stands alone. */
  readonly with?: string | undefined;
  /** The value that matched, readable (an address, an id). */
  readonly value?: string | undefined;
  readonly sentence: string;
}

/** On FEDERATES. */
export interface FederationProperties {
  /** Key of the application it goes through; absent when the application cannot be read: then nothing is demanded. */
  readonly via?: string | undefined;
  readonly protocol?: string | undefined;
  readonly evidence: string;
}
