import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jumpcloudProvider } from '../../../datasources/providers/jumpcloud/index.ts';
import { createCompany } from '../../../emulators/company.ts';
import { type JumpCloudEmulator, startJumpCloudEmulator } from '../../../emulators/jumpcloud.ts';
import type { JumpCloudGroup, JumpCloudUser, World } from '../../../emulators/world.ts';
import { touchWorld } from '../../../emulators/world-version.ts';
import { LinkFlag, NodeFlag } from '../../../src/domain/flags.ts';
import type { LinkKind } from '../../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../../src/domain/node-kinds.ts';
import type { ProviderSession, SyncerContext } from '../../../src/ports/provider.ts';
import { type Expected, jumpCloudExpected } from '../../support/directory-expected.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type MemoryLogger, memoryLogger } from '../../support/memory-logger.ts';
import { idsOf, linkKeyOf, type ProviderRun, pairsOf, readAll } from '../../support/provider-run.ts';
import { anEmptyWorld } from '../../support/small-world.ts';

let logger: MemoryLogger;
let emulator: JumpCloudEmulator;
let session: ProviderSession | null = null;

beforeEach(() => {
  logger = memoryLogger();
});
afterEach(async () => {
  await session?.close();
  session = null;
  await emulator.close();
});

async function start(world: World): Promise<JumpCloudEmulator> {
  emulator = await startJumpCloudEmulator({ world });
  return emulator;
}

async function connect(settings: object = emulator.credentials): Promise<ProviderSession> {
  session = await jumpcloudProvider.connect(jumpcloudProvider.settingsSchema.parse(settings), {
    connector: 'jumpcloud',
    clock: fakeClock(),
    logger,
    signal: new AbortController().signal,
    allowLoopback: true,
  });
  return session;
}

const never = new AbortController().signal;

/** For a listing that needs no other. */
const alone: SyncerContext = { signal: never, cursor: null, ids: () => [], node: async () => null };

/** Reads everything, or what these listings need and give. */
async function read(from: ProviderSession, only?: readonly string[]): Promise<ProviderRun> {
  const syncers = only === undefined ? from.syncers : from.syncers.filter(({ name }) => only.includes(name));
  return readAll({ ...from, syncers }, never);
}

const incompleteOf = (run: ProviderRun): string[] =>
  [...run.pages].filter(([, pages]) => pages.some((page) => page.incomplete !== undefined)).map(([name]) => name);

/** All ids and pairs of a run, in the form of what is expected. */
function found(run: ProviderRun, expected: Expected) {
  const kindsOf = <K extends string>(record: Partial<Record<K, unknown>>): K[] => Object.keys(record) as K[];
  return {
    nodes: Object.fromEntries(kindsOf(expected.nodes).map((kind) => [kind, idsOf(run, kind)])),
    links: Object.fromEntries(kindsOf(expected.links).map((kind) => [kind, pairsOf(run, kind)])),
  };
}

function inOrderOfName({ nodes, links }: Expected): unknown {
  const sorted = (record: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(record).map(([kind, values]) => [kind, [...values].sort()]));
  return { nodes: sorted(nodes), links: sorted(links) };
}

const link = (from: string, kind: LinkKind, to: string): string => {
  const [a, b] = [from.split('/'), to.split('/')];
  return linkKeyOf({
    from: { kind: a[0] as NodeKind, nativeId: a[1] ?? '' },
    kind,
    to: { kind: b[0] as NodeKind, nativeId: b[1] ?? '' },
  });
};

const hex = (prefix: string, n: number): string => prefix + n.toString(16).padStart(24 - prefix.length, '0');

function aUser(n: number, patch: Partial<JumpCloudUser> = {}): JumpCloudUser {
  return {
    id: hex('64b', n),
    username: `user${n}`,
    email: `User${n}@acme.example`,
    alternateEmail: null,
    firstname: 'Una',
    lastname: `No ${n}`,
    displayname: null,
    state: 'ACTIVATED',
    activated: true,
    accountLocked: false,
    passwordExpired: false,
    mfaConfigured: false,
    adminId: null,
    manager: null,
    employeeIdentifier: null,
    employeeType: null,
    department: null,
    jobTitle: null,
    location: null,
    company: null,
    created: '2024-01-01T00:00:00.000Z',
    ...patch,
  };
}

/** A tenant with so many users, and groups of the given sizes. */
function aTenant(users: number, groupSizes: readonly number[] = []): World {
  const world = anEmptyWorld();
  const { jumpcloud } = world;
  for (let n = 1; n <= users; n++) jumpcloud.users.set(hex('64b', n), aUser(n));
  const ids = [...jumpcloud.users.keys()];
  groupSizes.forEach((size, i) => {
    const group: JumpCloudGroup = {
      id: hex('65a', i + 1),
      name: `Group ${i + 1}`,
      description: null,
      membershipMethod: 'STATIC',
      rule: [],
      members: new Set(ids.slice(0, size)),
    };
    jumpcloud.groups.set(group.id, group);
  });
  return world;
}

describe('JumpCloud, a whole company', () => {
  it('reads everything there is, and nothing else, with either kind of credentials', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const expected = jumpCloudExpected(world.jumpcloud);
    for (const settings of [emulator.credentials, emulator.oauthCredentials]) {
      const reading = await read(await connect(settings));
      expect(found(reading, expected)).toEqual(inOrderOfName(expected));
      expect(reading.nodes.size).toBe(Object.values(expected.nodes).flat().length);
      expect(reading.links.size).toBe(Object.values(expected.links).flat().length);
      expect(incompleteOf(reading)).toEqual([]);
      await session?.close();
    }
    expect(emulator.requests().writes).toBe(0);
  });

  it('keeps no secret that the API hands out beside the facts, and none of its own, in drafts and logs', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const reading = await read(await connect(emulator.oauthCredentials));
    emulator.faults.add({ match: '/api/systemusers', kind: 'status', status: 401 });
    const failed = await read(session as ProviderSession).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED' });
    const kept =
      JSON.stringify([[...reading.nodes], [...reading.links], String(failed), JSON.stringify(failed)]) + logger.text();
    const secrets = [...emulator.plantedSecrets, emulator.credentials.apiKey, emulator.oauthCredentials.clientSecret];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(16);
      expect(kept).not.toContain(secret);
      expect(kept).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  it('asks for applications and RADIUS servers without their secrets', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const asked = async (path: string): Promise<string> =>
      (await fetch(`${emulator.url}${path}`, { headers: { 'x-api-key': emulator.credentials.apiKey } })).text();
    expect(await asked('/api/applications')).toContain('idpPrivateKey');
    expect(await asked('/api/radiusservers')).toContain('sharedSecret');
    const { APPLICATION_FIELDS, RADIUS_FIELDS } = await import('../../../datasources/providers/jumpcloud/payloads.ts');
    expect(await asked(`/api/applications?fields=${encodeURIComponent(APPLICATION_FIELDS)}`)).not.toContain(
      'idpPrivateKey',
    );
    expect(await asked(`/api/radiusservers?fields=${encodeURIComponent(RADIUS_FIELDS)}`)).not.toContain('sharedSecret');
  });
});

describe('JumpCloud paging', () => {
  it.each([0, 1, 99, 100, 101, 198, 199, 200, 201, 300])('reads %i users once each', async (count) => {
    await start(aTenant(count));
    const reading = await read(await connect(), ['users']);
    const rows = reading.pages.get('users')?.reduce((sum, page) => sum + page.nodes.length, 0);
    expect([reading.nodes.size, rows]).toEqual([count, count]);
    expect(incompleteOf(reading)).toEqual([]);
    expect(reading.pages.get('users')?.at(-1)?.cursor).toBeNull();
  });

  it('reads groups of a page, of many pages and of nobody, past short pages of orphans', async () => {
    const world = aTenant(450, [0, 1, 99, 100, 101, 200, 300, 450]);
    await start(world);
    const big = hex('65a', 8);
    emulator.change('setOrphans', { parentId: big, count: 130 });
    const page = await fetch(`${emulator.url}/api/v2/usergroups/${big}/members?limit=100`, {
      headers: { 'x-api-key': emulator.credentials.apiKey },
    });
    expect([await page.json(), page.headers.get('x-total-count')]).toEqual([
      expect.objectContaining({ length: 40 }),
      '580',
    ]);

    const reading = await read(await connect(), ['users', 'groups', 'group-members']);
    expect(pairsOf(reading, 'MEMBER_OF')).toEqual(
      [...(jumpCloudExpected(world.jumpcloud).links.MEMBER_OF ?? [])].sort(),
    );
    expect(incompleteOf(reading)).toEqual([]);
  });

  it('misses nobody when users are deleted between two pages', async () => {
    const world = aTenant(400);
    await start(world);
    const { syncers } = await connect();
    const users = syncers.find((syncer) => syncer.name === 'users');
    const seen = new Set<string>();
    let page = 0;
    for await (const { nodes, incomplete } of users?.list(alone) ?? []) {
      for (const node of nodes) seen.add(node.nativeId);
      expect(incomplete).toBeUndefined();
      // Three pages are under way by now; what follows them moves up by 30.
      if (page++ === 0) {
        for (let n = 1; n <= 30; n++) world.jumpcloud.users.delete(hex('64b', n));
        touchWorld(world);
      }
    }
    for (const id of world.jumpcloud.users.keys()) expect(seen).toContain(id);
  });

  it('confirms a list whose order changes, and says so when it never settles', async () => {
    const world = aTenant(250, [250]);
    await start(world);
    const groupId = hex('65a', 1);
    emulator.change('setOrphans', { parentId: groupId, count: 0 });
    emulator.change('setUnstableOrder', { parentId: groupId, reads: 3 });
    const open = await connect();
    const settled = await read(open, ['users', 'groups', 'group-members']);
    expect(settled.links.size).toBe(250);
    expect(incompleteOf(settled)).toEqual([]);

    emulator.change('setUnstableOrder', { parentId: groupId, reads: 1000 });
    const restless = await read(open, ['users', 'groups', 'group-members']);
    expect(incompleteOf(restless)).toEqual(['group-members']);
  });
});

describe('JumpCloud accounts', () => {
  it.each([
    [{ state: 'SUSPENDED' as const, accountLocked: true }, 'SUSPENDED', NodeFlag.INACTIVE],
    [{ state: 'STAGED' as const, activated: false, accountLocked: true }, 'STAGED', NodeFlag.INACTIVE],
    [{ activated: false }, 'INVITED', NodeFlag.INACTIVE],
    [{ accountLocked: true, passwordExpired: true }, 'LOCKED', 0],
    [{ passwordExpired: true }, 'PASSWORD_EXPIRED', 0],
    [{}, 'ACTIVE', 0],
  ])('maps %o to %s', async (patch, status, flags) => {
    const world = anEmptyWorld();
    world.jumpcloud.users.set(hex('64b', 1), aUser(1, patch));
    await start(world);
    const reading = await read(await connect(), ['users']);
    const account = reading.nodes.get(`Account/${hex('64b', 1)}`);
    expect([account?.properties, account?.flags]).toEqual([expect.objectContaining({ status }), flags]);
  });

  it('says what it knows of a person, and no more', async () => {
    const world = anEmptyWorld();
    const { users, admins, roles } = world.jumpcloud;
    const adminId = hex('64c', 1);
    roles.set('role1', { id: 'role1', name: 'Administrator', description: '', scopes: ['users'], isCustom: false });
    roles.set('role2', { id: 'role2', name: 'Auditor', description: '', scopes: ['users.readonly'], isCustom: true });
    admins.set(adminId, {
      id: adminId,
      email: 'Root@Acme.example',
      firstname: 'Una',
      lastname: 'One',
      roleIds: ['role1', 'role2'],
      suspended: true,
      totpEnrolled: true,
      created: '2024-02-01T00:00:00.000Z',
    });
    users.set(
      hex('64b', 1),
      aUser(1, {
        adminId,
        alternateEmail: 'Una@Home.test',
        manager: hex('64b', 2),
        mfaConfigured: true,
        employeeIdentifier: 'E-7',
      }),
    );
    users.set(hex('64b', 2), aUser(2, { firstname: null, lastname: null, employeeType: 'Service' }));
    await start(world);
    const reading = await read(await connect());
    expect(reading.nodes.get(`Account/${hex('64b', 1)}`)).toEqual({
      kind: 'Account',
      nativeId: hex('64b', 1),
      name: 'Una No 1',
      flags: 0,
      properties: {
        userName: 'user1',
        displayName: 'Una No 1',
        name: { givenName: 'Una', familyName: 'No 1' },
        emails: [
          { value: 'user1@acme.example', type: 'work', primary: true, verified: null, directorySet: true },
          { value: 'una@home.test', type: 'other', verified: null },
        ],
        status: 'ACTIVE',
        nativeStatus: 'ACTIVATED',
        active: true,
        type: 'HUMAN',
        accountClass: 'USER',
        entry: 'DIRECT',
        employeeNumber: 'E-7',
        managerKey: `jumpcloud/Account/${hex('64b', 2)}`,
        mfaEnrolled: true,
        createdAt: '2024-01-01T00:00:00.000Z',
        lockedOut: false,
        sameAs: [`jumpcloud/Account/${adminId}`],
      },
    });
    expect(reading.nodes.get(`Account/${hex('64b', 2)}`)).toMatchObject({
      name: 'user2',
      properties: { type: 'SERVICE' },
    });
    expect(reading.nodes.get(`Account/${adminId}`)).toMatchObject({
      name: 'Una One',
      flags: NodeFlag.INACTIVE,
      properties: {
        accountClass: 'ADMIN',
        status: 'SUSPENDED',
        mfaEnrolled: true,
        emails: [{ value: 'root@acme.example', directorySet: true }],
        sameAs: [`jumpcloud/Account/${hex('64b', 1)}`],
      },
    });
    expect(reading.links.has(link(`Account/${adminId}`, 'HAS_ROLE', `Role/role2`))).toBe(true);
    expect(reading.nodes.get('Role/role2')).toMatchObject({ properties: { type: 'CUSTOM_ADMIN', isCustom: true } });
  });

  it.each([403, 404])(
    'takes administrators from their users when the list answers %i, and says it is not whole',
    async (status) => {
      const { world } = createCompany({ size: 'S' });
      await start(world);
      emulator.change('setAdminList', { status });
      const reading = await read(await connect(), ['users', 'roles', 'admins']);
      const { users, admins } = world.jumpcloud;
      const known = [...users.values()].flatMap(({ adminId }) => (adminId === null ? [] : [adminId]));
      expect(known.length).toBeGreaterThan(0);
      for (const id of known) {
        expect(reading.nodes.get(`Account/${id}`)?.properties).toMatchObject({ accountClass: 'ADMIN' });
        for (const role of admins.get(id)?.roleIds ?? []) {
          expect(reading.links.has(link(`Account/${id}`, 'HAS_ROLE', `Role/${role}`))).toBe(true);
        }
      }
      expect(incompleteOf(reading)).toEqual(['admins']);
    },
  );

  it('gives administrators the same drafts in a run that was resumed after its users', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const whole = await read(await connect());
    await session?.close();
    const resumed = await read(await connect(), ['roles', 'admins']);
    for (const id of world.jumpcloud.admins.keys()) {
      expect(resumed.nodes.get(`Account/${id}`)).toEqual(whole.nodes.get(`Account/${id}`));
    }
  });
});

describe('JumpCloud resources', () => {
  it('tells the id over there: on the binding itself, or as evidence for whoever comes through a group', async () => {
    const world = aTenant(3, [2]);
    const { directories } = world.jumpcloud;
    const [one, two, three] = [hex('64b', 1), hex('64b', 2), hex('64b', 3)];
    const id = hex('60d', 1);
    directories.set(id, {
      id,
      type: 'g_suite',
      name: 'Google Workspace',
      defaultDomain: 'acme.example',
      externalIds: new Map([
        [one, 'g-1'],
        [three, 'g-3'],
      ]),
      users: new Set([two, three]),
      groups: new Set([hex('65a', 1)]),
    });
    await start(world);
    const { links, nodes } = await read(await connect());
    const bound = (user: string) => links.get(link(`Account/${user}`, 'ASSIGNED_TO', `Application/${id}`));
    expect(bound(three)).toMatchObject({ properties: { basis: 'DIRECT', appExternalId: 'g-3' } });
    expect(bound(three)?.flags ?? 0).toBe(0);
    expect(bound(two)).toMatchObject({ properties: { basis: 'DIRECT' } });
    expect(bound(one)).toMatchObject({
      flags: LinkFlag.DERIVED,
      properties: { basis: 'DIRECTORY', appExternalId: 'g-1', viaGroup: hex('65a', 1) },
    });
    expect(nodes.get(`Application/${id}`)).toMatchObject({
      properties: { type: 'DIRECTORY', audience: 'acme.example' },
    });
  });

  it('reads one thing fresh with its own links, of every kind it promises', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const open = await connect();
    const whole = await read(open);
    const { users, admins, groups, apps, directories, radius } = world.jumpcloud;
    const samples = [
      ...[...users.keys()].slice(0, 3).map((id) => ['Account', id] as const),
      ...[...admins.keys()].slice(0, 1).map((id) => ['Account', id] as const),
      ...[...groups.keys()].slice(0, 3).map((id) => ['Group', id] as const),
      ...[apps, directories, radius].flatMap((map) => [...map.keys()].map((id) => ['Application', id] as const)),
    ];
    for (const [kind, nativeId] of samples) {
      const fresh = await open.live?.({ kind, nativeId }, new AbortController().signal);
      expect(fresh?.nodes).toEqual([whole.nodes.get(`${kind}/${nativeId}`)]);
      const walkable = [...whole.links.values()].filter(
        ({ from, to, flags }) =>
          (from.nativeId === nativeId || to.nativeId === nativeId) && (kind === 'Application' || (flags ?? 0) === 0),
      );
      expect(fresh?.links.length).toBe(walkable.length);
    }
    for (const kind of ['Account', 'Group', 'Application'] as const) {
      expect(await open.live?.({ kind, nativeId: hex('fff', 1) }, new AbortController().signal)).toBeNull();
    }
  });
});

describe('JumpCloud under fire', () => {
  it.each([
    [{ kind: 'cut' as const }, 'UPSTREAM_INVALID'],
    [{ kind: 'html' as const }, 'UPSTREAM_INVALID'],
    [{ kind: 'html' as const, status: 503 }, 'UPSTREAM_UNAVAILABLE'],
    [{ kind: 'status' as const, status: 401 }, 'UPSTREAM_UNAUTHORIZED'],
    [{ kind: 'status' as const, status: 402 }, 'UPSTREAM_NOT_AVAILABLE'],
    [{ kind: 'status' as const, status: 429 }, 'UPSTREAM_RATE_LIMITED'],
    [{ kind: 'status' as const, status: 500 }, 'UPSTREAM_UNAVAILABLE'],
  ])('throws for %o in the middle of a listing', async (fault, code) => {
    await start(aTenant(300, [250]));
    const open = await connect();
    emulator.faults.add({ match: '/members', after: 1, ...fault });
    await expect(read(open)).rejects.toMatchObject({ code });
  });

  it('gets over what heals, with the same result', async () => {
    const world = aTenant(300, [250, 40]);
    await start(world);
    const open = await connect();
    emulator.faults.add({ match: '/api/', kind: 'status', status: 503, times: 2 });
    emulator.faults.add({ match: '/members', kind: 'cut', times: 1 });
    emulator.faults.add({ match: 'systemusers', kind: 'html', status: 502, times: 1 });
    const reading = await read(open);
    expect(pairsOf(reading, 'MEMBER_OF')).toEqual(
      [...(jumpCloudExpected(world.jumpcloud).links.MEMBER_OF ?? [])].sort(),
    );
    expect(open.stats().retries).toBe(4);
  });

  it('does not take one empty answer for nobody', async () => {
    const world = aTenant(120, [120, 50]);
    await start(world);
    const open = await connect();
    emulator.faults.add({ match: `${hex('65a', 2)}/members`, kind: 'empty', times: 1 });
    const reading = await read(open);
    expect(reading.links.size).toBe(170);
  });

  it('names the scope that is missing, listing by listing, and reads the others', async () => {
    const { world } = createCompany({ size: 'S' });
    await start(world);
    const scopes = ['organizations', 'users', 'groups'].map((name) => `${name}.readonly`);
    emulator.change('setScopes', { scopes });
    const open = await connect();
    const refused = new Map<string, unknown>();
    const reading = await readAll(open, never, (name, error) => {
      refused.set(name, error);
      return true;
    });
    expect([...refused.keys()]).toEqual([
      'roles',
      'applications',
      'directories',
      'directory-assignments',
      'radius-servers',
      'service-accounts',
    ]);
    for (const [name, error] of refused) expect(error, name).toMatchObject({ code: 'UPSTREAM_FORBIDDEN' });
    expect(refused.get('roles')).toMatchObject({ details: { missing: ['roles.readonly'] } });
    // Administrators are taken from their users then.
    expect(incompleteOf(reading)).toEqual(['admins']);
    expect(idsOf(reading, 'Group').length).toBe(world.jumpcloud.groups.size);
    expect(pairsOf(reading, 'MEMBER_OF').length).toBeGreaterThan(0);
  });

  it('gets a new token when the old one is refused, and gives up when the credentials are', async () => {
    await start(aTenant(150));
    const open = await connect(emulator.oauthCredentials);
    emulator.change('revokeTokens');
    expect((await read(open, ['users'])).nodes.size).toBe(150);
    expect(emulator.requests().byRoute['POST /admin-oauth/oauth2/token']).toBe(2);
    await session?.close();
    await expect(connect({ ...emulator.oauthCredentials, clientSecret: 'wrong' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAUTHORIZED',
    });
    await expect(connect({ ...emulator.credentials, apiKey: 'wrong' })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAUTHORIZED',
    });
  });

  it('wants the organisation named where the credentials see several', async () => {
    const world = aTenant(5);
    await start(world);
    emulator.change('setMultiTenant', { on: true });
    await expect(connect()).rejects.toMatchObject({
      code: 'UPSTREAM_MISCONFIGURED',
      message: expect.stringContaining('orgId'),
    });
    await expect(connect({ ...emulator.credentials, orgId: hex('f', 1) })).rejects.toMatchObject({
      code: 'UPSTREAM_MISCONFIGURED',
    });
    const open = await connect({ ...emulator.credentials, orgId: world.jumpcloud.orgId });
    expect(open.tenant).toMatchObject({ nativeId: world.jumpcloud.orgId, name: 'Acme' });
    expect((await read(open)).nodes.size).toBe(5);
  });

  it('connects with a role that may not list organisations, if the organisation is named', async () => {
    const world = aTenant(5);
    await start(world);
    emulator.change('setScopes', { scopes: ['users.readonly'] });
    await expect(connect()).rejects.toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
      details: { missing: ['organizations.readonly'] },
    });
    const open = await connect({ ...emulator.credentials, orgId: world.jumpcloud.orgId });
    expect(open.tenant.nativeId).toBe(world.jumpcloud.orgId);
  });

  it('stops within a page when the caller does', async () => {
    await start(aTenant(1000));
    const { syncers } = await connect();
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _page of syncers[0]?.list({ ...alone, signal: stop.signal }) ?? []) stop.abort();
    };
    await expect(read()).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('keeps within a rate limit and still reads everything', async () => {
    const world = aTenant(
      400,
      Array.from({ length: 150 }, (_, i) => (i % 5) + 1),
    );
    emulator = await startJumpCloudEmulator({ world, rateLimits: true });
    session = await jumpcloudProvider.connect(jumpcloudProvider.settingsSchema.parse(emulator.credentials), {
      connector: 'jumpcloud',
      // Real waits are needed against a real bucket; they are a few hundred ms.
      clock: { now: () => Date.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      logger,
      signal: new AbortController().signal,
      allowLoopback: true,
    });
    const reading = await read(session);
    expect(pairsOf(reading, 'MEMBER_OF')).toEqual(
      [...(jumpCloudExpected(world.jumpcloud).links.MEMBER_OF ?? [])].sort(),
    );
    expect(session.stats().retries).toBeGreaterThan(0);
  });
});
