import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCompany } from '../../emulators/company.ts';
import { type JumpCloudEmulator, startJumpCloudEmulator } from '../../emulators/jumpcloud.ts';
import type { JumpCloudWorld } from '../../emulators/world.ts';
import { type KnownDeviation, loadOpenApi, type OpenApi } from '../support/openapi.ts';

/** Where the emulator follows recorded answers, or its own purpose, rather than the document. */
const KNOWN: readonly KnownDeviation[] = [
  {
    at: /^\/(results\/\{n\}\/)?(manager|employeeIdentifier)$/,
    keyword: 'type',
    reason: 'the document says string, recorded answers say null for what nobody set',
  },
  {
    at: /^\/(results\/\{n\}\/)?config$/,
    keyword: 'required',
    reason: 'config is left out when `fields` does not ask for it: this is how its private key is never fetched',
  },
];

let api: OpenApi;
let emulator: JumpCloudEmulator;
let world: JumpCloudWorld;

beforeAll(async () => {
  api = loadOpenApi('jumpcloud-console-unified.openapi31.yaml');
  const company = createCompany({ size: 'S' });
  world = company.world.jumpcloud;
  emulator = await startJumpCloudEmulator({ world: company.world });
});
afterAll(() => emulator?.close());

async function answer(path: string): Promise<{ status: number; body: unknown }> {
  const { apiKey } = emulator.credentials;
  const got = await fetch(`${emulator.url}${path}`, { headers: { 'x-api-key': apiKey } });
  return { status: got.status, body: await got.json() };
}

const first = (ids: Iterable<string>): string => {
  for (const id of ids) return id;
  throw new Error('the company has none');
};
const directory = (type: string): string =>
  first([...world.directories.values()].filter((one) => one.type === type).map((one) => one.id));
const appFields = '_id name displayName displayLabel description active logo sso ssoUrl created';

const cases: readonly (readonly [template: string, url: () => string])[] = [
  ['/api/organizations', () => '/api/organizations'],
  ['/api/systemusers', () => '/api/systemusers?limit=100&sort=_id'],
  ['/api/systemusers/{id}', () => `/api/systemusers/${first(world.users.keys())}`],
  ['/api/applications', () => '/api/applications?limit=100'],
  ['/api/applications', () => `/api/applications?limit=100&fields=${encodeURIComponent(appFields)}`],
  ['/api/applications/{id}', () => `/api/applications/${first(world.apps.keys())}`],
  ['/api/radiusservers', () => '/api/radiusservers'],
  ['/api/radiusservers/{id}', () => `/api/radiusservers/${first(world.radius.keys())}`],
  ['/api/v2/roles', () => '/api/v2/roles?limit=100'],
  ['/api/v2/usergroups', () => '/api/v2/usergroups?limit=100'],
  ['/api/v2/usergroups/{id}', () => `/api/v2/usergroups/${first(world.groups.keys())}`],
  ['/api/v2/usergroups/{group_id}/members', () => `/api/v2/usergroups/${first(world.groups.keys())}/members?limit=100`],
  [
    '/api/v2/usergroups/{group_id}/associations',
    () => `/api/v2/usergroups/${first(world.groups.keys())}/associations?targets=application`,
  ],
  ['/api/v2/users/{user_id}/memberof', () => `/api/v2/users/${first(world.users.keys())}/memberof?limit=100`],
  [
    '/api/v2/users/{user_id}/associations',
    () => `/api/v2/users/${first(world.users.keys())}/associations?targets=application`,
  ],
  [
    '/api/v2/applications/{application_id}/associations',
    () => `/api/v2/applications/${first(world.apps.keys())}/associations?targets=user_group`,
  ],
  ['/api/v2/applications/{application_id}/users', () => `/api/v2/applications/${first(world.apps.keys())}/users`],
  [
    '/api/v2/applications/{application_id}/usergroups',
    () => `/api/v2/applications/${first(world.apps.keys())}/usergroups`,
  ],
  ['/api/v2/directories', () => '/api/v2/directories?limit=100'],
  ['/api/v2/ldapservers', () => '/api/v2/ldapservers'],
  [
    '/api/v2/ldapservers/{ldapserver_id}/associations',
    () => `/api/v2/ldapservers/${directory('ldap_server')}/associations?targets=user`,
  ],
  [
    '/api/v2/radiusservers/{radiusserver_id}/associations',
    () => `/api/v2/radiusservers/${first(world.radius.keys())}/associations?targets=user_group`,
  ],
  [
    '/api/v2/gsuites/{gsuite_id}/users',
    () => `/api/v2/gsuites/${directory('g_suite')}/users?syncStatus=true&limit=100`,
  ],
  ['/api/v2/service-accounts', () => '/api/v2/service-accounts'],
  ['/api/v2/subscriptions', () => '/api/v2/subscriptions'],
];

describe("JumpCloud emulator, held to the vendor's document", () => {
  it.each(cases)('%s', async (path, url) => {
    const { status, body } = await answer(url());
    expect(status).toBe(200);
    expect(api.check({ path, method: 'get', status }, body, KNOWN)).toEqual([]);
  });

  it('keeps no deviation on its list that does not occur', async () => {
    const seen: { at: string; keyword: string }[] = [];
    for (const [path, url] of cases) {
      const { status, body } = await answer(url());
      seen.push(...api.check({ path, method: 'get', status }, body));
    }
    const idle = KNOWN.filter(
      ({ at, keyword }) =>
        !seen.some((one) => one.keyword === keyword && (typeof at === 'string' ? at === one.at : at.test(one.at))),
    );
    expect(idle).toEqual([]);
  });

  it('answers errors of v2 in their shape', async () => {
    const { status, body } = await answer('/api/v2/usergroups?limit=many');
    expect(status).toBe(400);
    expect(api.check({ path: '/api/v2/usergroups', method: 'get', status }, body)).toEqual([]);
    emulator.change('setScopes', { scopes: [] });
    const refused = await answer('/api/v2/roles');
    emulator.change('setScopes', { scopes: null });
    expect(refused.status).toBe(403);
    expect(api.check({ path: '/api/v2/roles', method: 'get', status: 403 }, refused.body)).toEqual([]);
  });

  it('serves no route that the document does not have, but for the list of administrators', async () => {
    for (const [path] of cases) expect(api.has(path, 'get'), path).toBe(true);
    expect(api.has('/api/users', 'get')).toBe(false);
  });
});
