import { describe, expect, test } from 'vitest';
import { baseUrl } from '../../../../datasources/http/base-url.ts';
import { linkRelation } from '../../../../datasources/http/link-header.ts';
import { pathTemplate } from '../../../../datasources/http/path-template.ts';
import { TokenCache } from '../../../../datasources/http/token.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

describe('baseUrl', () => {
  test.each([
    [' Acme.Okta.com ', 'https://acme.okta.com/'],
    ['https://acme.okta.com:443/app/x?y#z', 'https://acme.okta.com/'],
    ['acme.okta.com.', 'https://acme.okta.com/'],
  ])('%j is %s', (pasted, expected) => {
    expect(baseUrl(pasted, { allowLoopback: false }).href).toBe(expected);
  });

  test('keeps a path on request', () => {
    expect(baseUrl('https://api.acme.com/v1/', { allowLoopback: false, keepPath: true }).href).toBe(
      'https://api.acme.com/v1',
    );
  });

  test.each([
    'http://acme.okta.com',
    'https://10.0.0.1',
    'https://[::1]/',
    'https://0x7f.1',
    'localhost',
    'http://127.0.0.1:8080',
    'metadata.google.internal',
    'intranet',
    'https://user:pw@acme.okta.com',
    'ftp://acme.okta.com',
    'https://',
    '',
  ])('refuses %j and does not repeat it', (pasted) => {
    const attempt = () => baseUrl(pasted, { allowLoopback: false });
    expect(attempt).toThrowError(expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }));
    if (pasted.includes('pw'))
      expect(attempt).toThrowError(expect.objectContaining({ message: expect.not.stringContaining('pw') }));
  });

  test('lets loopback through for tests, and nothing else', () => {
    expect(baseUrl('http://127.0.0.1:8080/', { allowLoopback: true }).href).toBe('http://127.0.0.1:8080/');
    expect(() => baseUrl('http://10.0.0.1', { allowLoopback: true })).toThrow();
    expect(() => baseUrl('http://acme.okta.com', { allowLoopback: true })).toThrow();
  });
});

describe('linkRelation', () => {
  test('finds next among several, with commas and semicolons in the URL', () => {
    const header = '<https://a/x?f=1,2;3>; rel="self", <https://a/x?after=a;b,c>; title="x, y"; rel="next"';
    expect(linkRelation(header, 'next')).toBe('https://a/x?after=a;b,c');
    expect(linkRelation(header, 'self')).toBe('https://a/x?f=1,2;3');
    expect(linkRelation(header, 'prev')).toBeNull();
    expect(linkRelation('<https://a>; rel=next', 'next')).toBe('https://a');
    expect(linkRelation(null, 'next')).toBeNull();
  });

  test('stays quick on nonsense', () => {
    const started = performance.now();
    linkRelation(`<a>${'; x='.repeat(20_000)}`, 'next');
    linkRelation('<'.repeat(50_000), 'next');
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('pathTemplate', () => {
  test.each([
    ['/api/v1/groups/00g1abc/users?after=x', '/api/v1/groups/{id}/users'],
    ['/api/v2/users/auth0%7C5f/roles', '/api/v2/users/{id}/roles'],
    ['/.well-known/okta-organization', '/.well-known/okta-organization'],
    ['/oauth2/v1/token', '/oauth2/v1/token'],
    ['/users/ana@acme.example/appLinks', '/users/{id}/appLinks'],
    ['/api/v1/iam/resource-sets/iamXyZ/bindings', '/api/v1/iam/resource-sets/{id}/bindings'],
    ['/public/v1alpha/users', '/public/v1alpha/users'],
  ])('%s is %s', (path, expected) => {
    expect(pathTemplate(path)).toBe(expected);
  });
});

describe('TokenCache', () => {
  test('asks once for many, again before the end, and again after a failure', async () => {
    const clock = fakeClock();
    let issued = 0;
    const cache = new TokenCache({
      clock,
      issue: async () => {
        issued += 1;
        if (issued === 3) throw new Error('down');
        return { value: `t${issued}`, expiresAtMs: clock.now() + 3_600_000 };
      },
    });
    expect(await Promise.all([cache.get(), cache.get(), cache.get()])).toEqual(['t1', 't1', 't1']);
    clock.advance(3_200_000);
    expect(await cache.get()).toBe('t1');
    clock.advance(150_000);
    expect(await cache.get()).toBe('t2');
    cache.drop('t1');
    expect(await cache.get()).toBe('t2');
    cache.drop('t2');
    await expect(cache.get()).rejects.toThrow('down');
    expect(await cache.get()).toBe('t4');
  });
});
