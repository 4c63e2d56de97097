/** Scopes that each listing needs. What roles ask for is not documented; people call it reading roles. */
export const REQUIRES = {
  users: ['user.read'],
  roles: ['role.read'],
  'api-keys': ['apikey.read'],
} as const satisfies Record<string, readonly string[]>;
