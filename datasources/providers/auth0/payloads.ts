import { z } from 'zod';

/**
 * What Auth0 answers, as tolerant as its documents demand: only ids are certain, keys are absent rather than null (both
 * are taken), lists of words are open, and whatever is not named here (secrets among it) is dropped.
 */
const text = z.string().nullish();
const flag = z.boolean().nullish();
/** Documented as string or object. An object says nothing we can use. */
const date = z.union([z.string(), z.unknown().transform(() => null)]).optional();
const id = z.string().min(1);

export const identityPayload = z.object({
  provider: z.string(),
  connection: text,
  /** Social accounts have numbers. */
  user_id: z.union([z.string(), z.number().transform(String)]),
  isSocial: flag,
  profileData: z.object({ email: text, email_verified: flag }).nullish().catch(null),
});
export type IdentityPayload = z.output<typeof identityPayload>;

export const userPayload = z.object({
  user_id: id,
  email: text,
  email_verified: flag,
  username: text,
  phone_number: text,
  name: text,
  given_name: text,
  family_name: text,
  nickname: text,
  picture: text,
  created_at: date,
  last_login: date,
  blocked: flag,
  multifactor: z.array(z.string()).nullish().catch(null),
  identities: z.array(identityPayload).nullish(),
  app_metadata: z.record(z.string(), z.unknown()).nullish().catch(null),
});
export type UserPayload = z.output<typeof userPayload>;
/** What is asked for; user_metadata, which people write themselves, is not. */
export const USER_FIELDS = Object.keys(userPayload.shape);

export const connectionPayload = z.object({
  id,
  name: z.string(),
  display_name: text,
  strategy: z.string().nullish(),
  /** Only what tells the upstream tenant. Everything else in options may be a secret. */
  options: z
    .object({
      domain: text,
      tenant_domain: text,
      client_id: text,
      issuer: text,
      signInEndpoint: text,
      adfs_server: text,
    })
    .nullish()
    .catch(null),
});
export type ConnectionPayload = z.output<typeof connectionPayload>;

export const clientPayload = z.object({
  client_id: id,
  name: text,
  description: text,
  app_type: text,
  logo_uri: text,
  is_first_party: flag,
  global: flag,
  callbacks: z.array(z.string()).nullish().catch(null),
  grant_types: z.array(z.string()).nullish().catch(null),
  organization_usage: text,
});
export type ClientPayload = z.output<typeof clientPayload>;
export const CLIENT_FIELDS = Object.keys(clientPayload.shape).filter((field) => field !== 'global');

export const clientGrantPayload = z.object({
  id,
  client_id: id,
  audience: text,
  scope: z.array(z.string()).nullish(),
  allow_all_scopes: flag,
});

export const consentPayload = z.object({
  id,
  clientID: id,
  user_id: id,
  audience: text,
  scope: z.array(z.string()).nullish(),
});

export const resourceServerPayload = z.object({
  id,
  name: text,
  identifier: id,
  is_system: flag,
  scopes: z.array(z.object({ value: id, description: text })).nullish(),
});

export const rolePayload = z.object({ id, name: text, description: text });
export type RolePayload = z.output<typeof rolePayload>;

export const permissionPayload = z.object({
  permission_name: id,
  resource_server_identifier: id,
  /** Untyped in the official document. */
  sources: z.unknown().optional(),
});
export type PermissionPayload = z.output<typeof permissionPayload>;

export const organizationPayload = z.object({
  id,
  name: text,
  display_name: text,
  branding: z.object({ logo_url: text }).nullish().catch(null),
});
export type OrganizationPayload = z.output<typeof organizationPayload>;

export const groupPayload = z.object({
  id,
  name: text,
  external_id: text,
  connection_id: text,
  created_at: date,
});
export type GroupPayload = z.output<typeof groupPayload>;

export const userRef = z.object({ user_id: id });
export const clientRef = z.object({ client_id: id });
export const memberPayload = z.object({ user_id: id, roles: z.array(rolePayload).nullish() });
export const groupMemberPayload = z.object({ id, member_type: z.string() });

export const jobPayload = z.object({
  id,
  status: z.string(),
  location: z.string().nullish(),
  percentage_done: z.number().nullish(),
});
export const customDomainPayload = z.object({ domain: z.string(), status: text });
export const tenantPayload = z.object({ friendly_name: text });
