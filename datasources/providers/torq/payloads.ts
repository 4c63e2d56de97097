import { z } from 'zod';

const word = z
  .string()
  .nullish()
  .transform((text) => (text == null || text.trim() === '' ? undefined : text));
const id = z.string().min(1).max(256);

/** Members that hold their default may be missing: no `sso_provision` is false, no `status` is unspecified. */
export const userSchema = z.object({
  id,
  email: word,
  role_id: word,
  status: word,
  sso_provision: z
    .boolean()
    .nullish()
    .transform((value) => value === true),
  created_time: word,
  last_login_time: word,
});
export type TorqUser = z.output<typeof userSchema>;

/** The `users` member must be there: an error body that parses as JSON is not "nobody". */
export const usersSchema = z.object({ users: z.array(userSchema) });

export const roleSchema = z.object({
  id,
  name: word,
  description: word,
  scope_names: z
    .array(z.string())
    .nullish()
    .transform((names) => names ?? []),
  is_custom: z
    .boolean()
    .nullish()
    .transform((value) => value ?? undefined),
});
export type TorqRole = z.output<typeof roleSchema>;
export const rolesSchema = z.object({ roles: z.array(roleSchema), next_page_token: word });

export const apiKeySchema = z.object({
  client_id: id,
  name: word,
  type: word,
  role_id: word,
  role_name: word,
  created_time: word,
  last_authenticated_time: word,
  user: z.object({ id }).nullish().catch(null),
});
export type TorqApiKey = z.output<typeof apiKeySchema>;
export const apiKeysSchema = z.object({ api_keys: z.array(apiKeySchema) });

/** `rank` is an int64, which protobuf's JSON writes as text. */
const claimMappingSchema = z.object({
  claim_name: word,
  claim_value: word,
  role_id: word,
  rank: z.coerce.number().catch(0),
});
export type TorqClaimMapping = z.output<typeof claimMappingSchema>;
export const claimMappingsSchema = z.object({ claim_mappings: z.array(claimMappingSchema) });

export const auditLogsSchema = z.object({
  audit_logs: z.array(z.object({ account_id: word, account_name: word })).nullish(),
});

export const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
