import { AppError } from '../../domain/errors.ts';
import type { NodeRecord } from '../../domain/graph.ts';
import { keyOfOpaqueId, nodeKey, opaqueId } from '../../domain/keys.ts';
import { linkKindCode } from '../../domain/link-kinds.ts';
import { type NodeKind, nodeKindOf } from '../../domain/node-kinds.ts';
import type { IdentityProperties } from '../../domain/properties.ts';
import { requireRole, type Viewer } from '../../domain/viewer.ts';
import type { ListFilter } from '../../ports/graph-store.ts';
import type { Graph } from '../graph/graph.ts';
import type { NodeReader } from '../nodes/node-reader.ts';

/** An object as its provider knows it. */
export interface NativeRef {
  readonly connector: string;
  readonly nativeId: string;
}

/** As many candidates are named by an `AMBIGUOUS` error. */
const MAX_CANDIDATES = 10;
const HAS_ACCOUNT = linkKindCode('HAS_ACCOUNT');

/** Finds one node from what people know of it. Nothing found is `null`, never an error. */
export class Lookup {
  readonly #graph: Graph;
  readonly #reader: NodeReader;

  constructor(graph: Graph, reader: NodeReader) {
    this.#graph = graph;
    this.#reader = reader;
  }

  /** Node ids of opaque ids, order kept; `null` for what is unknown, removed or no id at all. */
  async byOpaqueIds(viewer: Viewer, ids: readonly string[]): Promise<readonly (number | null)[]> {
    requireRole(viewer, 'reader');
    const keys = ids.map(keyOfOpaqueId);
    const real = keys.filter((key) => key !== null);
    const found = real.length === 0 ? [] : await this.#reader.idsByKey(real);
    let next = 0;
    return keys.map((key) => (key === null ? null : (found[next++] ?? null)));
  }

  /** As {@link byOpaqueIds} for one id of one kind; an id of another kind finds nothing. */
  async byOpaqueId(viewer: Viewer, id: string, kind: NodeKind): Promise<number | null> {
    const [found] = await this.byOpaqueIds(viewer, [id]);
    return typeof found === 'number' && nodeKindOf(this.#graph.index.kindCodeOf(found)) === kind ? found : null;
  }

  async byNative(viewer: Viewer, kind: NodeKind, ref: NativeRef): Promise<number | null> {
    requireRole(viewer, 'reader');
    const [found] = await this.#reader.idsByKey([nodeKey(ref.connector, kind, ref.nativeId)]);
    return found ?? null;
  }

  /** The identity that owns an account; `null` while the linker has not placed it. */
  ownerOf(account: number): number | null {
    let owner: number | null = null;
    this.#graph.index.eachLinkTo(account, (from, kind) => {
      if (kind === HAS_ACCOUNT && this.#graph.index.isAlive(from)) owner ??= from;
    });
    return owner;
  }

  /**
   * The only node that the filter finds. Of several identities with an address the one that it is proven for: a
   * look-alike that merely claims it hides nobody.
   * @throws AppError `AMBIGUOUS` when several are found; `details.ids` names up to ten of them
   */
  async only(viewer: Viewer, kind: NodeKind, filter: ListFilter, sought: string): Promise<number | null> {
    requireRole(viewer, 'reader');
    const { items } = await this.#graph.store.list({ kind, filter, limit: MAX_CANDIDATES });
    const ids = items.map((item) => item.id);
    if (ids.length <= 1) return ids[0] ?? null;
    const records = await this.#reader.read(ids);
    const proven = records.filter((record) => filter.email !== undefined && isProvenFor(record, filter.email));
    if (proven.length === 1) return proven[0]!.id;
    throw new AppError(
      'AMBIGUOUS',
      `Several nodes of kind ${kind} have ${sought}; ask for one of details.ids by its id, or list them with a filter.`,
      {
        audience: 'user',
        details: { ids: records.flatMap((record) => (record === null ? [] : [opaqueId(record.key)])) },
      },
    );
  }
}

function isProvenFor(record: NodeRecord | null, address: string): boolean {
  // Written by the linker under the type of its kind; accounts of the same address have no say here.
  if (record?.kind !== 'Identity') return false;
  const { emails = [] } = record.properties as unknown as IdentityProperties;
  return emails.some(({ value, verified }) => verified === true && value === address.trim().toLowerCase());
}
