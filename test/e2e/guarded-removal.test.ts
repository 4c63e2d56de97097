import { gql } from 'graphql-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { contentOf } from '../support/graph-content.ts';

const FIELDS = `
  connectorId state reasonCode message staleSince
  removalPreview { listings { listing cause counts { kind before removed } names } }
`;
const CONNECTORS = gql`{ connectors { ${FIELDS} } }`;
const CONFIRM = gql`mutation ($connector: String!) { confirmRemoval(connector: $connector) { ${FIELDS} } }`;
const REJECT = gql`mutation ($connector: String!) { rejectRemoval(connector: $connector) { ${FIELDS} } }`;

interface ConnectorView {
  readonly connectorId: string;
  readonly state: string;
  readonly reasonCode: string | null;
  readonly message: string | null;
  readonly staleSince: string | null;
  readonly removalPreview: {
    readonly listings: readonly {
      readonly listing: string;
      readonly cause: string;
      readonly counts: readonly { readonly kind: string; readonly before: number; readonly removed: number }[];
      readonly names: readonly string[];
    }[];
  } | null;
}

describe('a third of a directory that vanishes', () => {
  let company: CompanyGateway;
  let before: Awaited<ReturnType<typeof contentOf>>;
  let gone: string[];

  beforeAll(async () => {
    company = await startCompanyGateway();
    await company.sync();
    before = await contentOf(company.gateway.graph, 'jumpcloud');
    gone = [...company.world.jumpcloud.users.keys()].filter((_, n) => n % 3 === 0);
    for (const userId of gone) company.emulators.jumpcloud.change('deleteUser', { userId });
  });
  afterAll(() => company[Symbol.asyncDispose]());

  const jumpcloud = async (): Promise<ConnectorView> => {
    const { connectors } = await company.query<{ connectors: ConnectorView[] }>(CONNECTORS);
    return connectors.find(({ connectorId }) => connectorId === 'jumpcloud')!;
  };
  const content = () => contentOf(company.gateway.graph, 'jumpcloud');
  /** As sets: the order in the index tells nothing. */
  const sets = (lists: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(lists).map(([kind, list]) => [kind, new Set(list)]));

  it('is kept and shown before anything is removed', async () => {
    await company.sync('jumpcloud');
    const connector = await jumpcloud();
    expect(connector).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
    expect(connector.removalPreview!.listings).toMatchObject([
      {
        listing: 'users',
        cause: 'MASS_REMOVAL',
        counts: expect.arrayContaining([
          { kind: 'Account', before: company.world.jumpcloud.users.size + gone.length, removed: gone.length },
        ]),
      },
    ]);
    expect(connector.removalPreview!.listings[0]!.names.length).toBe(20);
    expect(sets((await content()).nodes)).toEqual(sets(before.nodes));
    expect(sets((await content()).links)).toEqual(sets(before.links));
  });

  it('stays when somebody rejects it, and is asked about again by the next run', async () => {
    const { rejectRemoval } = await company.query<{ rejectRemoval: ConnectorView }>(REJECT, { connector: 'jumpcloud' });
    expect(rejectRemoval).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_REJECTED', removalPreview: null });
    expect(sets((await content()).nodes)).toEqual(sets(before.nodes));
    await expect(company.query(CONFIRM, { connector: 'jumpcloud' })).rejects.toMatchObject({
      response: { errors: [{ extensions: { code: 'NO_PREVIEW' } }] },
    });
    await company.sync('jumpcloud');
    expect(await jumpcloud()).toMatchObject({ state: 'DEGRADED', reasonCode: 'REMOVAL_GUARD' });
    expect(sets((await content()).nodes)).toEqual(sets(before.nodes));
  });

  it('goes, and nothing else with it, when somebody confirms', async () => {
    const seq = company.gateway.graph.seq;
    const { confirmRemoval } = await company.query<{ confirmRemoval: ConnectorView }>(CONFIRM, {
      connector: 'jumpcloud',
    });
    expect(confirmRemoval).toMatchObject({ state: 'CONNECTED', reasonCode: null, removalPreview: null });
    const isGone = new Set(gone);
    const after = await content();
    const accounts = before.nodes['Account']!.filter((id) => !isGone.has(id));
    expect(sets(after.nodes)).toEqual(sets({ ...before.nodes, Account: accounts }));
    const keeps = (pair: string): boolean => pair.split(' → ').every((id) => !isGone.has(id));
    for (const [kind, pairs] of Object.entries(before.links)) {
      expect([kind, new Set(after.links[kind])]).toEqual([kind, new Set(pairs.filter(keeps))]);
    }
    for await (const change of company.gateway.graph.store.changes(seq)) {
      if (change.connector === 'jumpcloud')
        expect(change).toMatchObject({ cause: 'DECISION', actor: expect.any(String) });
    }
    await company.sync('jumpcloud');
    expect(await jumpcloud()).toMatchObject({ state: 'CONNECTED', reasonCode: null, staleSince: null });
    expect(await company.gateway.graph.verify()).toEqual({ ok: true, problems: [] });
  });
});
