import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLClient, gql } from 'graphql-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { READ_SCOPES as AUTH0_SCOPES } from '../../emulators/auth0/auth.ts';
import { createCompany } from '../../emulators/company.ts';
import { READ_SCOPES as OKTA_SCOPES } from '../../emulators/okta/auth.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { contentOf } from '../support/graph-content.ts';

const STATE = gql`
  query State($connector: String!) {
    connector(connector: $connector) {
      state reasonCode message missingScopes
      listings { listing lastOutcome reasonCode }
    }
    roles(filter: { connectors: [$connector] }) { ...Kept }
    groups(filter: { connectors: [$connector] }) { ...Kept }
  }
  fragment Kept on Connection { totalCount notices { connectorId reasonCode message } }
`;
const STATUS = gql`query ($native: NativeRef!) { account(by: { native: $native }) { status } }`;

interface State {
  readonly connector: {
    readonly state: string;
    readonly reasonCode: string | null;
    readonly message: string | null;
    readonly missingScopes: readonly string[];
    readonly listings: readonly {
      readonly listing: string;
      readonly lastOutcome: string;
      readonly reasonCode: string | null;
    }[];
  };
  readonly roles: List;
  readonly groups: List;
}

interface List {
  readonly totalCount: number;
  readonly notices: readonly { readonly connectorId: string; readonly reasonCode: string; readonly message: string }[];
}

describe('credentials that lose a scope', () => {
  let folder: string;
  let emulators: AllEmulators;
  let gateway: Gateway;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-scope-'));
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    await open(OKTA_SCOPES);
  });
  afterAll(async () => {
    await gateway?.close();
    await emulators?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A gateway on the same store, as an Okta service app with these scopes; the others as always. */
  async function open(scopes: readonly string[]): Promise<void> {
    await gateway?.close();
    const connectors = emulators
      .connectors()
      .map((connector) =>
        connector.id === 'okta'
          ? { ...connector, settings: { ...emulators.okta.appCredentials({ scopes }) } }
          : connector,
      );
    gateway = await openTestGateway(folder, emulators, { config: { connectors } });
  }

  async function sync(connector: string): Promise<State> {
    await gateway.sync.start(connector);
    await gateway.sync.finished(connector);
    return new GraphQLClient(`${gateway.url}/graphql`).request<State>(STATE, { connector });
  }

  const statusOf = async (connector: string, nativeId: string): Promise<string> => {
    const client = new GraphQLClient(`${gateway.url}/graphql`);
    const { account } = await client.request<{ account: { status: string } }>(STATUS, {
      native: { connector, nativeId },
    });
    return account.status;
  };

  interface Case {
    readonly connector: 'okta' | 'auth0';
    readonly scope: string;
    readonly list: 'roles' | 'groups';
    readonly nodes: readonly NodeKind[];
    readonly links: readonly LinkKind[];
    lose(): void | Promise<void>;
    regain(): void | Promise<void>;
    /** Suspends somebody; their native id. */
    suspend(): string;
  }
  const cases: readonly Case[] = [
    {
      connector: 'okta',
      scope: 'okta.roles.read',
      list: 'roles',
      nodes: ['Role', 'Permission'],
      links: ['HAS_ROLE', 'GRANTS', 'PERMITS'],
      lose: () => open(OKTA_SCOPES.filter((scope) => scope !== 'okta.roles.read')),
      regain: () => open(OKTA_SCOPES),
      suspend() {
        const user = [...emulators.okta.world.okta.users.values()].find(({ status }) => status === 'ACTIVE')!;
        emulators.okta.change('suspendUser', { userId: user.id });
        return user.id;
      },
    },
    {
      connector: 'okta',
      scope: 'okta.groups.read',
      list: 'groups',
      nodes: ['Group'],
      links: ['MEMBER_OF'],
      lose: () => open(OKTA_SCOPES.filter((scope) => scope !== 'okta.groups.read')),
      regain: () => open(OKTA_SCOPES),
      suspend() {
        const user = [...emulators.okta.world.okta.users.values()].find(({ status }) => status === 'ACTIVE')!;
        emulators.okta.change('suspendUser', { userId: user.id });
        return user.id;
      },
    },
    {
      connector: 'auth0',
      scope: 'read:roles',
      list: 'roles',
      nodes: ['Role', 'Permission'],
      links: ['HAS_ROLE', 'GRANTS', 'PERMITS'],
      lose: () =>
        void emulators.auth0.change('setScopes', { scopes: AUTH0_SCOPES.filter((scope) => scope !== 'read:roles') }),
      regain: () => void emulators.auth0.change('setScopes', { scopes: AUTH0_SCOPES }),
      suspend() {
        const user = [...emulators.okta.world.auth0.users.values()].find(({ blocked }) => !blocked)!;
        emulators.auth0.change('blockUser', { userId: user.userId });
        return user.userId;
      },
    },
  ];

  it.each(cases)(
    'keep what $scope of $connector brought, name it, and read the rest on',
    async ({ connector, scope, list, nodes, links, lose, regain, suspend }) => {
      const whole = await sync(connector);
      expect(whole.connector).toMatchObject({ state: 'CONNECTED', missingScopes: [] });
      expect(whole[list].totalCount).toBeGreaterThan(3);
      expect(whole[list].notices).toEqual([]);
      const before = await contentOf(gateway.graph, connector);

      await lose();
      const suspended = suspend();
      const partial = await sync(connector);
      expect(partial.connector).toMatchObject({ state: 'DEGRADED', reasonCode: 'SCOPE_MISSING' });
      expect(partial.connector.missingScopes).toContain(scope);
      expect(partial.connector.message).toContain(scope);
      expect(partial[list].totalCount).toBe(whole[list].totalCount);
      expect(partial[list].notices).toMatchObject([{ connectorId: connector, reasonCode: 'SCOPE_MISSING' }]);
      expect(partial[list].notices[0]!.message).toContain(scope);
      const kept = await contentOf(gateway.graph, connector);
      for (const kind of nodes) {
        expect(new Set(kept.nodes[kind])).toEqual(new Set(before.nodes[kind]));
      }
      for (const kind of links) {
        expect(new Set(kept.links[kind])).toEqual(new Set(before.links[kind]));
      }
      expect(await statusOf(connector, suspended)).toBe('SUSPENDED');

      await regain();
      const again = await sync(connector);
      expect(again.connector).toMatchObject({ state: 'CONNECTED', reasonCode: null, missingScopes: [] });
      expect(again[list].notices).toEqual([]);
    },
  );
});
