import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { torqProvider } from '../../../datasources/providers/torq/index.ts';
import { startTorqEmulator, type TorqEmulator } from '../../../emulators/torq.ts';
import { NodeFlag } from '../../../src/domain/flags.ts';
import type { ProviderSession } from '../../../src/ports/provider.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../support/memory-logger.ts';
import { idsOf, type ProviderRun, pairsOf, readAll } from '../../support/provider-run.ts';
import { anEmptyWorld } from '../../support/small-world.ts';

const OWNER = '0b0d0000-0000-4000-8000-000000000001';
const VIEWER = '0b0d0000-0000-4000-8000-000000000002';
const ANN = '74e10000-0000-4000-8000-000000000001';
const BOB = '74e10000-0000-4000-8000-000000000002';

let emulator: TorqEmulator;
let session: ProviderSession | null = null;
let logger: MemoryLogger;

/** Ann came through single sign-on and owns a private key; Bob is local and was only invited. */
beforeEach(async () => {
  const world = anEmptyWorld();
  const { torq } = world;
  const created = '2026-01-01T00:00:00.000Z';
  torq.roles.set(OWNER, {
    id: OWNER,
    name: 'Owner',
    description: 'All of it',
    scopeNames: ['user.read', 'user.write'],
    isCustom: false,
  });
  torq.roles.set(VIEWER, { id: VIEWER, name: 'Lookers', description: '', scopeNames: ['user.read'], isCustom: true });
  const ann = { email: 'Ann@Acme.example', roleId: OWNER, status: 'VERIFIED' as const, ssoProvision: true };
  const bob = { email: 'bob@acme.example', roleId: VIEWER, status: 'INVITATION_SENT' as const, ssoProvision: false };
  torq.users.set(ANN, { id: ANN, ...ann, createdTime: created, lastLoginTime: '2026-08-01T08:00:00.490771179Z' });
  torq.users.set(BOB, { id: BOB, ...bob, createdTime: created, lastLoginTime: null });
  const key = { createdTime: created, lastAuthenticatedTime: null };
  torq.apiKeys.set('key-1', {
    clientId: 'key-1',
    name: 'gateway',
    type: 'API_KEY_TYPE_SERVICE',
    roleId: OWNER,
    userId: null,
    ...key,
  });
  torq.apiKeys.set('key-2', {
    clientId: 'key-2',
    name: 'laptop',
    type: 'API_KEY_TYPE_PRIVATE',
    roleId: OWNER,
    userId: ANN,
    ...key,
  });
  torq.claimMappings.push({ id: 'm1', claimName: 'groups', claimValue: 'secops', roleId: OWNER, rank: '10' });
  emulator = await startTorqEmulator({ world });
  logger = memoryLogger();
});
afterEach(async () => {
  await session?.close();
  session = null;
  await emulator.close();
});

async function connect(settings: object = {}): Promise<ProviderSession> {
  session = await torqProvider.connect(torqProvider.settingsSchema.parse({ ...emulator.credentials, ...settings }), {
    connector: 'torq',
    clock: fakeClock(Date.now()),
    logger,
    signal: new AbortController().signal,
    allowLoopback: true,
  });
  return session;
}

const read = (from: ProviderSession, skip?: Parameters<typeof readAll>[2]): Promise<ProviderRun> =>
  readAll(from, new AbortController().signal, skip);

describe('Torq', () => {
  it('says what it knows of people, roles and keys, and no more', async () => {
    const { nodes, links } = await read(await connect());
    expect(nodes.get(`Account/${ANN}`)).toEqual({
      kind: 'Account',
      nativeId: ANN,
      name: 'ann@acme.example',
      flags: 0,
      properties: {
        userName: 'ann@acme.example',
        emails: [{ value: 'ann@acme.example', type: 'work', primary: true, verified: null, directorySet: true }],
        status: 'ACTIVE',
        nativeStatus: 'VERIFIED',
        active: true,
        type: 'UNKNOWN',
        accountClass: 'USER',
        entry: 'UNKNOWN',
        mfaEnrolled: null,
        createdAt: '2026-01-01T00:00:00.000Z',
        lastLoginAt: '2026-08-01T08:00:00.490771179Z',
      },
    });
    expect(nodes.get(`Account/${BOB}`)).toMatchObject({
      flags: NodeFlag.INACTIVE,
      properties: { status: 'INVITED', nativeStatus: 'INVITATION_SENT', active: false, entry: 'DIRECT' },
    });
    expect(nodes.get(`Role/${OWNER}`)).toMatchObject({
      name: 'Owner',
      properties: { type: 'RBAC', isCustom: false, givenByClaims: [{ name: 'groups', value: 'secops', rank: 10 }] },
    });
    expect(nodes.get('Credential/key-2')).toMatchObject({ properties: { type: 'API_KEY', roleName: 'Owner' } });
    expect(nodes.get('Credential/key-1')).toMatchObject({ properties: { type: 'SERVICE_KEY' } });
    expect([...links.values()].filter(({ kind }) => kind === 'OWNS')).toHaveLength(1);
  });

  it('reads a dozen things at most, with one token', async () => {
    const open = await connect();
    await read(open);
    expect(emulator.requests()).toMatchObject({ writes: 0, byRoute: { 'POST /auth/v1/auth/token': 1 } });
    expect(emulator.requests().total).toBeLessThanOrEqual(7);
  });

  it('takes a body without users for broken, not for nobody, and gets over it when it heals', async () => {
    const open = await connect();
    emulator.change('dropUsersMember', { times: 1 });
    expect(idsOf(await read(open), 'Account')).toEqual([ANN, BOB]);
    emulator.change('dropUsersMember', { times: 1000 });
    await expect(read(open)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it.each([
    [{ kind: 'status' as const, status: 403 }, 'UPSTREAM_FORBIDDEN'],
    [{ kind: 'status' as const, status: 500 }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'cut' as const }, 'UPSTREAM_INVALID'],
  ])('has no list when only one of its two halves came: %o', async (fault, code) => {
    const open = await connect();
    emulator.faults.add({ match: 'sso_provision=true', ...fault });
    await expect(read(open)).rejects.toMatchObject({ code });
  });

  it('finds the roles of an older API', async () => {
    emulator.change('setOldRolesPath', { on: true });
    expect(idsOf(await read(await connect()), 'Role')).toEqual([OWNER, VIEWER]);
  });

  it('names the workspace as its log does, as the settings say, or after the key', async () => {
    expect((await connect()).tenant).toMatchObject({
      nativeId: '00000000-0000-4000-8000-000000000001',
      name: 'Acme',
      domains: ['torq-workspace:00000000-0000-4000-8000-000000000001', ...emulator.credentials.ownSignInUrls],
    });
    await session?.close();
    emulator.change('setKey', { isOwner: false });
    expect((await connect()).tenant.nativeId).toBe('key-1');
    await session?.close();
    const named = await connect({
      workspaceId: 'w1',
      workspaceName: 'Example',
      ownSignInUrls: ['https://Auth.torq.io/saml/acs/W1/'],
    });
    expect(named.tenant).toMatchObject({
      nativeId: 'w1',
      name: 'Example',
      domains: ['torq-workspace:w1', 'https://auth.torq.io/saml/acs/w1'],
    });
  });

  it('reads on with a narrow key, and names the scope that is missing', async () => {
    emulator.change('setKey', { isOwner: false, scopes: ['user.read'] });
    const refused = new Map<string, unknown>();
    const reading = await read(await connect(), (name, error) => {
      refused.set(name, error);
      return true;
    });
    expect(idsOf(reading, 'Account')).toEqual([ANN, BOB]);
    expect(pairsOf(reading, 'HAS_ROLE')).toEqual([`${ANN} → ${OWNER}`, `${BOB} → ${VIEWER}`]);
    expect([...refused.keys()]).toEqual(['roles', 'api-keys']);
    expect(refused.get('api-keys')).toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
      details: { missing: ['apikey.read'] },
    });
  });

  it('sees a changed role, an invitation and a deletion', async () => {
    const open = await connect();
    emulator.change('setRole', { userId: BOB, roleId: OWNER });
    emulator.change('inviteUser', { email: 'cy@acme.example', roleId: VIEWER });
    emulator.change('deleteUser', { userId: ANN });
    const reading = await read(open);
    expect(pairsOf(reading, 'HAS_ROLE').map((pair) => pair.split(' → ')[1])).toEqual(
      expect.arrayContaining([VIEWER, OWNER]),
    );
    expect(idsOf(reading, 'Account')).toHaveLength(2);
    expect(idsOf(reading, 'Credential')).toEqual(['key-1']);
    const live = (nativeId: string) => open.live?.({ kind: 'Account', nativeId }, new AbortController().signal);
    expect(await live(ANN)).toBeNull();
    expect((await live(BOB))?.links).toMatchObject([{ kind: 'HAS_ROLE', to: { nativeId: OWNER } }]);
  });

  it('keeps the secret and the token out of logs and errors', async () => {
    emulator.faults.add({ match: '/users', kind: 'status', status: 401 });
    const error: unknown = await read(await connect()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED' });
    const { clientId, clientSecret } = emulator.credentials;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const said = `${logger.text()} ${String(error)} ${JSON.stringify(error)}`;
    for (const secret of [clientSecret, basic]) expect(said).not.toContain(secret);
  });
});

/**
 * Torq publishes no OpenAPI document. What stands in for one are the examples of its reference pages, written here as
 * schemas; they hold the emulator to what the pages show, and prove nothing about a live workspace.
 */
describe('Torq emulator, held to the examples of the reference', () => {
  const user = z.strictObject({
    id: z.uuid(),
    email: z.string(),
    role_id: z.uuid(),
    status: z.enum(['STATUS_UNSPECIFIED', 'INVITATION_SENT', 'VERIFIED']),
    sso_provision: z.literal(true).optional(),
    created_time: z.iso.datetime(),
    last_login_time: z.iso.datetime().optional(),
  });
  const role = z.strictObject({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    scope_names: z.array(z.string()),
    is_custom: z.boolean(),
  });
  const shapes = {
    '/users?sso_provision=true': z.strictObject({ users: z.array(user) }),
    '/users?sso_provision=false': z.strictObject({ users: z.array(user) }),
    '/roles': z.strictObject({ roles: z.array(role), next_page_token: z.literal('') }),
    '/api-keys': z.strictObject({
      api_keys: z.array(
        z.strictObject({
          client_id: z.string(),
          name: z.string(),
          type: z.enum(['API_KEY_TYPE_SERVICE', 'API_KEY_TYPE_PRIVATE']),
          role_id: z.uuid(),
          role_name: z.string(),
          created_time: z.iso.datetime(),
          last_authenticated_time: z.iso.datetime().optional(),
          user: user.optional(),
        }),
      ),
    }),
    '/sso/claim_mappings': z.strictObject({
      claim_mappings: z.array(
        z.strictObject({
          id: z.string(),
          claim_name: z.string(),
          claim_value: z.string(),
          role_id: z.uuid(),
          rank: z.string().regex(/^\d+$/),
        }),
      ),
    }),
    '/audit_logs?page_size=1': z.strictObject({
      audit_logs: z.array(
        z.looseObject({
          id: z.string(),
          timestamp: z.iso.datetime(),
          actor_name: z.string(),
          email: z.string(),
          actor_type: z.enum(['web_app', 'api_key']),
          action: z.string(),
          account_id: z.string(),
          account_name: z.string(),
        }),
      ),
      next_page_token: z.string(),
    }),
  };

  it('answers in their shape', async () => {
    const { baseUrl, clientId, clientSecret } = emulator.credentials;
    const grant = await fetch(`${baseUrl}/auth/v1/auth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(grant.headers.get('cache-control')).toBe('no-store');
    const { access_token: token } = z
      .strictObject({ access_token: z.string(), expires_in: z.literal(3600), token_type: z.literal('Bearer') })
      .parse(await grant.json());
    for (const [path, shape] of Object.entries(shapes)) {
      const answer = await fetch(`${baseUrl}/api/public/v1alpha${path}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const body: unknown = await answer.json();
      expect(shape.safeParse(body).error?.issues ?? [], path).toEqual([]);
      expect(Object.values(Object(body))[0], path).not.toEqual([]);
    }
  });
});
