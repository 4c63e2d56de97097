import type { Auth0User } from '../world.ts';

/** Says whether a user matches. */
export type UserFilter = (user: Auth0User) => boolean;

const TOKEN =
  /\s*(?:([()])|(AND|OR|NOT)(?=[\s(]|$)|([A-Za-z_.]+):(?:"((?:[^"\\]|\\.)*)"|([[{])(\S+) TO (\S+?)([\]}])|([^\s()]+)))/y;

/**
 * The part of Auth0's user search that connectors use: exact values, trailing wildcards, `_exists_`, ranges, AND, OR,
 * NOT and brackets over e-mail, name, times and identities.
 * @returns `null` when the query cannot be read
 */
export function parseUserQuery(q: string): UserFilter | null {
  const tokens: RegExpExecArray[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < q.trimEnd().length) {
    const token = TOKEN.exec(q);
    if (token === null) return null;
    tokens.push(token);
  }
  let at = 0;
  const peek = (): string | undefined => tokens[at]?.[1] ?? tokens[at]?.[2];

  const parseOr = (): UserFilter | null => {
    let left = parseAnd();
    while (left !== null && peek() === 'OR') {
      at += 1;
      const [a, b] = [left, parseAnd()];
      left = b === null ? null : (user) => a(user) || b(user);
    }
    return left;
  };
  const parseAnd = (): UserFilter | null => {
    let left = parseNot();
    while (left !== null && at < tokens.length && peek() !== 'OR' && peek() !== ')') {
      if (peek() === 'AND') at += 1;
      const [a, b] = [left, parseNot()];
      left = b === null ? null : (user) => a(user) && b(user);
    }
    return left;
  };
  const parseNot = (): UserFilter | null => {
    if (peek() === 'NOT') {
      at += 1;
      const inner = parseNot();
      return inner === null ? null : (user) => !inner(user);
    }
    if (peek() === '(') {
      at += 1;
      const inner = parseOr();
      if (peek() !== ')') return null;
      at += 1;
      return inner;
    }
    const token = tokens[at++];
    return token === undefined ? null : term(token);
  };
  const filter = parseOr();
  return at === tokens.length ? filter : null;
}

function term(token: RegExpExecArray): UserFilter | null {
  const [, , , field, quoted, open, low, high, close, bare] = token;
  if (field === undefined) return null;
  if (field === '_exists_') return (user) => valuesOf(user, bare ?? quoted ?? '').length > 0;
  if (open !== undefined && low !== undefined && high !== undefined) {
    const above = (value: string) => low === '*' || (open === '[' ? value >= low : value > low);
    const below = (value: string) => high === '*' || (close === ']' ? value <= high : value < high);
    return (user) => valuesOf(user, field).some((value) => above(value) && below(value));
  }
  const wanted = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  // These ignore case, everything else minds it.
  const fold = /^(email|name|given_name|family_name|nickname)$/.test(field)
    ? (value: string) => value.toLowerCase()
    : (value: string) => value;
  if (quoted === undefined && wanted.endsWith('*')) {
    const start = fold(wanted.slice(0, -1));
    return (user) => valuesOf(user, field).some((value) => fold(value).startsWith(start));
  }
  return (user) => valuesOf(user, field).some((value) => fold(value) === fold(wanted));
}

function valuesOf(user: Auth0User, field: string): readonly string[] {
  const one = (value: string | null): readonly string[] => (value === null ? [] : [value]);
  switch (field) {
    case 'user_id':
      return [user.userId];
    case 'email':
      return one(user.email);
    case 'email.domain':
      return one(user.email?.split('@')[1] ?? null);
    case 'username':
      return one(user.username);
    case 'name':
      return [user.name];
    case 'given_name':
      return one(user.givenName);
    case 'family_name':
      return one(user.familyName);
    case 'nickname':
      return one(user.nickname);
    case 'blocked':
      return user.blocked ? ['true'] : [];
    case 'email_verified':
      return user.emailVerified === null ? [] : [String(user.emailVerified)];
    case 'created_at':
      return [user.createdAt];
    case 'updated_at':
      return [user.updatedAt];
    case 'last_login':
      return one(user.lastLogin);
    case 'identities.connection':
      return user.identities.map((identity) => identity.connection);
    case 'identities.provider':
      return user.identities.map((identity) => identity.provider);
    case 'identities.user_id':
      return user.identities.map((identity) => identity.userId);
    default:
      return [];
  }
}
