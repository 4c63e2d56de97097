import { gql } from 'graphql-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';

const PERSON = gql`
  query Person($email: String!) {
    identity(by: { email: $email }) {
      id
      displayName
      accounts {
        totalCount
        edges {
          node {
            connectorId
            nativeId
            status
            groups { totalCount edges { node { name } how { basis } } }
            roles { nodes { name } }
            organizations { nodes { name type } }
            applications { edges { node { name } isLive how { basis via { name } } } }
          }
          ownership { rule confidence evidence { rule withKey sentence } }
        }
      }
      groups { totalCount }
      roles { totalCount nodes { name } }
      organizations { nodes { name } }
      applications(first: 500) { edges { node { name connectorId } hops path { hops { kind } } } }
    }
  }
`;

const PATHS = gql`
  query Paths($from: ID!, $to: ID!) {
    accessPaths(from: $from, to: $to, first: 10) {
      truncated
      paths {
        hops {
          kind
          sentence
          from { key }
          to { key }
          via { key }
          through { kind from { key } to { key } }
        }
      }
    }
  }
`;

const WHO = gql`
  query Who($application: ID!, $after: String) {
    whoCanAccess(application: $application, first: 500, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges { node { id displayName } }
    }
  }
`;

interface Named {
  readonly name: string;
}

interface AccountView {
  readonly connectorId: string;
  readonly nativeId: string;
  readonly groups: { readonly totalCount: number };
  readonly roles: { readonly nodes: readonly Named[] };
  readonly organizations: { readonly nodes: readonly Named[] };
  readonly applications: { readonly edges: readonly { readonly how: readonly { readonly basis: string }[] }[] };
}

interface Person {
  readonly identity: {
    readonly id: string;
    readonly displayName: string;
    readonly accounts: {
      readonly edges: readonly {
        readonly node: AccountView;
        readonly ownership: {
          readonly rule: string;
          readonly confidence: number;
          readonly evidence: readonly unknown[];
        };
      }[];
    };
    readonly applications: {
      readonly edges: readonly {
        readonly hops: number;
        readonly node: { readonly connectorId: string };
        readonly path: { readonly hops: readonly unknown[] };
      }[];
    };
  };
}

interface Who {
  whoCanAccess: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; endCursor: string };
    edges: { node: { id: string } }[];
  };
}

interface Paths {
  accessPaths: {
    truncated: boolean;
    paths: {
      hops: {
        kind: string;
        sentence: string;
        from: { key: string };
        to: { key: string };
        via: { key: string } | null;
        through: { kind: string; from: { key: string }; to: { key: string } }[];
      }[];
    }[];
  };
}

describe('one company in four providers, as one graph', () => {
  let company: CompanyGateway;
  let api: string;

  beforeAll(async () => {
    company = await startCompanyGateway();
    await company.sync();
    api = company.idOf(`auth0/Application/${company.highlights.path.apiId}`);
  });

  afterAll(() => company[Symbol.asyncDispose]());

  async function identityId(): Promise<string> {
    const { email } = company.highlights.person;
    return (await company.query<{ identity: { id: string } }>(PERSON, { email })).identity.id;
  }

  async function whoCanAccess(): Promise<Set<string>> {
    const ids = new Set<string>();
    for (let after: string | undefined; ; ) {
      const { whoCanAccess: page }: Who = await company.query<Who>(WHO, { application: api, after });
      for (const { node } of page.edges) ids.add(node.id);
      if (!page.pageInfo.hasNextPage) {
        expect(ids.size).toBe(page.totalCount);
        return ids;
      }
      after = page.pageInfo.endCursor;
    }
  }

  it('shows a person with accounts in all four, the evidence of each link, and what came how', async () => {
    const { person } = company.highlights;
    const { identity } = await company.query<Person>(PERSON, { email: person.email });
    expect(identity.displayName).toBe(person.displayName);
    const keys = identity.accounts.edges.map(({ node }) => `${node.connectorId}/Account/${node.nativeId}`);
    expect(keys.sort()).toEqual([...person.accountKeys].sort());
    for (const { ownership } of identity.accounts.edges) {
      expect(ownership.evidence.length).toBeGreaterThan(0);
      expect(ownership.confidence).toBe(1);
      expect(ownership.rule).not.toBe('ONLY_ACCOUNT');
    }
    const byConnector = (connector: string) =>
      identity.accounts.edges.filter(({ node }) => node.connectorId === connector).map(({ node }) => node);
    expect(byConnector('okta')[0]!.groups.totalCount).toBeGreaterThan(0);
    const bases = byConnector('okta')[0]!.applications.edges.flatMap(({ how }) => how.map((way) => way.basis));
    expect(bases).toContain('GROUP');
    expect(byConnector('torq')[0]!.roles.nodes).toHaveLength(1);
    expect(byConnector('auth0').some(({ organizations }) => organizations.nodes.length > 1)).toBe(true);
    expect(identity.applications.edges.length).toBeGreaterThan(3);
    for (const { hops, path } of identity.applications.edges) expect(path.hops).toHaveLength(hops);
    expect(new Set(identity.applications.edges.map(({ node }) => node.connectorId)).size).toBeGreaterThan(2);
  });

  it('follows access from Okta through an application into Auth0 down to the API', async () => {
    const { path } = company.highlights;
    const { accessPaths } = await company.query<Paths>(PATHS, { from: await identityId(), to: api });
    expect(accessPaths.truncated).toBe(false);
    expect(accessPaths.paths).toHaveLength(1);
    const { hops } = accessPaths.paths[0]!;
    expect(hops.map(({ kind, to }) => [kind, to.key])).toEqual([
      ['HAS_ACCOUNT', `okta/Account/${path.oktaUserId}`],
      ['FEDERATES', `auth0/Account/${path.auth0UserId}`],
      ['HAS_ROLE', `auth0/Role/${path.auth0RoleId}`],
      ['GRANTS', `auth0/Permission/${path.permissionNativeId}`],
      ['PERMITS', `auth0/Application/${path.apiId}`],
    ]);
    expect(hops[1]!.via?.key).toBe(`okta/Application/${path.oktaAppId}`);
    expect(hops[1]!.through.map(({ kind, to }) => [kind, to.key])).toEqual([
      ['MEMBER_OF', `okta/Group/${path.oktaGroupId}`],
      ['ASSIGNED_TO', `okta/Application/${path.oktaAppId}`],
    ]);
    for (const { sentence } of hops) expect(sentence).not.toMatch(/[{}]/);
  });

  it('lists the person among those who can access the API', async () => {
    expect([...(await whoCanAccess())]).toContain(await identityId());
  });

  it('loses the path when the Okta group leaves the application, and gets it back', async () => {
    const { oktaGroupId: groupId, oktaAppId: appId } = company.highlights.path;
    const id = await identityId();
    company.emulators.okta.change('removeGroupFromApp', { groupId, appId });
    await company.sync('okta');
    expect((await company.query<Paths>(PATHS, { from: id, to: api })).accessPaths.paths).toEqual([]);
    expect([...(await whoCanAccess())]).not.toContain(id);

    company.emulators.okta.change('assignGroupToApp', { groupId, appId });
    await company.sync('okta');
    expect((await company.query<Paths>(PATHS, { from: id, to: api })).accessPaths.paths).toHaveLength(1);
  });

  it('loses the path when the Okta account is suspended, and gets it back', async () => {
    const { oktaUserId: userId } = company.highlights.path;
    const id = await identityId();
    company.emulators.okta.change('suspendUser', { userId });
    await company.sync('okta');
    expect((await company.query<Paths>(PATHS, { from: id, to: api })).accessPaths.paths).toEqual([]);
    expect([...(await whoCanAccess())]).not.toContain(id);

    company.emulators.okta.change('unsuspendUser', { userId });
    await company.sync('okta');
    expect((await company.query<Paths>(PATHS, { from: id, to: api })).accessPaths.paths).toHaveLength(1);
  });

  it('shows a leaver whose account is live elsewhere', async () => {
    const { leaver } = company.highlights;
    const { account } = await company.query<{
      account: { isLive: boolean; identity: { accounts: { nodes: { connectorId: string; isLive: boolean }[] } } };
    }>(
      gql`query ($native: NativeRef!) { account(by: { native: $native }) { isLive identity { active accounts { nodes { connectorId isLive } } } } }`,
      { native: { connector: 'torq', nativeId: leaver.torqUserId } },
    );
    expect(account.isLive).toBe(true);
    expect(account.identity.accounts.nodes).toContainEqual({ connectorId: 'okta', isLive: false });
  });

  it('does not fall for a connection that only claims to be Okta', async () => {
    const { forged } = company.highlights;
    const { account, victim } = await company.query<{
      account: { federatedFrom: { totalCount: number }; identity: { id: string } };
      victim: { identity: { id: string } };
    }>(
      gql`query ($forged: NativeRef!, $victim: NativeRef!) {
        account(by: { native: $forged }) { federatedFrom { totalCount } identity { id } }
        victim: account(by: { native: $victim }) { identity { id } }
      }`,
      {
        forged: { connector: 'auth0', nativeId: forged.auth0UserId },
        victim: { connector: 'okta', nativeId: forged.victimOktaUserId },
      },
    );
    expect(account.federatedFrom.totalCount).toBe(0);
    expect(account.identity.id).not.toBe(victim.identity.id);
  });

  it('counts what it linked by which rule, and what it kept apart', async () => {
    const { graph } = await company.query<{
      graph: {
        linking: {
          accounts: number;
          identities: number;
          sameName: number;
          unverifiedLookAlikes: number;
          byRule: { rule: string; count: number }[];
        };
      };
    }>('{ graph { linking { accounts identities sameName ambiguous unverifiedLookAlikes byRule { rule count } } } }');
    const { linking } = graph;
    expect(linking.byRule.reduce((sum, { count }) => sum + count, 0)).toBe(linking.accounts);
    expect(linking.byRule.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['FEDERATED_SUBJECT', 'VERIFIED_EMAIL', 'EMPLOYEE_NUMBER', 'SAME_PERSON_AT_PROVIDER']),
    );
    expect(linking.sameName).toBeGreaterThan(0);
    expect(linking.unverifiedLookAlikes).toBeGreaterThan(0);
  });

  it('only ever reads at the providers', () => {
    for (const emulator of company.emulators.list)
      expect([emulator.name, emulator.requests().writes]).toEqual([emulator.name, 0]);
  });
});
