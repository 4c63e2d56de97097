import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auth0Expected } from '../support/auth0-expected.ts';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { type Expected, jumpCloudExpected, torqExpected } from '../support/directory-expected.ts';
import { compareWithTruth, contentOf, identitiesOf } from '../support/graph-content.ts';
import { oktaExpected } from '../support/okta-expected.ts';

const sorted = (lists: Readonly<Record<string, readonly string[] | undefined>>): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(lists)
      .filter((entry): entry is [string, readonly string[]] => (entry[1]?.length ?? 0) > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, list]) => [kind, [...list].sort()]),
  );

/** What every connector has besides what its provider lists: the tenant, its console, and each account's membership. */
function withTenant(expected: Expected, tenant: string): Expected {
  const { nodes, links } = expected;
  return {
    nodes: {
      ...nodes,
      Organization: [...(nodes.Organization ?? []), tenant],
      Application: [...(nodes.Application ?? []), 'console'],
    },
    links: {
      ...links,
      MEMBER_OF: [...(links.MEMBER_OF ?? []), ...(nodes.Account ?? []).map((id) => `${id} → ${tenant}`)],
    },
  };
}

describe('the graph of ten thousand people against what the providers hold', () => {
  let company: CompanyGateway;
  let expected: Record<string, Expected>;

  beforeAll(async () => {
    company = await startCompanyGateway({ size: 'M' });
    const runs = await company.sync();
    expect(runs.map(({ connector, state, message }) => [connector, state, message])).toEqual(
      runs.map(({ connector }) => [connector, 'SUCCEEDED', null]),
    );
    const { okta, auth0, jumpcloud, torq } = company.world;
    expected = {
      okta: withTenant(oktaExpected(okta), okta.orgId),
      auth0: withTenant(auth0Expected(auth0), auth0.domain),
      jumpcloud: withTenant(jumpCloudExpected(jumpcloud), jumpcloud.orgId),
      torq: withTenant(torqExpected(torq), torq.workspaceId),
    };
  }, 1_200_000);

  afterAll(() => company[Symbol.asyncDispose]());

  it.each(['okta', 'auth0', 'jumpcloud', 'torq'])('holds everything of %s and nothing else', async (connector) => {
    const { nodes, links } = await contentOf(company.gateway.graph, connector);
    const [haveNodes, wantNodes] = [sorted(nodes), sorted(expected[connector]!.nodes)];
    const [haveLinks, wantLinks] = [sorted(links), sorted(expected[connector]!.links)];
    const count = (lists: Record<string, readonly string[]>) =>
      Object.entries(lists).map(([kind, list]) => [kind, list.length]);
    expect(count(haveNodes)).toEqual(count(wantNodes));
    expect(count(haveLinks)).toEqual(count(wantLinks));
    // Compared by hand: a diff of 300,000 lines helps nobody.
    for (const [have, want] of [
      [haveNodes, wantNodes],
      [haveLinks, wantLinks],
    ] as const) {
      for (const [kind, list] of Object.entries(want)) {
        expect(list.filter((item, i) => have[kind]![i] !== item).slice(0, 5)).toEqual([]);
      }
    }
  });

  it('links no two people and finds nearly all accounts of each', async () => {
    const identities = await identitiesOf(company.gateway.graph);
    const { people, machines, traps } = company.truth;
    const { precision, recall, pairs, wrong } = compareWithTruth(identities, people, machines);
    const linkable = people.filter((person) => person.linkable);
    const findable = compareWithTruth(identities, linkable, machines);
    console.log(
      `automatic links, M: precision ${precision.toFixed(6)}, recall ${recall.toFixed(4)} of ${pairs} pairs, ` +
        `${findable.recall.toFixed(4)} of the ${findable.pairs} pairs that rules can find`,
    );
    expect(wrong).toEqual([]);
    expect(precision).toBe(1);
    expect(recall).toBeGreaterThan(0.98);
    const accountsOf = new Map<number, string[]>();
    for (const [key, identity] of identities) accountsOf.set(identity, [...(accountsOf.get(identity) ?? []), key]);
    // A workload or shared log-in never hangs on a person, though it may have accounts in two providers.
    for (const { accounts } of machines) {
      for (const key of accounts)
        expect(accounts).toEqual(expect.arrayContaining(accountsOf.get(identities.get(key)!)!));
    }
    expect(traps.length).toBeGreaterThan(0);
    const fallenFor = traps.filter(({ accounts: [a, b] }) => identities.get(a) === identities.get(b));
    expect(fallenFor).toEqual([]);
  });

  it('has an index that equals its store', async () => {
    expect(await company.gateway.graph.verify()).toEqual({ ok: true, problems: [] });
  });
});
