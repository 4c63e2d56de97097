import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readPrivateKey } from '../../../../datasources/providers/okta/private-key.ts';
import { oktaSettings, resolveAddress } from '../../../../datasources/providers/okta/settings.ts';

const apiToken = ['an', 'api', 'token'].join('-');
const settings = (domain: string, more: object = {}) => oktaSettings.parse({ domain, apiToken, ...more });

describe('the domain', () => {
  test.each([
    ['acme.okta.com', 'acme.okta.com'],
    ['https://Acme-admin.okta.com/admin/dashboard', 'acme.okta.com'],
    ['acme-admin.oktapreview.com/', 'acme.oktapreview.com'],
    ['https://acme-admin.okta-emea.com', 'acme.okta-emea.com'],
    ['id.acme.com', 'id.acme.com'],
    ['team-admin.acme.com', 'team-admin.acme.com'],
  ])('%s is %s', (pasted, host) => {
    expect(resolveAddress(settings(pasted), false)).toEqual({ host, origin: `https://${host}` });
  });

  test('is not replaced by a loopback address outside of tests', () => {
    const override = settings('acme.okta.com', { baseUrl: 'http://127.0.0.1:4000' });
    expect(() => resolveAddress(override, false)).toThrowError(
      expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }),
    );
    expect(resolveAddress(override, true)).toEqual({ host: 'acme.okta.com', origin: 'http://127.0.0.1:4000' });
    const elsewhere = settings('acme.okta.com', { baseUrl: 'https://evil.example' });
    expect(() => resolveAddress(elsewhere, true)).toThrowError(
      expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }),
    );
  });
});

describe('the settings', () => {
  test.each([
    ['neither kind of credentials', { domain: 'acme.okta.com' }],
    ['both kinds', { domain: 'acme.okta.com', apiToken, clientId: '0oa1', privateKey: 'x' }],
    ['a client without its key', { domain: 'acme.okta.com', clientId: '0oa1' }],
    ['a key they do not know', { domain: 'acme.okta.com', apiToken, token: 'x' }],
  ])('refuse %s', (_name, input) => {
    expect(oktaSettings.safeParse(input).success).toBe(false);
  });

  test('take scopes as a list or as text', () => {
    expect(settings('acme.okta.com', { scopes: 'okta.users.read, okta.groups.read' }).scopes).toEqual([
      'okta.users.read',
      'okta.groups.read',
    ]);
    expect(settings('acme.okta.com', { scopes: ['okta.users.read'] }).scopes).toEqual(['okta.users.read']);
  });
});

describe('the private key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const pkcs8 = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();

  test.each([
    ['PKCS#8', pkcs8],
    ['PKCS#1', rsa.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['\\n written as text', pkcs8.replaceAll('\n', '\\n')],
    ['line breaks lost', pkcs8.replaceAll('\n', ' ')],
    ['indented', `\n   ${pkcs8.replaceAll('\n', '\n   ')}`],
    ['a JWK', JSON.stringify(rsa.export({ format: 'jwk' }))],
  ])('is read from %s', (_name, pasted) => {
    const { key, alg } = readPrivateKey(pasted);
    expect([key.equals(rsa), alg]).toEqual([true, 'RS256']);
  });

  test('may be an elliptic curve, and a JWK may name its kid', () => {
    const jwk = { ...ec.export({ format: 'jwk' }), kid: 'k1' };
    expect(readPrivateKey(JSON.stringify(jwk))).toMatchObject({ alg: 'ES384', kid: 'k1' });
  });

  test.each(['', 'nonsense', '{"kty":"RSA","n":"x"}', '{broken', pkcs8.slice(0, 200), pkcs8.replace('MII', 'XXX')])(
    'is refused without being repeated (%#)',
    (pasted) => {
      const read = () => readPrivateKey(pasted);
      expect(read).toThrowError(expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }));
      const words = pasted.match(/[A-Za-z0-9+/]{16,}/g) ?? [];
      for (const word of words) expect(read).not.toThrowError(word);
    },
  );
});
