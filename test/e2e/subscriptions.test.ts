import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLClient, gql } from 'graphql-request';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { pruneChanges } from '../../src/services/changes/retention.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { type CuttableRelay, startRelay } from '../support/cuttable-relay.ts';
import { pickText } from '../support/pick.ts';
import { type Subscriber, subscribe, type Transport } from '../support/streams.ts';

const CHANGES = gql`
  subscription ($after: String, $filter: ChangeFilter) {
    graphChanges(after: $after, filter: $filter) {
      type cursor seq part isLastPart at cause connectorId runId resetReason
      nodes {
        action kind id key name changedFields
        before { __typename key name ...AccountState ... on Group { type } }
        after { __typename key name ...AccountState ... on Group { type } }
      }
      links {
        action kind connectorId qualifier
        from { __typename key }
        to { __typename key }
        before { isLive isInactive isDerived properties }
        after { isLive isInactive isDerived properties }
      }
    }
  }
  fragment AccountState on Account { status nativeStatus userName emails { value type primary } department }
`;

interface ChangeEvent {
  readonly type: string;
  readonly cursor: string;
  readonly seq: number;
  readonly part: number;
  readonly isLastPart: boolean;
  readonly connectorId: string | null;
  readonly resetReason: string | null;
  readonly nodes: readonly { readonly key: string; readonly action: string }[];
  readonly links: readonly {
    readonly kind: string;
    readonly from: { readonly key: string };
    readonly to: { readonly key: string };
  }[];
}

/** What the subscriber has heard; the shape is the query's. */
const eventsOf = (subscriber: Subscriber): ChangeEvent[] =>
  subscriber.heard.map((data) => Reflect.get(data, 'graphChanges') as ChangeEvent);

/** Waits until it has heard the whole change of this number. */
async function upTo(subscriber: Subscriber, seq: number): Promise<ChangeEvent[]> {
  for (let count = 1; ; count = subscriber.heard.length + 1) {
    const last = eventsOf(subscriber).at(-1);
    if (last !== undefined && last.seq >= seq && last.isLastPart) return eventsOf(subscriber);
    await subscriber.atLeast(count);
    expect(subscriber.errors).toEqual([]);
  }
}

const TRANSPORTS: readonly Transport[] = ['graphql-ws', 'graphql-sse'];

describe('changes at the providers', () => {
  let folder: string;
  let emulators: AllEmulators;
  let gateway: Gateway;
  let relay: CuttableRelay;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-heard-'));
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    await open();
    await sync('okta', 'auth0', 'torq');
  });
  afterAll(async () => {
    await relay?.[Symbol.asyncDispose]();
    await gateway?.close();
    await emulators?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(): Promise<void> {
    gateway = await openTestGateway(folder, emulators);
    relay = await startRelay(gateway.url);
  }

  async function reopen(): Promise<void> {
    await relay[Symbol.asyncDispose]();
    await gateway.close();
    await open();
  }

  /** @returns the number of the newest change */
  async function sync(...connectors: string[]): Promise<number> {
    const runs = await Promise.all(
      connectors.map(async (connector) => {
        await gateway.sync.start(connector);
        return (await gateway.sync.finished(connector)) ?? (await gateway.sync.runs(connector, 1))[0]!;
      }),
    );
    expect(runs.map(({ connector, state }) => [connector, state])).toEqual(
      connectors.map((connector) => [connector, 'SUCCEEDED']),
    );
    await gateway.linker.flush();
    return gateway.graph.seq;
  }

  const cursorNow = async (): Promise<string> =>
    pickText(await new GraphQLClient(`${gateway.url}/graphql`).request('{ graph { cursor } }'), 'graph.cursor');
  const listen = (transport: Transport, after: string, url = gateway.url): Subscriber =>
    subscribe(transport, url, CHANGES, { after });

  /** A change at each of two providers; no two rounds the same. @returns the number of the newest change then */
  let round = 0;
  async function changeAround(): Promise<number> {
    const { auth0, torq } = emulators.okta.world;
    round++;
    const [organization] = [...auth0.organizations.values()];
    const users = [...auth0.users.keys()];
    emulators.auth0.change('blockUser', { userId: users[round] });
    emulators.auth0.change('addMember', { userId: users[users.length - round], organizationId: organization!.id });
    const roleId = [...torq.roles.keys()][0]!;
    emulators.torq.change('inviteUser', { email: `guest.${round}@partner.example`, roleId });
    return sync('auth0', 'torq');
  }

  it('are told as they happen, typed, with before and after', async () => {
    const after = await cursorNow();
    const subscribers = TRANSPORTS.map((transport) => listen(transport, after));
    const { users, groups } = emulators.okta.world.okta;
    const group = [...groups.values()].find(({ type, members }) => type === 'OKTA_GROUP' && members.size > 3)!;
    const oldName = group.name;
    const [suspended, leaver] = [...group.members].filter((id) => users.get(id)?.status === 'ACTIVE');
    emulators.okta.change('suspendUser', { userId: suspended });
    emulators.okta.change('removeUserFromGroup', { userId: leaver, groupId: group.id });
    emulators.okta.change('renameGroup', { groupId: group.id, name: 'Another name' });
    const last = await sync('okta');
    for (const subscriber of subscribers) {
      const events = await upTo(subscriber, last);
      await subscriber.cut();
      const nodes = events.flatMap((event) => event.nodes);
      expect(nodes.find(({ key }) => key === `okta/Account/${suspended}`)).toMatchObject({
        action: 'CHANGED',
        kind: 'Account',
        changedFields: expect.arrayContaining(['status']),
        before: { __typename: 'Account', status: 'ACTIVE', nativeStatus: 'ACTIVE' },
        after: { __typename: 'Account', status: 'SUSPENDED', nativeStatus: 'SUSPENDED' },
      });
      expect(nodes.find(({ key }) => key === `okta/Group/${group.id}`)).toMatchObject({
        action: 'CHANGED',
        name: 'Another name',
        changedFields: expect.arrayContaining(['name']),
        before: { __typename: 'Group', name: oldName },
        after: { __typename: 'Group', name: 'Another name' },
      });
      expect(
        events
          .flatMap((event) => event.links)
          .find(({ from, to }) => from.key === `okta/Account/${leaver}` && to.key === `okta/Group/${group.id}`),
      ).toMatchObject({
        action: 'REMOVED',
        kind: 'MEMBER_OF',
        connectorId: 'okta',
        from: { __typename: 'Account' },
        to: { __typename: 'Group' },
        before: { isLive: true },
        after: null,
      });
    }
  });

  it.each(['client', 'server'] as const)(
    'are neither missed nor repeated when the line breaks at the %s',
    async (side) => {
      const after = await cursorNow();
      const start = gateway.graph.seq;
      const faithful = listen('graphql-ws', after);
      const leavers = TRANSPORTS.map((transport) => listen(transport, after, relay.url));
      const first = await changeAround();
      const before = await Promise.all(leavers.map((leaver) => upTo(leaver, first)));
      await relay.cut(side);
      await Promise.all(leavers.map((leaver) => leaver.ended));
      expect(leavers.map(eventsOf)).toEqual(before);

      await changeAround();
      const back = TRANSPORTS.map((transport, i) => listen(transport, before[i]!.at(-1)!.cursor, relay.url));
      const last = await changeAround();
      const all = await upTo(faithful, last);
      expect(all.map(({ seq }) => seq)).toEqual(all.map((_, n) => start + 1 + n));
      for (const [i, subscriber] of back.entries()) {
        const rest = await upTo(subscriber, last);
        expect(rest.length).toBeGreaterThan(2);
        expect([...before[i]!, ...rest]).toEqual(all);
      }
      await Promise.all([...back, faithful].map((subscriber) => subscriber.cut()));
    },
  );

  it('are neither missed nor repeated when the gateway is restarted', async () => {
    const after = await cursorNow();
    const leavers = TRANSPORTS.map((transport) => listen(transport, after));
    const first = await changeAround();
    const before = await Promise.all(leavers.map((leaver) => upTo(leaver, first)));
    await reopen();
    await Promise.all(leavers.map((leaver) => leaver.ended));
    expect(leavers.map(eventsOf)).toEqual(before);
    const last = await changeAround();
    const whole = listen('graphql-sse', after);
    const all = await upTo(whole, last);
    const back = TRANSPORTS.map((transport, i) => listen(transport, before[i]!.at(-1)!.cursor));
    for (const [i, subscriber] of back.entries()) {
      expect([...before[i]!, ...(await upTo(subscriber, last))]).toEqual(all);
    }
    await Promise.all([...back, whole].map((subscriber) => subscriber.cut()));
  });

  it('of a first sync are taken up again and again in the middle of their parts', async () => {
    const after = await cursorNow();
    const faithful = listen('graphql-ws', after);
    const syncing = sync('jumpcloud');
    const stories = await Promise.all(TRANSPORTS.map((transport) => manyLives(transport, after, syncing)));
    const all = await upTo(faithful, await syncing);
    await faithful.cut();
    expect(all.some(({ part }) => part > 5)).toBe(true);
    for (const { heard, insideOfChanges } of stories) {
      expect(insideOfChanges).toBeGreaterThan(1);
      expect(heard.length).toBe(all.length);
      expect(heard).toEqual(all);
    }
  });

  /** A client that crashes again and again, each time after a little more than before, until it has heard everything. */
  async function manyLives(
    transport: Transport,
    after: string,
    syncing: Promise<number>,
  ): Promise<{ heard: ChangeEvent[]; insideOfChanges: number }> {
    let last = Number.POSITIVE_INFINITY;
    const known = syncing.then((seq) => {
      last = seq;
    });
    const heard: ChangeEvent[] = [];
    let insideOfChanges = 0;
    for (let life = 1; ; life++) {
      await using line = await startRelay(gateway.url);
      const client = listen(transport, heard.at(-1)?.cursor ?? after, line.url);
      const isOver = (): boolean => {
        const newest = eventsOf(client).at(-1) ?? heard.at(-1);
        return newest !== undefined && newest.seq >= last && newest.isLastPart;
      };
      while (client.heard.length < life && !isOver()) {
        const next = client.atLeast(client.heard.length + 1);
        await (last === Number.POSITIVE_INFINITY ? Promise.race([next, known]) : next);
        expect(client.errors).toEqual([]);
      }
      await line.cut(life % 2 === 0 ? 'client' : 'server');
      await client.ended;
      // What came after the last one it worked on is lost with it.
      heard.push(...eventsOf(client).slice(0, life));
      if (heard.at(-1)!.seq >= last && heard.at(-1)!.isLastPart) return { heard, insideOfChanges };
      if (!heard.at(-1)!.isLastPart) insideOfChanges++;
    }
  }

  it('behind a foreign cursor, or one from before the retention, begin with a reset', async () => {
    const strange = await mkdtemp(join(tmpdir(), 'crosswalk-strange-'));
    const other = await openTestGateway(strange, emulators);
    const there = new GraphQLClient(`${other.url}/graphql`);
    const foreign = pickText(await there.request('{ graph { cursor } }'), 'graph.cursor');
    await other.close();
    await rm(strange, { recursive: true, force: true });
    const old = await cursorNow();
    await changeAround();
    expect(await pruneChanges(gateway.graph.store, systemClock, -1_000)).toBe(gateway.graph.seq);
    // Its memory of the newest rows could still go on from the old cursor.
    await reopen();

    const subscribers = TRANSPORTS.flatMap((transport) => [listen(transport, foreign), listen(transport, old)]);
    for (const subscriber of subscribers) await subscriber.atLeast(1);
    const last = await changeAround();
    const events = await Promise.all(subscribers.map((subscriber) => upTo(subscriber, last)));
    expect(events.map(([first]) => first)).toMatchObject(
      TRANSPORTS.flatMap(() => [
        { type: 'RESET', resetReason: 'OTHER_STORE', nodes: [], links: [] },
        { type: 'RESET', resetReason: 'CURSOR_TOO_OLD', nodes: [], links: [] },
      ]),
    );
    const [rest] = events.map((heard) => heard.slice(1));
    expect(rest!.length).toBeGreaterThan(1);
    expect(rest!.map(({ type }) => type)).toEqual(rest!.map(() => 'CHANGE'));
    for (const heard of events) expect(heard.slice(1)).toEqual(rest);
    await Promise.all(subscribers.map((subscriber) => subscriber.cut()));
  });
});
