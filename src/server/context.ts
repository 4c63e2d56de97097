import { createLoaders, type Loaders } from '../../resolvers/loaders/loaders.ts';
import type { Viewer } from '../domain/viewer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import { NoticeBoard } from '../services/connectors/notice-board.ts';
import type { SyncControl } from '../services/connectors/sync-control.ts';
import type { Graph } from '../services/graph/graph.ts';
import type { LinkingStats } from '../services/linking/linking-stats.ts';
import type { Services } from './services.ts';

/** What lives as long as the server. */
export interface ServerContext {
  readonly graph: Graph;
  readonly sync: SyncControl;
  readonly services: Services;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts of the linker; costs a pass over all accounts. */
  readonly linking?: (() => LinkingStats | null) | undefined;
}

/** What resolvers get: one for each request; over a stream one for each operation. */
export interface RequestContext extends ServerContext {
  readonly requestId: string;
  readonly viewer: Viewer;
  /** Aborted when the caller goes away or its time is over. */
  readonly signal: AbortSignal;
  /** Of an SSE client that reconnects: newer than the `after` of its document. */
  readonly lastEventId?: string | undefined;
  readonly loaders: Loaders;
  readonly notices: NoticeBoard;
}

export interface Caller {
  readonly requestId: string;
  readonly viewer: Viewer;
  /** Read only by what can take long, so it may be made at first use. */
  readonly signal: AbortSignal;
  readonly lastEventId?: string | undefined;
}

export function createRequestContext(server: ServerContext, caller: Caller): RequestContext {
  return new OneRequest(server, caller);
}

class OneRequest implements RequestContext {
  readonly graph: Graph;
  readonly sync: SyncControl;
  readonly services: Services;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly linking: (() => LinkingStats | null) | undefined;
  readonly requestId: string;
  readonly viewer: Viewer;
  readonly lastEventId: string | undefined;
  readonly loaders: Loaders;
  readonly notices: NoticeBoard;
  private readonly caller: Caller;

  constructor(server: ServerContext, caller: Caller) {
    this.graph = server.graph;
    this.sync = server.sync;
    this.linking = server.linking;
    this.services = server.services;
    this.clock = server.clock;
    this.logger = server.logger;
    this.requestId = caller.requestId;
    this.viewer = caller.viewer;
    this.lastEventId = caller.lastEventId;
    this.loaders = createLoaders(server.graph, server.services.reader);
    this.notices = new NoticeBoard(
      () => server.sync.statuses(),
      server.clock,
      () => server.graph.trouble,
    );
    this.caller = caller;
  }

  /** On the prototype: Apollo copies a context's own members and would read an accessor among them. */
  get signal(): AbortSignal {
    return this.caller.signal;
  }
}
