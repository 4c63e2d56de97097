import { describe, expect, it } from 'vitest';
import { scopesIn } from '../../../../datasources/providers/auth0/errors.ts';
import { auth0Settings, resolveAddress } from '../../../../datasources/providers/auth0/settings.ts';
import { AppError } from '../../../../src/domain/errors.ts';

const address = (domain: string, audience?: string, extra: object = {}, allowLoopback = false) =>
  resolveAddress(
    auth0Settings.parse({ domain, audience, clientId: 'id', clientSecret: 'a secret', ...extra }),
    allowLoopback,
  );
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};

describe('Auth0 settings', () => {
  it.each([
    'acme.eu.auth0.com',
    'https://acme.eu.auth0.com/api/v2/',
    'https://acme.eu.auth0.com/',
    ' ACME.EU.AUTH0.COM ',
    'acme.eu.auth0.com:443',
    'acme.eu.auth0.com.',
  ])('take %j as the canonical host', (pasted) => {
    expect(address(pasted)).toEqual({
      origin: 'https://acme.eu.auth0.com',
      host: 'acme.eu.auth0.com',
      canonicalHost: 'acme.eu.auth0.com',
      audience: 'https://acme.eu.auth0.com/api/v2/',
      isGuess: false,
    });
  });

  it('prefer the canonical host over a custom domain', () => {
    expect(address('login.acme.com', 'https://acme.eu.auth0.com/api/v2/')).toMatchObject({
      origin: 'https://acme.eu.auth0.com',
      canonicalHost: 'acme.eu.auth0.com',
      isGuess: false,
    });
  });

  it('call a private host under its own name and ask for the audience that was given', () => {
    expect(address('login.acme.com', 'acme.private.example')).toMatchObject({
      origin: 'https://login.acme.com',
      audience: 'https://acme.private.example/api/v2/',
      canonicalHost: 'acme.private.example',
    });
  });

  it('know that an audience made from a custom domain is a guess', () => {
    expect(address('login.acme.com').isGuess).toBe(true);
  });

  it.each([
    ['https://127.0.0.1/'],
    ['http://localhost:3000'],
    ['acme'],
    ['https://user:pass@acme.auth0.com'],
    ['acme.auth0.com:8443'],
    ['http://acme.auth0.com'],
    ['metadata.internal'],
  ])('refuse %j', (pasted) => {
    expect(codeOf(() => address(pasted))).toBe('UPSTREAM_MISCONFIGURED');
  });

  it('refuse two tenants at once', () => {
    expect(codeOf(() => address('acme.eu.auth0.com', 'other.eu.auth0.com'))).toBe('UPSTREAM_MISCONFIGURED');
  });

  it('allow the override on loopback only, and only in tests', () => {
    const loopback = { baseUrl: 'http://127.0.0.1:4010' };
    expect(address('acme.auth0.com', undefined, loopback, true).origin).toBe('http://127.0.0.1:4010');
    expect(codeOf(() => address('acme.auth0.com', undefined, loopback))).toBe('UPSTREAM_MISCONFIGURED');
    const elsewhere = { baseUrl: 'https://example.com' };
    expect(codeOf(() => address('acme.auth0.com', undefined, elsewhere, true))).toBe('UPSTREAM_MISCONFIGURED');
  });

  it('want a secret or a key, not both and not neither', () => {
    const base = { domain: 'acme.auth0.com', clientId: 'id' };
    expect(auth0Settings.safeParse(base).success).toBe(false);
    expect(auth0Settings.safeParse({ ...base, clientSecret: 'a', privateKey: 'b' }).success).toBe(false);
    expect(auth0Settings.safeParse({ ...base, privateKey: 'b', keyId: 'k' }).success).toBe(true);
    expect(auth0Settings.safeParse({ ...base, clientSecret: 'a', clientSecrt: 'a' }).success).toBe(false);
  });
});

describe('scopes in a refusal of Auth0', () => {
  it.each([
    ['Insufficient scope, expected any of: read:grants', ['read:grants']],
    ['Insufficient scope; expected any of: read:users, read:user_idp_tokens', ['read:users', 'read:user_idp_tokens']],
    ['Insufficient scope; expected all of: read:a,read:b', ['read:a', 'read:b']],
    ['Insufficient scope; expected: read:a', ['read:a']],
    ['This feature is not enabled: ask sales', []],
    ['', []],
  ])('%j', (message, scopes) => {
    expect(scopesIn(message)).toEqual(scopes);
  });
});
