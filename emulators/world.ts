/**
 * The state behind the four emulators: what the invented company looks like in each provider, in plain records.
 * `company.ts` fills it, an emulator serves its part, the admin API and tests change it. Maps keep insertion order;
 * an emulator lists in that order unless the real API sorts.
 */
export interface World {
  readonly seed: number;
  readonly size: 'S' | 'M' | 'L';
  /** Instant at which the company is described; ISO 8601. */
  readonly now: string;
  /** The company's own mail domains. */
  readonly ownedDomains: readonly string[];
  readonly okta: OktaWorld;
  readonly auth0: Auth0World;
  readonly jumpcloud: JumpCloudWorld;
  readonly torq: TorqWorld;
}

export interface OktaWorld {
  readonly orgId: string;
  /** `acme.okta.example`: the host the tenant calls its own; the emulator's loopback address stands for it. */
  readonly domain: string;
  readonly companyName: string;
  readonly users: Map<string, OktaUser>;
  readonly groups: Map<string, OktaGroup>;
  readonly apps: Map<string, OktaApp>;
  readonly roleAssignments: Map<string, OktaRoleAssignment>;
  readonly customRoles: Map<string, { id: string; label: string; description: string; permissions: string[] }>;
  readonly resourceSets: Map<string, { id: string; label: string; description: string; resources: string[] }>;
  readonly idps: Map<string, OktaIdp>;
  readonly apiTokens: Map<string, { id: string; name: string; userId: string; created: string; expiresAt: string }>;
}

export interface OktaUser {
  id: string;
  status:
    | 'STAGED'
    | 'PROVISIONED'
    | 'ACTIVE'
    | 'RECOVERY'
    | 'PASSWORD_EXPIRED'
    | 'LOCKED_OUT'
    | 'SUSPENDED'
    | 'DEPROVISIONED';
  login: string;
  email: string;
  secondEmail: string | null;
  firstName: string | null;
  lastName: string | null;
  displayName: string | null;
  employeeNumber: string | null;
  department: string | null;
  title: string | null;
  /** Employee, Contractor, Service, Shared … */
  userType: string | null;
  /** Login of the manager. */
  managerId: string | null;
  emailVerified: boolean | null;
  created: string;
  activated: string | null;
  statusChanged: string | null;
  lastLogin: string | null;
  lastUpdated: string;
}

export interface OktaGroup {
  id: string;
  /** BUILT_IN is Everyone: its members are all users that are not DEPROVISIONED, `members` stays empty. */
  type: 'OKTA_GROUP' | 'APP_GROUP' | 'BUILT_IN';
  name: string;
  description: string | null;
  created: string;
  lastUpdated: string;
  lastMembershipUpdated: string;
  /** User ids. Okta groups do not nest. */
  readonly members: Set<string>;
  /** APP_GROUP: id of the application that masters it. */
  sourceAppId: string | null;
}

export interface OktaApp {
  id: string;
  /** Catalog key: oidc_client, okta_org2org, saasure, bookmark … */
  name: string;
  label: string;
  status: 'ACTIVE' | 'INACTIVE';
  signOnMode: string | null;
  created: string;
  lastUpdated: string;
  /** OIDC: also `credentials.oauthClient.client_id`. */
  clientId: string | null;
  redirectUris: string[];
  /** SAML. */
  ssoAcsUrl: string | null;
  audience: string | null;
  logoUrl: string | null;
  readonly groups: Set<string>;
  /** Direct assignments (scope USER) by user id. Those by group are derived from `groups`. */
  readonly users: Set<string>;
  /** What the app user row carries for a user, direct or by group; a missing entry means userName = login, no externalId. */
  readonly appUsers: Map<string, { userName: string; externalId: string | null }>;
  /** Group push mappings. */
  pushes: { id: string; sourceGroupId: string; targetGroupId: string; status: string }[];
}

export interface OktaRoleAssignment {
  id: string;
  /** SUPER_ADMIN, APP_ADMIN, USER_ADMIN, HELP_DESK_ADMIN, READ_ONLY_ADMIN, CUSTOM … */
  type: string;
  label: string;
  assignee: { type: 'USER' | 'GROUP'; id: string };
  /** CUSTOM only. */
  customRoleId: string | null;
  resourceSetId: string | null;
  targetGroupIds: string[];
  targetAppIds: string[];
  created: string;
}

/** An inbound identity provider: the people who enter Okta from another tenant. */
export interface OktaIdp {
  id: string;
  name: string;
  type: 'SAML2' | 'OIDC';
  /** Log-in URL of the upstream application. */
  ssoUrl: string;
  issuer: string;
  /** Okta user id → subject at the identity provider. */
  readonly users: Map<string, string>;
}

export interface Auth0World {
  readonly tenant: string;
  /** `acme.eu.auth0.example` */
  readonly domain: string;
  readonly friendlyName: string;
  readonly users: Map<string, Auth0User>;
  readonly connections: Map<string, Auth0Connection>;
  readonly clients: Map<string, Auth0Client>;
  readonly resourceServers: Map<
    string,
    {
      id: string;
      name: string;
      identifier: string;
      isSystem: boolean;
      scopes: { value: string; description: string }[];
    }
  >;
  readonly roles: Map<string, Auth0Role>;
  readonly organizations: Map<string, Auth0Organization>;
  readonly groups: Map<string, Auth0Group>;
  readonly clientGrants: Map<string, { id: string; clientId: string; audience: string; scope: string[] }>;
  readonly grants: Map<string, { id: string; clientId: string; userId: string; audience: string; scope: string[] }>;
}

export interface Auth0User {
  /** `auth0|<hex>`, `okta|<connection name>|00u…`, `samlp|<connection name>|<NameID>` … */
  userId: string;
  email: string | null;
  emailVerified: boolean | null;
  username: string | null;
  name: string;
  givenName: string | null;
  familyName: string | null;
  nickname: string | null;
  picture: string | null;
  blocked: boolean;
  createdAt: string;
  updatedAt: string;
  lastLogin: string | null;
  loginsCount: number;
  multifactor: string[];
  identities: { provider: string; connection: string; userId: string; isSocial: boolean }[];
  appMetadata: Record<string, unknown>;
  /** Permissions granted directly. */
  permissions: { name: string; resourceServer: string }[];
}

export interface Auth0Connection {
  id: string;
  name: string;
  displayName: string | null;
  /** auth0, okta, oidc, samlp, google-oauth2 … */
  strategy: string;
  /** domain, client_id, issuer, signInEndpoint … as the real API spells them. */
  options: Record<string, unknown>;
  /** Clients it is enabled for. */
  readonly clients: Set<string>;
}

export interface Auth0Client {
  clientId: string;
  name: string;
  description: string | null;
  appType: string;
  logoUri: string | null;
  isFirstParty: boolean;
  callbacks: string[];
  grantTypes: string[];
}

export interface Auth0Role {
  id: string;
  name: string;
  description: string;
  permissions: { name: string; resourceServer: string }[];
  readonly users: Set<string>;
}

export interface Auth0Organization {
  id: string;
  name: string;
  displayName: string;
  logoUrl: string | null;
  createdAt: string;
  /** user id → role ids held in this organisation. */
  readonly members: Map<string, Set<string>>;
  /** connection ids. */
  readonly connections: Set<string>;
}

export interface Auth0Group {
  id: string;
  name: string;
  externalId: string | null;
  connectionId: string | null;
  createdAt: string;
  updatedAt: string;
  readonly members: Map<string, 'user' | 'group'>;
  readonly roles: Set<string>;
}

export interface JumpCloudWorld {
  readonly orgId: string;
  readonly displayName: string;
  readonly users: Map<string, JumpCloudUser>;
  readonly admins: Map<string, JumpCloudAdmin>;
  readonly roles: Map<string, { id: string; name: string; description: string; scopes: string[]; isCustom: boolean }>;
  readonly groups: Map<string, JumpCloudGroup>;
  readonly apps: Map<string, JumpCloudApp>;
  /** LDAP servers, cloud directories (Google, Microsoft), Active Directory: what `/directories` lists. */
  readonly directories: Map<string, JumpCloudDirectory>;
  readonly radius: Map<string, JumpCloudRadius>;
  readonly serviceAccounts: Map<
    string,
    {
      id: string;
      name: string;
      roleId: string;
      authType: 'API_KEY' | 'CLIENT_SECRET';
      status: string;
      createdAt: string;
      expiresAt: string | null;
    }
  >;
}

export interface JumpCloudUser {
  id: string;
  username: string;
  email: string;
  alternateEmail: string | null;
  firstname: string | null;
  lastname: string | null;
  displayname: string | null;
  state: 'STAGED' | 'ACTIVATED' | 'SUSPENDED';
  activated: boolean;
  accountLocked: boolean;
  passwordExpired: boolean;
  mfaConfigured: boolean;
  adminId: string | null;
  /** Id of the manager. */
  manager: string | null;
  employeeIdentifier: string | null;
  employeeType: string | null;
  department: string | null;
  jobTitle: string | null;
  location: string | null;
  company: string | null;
  created: string;
}

export interface JumpCloudAdmin {
  id: string;
  email: string;
  firstname: string | null;
  lastname: string | null;
  roleIds: string[];
  suspended: boolean;
  totpEnrolled: boolean;
  created: string;
}

export interface JumpCloudGroup {
  id: string;
  name: string;
  description: string | null;
  membershipMethod: 'NOTSET' | 'STATIC' | 'DYNAMIC_REVIEW_REQUIRED' | 'DYNAMIC_AUTOMATED';
  /** Readable rule of a dynamic group as `field operator value` triples. */
  rule: { field: string; operator: string; value: string }[];
  readonly members: Set<string>;
}

/** Direct bindings of users and groups to a resource. */
export interface JumpCloudBindings {
  readonly users: Set<string>;
  readonly groups: Set<string>;
}

export interface JumpCloudApp extends JumpCloudBindings {
  id: string;
  /** Template key, not unique. */
  name: string;
  displayName: string;
  displayLabel: string;
  description: string | null;
  active: boolean;
  logoUrl: string | null;
  /** `https://sso.jumpcloud.com/saml2/<name>`; `null` for bookmarks. */
  ssoUrl: string | null;
  ssoType: string | null;
  created: string;
}

export interface JumpCloudDirectory extends JumpCloudBindings {
  id: string;
  type: 'ldap_server' | 'g_suite' | 'office_365' | 'active_directory';
  name: string;
  defaultDomain: string | null;
  /** user id → account id at Google, Microsoft or AD (`syncStatus=true`). */
  readonly externalIds: Map<string, string>;
}

export interface JumpCloudRadius extends JumpCloudBindings {
  id: string;
  name: string;
  networkSourceIp: string;
  mfa: string;
}

export interface TorqWorld {
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly users: Map<
    string,
    {
      id: string;
      email: string;
      roleId: string;
      status: 'VERIFIED' | 'INVITATION_SENT';
      ssoProvision: boolean;
      createdTime: string;
      lastLoginTime: string | null;
    }
  >;
  readonly roles: Map<
    string,
    { id: string; name: string; description: string; scopeNames: string[]; isCustom: boolean }
  >;
  readonly apiKeys: Map<
    string,
    {
      clientId: string;
      name: string;
      type: 'API_KEY_TYPE_SERVICE' | 'API_KEY_TYPE_PRIVATE';
      roleId: string;
      userId: string | null;
      createdTime: string;
      lastAuthenticatedTime: string | null;
    }
  >;
  readonly claimMappings: { id: string; claimName: string; claimValue: string; roleId: string; rank: string }[];
}

/** Who is who: for tests and benches only. Keys of accounts are `<provider>/Account/<nativeId>` (connector id = provider name). */
export interface Truth {
  readonly people: readonly TruthPerson[];
  /** Accounts of workloads and shared log-ins; each stands for itself. */
  readonly machines: readonly { readonly type: 'SERVICE' | 'SHARED'; readonly accounts: readonly string[] }[];
  /** Adversarial pairs that must stay apart: namesakes, forged federations, unverified look-alikes. */
  readonly traps: readonly { readonly kind: string; readonly accounts: readonly [string, string] }[];
}

export interface TruthPerson {
  readonly id: string;
  readonly displayName: string;
  readonly accounts: readonly string[];
  /** True when the links can be told from the data by the deterministic rules; recall is counted over these and over all. */
  readonly linkable: boolean;
  /** Accounts that no deterministic rule ties to the others (private unverified mail, ambiguous address); empty when `linkable`. */
  readonly unlinkable: readonly string[];
  readonly tags: readonly string[];
}
