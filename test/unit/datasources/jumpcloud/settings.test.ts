import { describe, expect, it } from 'vitest';
import { readableRule } from '../../../../datasources/providers/jumpcloud/objects.ts';
import { hostsOf, jumpCloudSettings } from '../../../../datasources/providers/jumpcloud/settings.ts';

const key = ['jca', 'sample'].join('_');
const parse = (settings: object) => jumpCloudSettings.safeParse(settings);

describe('JumpCloud settings', () => {
  it.each([
    [undefined, 'https://console.jumpcloud.com', 'https://admin-oauth.id.jumpcloud.com'],
    ['EU ', 'https://console.eu.jumpcloud.com', 'https://admin-oauth.id.eu.jumpcloud.com'],
    [
      'https://console.in.jumpcloud.com/#/home',
      'https://console.in.jumpcloud.com',
      'https://admin-oauth.id.in.jumpcloud.com',
    ],
    ['console.jumpcloud.com', 'https://console.jumpcloud.com', 'https://admin-oauth.id.jumpcloud.com'],
  ])('finds the hosts of region %o', (region, console, oauth) => {
    expect(hostsOf(jumpCloudSettings.parse({ region, apiKey: key }), false)).toMatchObject({ console, oauth });
  });

  it('takes a key as it is pasted, and exactly one kind of credentials', () => {
    expect(parse({ apiKey: ` x-api-key: ${key}\n` }).data?.apiKey).toBe(key);
    for (const wrong of [
      {},
      { apiKey: ' ' },
      { clientId: 'id' },
      { clientSecret: key },
      { apiKey: key, clientId: 'id', clientSecret: key },
      { apiKey: key, region: 'mars' },
      { apiKey: key, region: 'https://console.evil.test' },
      { apiKey: key, orgId: '../users' },
      { apiKey: key, apikey: key },
    ]) {
      expect(parse(wrong).success, JSON.stringify(Object.keys(wrong))).toBe(false);
    }
    expect(parse({ clientId: 'id', clientSecret: key }).success).toBe(true);
  });

  it.each(['http://127.0.0.1:1', 'https://example.com', 'http://169.254.169.254'])(
    'sends no key to %s outside of tests',
    (baseUrl) => {
      const settings = jumpCloudSettings.parse({ apiKey: key, baseUrl });
      expect(() => hostsOf(settings, false)).toThrow(expect.objectContaining({ code: 'UPSTREAM_MISCONFIGURED' }));
      if (!baseUrl.includes('127.0.0.1')) expect(() => hostsOf(settings, true)).toThrow();
    },
  );
});

describe('rules of dynamic groups', () => {
  it.each([
    [{ queryType: 'FilterQuery', filters: [{ field: 'department', operator: 'eq', value: 'IT' }] }, 'department eq IT'],
    [{ filters: [{ field: 'company', operation: 'in', value: ['A', 'B'] }] }, 'company in A, B'],
    [{ filters: [JSON.stringify({ field: 'jobTitle', operator: 'ne', value: 'CEO' }), '{', 7] }, 'jobTitle ne CEO'],
    [{ filters: [] }, undefined],
    [null, undefined],
    ['department eq IT', undefined],
  ])('reads %o as %o', (query, shown) => {
    expect(readableRule(query)).toBe(shown);
  });
});
