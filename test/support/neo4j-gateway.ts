import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AllEmulators } from '../../emulators/all.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { systemClock } from '../../src/server/clock.ts';
import { type Gateway, openGateway } from '../../src/server/compose.ts';
import { type MemoryLogger, memoryLogger } from './memory-logger.ts';
import type { Neo4jServer } from './neo4j/server.ts';

/** A gateway on a Neo4j that may not be there: its address is known before it is open. */
export interface Neo4jGateway extends AsyncDisposable {
  readonly url: string;
  readonly logger: MemoryLogger;
  /** Settles when the gateway is open, or has given up. */
  readonly opened: Promise<Gateway>;
  /** Status and body of an answer, and how long it took. */
  ask(path: string, query?: string): Promise<{ status: number; ms: number; body: GatewayAnswer }>;
}

export interface GatewayAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  readonly extensions?: { readonly notices?: readonly Record<string, unknown>[] };
  readonly status?: string;
  readonly code?: string;
  readonly message?: string;
}

export interface Neo4jGatewayOptions {
  readonly server: Neo4jServer;
  readonly emulators?: AllEmulators;
  /** Which of the emulators' connectors it has; default all. */
  readonly connectors?: readonly string[];
  /** Between the gateway and the server. */
  readonly store?: () => GraphStore;
  readonly takeOverMs?: number;
  readonly name?: string;
}

export async function startNeo4jGateway(options: Neo4jGatewayOptions): Promise<Neo4jGateway> {
  const { server, emulators, connectors, ...more } = options;
  const folder = await mkdtemp(join(tmpdir(), 'crosswalk-trouble-'));
  const port = await freePort();
  const config = parseConfig(
    JSON.stringify({
      listen: { port },
      store: { type: 'neo4j', ...server, snapshot: 'graph.topology' },
      ...(emulators === undefined
        ? {}
        : {
            linking: { ownedDomains: emulators.okta.world.ownedDomains },
            connectors: emulators.connectors().filter(({ id }) => connectors?.includes(String(id)) ?? true),
          }),
    }),
    {},
    'test',
  );
  const logger = memoryLogger();
  const ending = new AbortController();
  const opened = openGateway(
    { config, folder },
    {
      ...{ clock: systemClock, logger, version: 'test', allowLoopback: true, schedules: false },
      ...{ signal: ending.signal, ...more },
    },
  );
  opened.catch(() => {});
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    logger,
    opened,
    async ask(path, query) {
      const began = performance.now();
      const response = await fetch(`${url}${path}`, {
        ...(query === undefined
          ? {}
          : {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ query }),
            }),
      });
      const body: GatewayAnswer = await response.json();
      return { status: response.status, ms: performance.now() - began, body };
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await opened.then(
        (gateway) => gateway.close(),
        () => {},
      );
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
