import { z } from 'zod';

/** Recorded answers hold `null` or `""` for nearly everything nobody set: both mean absent. */
const word = z
  .string()
  .nullish()
  .transform((text) => (text == null || text.trim() === '' ? undefined : text));
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? undefined);
const id = z.string().min(1).max(256);
const words = z
  .array(z.string())
  .nullish()
  .transform((all) => all ?? []);

export const organizationSchema = z.object({ _id: id, displayName: word, logoUrl: word });

/** Only what is read; key material that the API may add is dropped here. */
export const systemUserSchema = z.object({
  _id: id,
  username: word,
  email: word,
  alternateEmail: word,
  firstname: word,
  lastname: word,
  displayname: word,
  state: word,
  activated: flag,
  suspended: flag,
  account_locked: flag,
  password_expired: flag,
  totp_enabled: flag,
  mfa: z.object({ configured: flag }).nullish(),
  mfaEnrollment: z.object({ overallStatus: word }).nullish(),
  admin: z.object({ id, roleName: word, roleNames: words }).nullish().catch(null),
  manager: word,
  employeeIdentifier: word,
  employeeType: word,
  department: word,
  jobTitle: word,
  phoneNumbers: z.array(z.object({ number: word })).nullish(),
  created: word,
});
export type SystemUser = z.output<typeof systemUserSchema>;
export const SYSTEM_USER_FIELDS = Object.keys(systemUserSchema.shape).join(' ');

export const adminSchema = z.object({
  _id: id,
  email: word,
  firstname: word,
  lastname: word,
  role: word,
  roleName: word,
  roles: words,
  roleNames: words,
  suspended: flag,
  registered: flag,
  totpEnrolled: flag,
  created: word,
});
export type Admin = z.output<typeof adminSchema>;
export const ADMIN_FIELDS = Object.keys(adminSchema.shape).join(' ');

export const roleSchema = z.object({ id, name: word, description: word, scopes: words, isCustom: flag });
export type JumpCloudRole = z.output<typeof roleSchema>;

export const groupSchema = z.object({
  id,
  name: word,
  description: word,
  membershipMethod: word,
  // Two generations of rules are about, and their filters may come as text: only ever pretty-printed.
  memberQuery: z.unknown(),
});
export type UserGroup = z.output<typeof groupSchema>;
export const GROUP_FIELDS = Object.keys(groupSchema.shape).join(',');

/** Never `config`: it can hold the private key of the identity provider. */
export const applicationSchema = z.object({
  _id: id,
  name: word,
  displayName: word,
  displayLabel: word,
  description: word,
  active: flag,
  logo: z.object({ url: word }).nullish(),
  sso: z.object({ type: word }).nullish(),
  ssoUrl: word,
  created: word,
});
export type SsoApplication = z.output<typeof applicationSchema>;
export const APPLICATION_FIELDS = Object.keys(applicationSchema.shape).join(' ');

export const directorySchema = z.object({
  id,
  type: z.string(),
  name: word,
  defaultDomain: z.object({ domain: word }).nullish().catch(null),
});
export type Directory = z.output<typeof directorySchema>;

/** Never `sharedSecret`, which the API gives in plain text to whoever does not narrow the fields. */
export const radiusSchema = z.object({ _id: id, name: word, networkSourceIp: word, mfa: word });
export type RadiusServer = z.output<typeof radiusSchema>;
export const RADIUS_FIELDS = Object.keys(radiusSchema.shape).join(' ');

export const serviceAccountSchema = z.object({
  objectId: id,
  name: word,
  roleId: word,
  authType: word,
  status: word,
  createdAt: word,
  expiresAt: word,
});
export type ServiceAccount = z.output<typeof serviceAccountSchema>;

/** One end of an association; the type is an open enumeration. */
const endSchema = z.object({ id, type: z.string() });
export const connectionSchema = z.object({ to: endSchema });
export type Connection = z.output<typeof connectionSchema>;

export const reachedSchema = z.object({
  id,
  type: z.string(),
  externalId: word,
  paths: z
    .array(z.array(z.object({ to: endSchema })))
    .nullish()
    .transform((paths) => paths ?? []),
});
export type Reached = z.output<typeof reachedSchema>;

export const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
