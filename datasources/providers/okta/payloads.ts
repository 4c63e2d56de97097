import { z } from 'zod';

/**
 * What the connector takes from Okta's answers: only what it uses, as tolerant as the real data demands (most of it
 * may be null, absent or new). Nothing that could hold a secret is named, so none gets any further.
 */
const text = z.string().nullish().catch(null);
const href = z.looseObject({ href: z.string() });

const profileValue = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null);

export const userSchema = z.object({
  id: z.string().min(1),
  status: z.string(),
  created: text,
  lastLogin: text,
  profile: z
    .object({
      login: profileValue,
      email: profileValue,
      secondEmail: profileValue,
      firstName: profileValue,
      lastName: profileValue,
      displayName: profileValue,
      employeeNumber: profileValue,
      department: profileValue,
      title: profileValue,
      userType: profileValue,
      managerId: profileValue,
      mobilePhone: profileValue,
      primaryPhone: profileValue,
    })
    .partial()
    .nullish(),
  credentials: z
    .object({
      emails: z
        .array(z.object({ value: text, status: text }))
        .nullish()
        .catch(null),
      provider: z.object({ type: text, name: text }).nullish().catch(null),
    })
    .nullish()
    .catch(null),
});
export type OktaUser = z.output<typeof userSchema>;

export const idSchema = z.object({ id: z.string().min(1) });
export const loginSchema = z.object({
  id: z.string().min(1),
  profile: z.object({ login: profileValue }).nullish().catch(null),
});

export const groupSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  created: text,
  profile: z.object({ name: text, description: text, externalId: text }).partial().nullish().catch(null),
  _embedded: z
    // The key really is spelled like this.
    .object({ stats: z.object({ hasAdminPrivlege: z.boolean().nullish() }).nullish() })
    .nullish()
    .catch(null),
  _links: z.object({ source: href.nullish() }).nullish().catch(null),
});
export type OktaGroup = z.output<typeof groupSchema>;

export const groupRuleSchema = z.object({
  id: z.string(),
  name: text,
  status: text,
  conditions: z
    .object({ expression: z.object({ value: text }).nullish() })
    .nullish()
    .catch(null),
  actions: z
    .object({ assignUserToGroups: z.object({ groupIds: z.array(z.string()) }).nullish() })
    .nullish()
    .catch(null),
});
export type OktaGroupRule = z.output<typeof groupRuleSchema>;

export const appSchema = z.object({
  id: z.string().min(1),
  name: text,
  label: text,
  status: text,
  created: text,
  signOnMode: text,
  features: z.array(z.string()).nullish().catch(null),
  credentials: z
    .object({ oauthClient: z.object({ client_id: text }).nullish().catch(null) })
    .nullish()
    .catch(null),
  settings: z
    .object({
      oauthClient: z
        .object({ application_type: text, redirect_uris: z.array(z.string()).nullish().catch(null) })
        .nullish()
        .catch(null),
      signOn: z.object({ ssoAcsUrl: text, audience: text }).partial().nullish().catch(null),
      app: z.object({ url: text, acsUrl: text, acsURL: text, audience: text }).partial().nullish().catch(null),
    })
    .nullish()
    .catch(null),
  _links: z
    .object({
      appLinks: z.array(href).nullish().catch(null),
      logo: z.array(href).nullish().catch(null),
    })
    .nullish()
    .catch(null),
});
export type OktaApp = z.output<typeof appSchema>;

export const appUserSchema = z.object({
  id: z.string().nullish(),
  externalId: text,
  scope: text,
  status: text,
  credentials: z.object({ userName: text }).nullish().catch(null),
  _links: z.object({ group: href.nullish() }).nullish().catch(null),
});
export type OktaAppUser = z.output<typeof appUserSchema>;

export const pushSchema = z.object({
  id: z.string(),
  sourceGroupId: text,
  targetGroupId: text,
  status: text,
});

export const idpSchema = z.object({
  id: z.string().min(1),
  name: text,
  type: z.string(),
  status: text,
  created: text,
  protocol: z
    .object({
      issuer: z.object({ url: text }).nullish().catch(null),
      endpoints: z
        .object({
          sso: z.object({ url: text }).nullish().catch(null),
          authorization: z.object({ url: text }).nullish().catch(null),
        })
        .nullish()
        .catch(null),
      credentials: z
        .object({
          client: z.object({ client_id: text }).nullish().catch(null),
          trust: z.object({ issuer: text }).nullish().catch(null),
        })
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
});
export type OktaIdp = z.output<typeof idpSchema>;

export const idpUserSchema = z.object({ id: z.string().min(1), externalId: text });

export const roleAssignmentSchema = z.object({
  id: z.string().min(1),
  label: text,
  type: z.string(),
  status: text,
  assignmentType: text,
  role: text,
  'resource-set': text,
  _links: z.object({ assignee: href.nullish() }).nullish().catch(null),
});
export type OktaRoleAssignment = z.output<typeof roleAssignmentSchema>;

export const customRoleSchema = z.object({ id: z.string().min(1), label: text, description: text });
export type OktaCustomRole = z.output<typeof customRoleSchema>;
export const permissionSchema = z.object({ label: z.string().min(1) });
export const resourceSetSchema = z.object({ id: z.string().min(1), label: text });
export const catalogAppSchema = z.object({ id: text, name: text, displayName: text });

export const apiTokenSchema = z.object({
  id: z.string().min(1),
  name: text,
  userId: text,
  created: text,
  expiresAt: text,
  lastUpdated: text,
});
export type OktaApiToken = z.output<typeof apiTokenSchema>;

export const wellKnownSchema = z.object({
  id: z.string().min(1),
  _links: z.object({ organization: href.nullish(), alternate: href.nullish() }).nullish().catch(null),
});
export const orgSchema = z.object({ companyName: text, subdomain: text });
