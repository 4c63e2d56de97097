import { describe, expect, it } from 'vitest';
import {
  type Connection,
  type SignOnApplication,
  type Tenant,
  TrustMap,
} from '../../../../src/services/linking/trust.ts';

const tenants = new Map<string, Tenant>([
  ['okta', { connector: 'okta', organization: 1, domains: new Set(['acme.okta.example', 'id.acme.example']) }],
  ['auth0', { connector: 'auth0', organization: 2, domains: new Set(['acme.eu.auth0.example']) }],
  ['jumpcloud', { connector: 'jumpcloud', organization: 3, domains: new Set() }],
  ['torq', { connector: 'torq', organization: 4, domains: new Set(['https://auth.torq.example/sso/ws1/acs']) }],
]);
const portal: SignOnApplication = {
  id: 10,
  key: 'okta/Application/portal',
  connector: 'okta',
  signOn: { clientId: 'client-1', redirectUris: ['https://acme.eu.auth0.example/login/callback'] },
};
const jumpcloudApp: SignOnApplication = {
  id: 11,
  key: 'jumpcloud/Application/auth0',
  connector: 'jumpcloud',
  signOn: { ssoUrl: 'https://sso.jumpcloud.example/saml2/auth0' },
};
const torqApp: SignOnApplication = {
  id: 12,
  key: 'okta/Application/torq',
  connector: 'okta',
  signOn: { acsUrl: 'https://auth.torq.example/sso/ws1/acs' },
};

function trustOf(claim: Connection['claim'], name = 'okta') {
  const connection: Connection = { connector: 'auth0', nativeId: 'con_1', name, claim };
  return new TrustMap(tenants, [connection], [portal, jumpcloudApp, torqApp]).of('auth0', 'con_1');
}

describe('trust between tenants', () => {
  it('believes a connection that sends people to a connected tenant', () => {
    expect(trustOf({ strategy: 'okta', domain: 'acme.okta.example', clientId: 'client-1' })).toEqual({
      connector: 'okta',
      via: portal,
    });
  });

  it('believes an issuer on a custom domain of the tenant', () => {
    expect(trustOf({ strategy: 'oidc', issuer: 'https://id.acme.example/oauth2/default' })?.connector).toBe('okta');
  });

  it('finds the application by where it returns to when the connection names no client', () => {
    expect(trustOf({ strategy: 'okta', domain: 'acme.okta.example' })?.via).toBe(portal);
  });

  it.each([
    { strategy: 'okta', domain: 'acme-okta.example', clientId: 'client-1' },
    { strategy: 'oidc', issuer: 'https://acme.okta.example.attacker.example/' },
    { strategy: 'oidc', issuer: 'https://attacker.example/acme.okta.example' },
    { strategy: 'oidc', issuer: 'https://attacker.example', domain: 'acme.okta.example' },
    { strategy: 'samlp', signInUrl: 'https://attacker.example/saml2/auth0' },
    { strategy: 'samlp', signInUrl: 'https://sso.jumpcloud.example/saml2/auth0', issuer: 'https://attacker.example' },
    { strategy: 'okta' },
  ])('does not believe a connection that is only called okta: %j', (claim) => {
    expect(trustOf(claim)).toBeNull();
  });

  it.each([undefined, 'sso.jumpcloud.example'])(
    'believes a SAML connection whose sign-in address is one application of a connected tenant (domain %s)',
    (domain) => {
      expect(trustOf({ strategy: 'samlp', domain, signInUrl: 'https://sso.jumpcloud.example/saml2/auth0/' })).toEqual({
        connector: 'jumpcloud',
        via: jumpcloudApp,
      });
    },
  );

  it('tells which applications sign into which tenant', () => {
    const map = new TrustMap(tenants, [], [portal, jumpcloudApp, torqApp]);
    expect([...map.signsInto].map(([id, into]) => [id, [...into]])).toEqual([
      [10, ['auth0']],
      [12, ['torq']],
    ]);
  });
});
