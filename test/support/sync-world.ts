import { setTimeout } from 'node:timers/promises';
import type { CommittedChange } from '../../src/domain/changes.ts';
import { contentHash } from '../../src/domain/graph.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import { Leases } from '../../src/services/leases/leases.ts';
import { SyncService } from '../../src/services/sync/sync-service.ts';
import type { ConnectorConfig, SyncEvent, SyncRun } from '../../src/services/sync/types.ts';
import type { FakeTenant } from './fake-provider.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type MemoryLogger, memoryLogger } from './memory-logger.ts';
import { createMemoryStore } from './memory-store.ts';
import { type SharedLine, sharedDatabase } from './shared-store.ts';

const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
};

export interface SyncWorld extends AsyncDisposable {
  readonly store: GraphStore;
  readonly graph: Graph;
  readonly sync: SyncService;
  readonly logger: MemoryLogger;
  readonly events: SyncEvent[];
  readonly changes: CommittedChange[];
  /** Starts a run and waits for its end. */
  run(connector?: string): Promise<SyncRun>;
  /** Everything in the graph, readable, sorted: keys, names, flags, properties, links. */
  dump(): Promise<{ nodes: string[]; links: string[] }>;
  /** Counts of living nodes by kind. */
  counts(): Promise<Record<string, number>>;
}

/** A sync service over a real graph and a store in memory (or the given one). One connector for each tenant. */
export async function syncWorld(
  tenants: Record<string, FakeTenant>,
  options: { store?: GraphStore; clock?: Clock; connectors?: Partial<ConnectorConfig>; leases?: Leases } = {},
): Promise<SyncWorld> {
  const clock = options.clock ?? realClock;
  const logger = memoryLogger();
  const store = options.store ?? createMemoryStore({ clock });
  const graph = await Graph.open({ store, snapshotPath: null, logger, clock });
  const sync = new SyncService({
    graph,
    // Every tenant has a provider of its own name unless it says otherwise, so that tenants may be alike.
    providers: new Map(Object.entries(tenants).map(([id, tenant]) => [id, tenant.provider(id)])),
    connectors: Object.keys(tenants).map((id) => ({ id, provider: id, settings: {}, ...options.connectors })),
    clock,
    logger,
    random: () => 0,
    ...(options.leases === undefined ? {} : { leases: options.leases }),
  });
  await sync.open();
  const events: SyncEvent[] = [];
  const changes: CommittedChange[] = [];
  sync.onEvent((event) => events.push(event));
  graph.onChange((change) => changes.push(change));
  const first = Object.keys(tenants)[0]!;

  const living = async () => {
    const ids: number[] = [];
    for (const source of graph.index.countsBySource().keys())
      graph.index.eachNodeOfSource(source, (id) => ids.push(id));
    const found = await store.nodes(ids.sort((a, b) => a - b));
    return found.flatMap((node) => (node === null || node.removed ? [] : [node]));
  };
  return {
    store,
    graph,
    sync,
    logger,
    events,
    changes,
    async run(connector = first) {
      await sync.start(connector);
      const run = await sync.finished(connector);
      return run ?? (await sync.runs(connector, 1))[0]!;
    },
    async dump() {
      const nodes = await living();
      const keys = new Map(nodes.map((node) => [node.id, node.key]));
      const pairs = new Map<string, { from: number; to: number }>();
      for (const { id } of nodes) {
        graph.index.eachLinkFrom(id, (to) => {
          pairs.set(`${id} ${to}`, { from: id, to });
        });
      }
      const links = (await store.links([...pairs.values()])).flat();
      return {
        nodes: nodes
          .map(({ key, name, flags, properties, listing }) =>
            JSON.stringify([key, listing, name, flags, contentHash(properties)]),
          )
          .sort(),
        links: links
          .map(({ source, from, kind, to, qualifier, flags, properties }) => {
            const { listing } = graph.sourceOf(source);
            return JSON.stringify([keys.get(from), kind, keys.get(to), qualifier, listing, flags, properties]);
          })
          .sort(),
      };
    },
    async counts() {
      const counts: Record<string, number> = {};
      for (const { kind } of await living()) counts[kind] = (counts[kind] ?? 0) + 1;
      return counts;
    },
    async [Symbol.asyncDispose]() {
      await sync.close();
      await graph.close();
    },
  };
}

/** Closes a gateway in the middle of a run. @returns the id of the run, which stands still at a checkpoint */
export async function closeInRun({ sync }: Pick<SyncWorld, 'sync'>, acme: FakeTenant): Promise<string> {
  const held = acme.holdAt('users', 2);
  const { id } = await sync.start('acme');
  await held.reached;
  const closed = sync.close();
  held.letGo();
  await closed;
  return id;
}

/** One of several gateways. */
export interface Gateway extends SyncWorld {
  readonly line: SharedLine;
}

export interface GatewayOptions {
  readonly connectors?: Partial<ConnectorConfig>;
  /** Whether it takes up what others leave, from the start on; default true. */
  readonly isWatching?: boolean;
  /** Changes what its store answers. */
  readonly alter?: (store: GraphStore) => Partial<GraphStore>;
}

/** Gateways that share one database in memory and one clock, which the test moves. */
export interface SharedGateways extends AsyncDisposable {
  readonly clock: ManualClock;
  open(name: string, tenants: Record<string, FakeTenant>, options?: GatewayOptions): Promise<Gateway>;
}

export function sharedGateways(): SharedGateways {
  const clock = manualClock();
  const database = sharedDatabase({ clock });
  const gateways: Gateway[] = [];
  return {
    clock,
    async open(name, tenants, { connectors = {}, isWatching = true, alter = () => ({}) } = {}) {
      const line = database.line();
      const store: GraphStore = Object.assign(Object.create(line.store), alter(line.store));
      const leases = new Leases({ store, clock, logger: memoryLogger(), holder: name });
      const gateway = Object.assign(await syncWorld(tenants, { store, clock, leases, connectors }), { line });
      gateways.push(gateway);
      if (isWatching) await gateway.sync.resumeInterrupted();
      return gateway;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
    },
  };
}
