import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auth0Provider } from '../../../datasources/providers/auth0/index.ts';
import { type Auth0Emulator, type Auth0EmulatorOptions, startAuth0Emulator } from '../../../emulators/auth0.ts';
import type { World } from '../../../emulators/world.ts';
import type { ProviderSession, SyncPage } from '../../../src/ports/provider.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { idsOf, type ProviderRun, pairsOf, readAll } from '../../support/provider-run.ts';
import { addAuth0User, aSmallWorld } from '../../support/small-world.ts';

const SAME_MOMENT = '2023-04-03T20:00:00.000Z';

let world: World;
let emulator: Auth0Emulator;
let session: ProviderSession | null;

const signal = (): AbortSignal => new AbortController().signal;

async function start(options: Omit<Auth0EmulatorOptions, 'world'> = {}): Promise<void> {
  emulator = await startAuth0Emulator({ world, ...options });
}

async function connect(settings: object = {}, clock = fakeClock(Date.now())): Promise<ProviderSession> {
  const context = { connector: 'auth0', clock, logger: memoryLogger(), signal: signal(), allowLoopback: true };
  session = await auth0Provider.connect(
    auth0Provider.settingsSchema.parse({ ...emulator.credentials, ...settings }),
    context,
  );
  return session;
}

async function read(settings: object = {}): Promise<ProviderRun> {
  return readAll(await connect(settings), signal());
}

/** Reads one listing page by page, letting the test act in between. */
async function listing(run: ProviderRun | null, name: string, between: (page: SyncPage) => void): Promise<SyncPage[]> {
  const syncer = session?.syncers.find((one) => one.name === name);
  if (syncer === undefined) throw new Error(`no syncer ${name}`);
  const context = run?.context(syncer, null, signal()) ?? {
    signal: signal(),
    cursor: null,
    ids: () => [],
    node: async () => null,
  };
  const pages: SyncPage[] = [];
  for await (const page of syncer.list(context)) {
    pages.push(page);
    between(page);
  }
  return pages;
}

const accounts = (pages: readonly SyncPage[]): string[] =>
  [...new Set(pages.flatMap((page) => page.nodes.map((node) => node.nativeId)))].sort();

function addUsers(count: number, createdAt: (i: number) => string, prefix = 'u'): void {
  for (let i = 0; i < count; i++) {
    addAuth0User(world, { userId: `auth0|${prefix}${String(i).padStart(5, '0')}`, createdAt: createdAt(i) });
  }
}

const minute = (i: number): string => new Date(Date.parse('2024-01-01T00:00:00Z') + i * 60_000).toISOString();

beforeEach(() => {
  world = aSmallWorld();
  session = null;
});
afterEach(async () => {
  await session?.close();
  await emulator.close();
});

describe('Auth0', () => {
  it('says what a small tenant says', async () => {
    await start();
    const run = await read({ directPermissions: true });
    expect(pairsOf(run, 'HAS_ROLE')).toEqual([
      'auth0|ana → rol_reader@org_acme',
      'grp_1 → rol_reader',
      'okta|workforce|00u1bo → rol_reader',
    ]);
    const permission = 'https://orders.acme.example|read:orders';
    expect(pairsOf(run, 'GRANTS')).toEqual([
      `auth0|ana → ${permission}`,
      `rol_reader → ${permission}`,
      `rol_reader@org_acme → ${permission}`,
    ]);
    expect(pairsOf(run, 'MEMBER_OF', (link) => link.from.kind === 'Group')).toEqual(['grp_1 → grp_2']);
    expect(run.nodes.get('Role/rol_reader@org_acme')).toMatchObject({
      name: 'Reader in Acme',
      properties: { scope: 'Acme' },
    });
    expect(run.nodes.get('Group/con_okta')).toMatchObject({
      name: 'Staff',
      properties: { type: 'CONNECTION', upstream: { strategy: 'okta', domain: 'acme.okta.example', clientId: '0oa1' } },
    });
    expect(run.nodes.get('Application/portal')).toMatchObject({
      properties: { machineGrants: [{ audience: 'https://orders.acme.example', scopes: ['read:orders'] }] },
    });
    const consent = [...run.links.values()].find(
      (link) => link.from.nativeId === 'auth0|ana' && link.kind === 'ASSIGNED_TO',
    );
    expect(consent).toMatchObject({
      flags: 8,
      qualifier: 'https://orders.acme.example',
      properties: { basis: 'CONSENT' },
    });
  });

  it('asks for one token in a whole run', async () => {
    await start();
    await read();
    expect(emulator.requests().byRoute['POST /oauth/token']).toBe(1);
  });

  it('goes on with a new token after the old one was revoked', async () => {
    await start();
    addUsers(150, minute);
    await connect();
    const pages = await listing(null, 'users', () => emulator.change('revokeTokens'));
    expect(accounts(pages)).toEqual([...world.auth0.users.keys()].sort());
    expect(emulator.requests().byRoute['POST /oauth/token']).toBeGreaterThan(1);
  });
});

describe('Auth0 users', () => {
  it('are all read when there are more than a search reaches, even if it caps its total', async () => {
    addUsers(2350, minute);
    await start({ countUsers: (found) => Math.min(found, 1000) });
    const run = await read();
    expect(idsOf(run, 'Account')).toEqual([...world.auth0.users.keys()].sort());
    expect(emulator.requests().byRoute['POST /api/v2/jobs/users-exports']).toBeUndefined();
  });

  it('of one import, created in the same moment, are all read by searches up to the ceiling', async () => {
    addUsers(60, minute, 'a');
    addUsers(930, () => SAME_MOMENT, 'b');
    addUsers(60, (i) => minute(i + 1000), 'c');
    await start();
    const run = await read();
    expect(idsOf(run, 'Account')).toEqual([...world.auth0.users.keys()].sort());
    expect(emulator.requests().byRoute['POST /api/v2/jobs/users-exports']).toBeUndefined();
  });

  it('of one import beyond the ceiling are read by an export', async () => {
    addUsers(1500, () => SAME_MOMENT);
    await start();
    const run = await read();
    expect(idsOf(run, 'Account')).toEqual([...world.auth0.users.keys()].sort());
    expect(emulator.requests().byRoute['POST /api/v2/jobs/users-exports']).toBe(1);
  });

  it('fail loudly when neither a search nor an export reaches them', async () => {
    addUsers(1500, () => SAME_MOMENT);
    await start();
    await connect();
    emulator.faults.add({ match: 'users-exports', kind: 'status', status: 403 });
    await expect(listing(null, 'users', () => {})).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it('are not lost when others before them are deleted between two pages', async () => {
    addUsers(500, minute);
    await start();
    await connect();
    const stay = new Set(world.auth0.users.keys());
    let at = 0;
    const pages = await listing(null, 'users', () => {
      for (let i = 0; i < 20; i++) {
        const id = `auth0|u${String(at++).padStart(5, '0')}`;
        stay.delete(id);
        emulator.change('deleteUser', { userId: id });
      }
    });
    const seen = new Set(accounts(pages));
    expect([...stay].filter((id) => !seen.has(id))).toEqual([]);
  });

  it('of a big tenant come from one export in a handful of calls', async () => {
    addUsers(1200, minute);
    await start();
    const run = await read({ exportAbove: 500 });
    expect(idsOf(run, 'Account')).toEqual([...world.auth0.users.keys()].sort());
    expect(emulator.requests().byRoute['GET /api/v2/users']).toBe(1);
    expect(run.pages.get('users')?.length).toBe(3);
  });

  it('of a big tenant are read by searches where exports are refused', async () => {
    addUsers(700, minute);
    await start();
    emulator.faults.add({ match: 'users-exports', kind: 'status', status: 403 });
    const run = await read({ exportAbove: 500 });
    expect(idsOf(run, 'Account')).toEqual([...world.auth0.users.keys()].sort());
  });

  it('are not taken from an export file that is cut off or not there', async () => {
    addUsers(700, minute);
    await start();
    await connect({ exportAbove: 500 });
    emulator.faults.add({ match: '/_storage/', kind: 'cut', times: 1 });
    await expect(listing(null, 'users', () => {})).rejects.toMatchObject({ code: 'UPSTREAM_INVALID' });
    emulator.faults.clear();
    emulator.faults.add({ match: '/_storage/', kind: 'status', status: 403, times: 1 });
    await expect(listing(null, 'users', () => {})).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('are not complete when a search finds fewer than it counts, or nobody where somebody was', async () => {
    addUsers(150, minute);
    await start({ countUsers: (found) => found + 7 });
    await connect();
    const short = await listing(null, 'users', () => {});
    expect(short.at(-1)?.incomplete).toContain('fewer users');
    emulator.faults.add({ match: 'GET /api/v2/users?', kind: 'empty', after: 1 });
    const vanished = await listing(null, 'users', () => {});
    expect(vanished.map((page) => page.rows)).toEqual([100, 0]);
    expect(vanished.at(-1)?.incomplete).toContain('nobody');
  });
});

describe('Auth0 without a scope', () => {
  it('skips the listing, names the scope and spends no call', async () => {
    await start({ scopes: ['read:users', 'read:connections', 'read:roles'] });
    const refused = new Map<string, unknown>();
    await readAll(await connect(), signal(), (name, error) => {
      refused.set(name, error);
      return true;
    });
    expect([...refused.keys()].sort()).toEqual([
      'clients',
      'consents',
      'group-members',
      'group-roles',
      'groups',
      'organization-member-roles',
      'organization-members',
      'organizations',
      'resource-servers',
    ]);
    expect(refused.get('clients')).toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
      details: { missing: ['read:clients'] },
    });
    expect(refused.get('organization-member-roles')).toMatchObject({
      details: { missing: ['read:organization_members', 'read:organization_member_roles'] },
    });
    expect(Object.keys(emulator.requests().byRoute)).not.toContain('GET /api/v2/clients');
  });

  it('reads members of roles with either set of scopes', async () => {
    await start({ scopes: ['read:users', 'read:roles'] });
    const first = await readAll(await connect(), signal(), () => true);
    expect(pairsOf(first, 'HAS_ROLE')).toEqual(['okta|workforce|00u1bo → rol_reader']);
    await session?.close();
    emulator.change('setScopes', { scopes: ['read:users', 'read:role_members', 'read:roles'] });
    const second = await readAll(await connect(), signal(), () => true);
    expect(pairsOf(second, 'HAS_ROLE')).toEqual(pairsOf(first, 'HAS_ROLE'));
  });

  it('removes nobody from a connection it cannot see', async () => {
    await start({ scopes: ['read:users'] });
    const run = await readAll(await connect(), signal(), () => true);
    const [page] = run.pages.get('users') ?? [];
    expect(page?.incomplete).toContain('read:connections');
    expect(page?.nodes.length).toBe(3);
  });

  it('that shows only when it is used takes the same care', async () => {
    await start();
    await connect();
    emulator.faults.add({ match: 'GET /api/v2/(connections|client-grants)', kind: 'status', status: 403 });
    const users = await listing(null, 'users', () => {});
    expect(users[0]?.incomplete).toContain('read:connections');
    const clients = await listing(null, 'clients', () => {});
    expect(clients[0]?.nodes[0]?.properties).toMatchObject({ machineGrants: undefined });
  });

  it('leaves out what connection options would tell', async () => {
    await start({ scopes: ['read:users', 'read:connections'] });
    const run = await readAll(await connect(), signal(), () => true);
    const node = run.nodes.get('Group/con_okta');
    expect(JSON.parse(JSON.stringify(node?.properties))).toEqual({
      type: 'CONNECTION',
      description: 'workforce',
      upstream: { strategy: 'okta' },
    });
  });

  it('tells a feature that the plan lacks from a scope that is missing', async () => {
    await start();
    await connect();
    emulator.faults.add({ match: 'GET /api/v2/groups', kind: 'status', status: 404 });
    await expect(listing(null, 'groups', () => {})).rejects.toMatchObject({ code: 'UPSTREAM_NOT_AVAILABLE' });
  });
});

describe('Auth0 credentials', () => {
  const failure = (settings: object) =>
    connect(settings).then(
      () => null,
      (error: unknown) => error,
    );

  it('work with a private key', async () => {
    await start();
    const { clientSecret: _secret, ...rest } = { ...emulator.credentials, ...emulator.keyCredentials() };
    const context = {
      connector: 'auth0',
      clock: fakeClock(Date.now()),
      logger: memoryLogger(),
      signal: signal(),
      allowLoopback: true,
    };
    session = await auth0Provider.connect(auth0Provider.settingsSchema.parse(rest), context);
    expect(session.tenant).toMatchObject({ nativeId: 'acme.eu.auth0.example', name: 'Acme' });
  });

  it('with a key that cannot be read say so and not what it was', async () => {
    await start();
    const broken = ['-----BEGIN', 'PRIVATE KEY-----\nbroken-key-text'].join(' ');
    const { clientSecret: _secret, ...rest } = emulator.credentials;
    const context = {
      connector: 'auth0',
      clock: fakeClock(Date.now()),
      logger: memoryLogger(),
      signal: signal(),
      allowLoopback: true,
    };
    const error = await auth0Provider
      .connect(auth0Provider.settingsSchema.parse({ ...rest, privateKey: broken }), context)
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    expect(error).toMatchObject({ code: 'UPSTREAM_MISCONFIGURED' });
    expect(JSON.stringify(error) + String(error)).not.toContain('broken-key-text');
  });

  it('for a custom domain without audience ask for the canonical one', async () => {
    await start();
    expect(await failure({ domain: 'login.acme.example', audience: undefined })).toMatchObject({
      code: 'UPSTREAM_MISCONFIGURED',
      message: expect.stringContaining('custom domain'),
    });
  });

  it('of an application that nobody authorized say where to authorize it', async () => {
    await start();
    emulator.change('authorizeClient', { on: false });
    expect(await failure({})).toMatchObject({
      code: 'UPSTREAM_MISCONFIGURED',
      message: expect.stringContaining('Machine to Machine'),
    });
  });

  it('are refused as unauthorized when the secret is wrong', async () => {
    await start();
    expect(await failure({ clientSecret: 'wrong' })).toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED' });
  });
});

describe('Auth0, live', () => {
  it('reads an account with all that hangs on it, a scoped role, an API and a connection', async () => {
    await start();
    await connect();
    const ana = await session?.live?.({ kind: 'Account', nativeId: 'auth0|ana' }, signal());
    expect(ana?.links.map((link) => `${link.from.nativeId} ${link.kind} ${link.to.nativeId}`).sort()).toEqual([
      'auth0|ana GRANTS https://orders.acme.example|read:orders',
      'auth0|ana HAS_ROLE rol_reader@org_acme',
      'auth0|ana MEMBER_OF con_people',
      'auth0|ana MEMBER_OF org_acme',
      'rol_reader@org_acme GRANTS https://orders.acme.example|read:orders',
      'rol_reader@org_acme INSTANCE_OF rol_reader',
    ]);
    const bo = await session?.live?.({ kind: 'Account', nativeId: 'okta|workforce|00u1bo' }, signal());
    expect(bo?.links.map((link) => `${link.kind} ${link.to.nativeId}`).sort()).toEqual([
      'HAS_ROLE rol_reader',
      'MEMBER_OF con_okta',
      'MEMBER_OF grp_1',
    ]);
    const api = await session?.live?.({ kind: 'Application', nativeId: 'rs_orders' }, signal());
    expect(api?.nodes.map((node) => node.kind)).toEqual(['Application', 'Permission']);
    const held = await session?.live?.({ kind: 'Role', nativeId: 'rol_reader@org_acme' }, signal());
    expect(held?.nodes[0]?.name).toBe('Reader in Acme');
    expect(await session?.live?.({ kind: 'Role', nativeId: 'rol_reader@org_gone' }, signal())).toBeNull();
  });

  it('does not call an application gone that it may not see', async () => {
    await start({ scopes: ['read:users', 'read:resource_servers'] });
    await connect();
    await expect(session?.live?.({ kind: 'Application', nativeId: 'portal' }, signal())).rejects.toMatchObject({
      code: 'UPSTREAM_FORBIDDEN',
    });
  });
});

describe('Auth0 lists by offset', () => {
  /** Loses its first entry each time it is listed, so often. */
  class Shrinking<T> extends Map<string, T> {
    #left: number;
    constructor(entries: Iterable<readonly [string, T]>, times: number) {
      super(entries);
      this.#left = times;
    }
    override values(): MapIterator<T> {
      const listed = [...super.values()];
      const [first] = super.keys();
      if (this.#left-- > 0 && first !== undefined) this.delete(first);
      return listed.values();
    }
  }
  const shrinkingRoles = (times: number): void => {
    const roles = Array.from({ length: 230 }, (_, i) => {
      const id = `rol_${String(i).padStart(4, '0')}`;
      return [id, { id, name: id, description: '', permissions: [], users: new Set<string>() }] as const;
    });
    Object.assign(world.auth0, { roles: new Shrinking(roles, times) });
  };

  it('are read again until two readings agree', async () => {
    shrinkingRoles(2);
    await start();
    await connect();
    const [page] = await listing(null, 'roles', () => {});
    expect(page?.nodes.map((node) => node.nativeId)).toEqual([...world.auth0.roles.keys()]);
    expect(page?.incomplete).toBeUndefined();
  });

  it('are incomplete when they never agree', async () => {
    shrinkingRoles(1000);
    await start();
    await connect();
    const [page] = await listing(null, 'roles', () => {});
    expect(page?.incomplete).toContain('kept changing');
  });
});

describe('Auth0 children', () => {
  it('of a parent that is gone are none', async () => {
    await start();
    const run = await read();
    world.auth0.roles.delete('rol_reader');
    emulator.change('revokeTokens');
    const pages = await listing(run, 'role-users', () => {});
    expect(pages).toEqual([{ nodes: [], links: [], rows: 0, cursor: null }]);
  });

  it('of more consents than offsets reach are read application by application', async () => {
    addUsers(1100, minute);
    for (const id of world.auth0.users.keys()) {
      for (const clientId of ['portal', 'other']) {
        if (clientId === 'other' && id.endsWith('7')) continue;
        world.auth0.grants.set(`${id}/${clientId}`, {
          id: `${id}/${clientId}`,
          clientId,
          userId: id,
          audience: 'a',
          scope: [],
        });
      }
    }
    const portal = world.auth0.clients.get('portal');
    if (portal !== undefined) world.auth0.clients.set('other', { ...portal, clientId: 'other', name: 'Other' });
    await start();
    const run = await read();
    const pages = run.pages.get('consents') ?? [];
    // The portal alone has more than 1,000: the listing says so instead of taking the rest for gone.
    expect(pages.some((page) => page.incomplete?.includes('1000'))).toBe(true);
    expect(pairsOf(run, 'ASSIGNED_TO', (link) => link.to.nativeId === 'other').length).toBeGreaterThan(900);
  });
});
