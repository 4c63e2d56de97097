import type { ViewerRole } from '../domain/viewer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { SyncControl } from '../services/connectors/sync-control.ts';
import type { Graph } from '../services/graph/graph.ts';
import type { LinkingStats } from '../services/linking/linking-stats.ts';
import type { Limits } from './limits.ts';

/** A key that may call the API. Only its hash is known here. */
export interface ApiKey {
  /** For logs and for the actor of a decision; never secret. */
  readonly name: string;
  /** SHA-256 of the key, lower-case hex. Keys are random, so a slow hash would only slow the server. */
  readonly sha256: string;
  readonly role: ViewerRole;
}

/** What a GraphQL server needs; `compose.ts` puts it together. */
export interface ServerDeps {
  readonly graph: Graph;
  readonly sync: SyncControl;
  /** Counts of the linker, for `graph { linking }`. */
  readonly linking?: (() => LinkingStats | null) | undefined;
  /** Port 0 takes a free one. Without a key only loopback addresses are accepted. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly apiKeys?: readonly ApiKey[] | undefined;
  /** Origins (`https://portal.example.com`) whose pages may call the API; the server's own is always one. Default none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** GraphQL introspection and GraphiQL; default true. */
  readonly introspection?: boolean | undefined;
  readonly graphiql?: boolean | undefined;
  readonly version?: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface RunningServer {
  /** `http://127.0.0.1:4000`, without a slash at the end. */
  readonly url: string;
  /** Ends subscriptions, waits for running requests (at most 10 s), then frees the port. Safe to call twice. */
  close(): Promise<void>;
}
