import type { Adjacency } from './adjacency.ts';
import type { Federations } from './federations.ts';
import type { NodeTable } from './node-table.ts';
import type { Tally } from './tally.ts';

/** What an access index is made of: given by a build or a snapshot. */
export interface IndexParts {
  readonly storeId: string;
  readonly seq: number;
  readonly nodes: NodeTable;
  readonly forward: Adjacency;
  readonly reverse: Adjacency;
  readonly federations: Federations;
  readonly tally: Tally;
}
