import { describe, expect, test } from 'vitest';
import { type AccountContext, toAccount } from '../../../../datasources/providers/okta/account.ts';
import { toApplication, toAssignment } from '../../../../datasources/providers/okta/apps.ts';
import { classifyOkta } from '../../../../datasources/providers/okta/errors.ts';
import { toIdentityProvider } from '../../../../datasources/providers/okta/idps.ts';
import { appSchema, appUserSchema, idpSchema, userSchema } from '../../../../datasources/providers/okta/payloads.ts';
import { LinkFlag, NodeFlag } from '../../../../src/domain/flags.ts';

const nobody: AccountContext = { connector: 'acme', subjects: [], idOfLogin: () => undefined };
const account = (payload: object, context = nobody) => toAccount(userSchema.parse(payload), context);

describe('an account', () => {
  test('needs no more than an id and a status', () => {
    expect(account({ id: '00u1', status: 'ACTIVE' })).toEqual({
      kind: 'Account',
      nativeId: '00u1',
      name: '00u1',
      flags: 0,
      properties: {
        status: 'ACTIVE',
        nativeStatus: 'ACTIVE',
        active: true,
        type: 'UNKNOWN',
        accountClass: 'USER',
        entry: 'UNKNOWN',
      },
    });
  });

  test.each([
    ['STAGED', 'STAGED', false],
    ['PROVISIONED', 'INVITED', false],
    ['ACTIVE', 'ACTIVE', true],
    ['RECOVERY', 'ACTIVE', true],
    ['PASSWORD_EXPIRED', 'PASSWORD_EXPIRED', true],
    ['LOCKED_OUT', 'LOCKED', true],
    ['SUSPENDED', 'SUSPENDED', false],
    ['DEPROVISIONED', 'DEPROVISIONED', false],
    ['ACTIVATING', 'UNKNOWN', null],
  ])('of status %s is %s', (native, status, active) => {
    const { properties, flags } = account({ id: '00u1', status: native });
    expect(properties).toMatchObject({ status, nativeStatus: native, active });
    expect(flags).toBe(active === false ? NodeFlag.INACTIVE : 0);
  });

  test('knows which address the directory set, and which one only the person did', () => {
    const { properties } = account({
      id: '00u1',
      status: 'ACTIVE',
      profile: { email: ' Ana@Acme.Example ', secondEmail: 'ana@home.example' },
      credentials: { emails: [{ value: 'ana@acme.example', status: 'VERIFIED', type: 'PRIMARY' }] },
    });
    expect(properties).toMatchObject({
      emails: [
        { value: 'ana@acme.example', primary: true, directorySet: true, verified: true },
        { value: 'ana@home.example', verified: null },
      ],
    });
    const unverified = account({
      id: '00u1',
      status: 'ACTIVE',
      profile: { email: 'ana@acme.example', secondEmail: 'ana@acme.example' },
      credentials: { emails: [{ value: 'ana@acme.example', status: 'UNVERIFIED' }] },
    });
    expect(unverified.properties).toMatchObject({ emails: [{ verified: null }] });
  });

  test.each([
    ['OKTA', [], 'DIRECT'],
    ['ACTIVE_DIRECTORY', [], 'DIRECT'],
    ['FEDERATION', [], 'FEDERATED'],
    ['SOCIAL', ['x'], 'FEDERATED'],
    ['OKTA', ['x'], 'BOTH'],
  ])('mastered by %s with subjects %j is entered %s', (type, ids, entry) => {
    const subjects = ids.map((subject) => ({ connectionId: '0oa1', subject, subjectType: 'id' as const }));
    const payload = { id: '00u1', status: 'ACTIVE', credentials: { provider: { type, name: 'x' } } };
    expect(account(payload, { ...nobody, subjects }).properties).toMatchObject({ entry });
  });

  test('of a service or several people says so', () => {
    const type = (profile: object) => account({ id: '00u1', status: 'ACTIVE', profile }).properties['type'];
    expect(type({ userType: 'Service Account', firstName: 'Backup' })).toBe('SERVICE');
    expect(type({ userType: 'shared', firstName: 'Desk' })).toBe('SHARED');
    expect(type({ userType: 'Employee', firstName: 'Ana' })).toBe('HUMAN');
    expect(type({ employeeNumber: 42 })).toBe('HUMAN');
    expect(type({ login: 'x' })).toBe('UNKNOWN');
  });

  test('has a manager only when one is known by id or log-in, and never itself', () => {
    const manager = (managerId: string) =>
      account(
        { id: '00u1abcdefghijklmnop', status: 'ACTIVE', profile: { managerId } },
        { ...nobody, idOfLogin: (login) => (login === 'bo@acme.example' ? '00u2' : undefined) },
      ).properties['managerKey'];
    expect(manager('bo@acme.example')).toBe('acme/Account/00u2');
    expect(manager('00u3abcdefghijklmnop')).toBe('acme/Account/00u3abcdefghijklmnop');
    expect(manager('00u1abcdefghijklmnop')).toBeUndefined();
    expect(manager('Bo the boss')).toBeUndefined();
  });

  test('survives odd payloads', () => {
    const odd = {
      id: '00u1',
      status: 'ACTIVE',
      profile: { login: 5, email: null, firstName: ['x'] },
      credentials: 'x',
    };
    expect(account(odd).name).toBe('5');
  });
});

describe('an application', () => {
  test('says where it signs people in and keeps no secret', () => {
    const secret = ['client', 'secret', 'value'].join('-');
    const draft = toApplication(
      appSchema.parse({
        id: '0oa1',
        name: 'oidc_client',
        label: 'Portal',
        status: 'ACTIVE',
        signOnMode: 'OPENID_CONNECT',
        credentials: { oauthClient: { client_id: '0oa1', client_secret: secret } },
        settings: {
          oauthClient: { redirect_uris: ['https://t.example/cb'], jwks: { keys: [{ d: secret }] } },
          notes: { admin: secret },
        },
      }),
    );
    expect(draft.properties).toMatchObject({
      type: 'OIDC',
      active: true,
      signOn: { mode: 'OPENID_CONNECT', clientId: '0oa1', redirectUris: ['https://t.example/cb'] },
    });
    expect(JSON.stringify(draft)).not.toContain(secret);
  });

  test('that is switched off is inactive; one without a mode may be a directory', () => {
    const draft = toApplication(
      appSchema.parse({ id: '0oa1', name: 'active_directory', status: 'INACTIVE', signOnMode: null }),
    );
    expect(draft).toMatchObject({ flags: NodeFlag.INACTIVE, properties: { type: 'DIRECTORY', active: false } });
  });
});

describe('an assignment', () => {
  const row = (more: object) => appUserSchema.parse({ id: '00u1', scope: 'GROUP', status: 'ACTIVE', ...more });

  test('by group is evidence, unless groups cannot be read', () => {
    const link = { group: { href: 'https://acme.okta.com/api/v1/groups/00g1' } };
    expect(toAssignment(row({ _links: link }), '0oa1', true)).toMatchObject({
      flags: LinkFlag.DERIVED,
      properties: { basis: 'GROUP', viaGroup: '00g1' },
    });
    expect(toAssignment(row({}), '0oa1', false)).toMatchObject({ flags: 0, properties: { basis: 'GROUP_UNREADABLE' } });
    expect(toAssignment(row({ scope: 'USER' }), '0oa1', true)).toMatchObject({
      flags: 0,
      properties: { basis: 'DIRECT' },
    });
  });

  test('that is not usable is shown, not walked; one of nobody is left out', () => {
    expect(toAssignment(row({ scope: 'USER', status: 'SUSPENDED' }), '0oa1', true)?.flags).toBe(LinkFlag.INACTIVE);
    expect(toAssignment(row({ id: '' }), '0oa1', true)).toBeNull();
    expect(toAssignment(row({ id: null }), '0oa1', true)).toBeNull();
  });
});

describe('an inbound identity provider', () => {
  test('by SAML is known by its log-in page, not by a name that anybody may choose', () => {
    const idp = idpSchema.parse({
      id: '0oa1',
      name: 'Partner',
      type: 'SAML2',
      protocol: {
        endpoints: { sso: { url: 'https://sso.partner.example/saml2/okta' } },
        credentials: { trust: { issuer: 'https://acme.okta.com' } },
      },
    });
    expect(toIdentityProvider(idp).properties).toMatchObject({
      type: 'IDENTITY_PROVIDER',
      entityId: 'https://acme.okta.com',
      upstream: { strategy: 'saml2', signInUrl: 'https://sso.partner.example/saml2/okta' },
    });
    expect(toIdentityProvider(idp).properties['upstream']).not.toHaveProperty('issuer');
  });

  test('by OIDC is known by its issuer', () => {
    const secret = ['idp', 'secret'].join('-');
    const idp = idpSchema.parse({
      id: '0oa1',
      type: 'OIDC',
      protocol: {
        issuer: { url: 'https://Other.okta.example' },
        credentials: { client: { client_id: 'c1', client_secret: secret } },
      },
    });
    const { properties } = toIdentityProvider(idp);
    expect(properties).toMatchObject({
      upstream: {
        strategy: 'oidc',
        issuer: 'https://Other.okta.example',
        domain: 'other.okta.example',
        clientId: 'c1',
      },
    });
    expect(JSON.stringify(properties)).not.toContain(secret);
  });
});

describe('an error of Okta', () => {
  const classify = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    classifyOkta('acme')({ status, body, headers: new Headers(headers), path: '/api/v1/groups/00g1/users' });

  test('names the scope that is missing, from the header of an empty 403', () => {
    const error = classify(403, null, {
      'www-authenticate': 'Bearer realm="http://acme.okta.com", scope="okta.groups.read", error="insufficient_scope"',
    });
    expect(error).toMatchObject({ code: 'UPSTREAM_FORBIDDEN', details: { missing: ['okta.groups.read'] } });
    expect(error?.message).toContain('okta.groups.read');
  });

  test('tells a missing role from a missing scope', () => {
    const error = classify(403, { errorCode: 'E0000006', errorSummary: 'no', errorId: 'oae1' });
    expect(error).toMatchObject({ code: 'UPSTREAM_FORBIDDEN', details: { errorCode: 'E0000006', errorId: 'oae1' } });
    expect(error?.message).toContain('administrator role');
  });

  test('tells refused credentials from a feature that is not there', () => {
    expect(classify(401, { errorCode: 'E0000011' })?.code).toBe('UPSTREAM_UNAUTHORIZED');
    expect(classify(401, null)?.code).toBe('UPSTREAM_UNAUTHORIZED');
    expect(classify(401, { errorCode: 'E0000015' })?.code).toBe('UPSTREAM_NOT_AVAILABLE');
    expect(classify(405, { errorCode: 'E0000022' })?.code).toBe('UPSTREAM_NOT_AVAILABLE');
    expect(classify(500, { errorCode: 'E0000009' })).toBeNull();
  });
});
