import { GraphQLClient } from 'graphql-request';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { ServerDeps } from '../../src/server/deps.ts';
import { startServer } from '../../src/server/http.ts';
import type { SyncControl } from '../../src/services/connectors/sync-control.ts';
import { Graph } from '../../src/services/graph/graph.ts';
import type { ConnectorStatus, SyncRun } from '../../src/services/sync/types.ts';
import { fillApiWorld } from './api-world.ts';
import { memoryLogger } from './memory-logger.ts';
import { createMemoryStore } from './memory-store.ts';

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  readonly extensions?: Record<string, unknown>;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly graph: Graph;
  /** Calls of the store so far, by method. */
  readonly calls: Map<string, number>;
  readonly logs: ReturnType<typeof memoryLogger>;
  readonly steered: string[];
  /** The data of an answer, by graphql-request. @throws its ClientError when there are errors */
  ask(query: string, variables?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Posts a document; answers with the parsed body, the status and the headers. */
  post(
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly body: Answer; readonly headers: Headers }>;
  close(): Promise<void>;
}

/** The API over real HTTP, on a graph in memory with a few hand-made nodes. */
export async function startTestServer(
  options: Partial<ServerDeps> & { readonly statuses?: readonly ConnectorStatus[]; readonly isEmpty?: boolean } = {},
): Promise<TestServer> {
  const calls = new Map<string, number>();
  const store = counting(createMemoryStore(), calls);
  const logs = memoryLogger();
  const graph = await Graph.open({ store, snapshotPath: null, logger: logs, clock: systemClock });
  if (!options.isEmpty) await fillApiWorld(graph);
  const steered: string[] = [];
  const server = await startServer({
    graph,
    sync: aSyncControl(options.statuses ?? ['auth0', 'jumpcloud', 'okta'].map((id) => aStatus(id)), steered),
    listen: { host: '127.0.0.1', port: 0 },
    logger: logs,
    clock: systemClock,
    ...options,
  });
  const client = new GraphQLClient(`${server.url}/graphql`);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await server.close();
    await graph.close();
  };
  return {
    url: server.url,
    graph,
    calls,
    logs,
    steered,
    ask: (query, variables) => client.request<Record<string, unknown>>(query, variables),
    async post(query, variables, headers = {}) {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return { status: answer.status, body: await answer.json(), headers: answer.headers };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A connector that is well. */
export function aStatus(connector: string, more: Partial<ConnectorStatus> = {}): ConnectorStatus {
  const now = Date.now();
  return {
    connector,
    name: connector,
    provider: connector,
    state: 'CONNECTED',
    reasonCode: null,
    message: null,
    since: now - 60_000,
    previousState: null,
    tenant: { nativeId: `${connector}-tenant`, name: connector, domains: [], url: null },
    activeRunId: null,
    lastRunId: `${connector}/1`,
    lastCompleteAt: now - 60_000,
    staleSince: null,
    listings: [],
    missingScopes: [],
    preview: null,
    nextRunAt: null,
    ...more,
  };
}

function aRun(connector: string, id: string): SyncRun {
  return {
    id,
    connector,
    reason: 'REQUEST',
    state: 'SUCCEEDED',
    reasonCode: null,
    message: null,
    retryable: false,
    first: false,
    startedAt: 1_000,
    endedAt: 2_000,
    resumes: 0,
    listings: [],
    metrics: {
      requests: 1,
      retries: 0,
      throttledMs: 0,
      rows: 1,
      added: { Account: 1 },
      changed: {},
      removed: {},
      pendingLinks: 0,
      commits: 1,
      durationMs: 1_000,
    },
  };
}

function aSyncControl(statuses: readonly ConnectorStatus[], steered: string[]): SyncControl {
  const status = (connector: string): ConnectorStatus => statuses.find((one) => one.connector === connector)!;
  return {
    statuses: () => statuses,
    progress: () => null,
    runs: async (connector, limit) => [3, 2, 1].map((n) => aRun(connector, `${connector}/${n}`)).slice(0, limit),
    run: async (id) => (/^\w+\/[123]$/.test(id) ? aRun(id.split('/')[0]!, id) : null),
    async startSync(connector, viewer) {
      steered.push(`start ${connector} by ${viewer.name}`);
      return aRun(connector, `${connector}/4`);
    },
    async cancelSync(connector, viewer) {
      steered.push(`cancel ${connector} by ${viewer.name}`);
      return null;
    },
    async confirmRemoval(connector, viewer) {
      steered.push(`confirm ${connector} by ${viewer.name}`);
      return status(connector);
    },
    async rejectRemoval(connector, viewer) {
      steered.push(`reject ${connector} by ${viewer.name}`);
      return status(connector);
    },
  };
}

/** The store, with every call counted by its name. */
function counting(store: GraphStore, calls: Map<string, number>): GraphStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
        return Reflect.apply(member, target, args);
      };
    },
  });
}
