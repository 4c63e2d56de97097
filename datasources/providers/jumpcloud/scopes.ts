/** Scopes that each listing needs; the full scope suffices as well. */
export const REQUIRES = {
  users: ['users.readonly'],
  roles: ['roles.readonly'],
  admins: ['administrators.readonly'],
  groups: ['groups.readonly'],
  'group-members': ['users.readonly'],
  applications: ['applications.readonly'],
  'app-assignments': ['associations.applications.readonly'],
  directories: ['directories.readonly'],
  'directory-assignments': ['associations.directories.readonly', 'users.readonly'],
  'radius-servers': ['radius.readonly'],
  'radius-assignments': ['associations.radius.readonly'],
  'service-accounts': ['serviceaccounts.readonly'],
} as const satisfies Record<string, readonly string[]>;

const ROUTES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\/v2\/applications\/[^/]+\/associations$/, REQUIRES['app-assignments']],
  [/\/v2\/radiusservers\/[^/]+\/associations$/, REQUIRES['radius-assignments']],
  [/\/v2\/users\/[^/]+\/associations$/, ['associations.users.readonly']],
  [/\/v2\/usergroups\/[^/]+\/associations$/, ['associations.groups.readonly']],
  [/\/associations$/, ['associations.directories.readonly']],
  [/\/(members|users|systemusers)(\/[^/]+)?$/, REQUIRES.users],
  [/\/(usergroups|memberof)(\/[^/]+)?$/, REQUIRES.groups],
  [/\/applications(\/[^/]+)?$/, REQUIRES.applications],
  [/\/radiusservers(\/[^/]+)?$/, REQUIRES['radius-servers']],
  [/\/directories$/, REQUIRES.directories],
  [/\/roles$/, REQUIRES.roles],
  [/\/service-accounts$/, REQUIRES['service-accounts']],
  [/\/organizations$/, ['organizations.readonly']],
];

/** The scope behind a refused path, for the message to the operator. */
export function scopesOf(path: string): readonly string[] {
  if (path.endsWith('/api/users')) return REQUIRES.admins;
  return ROUTES.find(([pattern]) => pattern.test(path))?.[1] ?? [];
}
