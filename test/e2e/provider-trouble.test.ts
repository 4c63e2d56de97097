import { gql } from 'graphql-request';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FaultRule } from '../../emulators/faults.ts';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';
import { thinOut } from '../support/thin-out.ts';

const NAMES = ['okta', 'auth0', 'jumpcloud', 'torq'] as const;
type Name = (typeof NAMES)[number];

const STATE = gql`
  query State($connectors: [String!]) {
    connectors {
      connectorId
      state
      reasonCode
      message
      staleSince
      missingScopes
      lastRun { state reasonCode listings { listing outcome reasonCode } }
      removalPreview { listings { listing cause counts { kind before removed } names } }
    }
    accounts(filter: { connectors: $connectors }, first: 1) {
      totalCount
      nodes { isStale }
      notices { connectorId state reasonCode message ageSeconds }
    }
  }
`;

interface ConnectorState {
  readonly connectorId: string;
  readonly state: string;
  readonly reasonCode: string | null;
  readonly message: string | null;
  readonly staleSince: string | null;
  readonly missingScopes: readonly string[];
  readonly lastRun: {
    readonly state: string;
    readonly reasonCode: string | null;
    readonly listings: readonly {
      readonly listing: string;
      readonly outcome: string;
      readonly reasonCode: string | null;
    }[];
  };
  readonly removalPreview: {
    readonly listings: readonly {
      readonly listing: string;
      readonly cause: string;
      readonly counts: readonly { readonly kind: string; readonly before: number; readonly removed: number }[];
      readonly names: readonly string[];
    }[];
  } | null;
}

interface State {
  readonly connectors: readonly ConnectorState[];
  readonly accounts: {
    readonly totalCount: number;
    readonly nodes: readonly { readonly isStale: boolean }[];
    readonly notices: readonly {
      readonly connectorId: string;
      readonly state: string;
      readonly reasonCode: string;
      readonly message: string;
      readonly ageSeconds: number | null;
    }[];
  };
}

const invited = z.object({ userId: z.string() });

/** Path of the list of users, which no connector can do without. */
const USERS: Readonly<Record<Name, string>> = {
  okta: 'GET /api/v1/users\\?',
  auth0: 'GET /api/v2/users\\?',
  jumpcloud: 'GET /api/systemusers\\?',
  torq: 'GET /api/public/v1alpha/users\\?',
};

/** Path of a list that others build on. */
const PARENTS: Readonly<Record<Name, string>> = {
  okta: 'GET /api/v1/groups\\?',
  auth0: 'GET /api/v2/organizations\\?',
  jumpcloud: 'GET /api/v2/usergroups\\?',
  torq: 'GET /api/public/v1alpha/roles',
};

interface Trouble {
  readonly what: string;
  readonly rule: (name: Name) => FaultRule;
  readonly state: RegExp;
  readonly reasonCode: RegExp;
}

const TROUBLES: readonly Trouble[] = [
  {
    what: '401 for ever',
    rule: () => ({ match: '/', kind: 'status', status: 401 }),
    state: /^RECONNECT_REQUIRED$/,
    reasonCode: /^UPSTREAM_UNAUTHORIZED$/,
  },
  {
    what: '401 from the middle of a run on',
    rule: () => ({ match: '/', kind: 'status', status: 401, after: 5 }),
    state: /^RECONNECT_REQUIRED$/,
    reasonCode: /^UPSTREAM_UNAUTHORIZED$/,
  },
  {
    what: '500 for ever',
    rule: () => ({ match: '/', kind: 'status', status: 500 }),
    state: /^ERROR$/,
    reasonCode: /^UPSTREAM_UNAVAILABLE$/,
  },
  {
    what: '500 for its users',
    rule: (name) => ({ match: USERS[name], kind: 'status', status: 500 }),
    state: /^ERROR$/,
    reasonCode: /^UPSTREAM_UNAVAILABLE$/,
  },
  {
    what: 'an empty list of users',
    rule: (name) => ({ match: USERS[name], kind: 'empty' }),
    // An Okta org always shows somebody, so there it means that the credentials have no administrator role.
    state: /^(DEGRADED|ERROR)$/,
    reasonCode: /^(REMOVAL_GUARD|UPSTREAM_MISCONFIGURED)$/,
  },
  {
    what: 'an empty list of groups or roles',
    rule: (name) => ({ match: PARENTS[name], kind: 'empty' }),
    state: /^DEGRADED$/,
    reasonCode: /^REMOVAL_GUARD$/,
  },
  {
    what: 'nothing but empty lists',
    rule: () => ({ match: '/', kind: 'empty' }),
    state: /^(DEGRADED|ERROR)$/,
    reasonCode: /^(REMOVAL_GUARD|UPSTREAM_MISCONFIGURED)$/,
  },
  {
    what: 'half of every page of users',
    rule: (name) => ({ match: USERS[name], kind: 'cut' }),
    state: /^ERROR$/,
    reasonCode: /^UPSTREAM_(INVALID|UNAVAILABLE)$/,
  },
  {
    what: 'half of every page from some point on',
    rule: (name) => ({ match: '/', kind: 'cut', after: name === 'torq' ? 4 : 8 }),
    // Without its users nothing can go on; without others a part is fresh.
    state: /^(ERROR|DEGRADED)$/,
    reasonCode: /^UPSTREAM_(INVALID|UNAVAILABLE)$/,
  },
];

describe('a provider in trouble', () => {
  let company: CompanyGateway;

  beforeAll(async () => {
    company = await startCompanyGateway();
    thinOut(company.emulators);
    await company.sync();
  });
  afterAll(() => company[Symbol.asyncDispose]());
  afterEach(() => {
    for (const emulator of company.emulators.list) emulator.faults.clear();
  });

  const stateOf = async (
    name: Name,
  ): Promise<{ connector: ConnectorState; accounts: State['accounts']; all: State['connectors'] }> => {
    const { connectors, accounts } = await company.query<State>(STATE, { connectors: [name] });
    return { connector: connectors.find(({ connectorId }) => connectorId === name)!, accounts, all: connectors };
  };

  /** Nodes and links of a connector, with a digest of them. */
  function holdings(name: Name): Record<string, unknown> {
    const { graph } = company.gateway;
    return Object.fromEntries(
      [...graph.index.countsBySource()]
        .filter(([source]) => graph.sourceOf(source).connector === name)
        .map(([source, counts]) => [graph.sourceOf(source).listing, counts]),
    );
  }

  describe.each(NAMES)('%s', (name) => {
    it.each(TROUBLES)('answers $what: nothing is deleted, it shows, the others go on', async (trouble) => {
      const before = holdings(name);
      const { accounts: had } = await stateOf(name);
      expect(had.notices).toEqual([]);
      company.emulators[name].faults.add(trouble.rule(name));
      const changes = NAMES.filter((other) => other !== name).map((other) => toggle(company, other));
      await company.sync();

      const { connector, accounts, all } = await stateOf(name);
      expect(holdings(name)).toEqual(before);
      expect(accounts.totalCount).toBe(had.totalCount);
      expect(connector.state).toMatch(trouble.state);
      expect(connector.reasonCode).toMatch(trouble.reasonCode);
      expect(connector.message!.length).toBeGreaterThan(20);
      expect(Date.parse(connector.staleSince!)).toBeLessThanOrEqual(Date.now());
      expect(accounts.notices).toEqual([
        {
          connectorId: name,
          state: connector.state,
          reasonCode: connector.reasonCode,
          message: connector.message,
          ageSeconds: expect.any(Number),
        },
      ]);

      for (const { connectorId, state, reasonCode, message, staleSince } of all) {
        if (connectorId === name) continue;
        expect({ connectorId, state, reasonCode, message, staleSince }).toEqual({
          connectorId,
          state: 'CONNECTED',
          reasonCode: null,
          message: null,
          staleSince: null,
        });
      }
      for (const { native, status } of changes) {
        const { account } = await company.query<{ account: { status: string } }>(
          gql`query ($native: NativeRef!) { account(by: { native: $native }) { status } }`,
          { native },
        );
        expect({ native, status: account.status }).toEqual({ native, status });
      }

      company.emulators[name].faults.clear();
      await company.sync(name);
      const healed = await stateOf(name);
      expect(healed.connector).toMatchObject({
        state: 'CONNECTED',
        reasonCode: null,
        staleSince: null,
        removalPreview: null,
      });
      expect(healed.accounts.notices).toEqual([]);
      expect(holdings(name)).toEqual(before);
    });
  });
});

/** Suspends one person's account, or the other way round; the status that the graph has to show then. */
function toggle(
  company: CompanyGateway,
  name: Name,
): { native: { connector: Name; nativeId: string }; status: string } {
  const { emulators, world } = company;
  const told = (nativeId: string, isOn: boolean, status = isOn ? 'SUSPENDED' : 'ACTIVE') => ({
    native: { connector: name, nativeId },
    status,
  });
  if (name === 'okta') {
    const user = [...world.okta.users.values()].find(({ status }) => status === 'ACTIVE' || status === 'SUSPENDED')!;
    const isOn = user.status === 'ACTIVE';
    emulators.okta.change(isOn ? 'suspendUser' : 'unsuspendUser', { userId: user.id });
    return told(user.id, isOn);
  }
  if (name === 'auth0') {
    const user = [...world.auth0.users.values()][0]!;
    const isOn = !user.blocked;
    emulators.auth0.change(isOn ? 'blockUser' : 'unblockUser', { userId: user.userId });
    return told(user.userId, isOn);
  }
  if (name === 'jumpcloud') {
    const user = [...world.jumpcloud.users.values()].find(
      ({ state, activated, accountLocked, passwordExpired }) =>
        state !== 'STAGED' && activated && !accountLocked && !passwordExpired,
    )!;
    const isOn = user.state === 'ACTIVATED';
    emulators.jumpcloud.change(isOn ? 'suspendUser' : 'activateUser', { userId: user.id });
    return told(user.id, isOn);
  }
  const roleId = [...world.torq.roles.keys()][0]!;
  const { userId } = invited.parse(
    emulators.torq.change('inviteUser', { email: `guest${world.torq.users.size}@partner.example`, roleId }),
  );
  return told(userId, true, 'INVITED');
}
