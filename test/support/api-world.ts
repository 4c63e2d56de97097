import { LinkFlag, NodeFlag } from '../../src/domain/flags.ts';
import { opaqueId } from '../../src/domain/keys.ts';
import type { Graph } from '../../src/services/graph/graph.ts';
import { put } from './graph.ts';

/** Keys of the hand-made company: one person with three accounts, a cross-tenant path, and a few others. */
export const KEYS = {
  ada: 'crosswalk/Identity/ada',
  bob: 'crosswalk/Identity/bob',
  twin: 'crosswalk/Identity/twin',
  oktaAda: 'okta/Account/00uada',
  oktaBob: 'okta/Account/00ubob',
  auth0Ada: 'auth0/Account/okta|acme|00uada',
  jumpAda: 'jumpcloud/Account/ada',
  oktaTenant: 'okta/Organization/00o',
  auth0Tenant: 'auth0/Organization/acme',
  engineering: 'okta/Group/00geng',
  everyone: 'okta/Group/00gall',
  jumpTeam: 'jumpcloud/Group/team',
  jumpAll: 'jumpcloud/Group/all',
  crm: 'okta/Application/0oacrm',
  sso: 'okta/Application/0oasso',
  jumpApp: 'jumpcloud/Application/vpn',
  api: 'auth0/Application/api',
  role: 'auth0/Role/rol_x',
  permission: 'auth0/Permission/api|read:orders',
} as const;

/** Relay id of a node of the hand-made company. */
export function idOf(name: keyof typeof KEYS): string {
  return opaqueId(KEYS[name]);
}

function account(name: string, more: object = {}): object {
  return {
    userName: `${name}@acme.example`,
    displayName: name,
    emails: [{ value: `${name}@acme.example`, primary: true, verified: null }],
    status: 'ACTIVE',
    active: true,
    type: 'HUMAN',
    accountClass: 'USER',
    entry: 'DIRECT',
    ...more,
  };
}

function identity(name: string, more: object = {}): object {
  return {
    type: 'HUMAN',
    displayName: name,
    emails: [{ value: `${name}@acme.example`, primary: true, verified: true }],
    active: true,
    accountCount: 1,
    connectors: ['okta'],
    ...more,
  };
}

function ownership(rule: string): object {
  return { rule, confidence: 1, evidence: [{ rule, sentence: `matched by ${rule}`, value: 'x', with: KEYS.oktaAda }] };
}

/** Commits the hand-made company. */
export async function fillApiWorld(graph: Graph): Promise<void> {
  const shared = { value: 'shared@acme.example', primary: false, verified: false };
  await put(
    graph,
    [
      {
        key: KEYS.ada,
        name: 'Ada',
        properties: identity('ada', {
          employeeNumber: 'E1',
          accountCount: 3,
          connectors: ['auth0', 'jumpcloud', 'okta'],
        }),
      },
      { key: KEYS.bob, name: 'Bob', properties: identity('bob', { emails: [shared] }) },
      { key: KEYS.twin, name: 'Twin', properties: identity('twin', { emails: [shared] }) },
      { key: KEYS.oktaAda, name: 'Ada O', properties: account('ada', { managerKey: KEYS.oktaBob }) },
      { key: KEYS.oktaBob, name: 'Bob O', properties: account('bob', { createdAt: '2024-01-01T00:00:00.000Z' }) },
      { key: KEYS.auth0Ada, name: 'Ada A', properties: account('ada', { entry: 'FEDERATED' }) },
      {
        key: KEYS.jumpAda,
        name: 'Ada J',
        flags: NodeFlag.INACTIVE,
        properties: account('ada', { status: 'SUSPENDED', active: false }),
      },
      { key: KEYS.oktaTenant, name: 'Acme Okta', properties: { type: 'TENANT', domains: ['acme.okta.example'] } },
      { key: KEYS.auth0Tenant, name: 'Acme Auth0', properties: { type: 'TENANT' } },
      { key: KEYS.engineering, name: 'Engineering', properties: { type: 'USER_GROUP' } },
      { key: KEYS.everyone, name: 'Everyone', properties: { type: 'BUILT_IN' } },
      { key: KEYS.jumpTeam, name: 'Team', properties: { type: 'USER_GROUP' } },
      { key: KEYS.jumpAll, name: 'All', properties: { type: 'USER_GROUP' } },
      { key: KEYS.crm, name: 'CRM', properties: { type: 'SAML', active: true } },
      { key: KEYS.sso, name: 'Auth0 log-in', properties: { type: 'OIDC', active: true } },
      { key: KEYS.jumpApp, name: 'VPN', properties: { type: 'RADIUS', active: true } },
      { key: KEYS.api, name: 'Orders API', properties: { type: 'API', active: true } },
      { key: KEYS.role, name: 'Clerk', properties: { type: 'RBAC' } },
      { key: KEYS.permission, name: 'read:orders', properties: { value: 'read:orders' } },
    ],
    [
      { from: KEYS.ada, kind: 'HAS_ACCOUNT', to: KEYS.oktaAda, properties: ownership('verified-email') },
      {
        from: KEYS.ada,
        kind: 'HAS_ACCOUNT',
        to: KEYS.auth0Ada,
        flags: LinkFlag.EVIDENCE,
        properties: ownership('federated-subject'),
      },
      { from: KEYS.ada, kind: 'HAS_ACCOUNT', to: KEYS.jumpAda, properties: ownership('employee-number') },
      { from: KEYS.bob, kind: 'HAS_ACCOUNT', to: KEYS.oktaBob, properties: ownership('alone') },
      { from: KEYS.oktaAda, kind: 'MEMBER_OF', to: KEYS.oktaTenant },
      { from: KEYS.oktaBob, kind: 'MEMBER_OF', to: KEYS.oktaTenant },
      { from: KEYS.auth0Ada, kind: 'MEMBER_OF', to: KEYS.auth0Tenant },
      { from: KEYS.oktaAda, kind: 'MEMBER_OF', to: KEYS.engineering },
      { from: KEYS.oktaAda, kind: 'MEMBER_OF', to: KEYS.everyone },
      { from: KEYS.oktaBob, kind: 'MEMBER_OF', to: KEYS.everyone },
      { from: KEYS.jumpAda, kind: 'MEMBER_OF', to: KEYS.jumpTeam },
      { from: KEYS.jumpTeam, kind: 'MEMBER_OF', to: KEYS.jumpAll },
      { from: KEYS.jumpAll, kind: 'ASSIGNED_TO', to: KEYS.jumpApp },
      { from: KEYS.engineering, kind: 'ASSIGNED_TO', to: KEYS.crm },
      {
        from: KEYS.oktaAda,
        kind: 'ASSIGNED_TO',
        to: KEYS.crm,
        flags: LinkFlag.DERIVED,
        properties: { basis: 'GROUP', appUserName: 'ada-crm' },
      },
      { from: KEYS.oktaBob, kind: 'ASSIGNED_TO', to: KEYS.crm, properties: { basis: 'DIRECT' } },
      { from: KEYS.engineering, kind: 'ASSIGNED_TO', to: KEYS.sso },
      { from: KEYS.sso, kind: 'SIGNS_INTO', to: KEYS.auth0Tenant },
      { from: KEYS.oktaAda, kind: 'FEDERATES', to: KEYS.auth0Ada, properties: { via: KEYS.sso, evidence: 'subject' } },
      { from: KEYS.auth0Ada, kind: 'HAS_ROLE', to: KEYS.role },
      { from: KEYS.role, kind: 'GRANTS', to: KEYS.permission },
      { from: KEYS.permission, kind: 'PERMITS', to: KEYS.api },
    ],
  );
}
