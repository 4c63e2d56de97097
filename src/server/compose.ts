import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Cron } from 'croner';
import type { LoadedConfig } from '../config/load.ts';
import { type Config, durationSeconds } from '../config/schema.ts';
import type { Clock } from '../ports/clock.ts';
import type { GraphStore } from '../ports/graph-store.ts';
import type { Logger } from '../ports/logger.ts';
import { serviceControl } from '../services/connectors/service-control.ts';
import { expiryOf } from '../services/expiry/expiry.ts';
import type { Graph } from '../services/graph/graph.ts';
import { Leases } from '../services/leases/leases.ts';
import { holdDuringFirstSyncs } from '../services/linking/first-sync-hold.ts';
import { Linking } from '../services/linking/linking.ts';
import { SyncService } from '../services/sync/sync-service.ts';
import { checkConfig, connectorConfig } from './check.ts';
import { startServer } from './http.ts';
import { type OpenGraphOptions, openGraph } from './open-graph.ts';
import { pruneJob } from './prune-job.ts';
import { createStore } from './store.ts';
import { openWaitingRoom, type WaitingRoom } from './waiting-room.ts';

export interface GatewayOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Demo and tests only: providers may be on plain HTTP at a loopback address. */
  readonly allowLoopback?: boolean;
  /** False leaves the schedules off; runs start on request. Default true. */
  readonly schedules?: boolean;
  /** Names this gateway among those that share its store; default a random name. */
  readonly name?: string;
  /** Ends the waiting for a shared store that cannot be reached at the start. */
  readonly signal?: AbortSignal;
  /** Time within which another gateway has taken over from one that is gone, in ms; default 15,000. */
  readonly takeOverMs?: number;
  /** Tests only: another store than the configuration's, made anew for every attempt to open it. */
  readonly store?: () => GraphStore;
}

/** A running gateway and its parts. */
export interface Gateway {
  readonly url: string;
  readonly graph: Graph;
  readonly sync: SyncService;
  readonly linker: Linking;
  /** Ends runs at a checkpoint, subscriptions and requests in good order, then closes the store. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * The one place that picks implementations: store, providers, services, server, from a configuration.
 * @throws AppError `CONFIG_INVALID`, `STORE_*`, `PROVIDER_UNKNOWN`, `LISTEN_*`
 */
export async function openGateway({ config, folder }: LoadedConfig, options: GatewayOptions): Promise<Gateway> {
  const { clock, logger } = options;
  const providers = await checkConfig(config);
  const closers: (() => Promise<unknown> | unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
  };
  try {
    const { graph, port } = await openWhenReachable(config, options, async () =>
      options.store === undefined
        ? withFolder(await createStore(config, { folder, providers, logger, clock }))
        : { store: options.store(), snapshotPath: null },
    );
    closers.push(() => graph.close());

    const holder = options.name ?? randomUUID();
    const takeOver = options.takeOverMs === undefined ? {} : { takeOverMs: options.takeOverMs };
    const leases = new Leases({ store: graph.store, clock, logger, holder, ...takeOver });
    const linker = new Linking({
      graph,
      leases,
      clock,
      logger: logger.child({ service: 'linking' }),
      ownedDomains: config.linking.ownedDomains,
      newId: randomUUID,
    });
    const sync = new SyncService({
      graph,
      providers,
      connectors: config.connectors.map(connectorConfig),
      clock,
      leases,
      logger: logger.child({ service: 'sync' }),
      allowLoopback: options.allowLoopback ?? false,
    });
    await sync.open();
    closers.push(() => sync.close());
    closers.push(holdDuringFirstSyncs(linker, sync));
    await linker.start();
    closers.push(() => linker.close());
    const expiry = expiryOf({ graph, leases, clock, logger: logger.child({ service: 'expiry' }) });
    await expiry.start();
    closers.push(() => expiry.close());

    const keepMs = durationSeconds(config.changeLog.keep) * 1_000;
    const forget = pruneJob({ store: graph.store, leases, clock, logger, keepMs });
    const prune = new Cron('17 * * * *', { protect: true, unref: true }, forget);
    closers.push(() => prune.stop());

    const server = await startServer({
      graph,
      sync: serviceControl(sync),
      linking: () => linker.stats(),
      listen: { ...config.listen, port },
      apiKeys: config.apiKeys.map(({ name, key, role }) => ({
        name,
        role,
        sha256: createHash('sha256').update(key, 'utf8').digest('hex'),
      })),
      allowedOrigins: config.allowedOrigins,
      introspection: config.introspection,
      graphiql: config.introspection,
      version: options.version,
      logger,
      clock,
    });
    closers.push(() => server.close());
    await sync.resumeInterrupted();
    if (options.schedules ?? true) sync.schedule();
    return { url: server.url, graph, sync, linker, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The graph, and the port to listen on; for a store that others share, somebody answers there from the beginning. */
async function openWhenReachable(
  config: Config,
  { clock, logger, signal = new AbortController().signal }: GatewayOptions,
  create: OpenGraphOptions['create'],
): Promise<{ readonly graph: Graph; readonly port: number }> {
  let room: WaitingRoom | null = null;
  try {
    const graph = await openGraph({
      create: async () => {
        const made = await create();
        if (made.store.isShared) room ??= await openWaitingRoom(config.listen);
        return made;
      },
      clock,
      logger,
      signal,
      waiting: (reason) => {
        if (room !== null) room.reason = reason;
      },
    });
    return { graph, port: portOf(room) ?? config.listen.port };
  } finally {
    await closeRoom(room);
  }
}

/** The same, with the folder of the snapshot made. */
async function withFolder<T extends { readonly snapshotPath: string }>(made: T): Promise<T> {
  await mkdir(dirname(made.snapshotPath), { recursive: true });
  return made;
}

// Functions, because the compiler does not see that the callback above has set it.
const portOf = (room: WaitingRoom | null): number | undefined => room?.port;
const closeRoom = (room: WaitingRoom | null): Promise<void> | undefined => room?.close();
