import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { LinkFlag, NodeFlag } from '../../../../src/domain/flags.ts';
import { linkKindOf } from '../../../../src/domain/link-kinds.ts';
import type { OwnershipProperties } from '../../../../src/domain/properties.ts';
import { silentLogger } from '../../../../src/ports/logger.ts';
import type { Graph } from '../../../../src/services/graph/graph.ts';
import { Linker } from '../../../../src/services/linking/linker.ts';
import { aGraph, put, remove, type SomeLink, type SomeNode } from '../../../support/graph.ts';

const account = (key: string, properties: object = {}, flags = 0): SomeNode => ({
  key,
  name: (properties as { displayName?: string }).displayName ?? key,
  flags,
  properties: { status: 'ACTIVE', active: true, type: 'HUMAN', accountClass: 'USER', entry: 'DIRECT', ...properties },
});
const directoryMail = (value: string) => [{ value, primary: true, verified: null, directorySet: true }];
const mail = (value: string, verified: boolean | null) => [{ value, primary: true, verified }];

const tenants: SomeNode[] = [
  { key: 'okta/Organization/00o', name: 'Acme Okta', properties: { type: 'TENANT', domains: ['acme.okta.example'] } },
  { key: 'auth0/Organization/acme', name: 'Acme', properties: { type: 'TENANT', domains: ['acme.eu.auth0.example'] } },
  { key: 'torq/Organization/ws', properties: { type: 'TENANT', domains: ['https://auth.torq.example/sso/ws/acs'] } },
];
const connections: SomeNode[] = [
  {
    key: 'auth0/Group/con_ok',
    name: 'workforce',
    properties: { type: 'CONNECTION', upstream: { strategy: 'okta', domain: 'acme.okta.example', clientId: 'portal' } },
  },
  {
    key: 'auth0/Group/con_forged',
    name: 'okta',
    properties: { type: 'CONNECTION', upstream: { strategy: 'oidc', issuer: 'https://acme-okta.example' } },
  },
];
const apps: SomeNode[] = [
  {
    key: 'okta/Application/portal',
    properties: {
      type: 'OIDC',
      active: true,
      signOn: { clientId: 'portal', redirectUris: ['https://acme.eu.auth0.example/login/callback'] },
    },
  },
  {
    key: 'okta/Application/torq',
    properties: { type: 'SAML', active: true, signOn: { acsUrl: 'https://auth.torq.example/sso/ws/acs' } },
  },
];
const accounts: SomeNode[] = [
  account('okta/Account/00u1', {
    userName: 'ana@acme.example',
    displayName: 'Ana Díaz',
    emails: directoryMail('ana@acme.example'),
    employeeNumber: '1042',
  }),
  account('okta/Account/00u2', {
    userName: 'ana.diaz2@acme.example',
    displayName: 'Ana Díaz',
    emails: directoryMail('ana.diaz2@acme.example'),
    employeeNumber: '1043',
  }),
  account('jumpcloud/Account/j1', {
    displayName: 'Ana Diaz',
    employeeNumber: 'E-1042',
    emails: directoryMail('adiaz@acme.example'),
  }),
  account('jumpcloud/Account/a1', {
    accountClass: 'ADMIN',
    sameAs: ['jumpcloud/Account/j1'],
    emails: directoryMail('adiaz@acme.example'),
  }),
  account('auth0/Account/okta|workforce|00u1', {
    accountClass: 'CONNECTION:con_ok',
    entry: 'FEDERATED',
    emails: mail('ana@home.example', false),
    federatedSubjects: [{ connectionId: 'con_ok', connectionName: 'workforce', subject: '00u1', subjectType: 'id' }],
  }),
  account('auth0/Account/oidc|okta|00u1', {
    accountClass: 'CONNECTION:con_forged',
    entry: 'FEDERATED',
    emails: mail('ana@acme.example', true),
    federatedSubjects: [{ connectionId: 'con_forged', connectionName: 'okta', subject: '00u1', subjectType: 'id' }],
  }),
  account('auth0/Account/auth0|look', {
    accountClass: 'CONNECTION:db',
    displayName: 'Ana Díaz',
    emails: mail('ana@acme.example', false),
  }),
  account('auth0/Account/auth0|own', { accountClass: 'CONNECTION:db', emails: mail('Ana.Diaz2@ACME.example', true) }),
  account('torq/Account/t1', { entry: 'UNKNOWN', emails: directoryMail('someone@other.example') }),
  account('okta/Account/svc', { userName: 'svc-backup', emails: directoryMail('ana@acme.example'), type: 'UNKNOWN' }),
];
const links: SomeLink[] = [
  {
    from: 'okta/Account/00u2',
    kind: 'ASSIGNED_TO',
    to: 'okta/Application/torq',
    flags: LinkFlag.DERIVED,
    properties: { basis: 'GROUP', appExternalId: 't1', appUserName: 'ana.diaz2@acme.example' },
  },
];

const EXPECTED = [
  ['auth0/Account/auth0|look'],
  ['auth0/Account/auth0|own', 'okta/Account/00u2', 'torq/Account/t1'],
  ['auth0/Account/oidc|okta|00u1'],
  ['auth0/Account/okta|workforce|00u1', 'jumpcloud/Account/a1', 'jumpcloud/Account/j1', 'okta/Account/00u1'],
  ['okta/Account/svc'],
];

let open: { linker: Linker; graph: Graph } | null = null;

async function linked(): Promise<{ linker: Linker; graph: Graph }> {
  const graph = await aGraph();
  let n = 0;
  const linker = new Linker({
    graph,
    logger: silentLogger,
    ownedDomains: ['acme.example'],
    newId: () => `i${++n}`,
    quietMs: 60_000,
  });
  await linker.start();
  open = { linker, graph };
  return open;
}

afterEach(async () => {
  await open?.linker.close();
  await open?.graph.close();
  open = null;
});

async function idOf(graph: Graph, key: string): Promise<number> {
  const [id] = await graph.store.idsByKey([key]);
  if (id === null || id === undefined) throw new Error(`no node ${key}`);
  return id;
}

/** Partition of the accounts as the graph says it. */
async function partitionOf(graph: Graph): Promise<string[][]> {
  const parts = new Map<number, number[]>();
  const source = await graph.sourceId({ connector: 'crosswalk', listing: 'linking' });
  graph.index.eachLinkOfSource(source, (from, kind, to) => {
    if (linkKindOf(kind) === 'HAS_ACCOUNT') parts.set(from, [...(parts.get(from) ?? []), to]);
  });
  const lists = [];
  for (const ids of parts.values()) lists.push((await graph.store.nodes(ids)).map((node) => node!.key).sort());
  return lists.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}

async function ownershipOf(graph: Graph, key: string) {
  const to = await idOf(graph, key);
  let from = 0;
  graph.index.eachLinkTo(to, (id, kind) => {
    if (linkKindOf(kind) === 'HAS_ACCOUNT') from = id;
  });
  const [rows] = await graph.store.links([{ from, to }]);
  const row = rows![0]!;
  const [identity] = await graph.store.nodes([from]);
  return { identity: identity!, flags: row.flags, properties: row.properties as unknown as OwnershipProperties };
}

async function federations(graph: Graph): Promise<{ from: string; to: string; via: unknown }[]> {
  const source = await graph.sourceId({ connector: 'crosswalk', listing: 'linking' });
  const pairs: { from: number; to: number }[] = [];
  graph.index.eachLinkOfSource(source, (from, kind, to) => {
    if (linkKindOf(kind) === 'FEDERATES') pairs.push({ from, to });
  });
  const found = [];
  for (const pair of pairs) {
    const [rows] = await graph.store.links([pair]);
    const [from, to] = await graph.store.nodes([pair.from, pair.to]);
    found.push({ from: from!.key, to: to!.key, via: rows![0]!.properties?.['via'] });
  }
  return found.sort((a, b) => (a.from < b.from ? -1 : 1));
}

describe('the linker', () => {
  it('links by every deterministic rule and by nothing else', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    expect(await partitionOf(graph)).toEqual(EXPECTED);
    expect(linker.stats()).toMatchObject({ accounts: 10, identities: 5, unverifiedLookAlikes: 3 });
  });

  it('gives the same partition in whatever order the data arrives', async () => {
    const all = [...tenants, ...connections, ...apps, ...accounts];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.integer({ min: 1, max: 7 }),
        async (order, size) => {
          const { graph, linker } = await linked();
          for (let i = 0; i < order.length; i += size) {
            await put(graph, order.slice(i, i + size));
            if (i % 2 === 0) await linker.flush();
          }
          await put(graph, [], links);
          await linker.flush();
          expect(await partitionOf(graph)).toEqual(EXPECTED);
          expect(await federations(graph)).toEqual([
            { from: 'okta/Account/00u1', to: 'auth0/Account/okta|workforce|00u1', via: 'okta/Application/portal' },
            { from: 'okta/Account/00u2', to: 'torq/Account/t1', via: 'okta/Application/torq' },
          ]);
          await linker.close();
          await graph.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('tells the evidence of each link, strongest first', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    const { properties } = await ownershipOf(graph, 'jumpcloud/Account/j1');
    expect(properties.evidence.map(({ rule, with: other }) => [rule, other])).toEqual([
      ['SAME_PERSON_AT_PROVIDER', 'jumpcloud/Account/a1'],
      ['VERIFIED_EMAIL', 'jumpcloud/Account/a1'],
      ['EMPLOYEE_NUMBER', 'okta/Account/00u1'],
    ]);
    expect(properties.confidence).toBe(1);
  });

  it('owns a federated account without entering it, unless nobody knows its entrance', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    expect((await ownershipOf(graph, 'auth0/Account/okta|workforce|00u1')).flags).toBe(LinkFlag.EVIDENCE);
    const forged = await ownershipOf(graph, 'auth0/Account/oidc|okta|00u1');
    expect([forged.flags, forged.properties.entranceUnknown]).toEqual([0, true]);
  });

  it('closes a federated account whose upstream account is gone', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    await remove(graph, ['okta/Account/00u1']);
    await linker.flush();
    expect(await federations(graph)).toHaveLength(1);
    expect((await ownershipOf(graph, 'auth0/Account/okta|workforce|00u1')).flags).toBe(LinkFlag.EVIDENCE);
  });

  it('keeps identity ids over changes that do not touch the partition', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    const before = (await ownershipOf(graph, 'okta/Account/00u1')).identity.key;
    await put(graph, [account('jumpcloud/Account/j1', { ...accounts[2]!.properties, displayName: 'Ana Renamed' })]);
    await linker.flush();
    const after = (await ownershipOf(graph, 'okta/Account/00u1')).identity;
    expect([after.key, after.name]).toEqual([before, 'Ana Renamed']);
  });

  it('merges into the oldest identity and redirects the other to it', async () => {
    const { graph, linker } = await linked();
    await put(graph, [account('okta/Account/1', { emails: directoryMail('x@acme.example') })]);
    await linker.flush();
    await put(graph, [account('torq/Account/1', { emails: mail('x@acme.example', null) })]);
    await linker.flush();
    const oldest = (await ownershipOf(graph, 'okta/Account/1')).identity;
    const other = (await ownershipOf(graph, 'torq/Account/1')).identity;
    expect(other.id).not.toBe(oldest.id);
    await put(graph, [account('torq/Account/1', { emails: directoryMail('x@acme.example') })]);
    await linker.flush();
    expect((await ownershipOf(graph, 'torq/Account/1')).identity.key).toBe(oldest.key);
    expect(await graph.store.idsByKey([other.key])).toEqual([oldest.id]);
  });

  it('splits so that the identity stays with the oldest account', async () => {
    const { graph, linker } = await linked();
    const young = (value: string) =>
      account('okta/Account/1', { createdAt: '2026-01-01T00:00:00Z', emails: directoryMail(value) });
    await put(graph, [
      young('x@acme.example'),
      account('torq/Account/1', { createdAt: '2020-01-01T00:00:00Z', emails: directoryMail('x@acme.example') }),
    ]);
    await linker.flush();
    const { identity } = await ownershipOf(graph, 'okta/Account/1');
    await put(graph, [young('y@acme.example')]);
    await linker.flush();
    expect((await ownershipOf(graph, 'torq/Account/1')).identity.key).toBe(identity.key);
    expect((await ownershipOf(graph, 'okta/Account/1')).identity.key).not.toBe(identity.key);
  });

  it('lets an identity go with its last account', async () => {
    const { graph, linker } = await linked();
    await put(graph, [account('okta/Account/1')]);
    await linker.flush();
    const { identity } = await ownershipOf(graph, 'okta/Account/1');
    await remove(graph, ['okta/Account/1']);
    await linker.flush();
    expect(graph.index.isAlive(identity.id)).toBe(false);
  });

  it('marks an identity whose accounts are all dead', async () => {
    const { graph, linker } = await linked();
    await put(graph, [account('okta/Account/1', { status: 'SUSPENDED', active: false }, NodeFlag.INACTIVE)]);
    await linker.flush();
    const { identity } = await ownershipOf(graph, 'okta/Account/1');
    expect([identity.flags, identity.properties['active']]).toEqual([NodeFlag.INACTIVE, false]);
  });

  it('writes nothing after a restart on a linked graph', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    await linker.close();
    const { seq } = graph;
    const again = new Linker({ graph, logger: silentLogger, ownedDomains: ['acme.example'], newId: () => 'never' });
    await again.start();
    await again.flush();
    expect(graph.seq).toBe(seq);
    await again.close();
  });

  it('tells which applications sign into which tenant', async () => {
    const { graph, linker } = await linked();
    await put(graph, [...tenants, ...connections, ...apps, ...accounts], links);
    await linker.flush();
    const source = await graph.sourceId({ connector: 'crosswalk', listing: 'linking' });
    const into = await idOf(graph, 'torq/Organization/ws');
    expect(graph.index.linkFlags(source, await idOf(graph, 'okta/Application/torq'), 'SIGNS_INTO', into)).toBe(0);
  });

  it('waits while held and goes on when let go', async () => {
    const { graph, linker } = await linked();
    const release = linker.hold();
    await put(graph, [account('okta/Account/1')]);
    release();
    await linker.flush();
    expect(await partitionOf(graph)).toEqual([['okta/Account/1']]);
  });

  it('keeps no changes that it will read anew: when it begins held, and after a reset while held', async () => {
    const graph = await aGraph();
    const linker = new Linker({ graph, logger: silentLogger, ownedDomains: ['acme.example'], newId: randomUUID });
    open = { linker, graph };
    const onReset = vi.spyOn(graph, 'onReset');
    const release = linker.hold();
    await linker.start();
    for (let n = 1; n <= 3; n++) await put(graph, [account(`okta/Account/${n}`)]);
    expect(linker['queue']).toEqual([]);
    release();
    await linker.flush();
    expect(await partitionOf(graph)).toEqual([['okta/Account/1'], ['okta/Account/2'], ['okta/Account/3']]);

    const again = linker.hold();
    await put(graph, [account('okta/Account/4')]);
    const [reset] = onReset.mock.calls[0]!;
    reset();
    await put(graph, [account('okta/Account/5')]);
    await remove(graph, ['okta/Account/1']);
    expect(linker['queue']).toEqual([]);
    again();
    await linker.flush();
    const linkedNow = [['okta/Account/2'], ['okta/Account/3'], ['okta/Account/4'], ['okta/Account/5']];
    expect(await partitionOf(graph)).toEqual(linkedNow);
  });

  it('keeps no changes while it waits to try again', async () => {
    const graph = await aGraph();
    const linker = new Linker({ graph, logger: silentLogger, ownedDomains: ['acme.example'], newId: randomUUID });
    open = { linker, graph };
    await put(graph, [account('okta/Account/1')]);
    const read = vi.spyOn(graph.store, 'linkHashes').mockImplementation(() => {
      throw new AppError('STORE_UNAVAILABLE', 'Gone.', { retryable: true });
    });
    await linker.start();
    await expect(linker.flush()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await put(graph, [account('okta/Account/2')]);
    expect(linker['queue']).toEqual([]);
    read.mockRestore();
    await linker.flush();
    expect(await partitionOf(graph)).toEqual([['okta/Account/1'], ['okta/Account/2']]);
  });
});
