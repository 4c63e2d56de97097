import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCompany } from '../../emulators/company.ts';
import { type OktaEmulator, startOktaEmulator } from '../../emulators/okta.ts';
import type { World } from '../../emulators/world.ts';
import { type KnownDeviation, loadOpenApi, type OpenApi } from '../support/openapi.ts';

/** Where real orgs answer otherwise than the official document says; each with how we know. */
const KNOWN: readonly (KnownDeviation & { readonly template: RegExp })[] = [
  {
    template: /\/groups/,
    at: /\/profile\/description$/,
    keyword: 'type',
    reason: 'Groups without a description come with null, as recordings of real orgs and older examples show.',
  },
  {
    template: /\/groups/,
    at: /^(?:\/\{n\})?\/profile$/,
    keyword: 'anyOf',
    reason: 'Follows from the null description above.',
  },
  {
    template: /\/apps/,
    at: /^(?:\/\{n\})?\/signOnMode$/,
    reason: 'Directory applications (active_directory) have no sign-on mode: null in recordings of real orgs.',
  },
  {
    template: /\/idps\/\{idpId\}\/users$/,
    at: /^\/\{n\}\/profile\/\w+$/,
    keyword: 'type',
    reason: 'The document wants an object for each value of an IdP user’s profile; its own example has strings.',
  },
  {
    template: /\/api-tokens$/,
    at: '/{n}/tokenWindow',
    keyword: 'pattern',
    reason: 'The pattern of durations has lost a look-ahead and matches nothing, not even the document’s own P30D.',
  },
];

interface Call {
  /** Path template as the document spells it. */
  readonly template: string;
  /** Real path with query. */
  readonly path: string;
}

let api: OpenApi;
let emulator: OktaEmulator;
let world: World;

beforeAll(async () => {
  api = loadOpenApi('okta-management-read-subset.json');
  world = createCompany({ size: 'S' }).world;
  emulator = await startOktaEmulator({ world });
});
afterAll(() => emulator?.close());

const authorization = (): string => {
  const { credentials } = emulator;
  return 'apiToken' in credentials ? `SSWS ${credentials.apiToken}` : '';
};

async function answer(path: string, headers: Record<string, string> = { authorization: authorization() }) {
  const response = await fetch(`${emulator.url}${path}`, { headers });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

/** A path for each call the connector makes, with rows of every kind the company has. */
function calls(): Call[] {
  const { okta } = world;
  const list: Call[] = [];
  const add = (template: string, path: string): void => {
    list.push({ template: `/api/v1${template}`, path: `/api/v1${path}` });
  };
  add('/users', '/users?limit=200');
  add('/users', `/users?limit=200&search=${encodeURIComponent('status eq "DEPROVISIONED"')}`);
  add('/users', '/users?limit=200&fields=profile:(login)');
  const statuses = new Map([...okta.users.values()].map((user) => [user.status, user.id]));
  for (const id of statuses.values()) {
    add('/users/{id}', `/users/${id}`);
    add('/users/{id}/groups', `/users/${id}/groups`);
    add('/users/{id}/appLinks', `/users/${id}/appLinks`);
    add('/users/{id}/idps', `/users/${id}/idps`);
  }
  add('/groups', '/groups?limit=200&expand=stats');
  add('/groups', '/groups?limit=10000');
  add('/groups', `/groups?filter=${encodeURIComponent('type eq "BUILT_IN"')}`);
  add('/groups/rules', '/groups/rules?limit=200');
  for (const group of new Map([...okta.groups.values()].map((one) => [one.type, one.id])).values()) {
    add('/groups/{groupId}', `/groups/${group}`);
    add('/groups/{groupId}/users', `/groups/${group}/users?limit=100`);
    add('/groups/{groupId}/apps', `/groups/${group}/apps`);
  }
  add('/apps', '/apps?limit=200');
  for (const app of new Map([...okta.apps.values()].map((one) => [one.signOnMode, one.id])).values()) {
    add('/apps/{appId}', `/apps/${app}`);
    add('/apps/{appId}/users', `/apps/${app}/users?limit=500`);
    add('/apps/{appId}/groups', `/apps/${app}/groups?limit=200`);
    add('/apps/{appId}/group-push/mappings', `/apps/${app}/group-push/mappings`);
  }
  const pushing = [...okta.apps.values()].find((app) => app.pushes.length > 0);
  add('/apps/{appId}/group-push/mappings', `/apps/${pushing?.id}/group-push/mappings`);
  const directory = [...okta.apps.values()].find((app) => app.appUsers.size > 0);
  add('/apps/{appId}/users', `/apps/${directory?.id}/users?limit=500`);
  for (const [type, one] of new Map(
    [...okta.roleAssignments.values()].map((held) => [`${held.type} ${held.assignee.type}`, held]),
  )) {
    const [base, template] = type.endsWith('GROUP') ? ['groups', '/groups/{groupId}'] : ['users', '/users/{userId}'];
    const path = `/${base}/${one.assignee.id}/roles`;
    add(`${template}/roles`, path);
    add(`${template}/roles/{roleAssignmentId}/targets/groups`, `${path}/${one.id}/targets/groups`);
    add(`${template}/roles/{roleAssignmentId}/targets/catalog/apps`, `${path}/${one.id}/targets/catalog/apps`);
  }
  add('/iam/assignees/users', '/iam/assignees/users?limit=5');
  add('/iam/roles', '/iam/roles');
  for (const role of okta.customRoles.keys()) {
    add('/iam/roles/{roleIdOrLabel}', `/iam/roles/${role}`);
    add('/iam/roles/{roleIdOrLabel}/permissions', `/iam/roles/${role}/permissions`);
  }
  add('/iam/resource-sets', '/iam/resource-sets?limit=1');
  const set = '/iam/resource-sets/{resourceSetIdOrLabel}';
  for (const one of [...okta.roleAssignments.values()].filter((held) => held.resourceSetId !== null)) {
    add(set, `/iam/resource-sets/${one.resourceSetId}`);
    add(`${set}/resources`, `/iam/resource-sets/${one.resourceSetId}/resources`);
    add(`${set}/bindings`, `/iam/resource-sets/${one.resourceSetId}/bindings`);
    add(
      `${set}/bindings/{roleIdOrLabel}/members`,
      `/iam/resource-sets/${one.resourceSetId}/bindings/${one.customRoleId}/members`,
    );
  }
  add('/idps', '/idps');
  for (const idp of okta.idps.keys()) add('/idps/{idpId}/users', `/idps/${idp}/users`);
  add('/api-tokens', '/api-tokens');
  add('/org', '/org');
  list.push({ template: '/.well-known/okta-organization', path: '/.well-known/okta-organization' });
  return list;
}

describe('the Okta emulator keeps to the official document', () => {
  test('in every answer that the connector reads', async () => {
    const broken = new Set<string>();
    const hit = new Set<KnownDeviation>();
    let rows = 0;
    for (const { template, path } of calls()) {
      const { status, body } = await answer(path);
      expect(status, path).toBe(200);
      rows += Array.isArray(body) ? body.length : 1;
      const known = KNOWN.filter((one) => one.template.test(template));
      const operation = { path: template, method: 'get', status };
      for (const deviation of api.check(operation, body, known)) {
        broken.add(`${template} ${deviation.at} ${deviation.keyword}: ${deviation.message}`);
      }
      const all = api.check(operation, body).length;
      for (const one of known) if (all > 0 && api.check(operation, body, [one]).length < all) hit.add(one);
    }
    expect([...broken]).toEqual([]);
    // A deviation that nobody shows any more has no business in the list.
    expect(KNOWN.filter((one) => !hit.has(one)).map((one) => one.reason)).toEqual([]);
    expect(rows).toBeGreaterThan(3000);
  });

  test('in its errors', async () => {
    const [app] = world.okta.apps.keys();
    const wrong: [string, string, number, Record<string, string>?][] = [
      ['/api/v1/users', '/api/v1/users', 401, {}],
      ['/api/v1/users', '/api/v1/users?search=nonsense', 400],
      ['/api/v1/groups/{groupId}', '/api/v1/groups/00gnone', 404],
    ];
    for (const [template, path, status, headers] of wrong) {
      const found = await answer(path, headers);
      expect(found.status, path).toBe(status);
      expect(api.checkSchema('Error', found.body), template).toEqual([]);
    }
    emulator.faults.add({ match: `/apps/${app}`, kind: 'status', status: 429, times: 1 });
    const limited = await answer(`/api/v1/apps/${app}`);
    expect(api.check({ path: '/api/v1/apps/{appId}', method: 'get', status: 429 }, limited.body)).toEqual([]);
  });

  test('in the answers of the token endpoint', async () => {
    const oauth = loadOpenApi('okta-oauth-2026.06.3.yaml');
    const app = emulator.appCredentials({ dpop: false });
    if (!('privateKey' in app)) throw new Error('not a service app');
    const url = `${emulator.url}/oauth2/v1/token`;
    const assertion = await new SignJWT({ jti: 'one' })
      .setProtectedHeader({ alg: 'ES256', kid: app.keyId })
      .setIssuer(app.clientId)
      .setSubject(app.clientId)
      .setAudience(url)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(createPrivateKey(app.privateKey));
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'okta.users.read',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    });
    // The second time the assertion is spent.
    for (const status of [200, 401]) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const response = await fetch(url, { method: 'POST', headers, body: form.toString() });
      expect(response.status).toBe(status);
      expect(oauth.check({ path: '/oauth2/v1/token', method: 'post', status }, await response.json())).toEqual([]);
    }
  });

  test('asks for nothing the document does not know', () => {
    for (const { template } of calls()) expect(api.has(template, 'get'), template).toBe(true);
  });
});
