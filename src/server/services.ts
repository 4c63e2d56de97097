import type { Clock } from '../ports/clock.ts';
import { AccessQueries } from '../services/access-views/access-queries.ts';
import { ChangeFeed, type ChangeFeedOptions } from '../services/changes/change-feed.ts';
import type { Graph } from '../services/graph/graph.ts';
import { NodeLists } from '../services/lists/node-lists.ts';
import { Lookup } from '../services/lookup/lookup.ts';
import { NodeReader, type NodeReaderOptions } from '../services/nodes/node-reader.ts';

/** The use cases behind the resolvers; one set for a server. */
export interface Services {
  readonly reader: NodeReader;
  readonly lookup: Lookup;
  readonly lists: NodeLists;
  readonly access: AccessQueries;
  readonly changes: ChangeFeed;
  close(): void;
}

export function createServices(
  graph: Graph,
  clock: Clock,
  options: { readonly reader?: NodeReaderOptions; readonly changes?: ChangeFeedOptions | undefined } = {},
): Services {
  const reader = new NodeReader(graph, options.reader);
  const changes = new ChangeFeed(graph, clock, options.changes);
  return {
    reader,
    lookup: new Lookup(graph, reader),
    lists: new NodeLists(graph),
    access: new AccessQueries(graph),
    changes,
    close() {
      reader.close();
      changes.close();
    },
  };
}
