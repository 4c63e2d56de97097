import { AppError } from '../../domain/errors.ts';
import { compact, contentHash, MAX_NAME } from '../../domain/graph.ts';
import type { JsonObject } from '../../domain/json.ts';
import { LINK_KINDS, type LinkKind } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import type { LinkDraft, NodeDraft, NodeRef, SyncPage } from '../../ports/provider.ts';

/** Longer native ids do not fit an opaque id; no provider has them. */
const MAX_NATIVE_ID = 1024;
const NODE_FLAGS = 7;
const LINK_FLAGS = 15;

/** What pages of a listing may hold. */
export interface ListingSpec {
  readonly connector: string;
  readonly listing: string;
  readonly nodes: ReadonlySet<NodeKind>;
  readonly links: ReadonlySet<LinkKind>;
  /** Part of every hash. */
  readonly version: number;
}

/** A page that keeps the rules, with the hash of each row beside it. */
export interface PreparedPage {
  readonly nodes: readonly NodeDraft[];
  readonly nodeHash: Uint32Array;
  readonly links: readonly LinkDraft[];
  readonly linkHash: Uint32Array;
  readonly cursor: JsonObject | null;
  readonly total: number | undefined;
  readonly rows: number;
  readonly incomplete: string | undefined;
  /** Rows that cannot be used. */
  readonly ignored: number;
}

/**
 * Checks a page and hashes its rows; pure. Rows with impossible ids and links to themselves are left out and counted.
 * @throws AppError `PROVIDER_CONTRACT` for a kind, flag or pair of ends that the syncer did not declare: a fault of
 *   the provider's code, not of its data
 */
export function preparePage(page: SyncPage, spec: ListingSpec): PreparedPage {
  const nodes = keep(page.nodes, (node) => {
    if (!spec.nodes.has(node.kind)) throw breach(spec, `yields ${node.kind}, which it does not declare`);
    if (((node.flags ?? 0) & ~NODE_FLAGS) !== 0) throw breach(spec, `yields the node flags ${node.flags}`);
    return isNativeId(node.nativeId);
  });
  const links = keep(page.links, (link) => {
    if (!spec.links.has(link.kind)) throw breach(spec, `yields ${link.kind}, which it does not declare`);
    if (((link.flags ?? 0) & ~LINK_FLAGS) !== 0) throw breach(spec, `yields the link flags ${link.flags}`);
    const { from, to } = link;
    if (!takes(LINK_KINDS[link.kind].from, from.kind) || !takes(LINK_KINDS[link.kind].to, to.kind)) {
      throw breach(spec, `yields ${link.kind} from ${from.kind} to ${to.kind}`);
    }
    return isNativeId(from.nativeId) && isNativeId(to.nativeId) && !same(from, to);
  });
  const nodeHash = new Uint32Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) nodeHash[i] = hashOfNode(nodes[i]!, spec);
  const linkHash = new Uint32Array(links.length);
  for (let i = 0; i < links.length; i++) {
    const link = links[i]!;
    if (link.properties !== undefined || link.qualifier !== undefined) {
      linkHash[i] = hashOfLink(spec.version, link.flags ?? 0, link.properties ?? null, link.qualifier ?? '');
    }
  }
  return {
    nodes,
    nodeHash,
    links,
    linkHash,
    cursor: page.cursor,
    total: page.total,
    rows: page.rows,
    incomplete: page.incomplete,
    ignored: page.nodes.length - nodes.length + page.links.length - links.length,
  };
}

/** 0 only for a link without properties and qualifier: such a link is told by its ends and flags alone. */
export function hashOfLink(version: number, flags: number, properties: object | null, qualifier: string): number {
  if (qualifier === '' && (properties === null || !hasMember(properties))) return 0;
  return contentHash([version, flags, properties, qualifier]) || 1;
}

/** The name as it is stored: never empty, never endless. */
export function storedName(node: NodeDraft): string {
  return (node.name.trim() === '' ? node.nativeId : node.name).slice(0, MAX_NAME);
}

/** Properties as they are stored; `null` when there are none. */
export function storedProperties(properties: object | undefined): JsonObject | null {
  return properties === undefined || !hasMember(properties) ? null : compact(properties);
}

function hashOfNode(node: NodeDraft, spec: ListingSpec): number {
  // The listing is in it, so that a node that moves to another listing is written with its new source.
  return contentHash([spec.version, spec.listing, storedName(node), node.flags ?? 0, node.properties]);
}

function hasMember(value: object): boolean {
  for (const member of Object.values(value)) if (member !== undefined) return true;
  return false;
}

function keep<T>(rows: readonly T[], test: (row: T) => boolean): readonly T[] {
  for (let i = 0; i < rows.length; i++) {
    if (!test(rows[i]!)) return rows.filter(test);
  }
  return rows;
}

function takes(kinds: readonly NodeKind[], kind: NodeKind): boolean {
  return kinds.includes(kind);
}

function isNativeId(id: unknown): boolean {
  return typeof id === 'string' && id !== '' && id.length <= MAX_NATIVE_ID;
}

function same(a: NodeRef, b: NodeRef): boolean {
  return a.nativeId === b.nativeId && a.kind === b.kind;
}

function breach(spec: ListingSpec, what: string): AppError {
  return new AppError(
    'PROVIDER_CONTRACT',
    `The listing "${spec.listing}" of the connector ${spec.connector} ${what}; its code needs a correction.`,
    { audience: 'developer', connector: spec.connector },
  );
}
