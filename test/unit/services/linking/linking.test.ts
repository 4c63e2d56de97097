import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../../src/ports/logger.ts';
import { Graph } from '../../../../src/services/graph/graph.ts';
import { Leases } from '../../../../src/services/leases/leases.ts';
import { Linking } from '../../../../src/services/linking/linking.ts';
import { put, remove } from '../../../support/graph.ts';
import { graphDigest } from '../../../support/graph-digest.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { type SharedLine, sharedDatabase } from '../../../support/shared-store.ts';

interface Gateway {
  readonly line: SharedLine;
  readonly graph: Graph;
  readonly linking: Linking;
}

const gateways: Gateway[] = [];
afterEach(async () => {
  await Promise.all(
    gateways.splice(0).map(async ({ graph, linking }) => {
      await linking.close();
      await graph.close();
    }),
  );
});

async function twoGateways(): Promise<{ clock: ManualClock; a: Gateway; b: Gateway }> {
  const clock = manualClock();
  const database = sharedDatabase({ clock });
  const gateway = async (holder: string): Promise<Gateway> => {
    const line = database.line();
    const graph = await Graph.open({ store: line.store, snapshotPath: null, logger: silentLogger, clock });
    const leases = new Leases({ store: line.store, clock, logger: silentLogger, holder });
    const linking = new Linking({
      ...{ graph, leases, clock, logger: silentLogger, quietMs: 1 },
      ...{ ownedDomains: ['acme.example'], newId: randomUUID },
    });
    await linking.start();
    const made = { line, graph, linking };
    gateways.push(made);
    return made;
  };
  return { clock, a: await gateway('a'), b: await gateway('b') };
}

/** One person's account at a provider. */
const account = (connector: string, name: string) => ({
  key: `${connector}/Account/${name}`,
  name,
  properties: {
    ...{ status: 'ACTIVE', active: true, type: 'HUMAN', accountClass: 'USER', entry: 'DIRECT' },
    emails: [{ value: `${name}@acme.example`, primary: true, verified: true }],
  },
});

/** Names of the identities with how many accounts each has. */
async function identities({ graph }: Gateway): Promise<string[]> {
  const ids = (await graph.store.list({ kind: 'Identity', limit: 100 })).items.map(({ id }) => id);
  const nodes = await graph.store.nodes(ids);
  return nodes.map((node) => {
    let accounts = 0;
    graph.index.eachLinkFrom(node!.id, () => accounts++);
    return `${node!.name.split('@')[0]}: ${accounts}`;
  });
}

describe('linking among several gateways', () => {
  it('is done by one of them, also for what the other wrote', async () => {
    const { clock, a, b } = await twoGateways();
    expect([a.linking.stats() === null, b.linking.stats() === null]).toEqual([false, true]);
    await put(b.graph, [account('okta', 'anna'), account('torq', 'anna')]);
    await clock.advance(300);
    await a.linking.flush();
    await b.linking.flush();
    await clock.advance(300);
    expect(await identities(b)).toEqual(['anna: 2']);
    expect(graphDigest(b.graph)).toEqual(graphDigest(a.graph));
  });

  it('is taken over when its gateway is gone, and writes nothing a second time', async () => {
    const { clock, a, b } = await twoGateways();
    await put(a.graph, [account('okta', 'anna'), account('torq', 'anna')]);
    await a.linking.flush();
    a.line.isDown = true;
    await put(b.graph, [account('okta', 'bert')]);
    const { seq } = b.graph;
    await clock.advance(9_000);
    expect(b.linking.stats()).toBeNull();
    await clock.advance(4_000);
    await vi.waitFor(() => expect(b.linking.stats()).not.toBeNull());
    await b.linking.flush();
    expect(await identities(b)).toEqual(['anna: 2', 'bert: 1']);
    // One change: bert's identity. Anna's was there.
    expect(b.graph.seq).toBe(seq + 1);
    a.line.isDown = false;
    await clock.advance(8_000);
    expect(a.linking.stats()).toBeNull();
    expect(graphDigest(a.graph)).toEqual(graphDigest(b.graph));
  });

  it('ties nobody to an account that its connector is just removing elsewhere', async () => {
    const { clock, a, b } = await twoGateways();
    await put(b.graph, [account('okta', 'anna'), account('torq', 'anna')]);
    await a.graph.catchUp();
    // The linker has heard of both accounts; one goes before it has linked.
    await remove(b.graph, ['okta/Account/anna']);
    await a.linking.flush();
    await clock.advance(300);
    await a.linking.flush();
    await clock.advance(300);
    expect(await identities(a)).toEqual(['anna: 1']);
    for (const { graph } of [a, b]) expect(await graph.verify()).toEqual({ ok: true, problems: [] });
    expect(graphDigest(a.graph)).toEqual(graphDigest(b.graph));
  });

  it('waits on whatever gateway it is taken over by while a first sync runs', async () => {
    const { clock, a, b } = await twoGateways();
    const release = b.linking.hold();
    a.line.isDown = true;
    await clock.advance(18_000);
    await put(b.graph, [account('okta', 'anna')]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([b.linking.stats() === null, await identities(b)]).toEqual([false, []]);
    release();
    await vi.waitFor(async () => expect(await identities(b)).toEqual(['anna: 1']));
  });
});
