import type { LinkKind } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import { neighbours } from '../access/queries.ts';
import type { Graph } from '../graph/graph.ts';
import { type IdPage, type PageRequest, pageOf } from './page.ts';
import { accountsHolding, type Holding, holdings, type Way } from './ways.ts';

/** Which neighbours a list holds. */
export interface LinkedSpec {
  readonly direction: 'out' | 'in';
  readonly linkKinds: readonly LinkKind[];
  readonly nodeKinds?: readonly NodeKind[] | undefined;
  readonly liveOnly: boolean;
}

/** Lists under a node: pages of ids straight from the access index, without any store call. Ascending by node id. */
export class NodeLists {
  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** What is linked to the node by itself. */
  linked(id: number, spec: LinkedSpec, page: PageRequest): IdPage {
    const { ids, total, hasMore } = neighbours(this.#graph.index, id, {
      ...spec,
      after: page.after,
      before: page.before,
      limit: page.size,
      from: page.backward ? 'end' : 'start',
    });
    return {
      ids,
      total,
      hasNextPage: page.backward ? page.before !== undefined : hasMore,
      hasPreviousPage: page.backward ? hasMore : page.after !== undefined,
    };
  }

  /** What an account or group holds, by itself or through groups (for permissions also roles). */
  held(principal: number, what: Holding, liveOnly: boolean, page: PageRequest): IdPage {
    const found = holdings(this.#graph.index, principal, what);
    const ids = [...found].filter(([, ways]) => !liveOnly || ways.some((way) => way.isLive)).map(([id]) => id);
    return pageOf(Uint32Array.from(ids).sort(), page);
  }

  /** The accounts that hold an application or role, by themselves or through groups. */
  holders(target: number, what: Holding, liveOnly: boolean, page: PageRequest): IdPage {
    return pageOf(accountsHolding(this.#graph.index, target, what, liveOnly), page);
  }

  /** How a principal holds something; empty when it does not. */
  ways(principal: number, target: number, what: Holding): readonly Way[] {
    return holdings(this.#graph.index, principal, what).get(target) ?? [];
  }
}
