import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oktaProvider } from '../../../datasources/providers/okta/index.ts';
import { type OktaCredentials, type OktaEmulator, startOktaEmulator } from '../../../emulators/okta.ts';
import type { OktaApp, OktaGroup, OktaUser, World } from '../../../emulators/world.ts';
import { touchWorld } from '../../../emulators/world-version.ts';
import { AppError } from '../../../src/domain/errors.ts';
import { LinkFlag, NodeFlag } from '../../../src/domain/flags.ts';
import type { ProviderSession } from '../../../src/ports/provider.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../support/memory-logger.ts';
import { oktaExpected } from '../../support/okta-expected.ts';
import { idsOf, nodeKeyOf, type ProviderRun, pairsOf, readAll } from '../../support/provider-run.ts';
import { anEmptyWorld } from '../../support/small-world.ts';

const at = '2026-01-02T03:04:05.000Z';

function aUser(id: string, more: Partial<OktaUser> = {}): OktaUser {
  return {
    id,
    status: 'ACTIVE',
    login: `${id}@acme.example`,
    email: `${id}@acme.example`,
    secondEmail: null,
    firstName: 'First',
    lastName: id,
    displayName: null,
    employeeNumber: null,
    department: null,
    title: null,
    userType: null,
    managerId: null,
    emailVerified: null,
    created: at,
    activated: at,
    statusChanged: at,
    lastLogin: null,
    lastUpdated: at,
    ...more,
  };
}

function aGroup(id: string, members: readonly string[] = [], more: Partial<OktaGroup> = {}): OktaGroup {
  return {
    id,
    type: 'OKTA_GROUP',
    name: `Group ${id}`,
    description: null,
    created: at,
    lastUpdated: at,
    lastMembershipUpdated: at,
    members: new Set(members),
    sourceAppId: null,
    ...more,
  };
}

function anApp(id: string, groups: readonly string[], users: readonly string[], more: Partial<OktaApp> = {}): OktaApp {
  return {
    id,
    name: 'a_saml_app',
    label: `App ${id}`,
    status: 'ACTIVE',
    signOnMode: 'SAML_2_0',
    created: at,
    lastUpdated: at,
    clientId: null,
    redirectUris: [],
    ssoAcsUrl: 'https://app.example/acs',
    audience: 'https://app.example',
    logoUrl: null,
    groups: new Set(groups),
    users: new Set(users),
    appUsers: new Map(),
    pushes: [],
    ...more,
  };
}

/** Every kind of row once, and pages that end exactly at their limit. */
function aWorld(): World {
  const world = anEmptyWorld();
  const { okta } = world;
  // 200 that are not deprovisioned: the first pass ends exactly at a page's limit.
  for (let i = 0; i < 200; i++) okta.users.set(`00u${i}`, aUser(`00u${i}`));
  okta.users.set('00u1', aUser('00u1', { managerId: '00u199@ACME.example', secondEmail: 'one@home.example' }));
  okta.users.set('00u2', aUser('00u2', { status: 'SUSPENDED' }));
  okta.users.set('00ugone', aUser('00ugone', { status: 'DEPROVISIONED' }));
  const everyone = aGroup('00geveryone', [], { type: 'BUILT_IN', name: 'Everyone' });
  const some = aGroup('00gsome', ['00u1', '00u2', '00u3']);
  const admins = aGroup('00gadmins', ['00u4'], { type: 'APP_GROUP', sourceAppId: '0oasaml' });
  for (const group of [everyone, some, admins, aGroup('00gempty')]) okta.groups.set(group.id, group);
  const saml = anApp('0oasaml', ['00gsome', '00gadmins'], ['00u1', '00u9'], {
    appUsers: new Map([['00u9', { userName: 'nine', externalId: 'ext-9' }]]),
    pushes: [{ id: 'gPm1', sourceGroupId: '00gsome', targetGroupId: '00gadmins', status: 'ACTIVE' }],
  });
  const oidc = anApp('0oaoidc', ['00geveryone'], [], {
    name: 'oidc_client',
    signOnMode: 'OPENID_CONNECT',
    clientId: '0oaoidc',
    redirectUris: ['https://t.example/login/callback'],
  });
  for (const app of [saml, oidc]) okta.apps.set(app.id, app);
  okta.idps.set('0oaidp', {
    id: '0oaidp',
    name: 'Partner',
    type: 'SAML2',
    ssoUrl: 'https://sso.partner.example/okta',
    issuer: 'partner',
    users: new Map([['00u5', 'five@partner.example']]),
  });
  okta.customRoles.set('cr01', { id: 'cr01', label: 'Desk', description: 'd', permissions: ['okta.users.read'] });
  okta.resourceSets.set('iam1', { id: 'iam1', label: 'Europe', description: 'd', resources: ['orn:x'] });
  const role = { customRoleId: null, resourceSetId: null, targetGroupIds: [], targetAppIds: [], created: at };
  okta.roleAssignments.set('ra1', {
    ...role,
    id: 'ra1',
    type: 'SUPER_ADMIN',
    label: 'Super Administrator',
    assignee: { type: 'USER', id: '00u1' },
  });
  okta.roleAssignments.set('ra2', {
    ...role,
    id: 'ra2',
    type: 'USER_ADMIN',
    label: 'Group Administrator',
    assignee: { type: 'USER', id: '00u1' },
    targetGroupIds: ['00gsome', '00gempty'],
  });
  okta.roleAssignments.set('grp1', {
    ...role,
    id: 'grp1',
    type: 'CUSTOM',
    label: 'Desk',
    assignee: { type: 'GROUP', id: '00gadmins' },
    customRoleId: 'cr01',
    resourceSetId: 'iam1',
  });
  okta.apiTokens.set('00T1', { id: '00T1', name: 'Export', userId: '00u1', created: at, expiresAt: at });
  return world;
}

let world: World;
let emulator: OktaEmulator;
let logger: MemoryLogger;
let sessions: ProviderSession[];

beforeEach(async () => {
  world = aWorld();
  emulator = await startOktaEmulator({ world });
  logger = memoryLogger();
  sessions = [];
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  await emulator.close();
});

async function connect(
  credentials: OktaCredentials = emulator.credentials,
  more: object = {},
): Promise<ProviderSession> {
  const session = await oktaProvider.connect(oktaProvider.settingsSchema.parse({ ...credentials, ...more }), {
    connector: 'okta',
    clock: fakeClock(Date.now()),
    logger,
    signal: new AbortController().signal,
    allowLoopback: true,
  });
  sessions.push(session);
  return session;
}

const read = async (session: ProviderSession): Promise<ProviderRun> => readAll(session, new AbortController().signal);

async function failureOf(call: Promise<unknown>): Promise<AppError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error('expected an AppError', { cause: error });
  return error;
}

/** Listings that fail, by code; the others are read. */
async function readWhatIsAllowed(
  session: ProviderSession,
): Promise<{ run: ProviderRun; refused: Map<string, AppError> }> {
  const refused = new Map<string, AppError>();
  const run = await readAll(session, new AbortController().signal, (syncer, error) => {
    if (error instanceof AppError) refused.set(syncer, error);
    return error instanceof AppError;
  });
  return { run, refused };
}

function expectWorld(run: ProviderRun): void {
  const expected = oktaExpected(world.okta);
  for (const [kind, ids] of Object.entries(expected.nodes)) {
    expect(idsOf(run, kind as keyof typeof expected.nodes), kind).toEqual([...ids].sort());
  }
  for (const [kind, pairs] of Object.entries(expected.links)) {
    expect(pairsOf(run, kind as keyof typeof expected.links), kind).toEqual([...pairs].sort());
  }
}

describe('a small org', () => {
  test('is read as it is', async () => {
    const run = await read(await connect());
    expectWorld(run);
    const one = run.nodes.get('Account/00u1');
    expect(one?.properties).toMatchObject({
      userName: '00u1@acme.example',
      displayName: 'First 00u1',
      managerKey: 'okta/Account/00u199',
      entry: 'DIRECT',
      type: 'HUMAN',
    });
    expect(run.nodes.get('Account/00u5')?.properties).toMatchObject({
      entry: 'FEDERATED',
      federatedSubjects: [{ connectionId: '0oaidp', subject: 'five@partner.example', subjectType: 'nameId' }],
    });
    expect(run.nodes.get('Account/00ugone')).toMatchObject({ flags: NodeFlag.INACTIVE });
    expect(pairsOf(run, 'MEMBER_OF')).not.toContain('00ugone → 00geveryone');
    expect(run.nodes.get('Role/USER_ADMIN@00gempty+00gsome')?.properties).toMatchObject({
      scope: 'Group 00gempty, Group 00gsome',
    });
    expect(run.nodes.get('Role/cr01@iam1')?.properties).toMatchObject({ scope: 'Europe', isCustom: true });
  });

  test('knows direct assignments from those by group', async () => {
    const run = await read(await connect());
    const link = (from: string, to: string) =>
      [...run.links.values()].find((one) => one.from.nativeId === from && one.to.nativeId === to);
    expect(link('00u1', '0oasaml')).toMatchObject({ flags: 0, properties: { basis: 'DIRECT' } });
    expect(link('00u3', '0oasaml')).toMatchObject({
      flags: LinkFlag.DERIVED,
      properties: { basis: 'GROUP', viaGroup: '00gsome', appUserName: '00u3@acme.example' },
    });
    expect(link('00u9', '0oasaml')?.properties).toMatchObject({ appUserName: 'nine', appExternalId: 'ext-9' });
  });

  test('costs few calls: Everyone is not expanded and pushes are asked for where there are some', async () => {
    const session = await connect();
    emulator.resetRequests();
    await read(session);
    const { byRoute } = emulator.requests();
    expect(byRoute['GET /api/v1/groups/:id/users']).toBe(3);
    expect(byRoute['GET /api/v1/apps/:id/group-push/mappings']).toBe(1);
    expect(byRoute['GET /api/v1/groups/:id/roles']).toBe(1);
    // Two pages of people, each pass, plus one for the log-ins of managers.
    expect(byRoute['GET /api/v1/users']).toBe(3);
  });

  test('shows what changed', async () => {
    const session = await connect();
    await read(session);
    emulator.change('removeUserFromGroup', { userId: '00u3', groupId: '00gsome' });
    emulator.change('suspendUser', { userId: '00u7' });
    emulator.change('removeGroupFromApp', { appId: '0oaoidc', groupId: '00geveryone' });
    emulator.change('deactivateUser', { userId: '00u8' });
    const run = await read(session);
    expectWorld(run);
    expect(run.nodes.get('Account/00u7')?.flags).toBe(NodeFlag.INACTIVE);
  });

  test('may lose a group while it is read', async () => {
    const session = await connect();
    const groups = session.syncers.find((syncer) => syncer.name === 'groups');
    const members = session.syncers.find((syncer) => syncer.name === 'group-members');
    if (groups === undefined || members === undefined) throw new Error('listings are missing');
    const run = await read(session);
    emulator.change('deleteGroup', { groupId: '00gempty' });
    emulator.change('deleteGroup', { groupId: '00gsome' });
    const found: string[] = [];
    for await (const page of members.list(run.context(members, null, new AbortController().signal))) {
      found.push(...page.links.map((link) => link.to.nativeId));
    }
    expect(found).toEqual(['00gadmins']);
  });

  test('of nothing but people still ends every listing', async () => {
    world.okta.groups.clear();
    world.okta.apps.clear();
    world.okta.roleAssignments.clear();
    touchWorld(world);
    const run = await read(await connect());
    for (const [syncer, pages] of run.pages) expect(pages.at(-1)?.cursor, syncer).toBeNull();
    expect(run.pages.get('group-members')).toHaveLength(1);
  });
});

describe('a service app', () => {
  test('does the DPoP dance once, and again after a new nonce', async () => {
    const session = await connect(emulator.appCredentials());
    expect(emulator.requests().byRoute['POST /oauth2/v1/token']).toBe(3);
    expect(session.tenant.scopes).toContain('okta.users.read');
    emulator.turnNonce();
    emulator.revokeTokens();
    expectWorld(await read(session));
    expect(emulator.requests().byRoute['POST /oauth2/v1/token']).toBe(5);
  });

  test('goes without DPoP where the app does not demand it', async () => {
    const session = await connect(emulator.appCredentials({ dpop: false }));
    expectWorld(await read(session));
    expect(emulator.requests().byRoute['POST /oauth2/v1/token']).toBe(1);
  });

  test('with a wrong key is refused', async () => {
    const mine = emulator.appCredentials();
    const other = emulator.appCredentials();
    if (!('privateKey' in mine) || !('privateKey' in other)) throw new Error('not a service app');
    const error = await failureOf(connect({ ...mine, privateKey: other.privateKey }));
    expect(error.code).toBe('UPSTREAM_UNAUTHORIZED');
    expect((await failureOf(connect({ ...mine, keyId: 'other' }))).code).toBe('UPSTREAM_UNAUTHORIZED');
  });

  test('without any granted scope, or asking for one that is not there, is misconfigured', async () => {
    expect((await failureOf(connect(emulator.appCredentials({ scopes: [] })))).code).toBe('UPSTREAM_MISCONFIGURED');
    const credentials = emulator.appCredentials();
    const scopes = ['okta.users.read', 'okta.realms.read'];
    expect((await failureOf(connect(credentials, { scopes }))).code).toBe('UPSTREAM_MISCONFIGURED');
  });

  test('skips what was not granted, names it, and asks for nothing of it', async () => {
    const scopes = ['okta.users.read', 'okta.groups.manage', 'okta.apps.read'];
    const session = await connect(emulator.appCredentials({ scopes }), { scopes: [...scopes, 'okta.roles.read'] });
    const { run, refused } = await readWhatIsAllowed(session);
    expect(session.tenant.scopes).toEqual(scopes);
    expect(refused.get('admin-roles')).toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
      details: { missing: ['okta.roles.read'] },
    });
    expect(refused.has('api-tokens')).toBe(true);
    expect(emulator.requests().byRoute['GET /api/v1/iam/roles']).toBeUndefined();
    expect(idsOf(run, 'Account')).toHaveLength(world.okta.users.size);
    // `manage` includes reading as far as we are concerned; this org says no, with an empty 403.
    expect(refused.get('groups')).toMatchObject({ details: { missing: ['okta.groups.read'] } });
  });

  test('without any administrator role sees nobody, which is no empty org', async () => {
    const error = await failureOf(connect(emulator.appCredentials({ adminRole: 'NONE' })));
    expect([error.code, error.connector]).toEqual(['UPSTREAM_MISCONFIGURED', 'okta']);
    expect(error.message).toContain('administrator role');
  });
});

describe('an API token', () => {
  test('of a read-only administrator reads all but administrators and tokens', async () => {
    const { run, refused } = await readWhatIsAllowed(await connect(emulator.tokenCredentials('READ_ONLY_ADMIN')));
    expect([...refused.keys()].sort()).toEqual(['admin-roles', 'api-tokens']);
    expect(refused.get('admin-roles')).toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
      details: { errorCode: 'E0000006' },
    });
    expect(idsOf(run, 'Application')).toHaveLength(2);
  });

  test('that is revoked while reading ends it with UPSTREAM_UNAUTHORIZED', async () => {
    const session = await connect();
    emulator.revokeTokens();
    expect((await failureOf(read(session))).code).toBe('UPSTREAM_UNAUTHORIZED');
  });
});

describe('when something fails', () => {
  test('an empty list of users is a wrong configuration', async () => {
    const session = await connect();
    emulator.faults.add({ match: 'GET /api/v1/users?', kind: 'empty' });
    const { refused } = await readWhatIsAllowed(session);
    expect(refused.get('users')?.code).toBe('UPSTREAM_MISCONFIGURED');
  });

  test.each([
    ['group-members', '/groups/00gsome/users', 500, 'UPSTREAM_UNAVAILABLE'],
    ['app-users', '/apps/0oaoidc/users', 500, 'UPSTREAM_UNAVAILABLE'],
    ['admin-roles', '/iam/assignees/users', 403, 'UPSTREAM_FORBIDDEN'],
  ])('%s fails alone', async (syncer, match, status, code) => {
    const session = await connect();
    emulator.faults.add({ match, kind: 'status', status });
    const { refused } = await readWhatIsAllowed(session);
    expect([...refused].map(([name, error]) => [name, error.code])).toEqual([[syncer, code]]);
  });

  test('permissions that fail while something else is still on its way are told, and end nothing else', async () => {
    const session = await connect();
    emulator.faults.add({ match: '/iam/roles/[^/]+/permissions', kind: 'status', status: 403 });
    emulator.faults.add({ match: '/iam/resource-sets', kind: 'slow', ms: 200 });
    // A failure that nobody waits for would end the process, and does end the test run.
    const { refused } = await readWhatIsAllowed(session);
    expect([...refused.values()].map(({ code }) => code)).toContain('UPSTREAM_FORBIDDEN');
  });

  test('members that are cut off in one answer are read again', async () => {
    const session = await connect();
    emulator.faults.add({ match: '/groups/00gsome/users', kind: 'cut', times: 1 });
    expectWorld(await read(session));
  });

  test('groups are listed without statistics when those are too much for Okta', async () => {
    const session = await connect();
    emulator.faults.add({ match: 'expand=stats', kind: 'status', status: 500 });
    const run = await read(session);
    expectWorld(run);
    expect(run.nodes.get('Group/00gsome')?.properties).not.toHaveProperty('hasAdminRoles');
  });

  test('assignments by group carry access where the groups of applications are hidden', async () => {
    const session = await connect();
    emulator.faults.add({ match: '/apps/[^/]+/groups', kind: 'status', status: 403 });
    const { run, refused } = await readWhatIsAllowed(session);
    expect([...refused.keys()]).toEqual(['app-groups']);
    const byGroup = [...run.links.values()].filter(
      (link) => link.from.nativeId === '00u3' && link.kind === 'ASSIGNED_TO',
    );
    expect(byGroup.map((link) => [link.flags, link.properties])).toContainEqual([
      0,
      expect.objectContaining({ basis: 'GROUP_UNREADABLE' }),
    ]);
  });

  test('inbound identity providers may be hidden; accounts then do not say where they come from', async () => {
    const session = await connect();
    emulator.faults.add({ match: '/idps', kind: 'status', status: 403 });
    const { run, refused } = await readWhatIsAllowed(session);
    expect([...refused.keys()]).toEqual(['idps']);
    expect(run.nodes.get('Account/00u5')?.properties).not.toHaveProperty('federatedSubjects');
  });

  test('a page that repeats ends the listing with an error', async () => {
    for (let i = 200; i < 450; i++) world.okta.users.set(`00u${i}`, aUser(`00u${i}`));
    touchWorld(world);
    const session = await connect();
    emulator.faults.add({ match: 'GET /api/v1/users?', kind: 'repeat-token' });
    const { refused } = await readWhatIsAllowed(session);
    expect(refused.get('users')?.code).toBe('UPSTREAM_INVALID');
  });

  test('partial visibility removes nothing', async () => {
    const run = await read(await connect(emulator.credentials, { partialVisibility: true }));
    for (const pages of run.pages.values()) {
      for (const page of pages) expect(page.incomplete).toBe('PARTIAL_VISIBILITY');
    }
  });
});

describe('links to the next page', () => {
  test('that name another host of the org are followed at the configured one', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x');
      seen.push(`${request.headers.host} ${url.pathname}${url.search}`);
      response.setHeader('content-type', 'application/json');
      if (
        url.pathname === '/api/v1/users' &&
        url.searchParams.get('limit') === '200' &&
        !url.searchParams.has('after')
      ) {
        response.setHeader('link', ['<https://acme.okta.com/api/v1/users?after=x&limit=200>; rel="next"']);
      }
      const body =
        url.pathname === '/.well-known/okta-organization'
          ? {
              id: '00o1',
              _links: { organization: { href: 'https://acme.okta.com' }, alternate: { href: 'https://id.acme.com' } },
            }
          : url.pathname === '/api/v1/users'
            ? [{ id: url.searchParams.has('after') ? '00u2' : '00u1', status: 'ACTIVE' }]
            : url.pathname === '/api/v1/org'
              ? { companyName: 'Acme' }
              : [];
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const session = await connect({ domain: 'id.acme.com', apiToken: 'x', baseUrl: `http://${host}` });
      expect(session.tenant).toMatchObject({ nativeId: '00o1', domains: ['id.acme.com', 'acme.okta.com'] });
      const users = session.syncers.find((syncer) => syncer.name === 'users');
      const context = (await readAll({ ...session, syncers: [] }, new AbortController().signal)).context;
      const ids: string[] = [];
      if (users === undefined) throw new Error('users are missing');
      for await (const page of users.list(context(users, null, new AbortController().signal))) {
        ids.push(...page.nodes.map(nodeKeyOf));
      }
      expect(ids).toContain('Account/00u2');
      expect(seen.every((line) => line.startsWith(host))).toBe(true);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('a live read', () => {
  const live = (session: ProviderSession, kind: 'Account' | 'Group' | 'Application', nativeId: string) =>
    session.live?.({ kind, nativeId }, new AbortController().signal);

  test('of an account brings its groups and its own roles', async () => {
    const session = await connect();
    const found = await live(session, 'Account', '00u4');
    const links = found?.links.map((link) => `${link.kind} ${link.to.nativeId}`).sort();
    // The role of the group 00gadmins is the group's, not the account's.
    expect(links).toEqual(['MEMBER_OF 00gadmins', 'MEMBER_OF 00geveryone']);
    const admin = await live(session, 'Account', '00u1');
    expect(admin?.links.map((link) => link.to.nativeId)).toContain('USER_ADMIN@00gempty+00gsome');
  });

  test('sees a change at once, and what is gone', async () => {
    const session = await connect();
    emulator.change('suspendUser', { userId: '00u3' });
    expect((await live(session, 'Account', '00u3'))?.nodes[0]).toMatchObject({ flags: NodeFlag.INACTIVE });
    emulator.change('deleteUser', { userId: '00u3' });
    expect(await live(session, 'Account', '00u3')).toBeNull();
  });

  test('of a group brings its applications and roles', async () => {
    const found = await live(await connect(), 'Group', '00gadmins');
    expect(found?.links.map((link) => `${link.kind} ${link.to.nativeId}`).sort()).toEqual([
      'ASSIGNED_TO 0oasaml',
      'HAS_ROLE cr01@iam1',
    ]);
  });
});
