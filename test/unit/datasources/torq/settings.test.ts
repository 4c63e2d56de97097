import { describe, expect, it } from 'vitest';
import { hostsOf, torqSettings } from '../../../../datasources/providers/torq/settings.ts';

const key = { clientId: 'id', clientSecret: ['not', 'real'].join('-') };

describe('Torq settings', () => {
  it.each([
    [undefined, 'https://auth.torq.io', 'https://api.torq.io'],
    [' EU', 'https://auth.eu.torq.io', 'https://api.eu.torq.io'],
    ['https://app.eu.torq.io/workspace', 'https://auth.eu.torq.io', 'https://api.eu.torq.io'],
    ['app.torq.io', 'https://auth.torq.io', 'https://api.torq.io'],
  ])('finds the hosts of region %o', (region, auth, api) => {
    expect(hostsOf(torqSettings.parse({ ...key, region }), false)).toMatchObject({ auth, api });
  });

  it('lets other hosts in only below torq.io', () => {
    const other = torqSettings.parse({ ...key, authHost: 'https://Auth.au.torq.io/', apiHost: 'api.au.torq.io' });
    expect(hostsOf(other, false)).toMatchObject({ auth: 'https://auth.au.torq.io', api: 'https://api.au.torq.io' });
    for (const host of ['evil.test', 'torq.io.evil.test', 'eviltorq.io', 'a@b.torq.io', 'torq.io', '127.0.0.1']) {
      expect(torqSettings.safeParse({ ...key, apiHost: host }).success, host).toBe(false);
    }
    for (const region of ['mars', 'https://app.torq.io.evil.test']) {
      expect(torqSettings.safeParse({ ...key, region }).success, region).toBe(false);
    }
  });

  it('sends no key to a base URL outside of tests', () => {
    const settings = torqSettings.parse({ ...key, baseUrl: 'http://127.0.0.1:1' });
    expect(() => hostsOf(settings, false)).toThrow(expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }));
    expect(hostsOf(settings, true).api).toBe('http://127.0.0.1:1/api');
  });

  it('takes addresses that name the workspace, and none that all workspaces share', () => {
    const parse = (url: string) => torqSettings.safeParse({ ...key, ownSignInUrls: [url] });
    expect(parse(' https://Auth.torq.io/saml/W1/acs/ ').data?.ownSignInUrls).toEqual([
      'https://auth.torq.io/saml/w1/acs',
    ]);
    expect(parse('urn:torq:w1').success).toBe(true);
    for (const shared of ['auth.torq.io', 'https://auth.eu.torq.io/', 'torq.io', ' ', '/']) {
      expect(parse(shared).success, shared).toBe(false);
    }
  });
});
