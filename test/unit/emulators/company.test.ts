import { describe, expect, it } from 'vitest';
import { countLinks } from '../../../emulators/company/count.ts';
import { companyHighlights } from '../../../emulators/company/highlights.ts';
import { createCompany } from '../../../emulators/company.ts';
import type { Auth0Role, Truth, World } from '../../../emulators/world.ts';
import { worldProblems } from '../../support/world-problems.ts';

/** JSON that also tells what is in maps and sets, in order. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (one instanceof Map || one instanceof Set ? [...one] : one));

const accountKeys = (world: World): string[] => [
  ...[...world.okta.users.keys()].map((id) => `okta/Account/${id}`),
  ...[...world.jumpcloud.users.keys(), ...world.jumpcloud.admins.keys()].map((id) => `jumpcloud/Account/${id}`),
  ...[...world.auth0.users.keys()].map((id) => `auth0/Account/${id}`),
  ...[...world.torq.users.keys()].map((id) => `torq/Account/${id}`),
];

const ownerOf = (truth: Truth): Map<string, string> => {
  const owners = new Map<string, string>();
  for (const person of truth.people) for (const key of person.accounts) owners.set(key, person.id);
  truth.machines.forEach((machine, i) => {
    for (const key of machine.accounts) owners.set(key, `machine-${i}`);
  });
  return owners;
};

const small = createCompany({ size: 'S' });

describe('the invented company', () => {
  it('is the same for the same seed and another for another seed', () => {
    expect(text(createCompany({ size: 'S' }))).toBe(text(small));
    expect(text(createCompany({ size: 'S', seed: 2 }))).not.toBe(text(small));
  });

  it.each([1, 2, 3, 4, 5])('refers only to what is there (seed %i)', (seed) => {
    const { world, truth } = createCompany({ size: 'S', seed });
    expect(worldProblems(world)).toEqual([]);
    expect(() => companyHighlights(world, truth)).not.toThrow();
  });

  it('has about 4,000 accounts and 60,000 to 110,000 links in size S', () => {
    const { accountTotal, linkTotal } = countLinks(small.world);
    expect(accountTotal).toBeGreaterThan(3_500);
    expect(accountTotal).toBeLessThan(4_500);
    expect(linkTotal).toBeGreaterThan(60_000);
    expect(linkTotal).toBeLessThan(110_000);
  });

  it('has about 40,000 accounts and a million links in size M', () => {
    const { world } = createCompany({ size: 'M' });
    const { accountTotal, linkTotal } = countLinks(world);
    expect(accountTotal).toBeGreaterThan(35_000);
    expect(accountTotal).toBeLessThan(45_000);
    expect(linkTotal).toBeGreaterThan(800_000);
    expect(linkTotal).toBeLessThan(1_300_000);
    expect(worldProblems(world)).toEqual([]);
  });

  it('uses reserved hosts and mail domains only', () => {
    const hosts = text(small.world).matchAll(/(?:https?:\/\/|[a-z0-9]@)([a-z0-9.-]+)/gi);
    const foreign = new Set(
      [...hosts].map((match) => match[1] ?? '').filter((host) => !/\.(example|test)$/i.test(host)),
    );
    expect([...foreign]).toEqual([]);
  });

  it('nests groups in Auth0 only, over several levels', () => {
    const { groups } = small.world.auth0;
    const depth = (id: string): number =>
      1 +
      Math.max(
        0,
        ...[...(groups.get(id)?.members ?? [])].map(([member, type]) => (type === 'group' ? depth(member) : 0)),
      );
    expect(Math.max(...[...groups.keys()].map(depth))).toBe(3);
  });
});

describe('the truth about it', () => {
  it.each(['S', 'M'] as const)('tells of every account whose it is, once (%s)', (size) => {
    const { world, truth } = size === 'S' ? small : createCompany({ size });
    const told = [...truth.people, ...truth.machines].flatMap((one) => one.accounts);
    expect(new Set(told).size).toBe(told.length);
    expect(new Set(told)).toEqual(new Set(accountKeys(world)));
  });

  it('counts as linkable exactly those who have no account outside', () => {
    for (const person of small.truth.people) {
      expect(person.linkable).toBe(person.unlinkable.length === 0);
      expect(person.accounts).toEqual(expect.arrayContaining([...person.unlinkable]));
    }
    const outside = small.truth.people.filter((one) => !one.linkable).length;
    expect(outside).toBeGreaterThan(0);
    expect(outside / small.truth.people.length).toBeLessThan(0.04);
  });

  it('sets traps of every kind, each between accounts of two owners', () => {
    const owners = ownerOf(small.truth);
    for (const { accounts } of small.truth.traps) {
      expect(owners.has(accounts[0]) && owners.has(accounts[1])).toBe(true);
      expect(owners.get(accounts[0])).not.toBe(owners.get(accounts[1]));
    }
    expect(new Set(small.truth.traps.map((trap) => trap.kind))).toEqual(
      new Set([
        'forged-federation',
        'unverified-lookalike',
        'lookalike-domain',
        'namesake-customer',
        'namesake',
        'twin',
        'recycled-email',
        'number-collision',
        'owner-mail',
      ]),
    );
  });

  it('has everybody the linker must cope with', () => {
    const tags = new Set(small.truth.people.flatMap((person) => person.tags));
    for (const tag of 'contractor leaver rehire name-change second-domain missing-name mail-case plus-address private-google platform-withdrawn merged-log-ins jumpcloud-admin unverified-log-in'.split(
      ' ',
    )) {
      expect(tags).toContain(tag);
    }
    expect(new Set(small.truth.machines.map((machine) => machine.type))).toEqual(new Set(['SERVICE', 'SHARED']));
  });
});

describe('log-ins from one tenant into another', () => {
  const { okta, auth0, jumpcloud, torq } = small.world;
  const connection = (name: string) => [...auth0.connections.values()].find((one) => one.name === name);

  it('names the real Okta tenant and its application on the real connection', () => {
    const workforce = connection('workforce');
    expect(workforce?.strategy).toBe('okta');
    expect(workforce?.options['domain']).toBe(okta.domain);
    const app = [...okta.apps.values()].find((one) => one.clientId === workforce?.options['client_id']);
    expect(app?.redirectUris).toEqual([`https://${auth0.domain}/login/callback`]);
    const subjects = [...auth0.users.keys()].filter((id) => id.startsWith('okta|workforce|'));
    expect(subjects.length).toBeGreaterThan(700);
    for (const id of subjects) expect(okta.users.has(id.split('|')[2] ?? '')).toBe(true);
  });

  it('names a stranger’s host on the forged connection, with real Okta ids as subjects', () => {
    const forged = connection('okta');
    expect(text(forged?.options)).not.toContain(okta.domain);
    const users = [...auth0.users.values()].filter((user) => user.userId.startsWith('oidc|okta|'));
    expect(users.some((user) => user.emailVerified) && users.some((user) => !user.emailVerified)).toBe(true);
    for (const user of users) expect(okta.users.get(user.userId.split('|')[2] ?? '')?.email).toBe(user.email);
  });

  it('sends JumpCloud people through applications they are bound to', () => {
    const app = (url: unknown) => [...jumpcloud.apps.values()].find((one) => one.ssoUrl === url);
    const byEmail = new Map([...jumpcloud.users.values()].map((user) => [user.email, user.id]));
    const isBound = (url: unknown, email: string): boolean =>
      [...(app(url)?.groups ?? [])].some((id) => jumpcloud.groups.get(id)?.members.has(byEmail.get(email) ?? ''));
    const ids = [...auth0.users.keys()].filter((id) => id.startsWith('samlp|halden-jumpcloud|'));
    expect(ids.length).toBeGreaterThan(200);
    for (const id of ids) {
      expect(isBound(connection('halden-jumpcloud')?.options['signInEndpoint'], id.split('|')[2] ?? '')).toBe(true);
    }
    const [idp] = okta.idps.values();
    expect(idp?.users.size).toBeGreaterThan(0);
    for (const email of idp?.users.values() ?? []) expect(isBound(idp?.ssoUrl, email)).toBe(true);
  });

  it('carries Torq ids in the Okta application for Torq', () => {
    const app = [...okta.apps.values()].find((one) => one.ssoAcsUrl?.includes(torq.workspaceId));
    const ids = [...(app?.appUsers.values() ?? [])].map((user) => user.externalId).filter((id) => id !== null);
    expect(ids.length).toBeGreaterThan(20);
    for (const id of ids) expect(torq.users.has(id)).toBe(true);
  });
});

describe('the highlights', () => {
  const { world, truth } = small;
  const highlights = companyHighlights(world, truth);
  const { person, path } = highlights;

  it('shows a person with groups, roles, organisations and applications in every provider that has them', () => {
    const { okta, auth0, jumpcloud, torq } = world;
    const groups = [...okta.groups.values()].filter((group) => group.members.has(person.oktaUserId));
    expect(groups.length).toBeGreaterThan(3);
    expect([...okta.apps.values()].some((app) => groups.some((group) => app.groups.has(group.id)))).toBe(true);
    expect([...okta.roleAssignments.values()].some((role) => role.assignee.id === person.oktaUserId)).toBe(true);
    const bound = [...jumpcloud.groups.values()].filter((group) => group.members.has(person.jumpcloudUserId));
    expect(
      [...jumpcloud.apps.values()].some((app) => app.active && bound.some((group) => app.groups.has(group.id))),
    ).toBe(true);
    expect(jumpcloud.users.get(person.jumpcloudUserId)?.adminId).toBe(person.jumpcloudAdminId);
    expect(jumpcloud.admins.get(person.jumpcloudAdminId)?.roleIds.length).toBeGreaterThan(0);
    for (const id of [person.auth0FederatedUserId, person.auth0DatabaseUserId]) {
      expect([...auth0.organizations.values()].some((one) => one.members.has(id))).toBe(true);
      expect([...auth0.groups.values()].some((one) => one.members.has(id))).toBe(true);
    }
    expect(torq.users.get(person.torqUserId)?.ssoProvision).toBe(true);
    expect(person.accountKeys).toHaveLength(6);
    expect(truth.people.find((one) => one.id === person.truthId)?.linkable).toBe(true);
  });

  it('leads that person to the API by one Okta group and one role only', () => {
    const { okta, auth0 } = world;
    expect(okta.users.get(path.oktaUserId)?.status).toBe('ACTIVE');
    const app = okta.apps.get(path.oktaAppId);
    expect(app?.users.has(path.oktaUserId)).toBe(false);
    expect([...(app?.groups ?? [])].filter((id) => okta.groups.get(id)?.members.has(path.oktaUserId))).toEqual([
      path.oktaGroupId,
    ]);
    expect([...(app?.groups ?? [])].some((id) => okta.groups.get(id)?.type === 'BUILT_IN')).toBe(false);
    const permits = (role: Auth0Role | undefined) =>
      role?.permissions.some((one) => one.resourceServer === path.apiIdentifier) ?? false;
    const mine = new Set([person.auth0FederatedUserId, person.auth0DatabaseUserId]);
    const holding = [...auth0.roles.values()]
      .filter((role) => permits(role))
      .flatMap((role) => [...role.users].filter((id) => mine.has(id)));
    expect(holding).toEqual([path.auth0UserId]);
    // Nobody gets there by a group, an organisation or a permission of their own.
    expect(
      [...auth0.groups.values()].some((group) => [...group.roles].some((id) => permits(auth0.roles.get(id)))),
    ).toBe(false);
    const inOrganizations = [...auth0.organizations.values()].flatMap((one) =>
      [...one.members.values()].flatMap((roles) => [...roles]),
    );
    expect(inOrganizations.some((id) => permits(auth0.roles.get(id)))).toBe(false);
    expect(
      [...auth0.users.values()].some((user) =>
        user.permissions.some((one) => one.resourceServer === path.apiIdentifier),
      ),
    ).toBe(false);
    expect([...okta.idps.values()].some((idp) => idp.users.has(path.oktaUserId))).toBe(false);
    expect(path.permissionNativeId).toBe(`${path.apiIdentifier}|${path.permission}`);
  });

  it('shows a leaver whose local account lives on', () => {
    expect(['DEPROVISIONED', 'SUSPENDED']).toContain(world.okta.users.get(highlights.leaver.oktaUserId)?.status);
    expect(world.torq.users.get(highlights.leaver.torqUserId)?.status).toBe('VERIFIED');
  });
});
