import { describe, expect, it } from 'vitest';
import { accountDrafts } from '../../../../datasources/providers/auth0/account.ts';
import { userPayload } from '../../../../datasources/providers/auth0/payloads.ts';

const connections = new Map([
  ['people', { id: 'con_people' }],
  ['workforce', { id: 'con_okta' }],
  ['github', { id: 'con_github' }],
]);
const account = (payload: object, known: typeof connections | null = connections) => {
  const { node, links } = accountDrafts(userPayload.parse(payload), known);
  return { ...node, properties: JSON.parse(JSON.stringify(node.properties)), links };
};
const okta = { provider: 'okta', connection: 'workforce', user_id: 'workforce|00u1', isSocial: false };

describe('an Auth0 user', () => {
  it('from an enterprise connection is entered by federation and names its upstream subject', () => {
    const { properties, links } = account({ user_id: 'okta|workforce|00u1', identities: [okta] });
    expect(properties).toMatchObject({
      entry: 'FEDERATED',
      accountClass: 'CONNECTION:con_okta',
      federatedSubjects: [
        { connectionId: 'con_okta', connectionName: 'workforce', subject: '00u1', subjectType: 'id' },
      ],
    });
    expect(links.map((link) => link.to.nativeId)).toEqual(['con_okta']);
  });

  it('with a linked social log-in, whose id is a number, is entered both ways and is in both connections', () => {
    const github = { provider: 'github', connection: 'github', user_id: 987654, isSocial: true };
    const { properties, links } = account({ user_id: 'okta|workforce|00u1', identities: [okta, github] });
    expect(properties.entry).toBe('BOTH');
    expect(properties.federatedSubjects).toHaveLength(1);
    expect(links.map((link) => link.to.nativeId)).toEqual(['con_okta', 'con_github']);
  });

  it('of a database is entered directly and has no subject', () => {
    const identities = [{ provider: 'auth0', connection: 'people', user_id: 'ana' }];
    const { properties } = account({ user_id: 'auth0|ana', identities });
    expect(properties.entry).toBe('DIRECT');
    expect(properties.federatedSubjects).toBeUndefined();
  });

  it('without identities is read from its id', () => {
    expect(account({ user_id: 'samlp|partner|ana@partner.example' }).properties).toMatchObject({
      entry: 'FEDERATED',
      accountClass: 'CONNECTION:partner',
      federatedSubjects: [{ connectionId: 'partner', subject: 'ana@partner.example', subjectType: 'nameId' }],
    });
    expect(account({ user_id: 'auth0|ana' }).properties.entry).toBe('DIRECT');
  });

  it('keeps what Auth0 does not say unknown', () => {
    const { name, properties } = account({ user_id: 'sms|1', phone_number: '+15550100' });
    expect(name).toBe('sms|1');
    expect(properties).toMatchObject({ status: 'ACTIVE', mfaEnrolled: null, type: 'UNKNOWN' });
    expect(properties.emails).toBeUndefined();
  });

  it('that is blocked is suspended and not live', () => {
    const { flags, properties } = account({ user_id: 'auth0|a', blocked: true });
    expect(flags).toBe(1);
    expect(properties).toMatchObject({ status: 'SUSPENDED', active: false, nativeStatus: 'blocked' });
  });

  it('has its own address as Auth0 verified it, and those of linked log-ins as hints only', () => {
    const linked = {
      provider: 'github',
      connection: 'github',
      user_id: '1',
      isSocial: true,
      profileData: { email: 'Boss@acme.example', email_verified: true },
    };
    const user = { user_id: 'okta|workforce|00u1', email: ' Ana@Acme.Example ', email_verified: true };
    expect(account({ ...user, identities: [okta, linked] }).properties.emails).toEqual([
      { value: 'ana@acme.example', primary: true, verified: true },
      { value: 'boss@acme.example', verified: null },
    ]);
  });

  it('takes number, department and type from app_metadata, never from user_metadata', () => {
    const user = {
      user_id: 'auth0|a',
      app_metadata: { employeeNumber: 4711, department: 'Ops', accountType: 'service' },
      user_metadata: { employeeNumber: '1', department: 'Board' },
    };
    expect(account(user).properties).toMatchObject({ employeeNumber: '4711', department: 'Ops', type: 'SERVICE' });
    const own = { user_id: 'auth0|a', user_metadata: { employeeNumber: '1' } };
    expect(account(own).properties.employeeNumber).toBeUndefined();
  });

  it('carries no token, nonce or unknown member on', () => {
    const marker = 'not-to-be-kept';
    const text = JSON.stringify(
      account({
        user_id: 'okta|workforce|00u1',
        nonce: marker,
        identities: [{ ...okta, access_token: marker, refresh_token: marker, profileData: { token: marker } }],
        app_metadata: { anything: marker },
      }),
    );
    expect(text).not.toContain(marker);
  });

  it('survives dates that are objects and lists that are none', () => {
    const odd = { user_id: 'auth0|a', created_at: { $date: 1 }, multifactor: 'guardian', app_metadata: 'x' };
    expect(account(odd).properties).toMatchObject({ status: 'ACTIVE', mfaEnrolled: null });
  });
});
