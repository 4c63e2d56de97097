import type { JsonObject } from '../../src/domain/json.ts';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type {
  LinkDraft,
  NodeDraft,
  ProviderSession,
  Syncer,
  SyncerContext,
  SyncPage,
} from '../../src/ports/provider.ts';

/** What a whole reading of a tenant said, listing by listing. */
export interface ProviderRun {
  readonly pages: Map<string, SyncPage[]>;
  /** Everything said about a node, by `Kind/nativeId`; the last listing that named it wins. */
  readonly nodes: Map<string, NodeDraft>;
  readonly links: Map<string, LinkDraft>;
  /** A context for a syncer of this run, as the sync service gives one. */
  context(syncer: Syncer, cursor: JsonObject | null, signal: AbortSignal): SyncerContext;
}

export const nodeKeyOf = (node: { kind: NodeKind; nativeId: string }): string => `${node.kind}/${node.nativeId}`;
export const linkKeyOf = (link: LinkDraft): string =>
  `${nodeKeyOf(link.from)} ${link.kind} ${nodeKeyOf(link.to)} ${link.qualifier ?? ''}`;

/** Runs every syncer in order, as a first sync does, and keeps all pages. A failing one is left out when `skip` says so. */
export async function readAll(
  session: ProviderSession,
  signal: AbortSignal,
  skip: (syncer: string, error: unknown) => boolean = () => false,
): Promise<ProviderRun> {
  const run = newRun();
  for (const syncer of session.syncers) {
    const pages: SyncPage[] = [];
    run.pages.set(syncer.name, pages);
    try {
      for await (const page of syncer.list(run.context(syncer, null, signal))) {
        pages.push(page);
        for (const node of page.nodes) run.nodes.set(nodeKeyOf(node), node);
        for (const link of page.links) run.links.set(linkKeyOf(link), link);
      }
    } catch (error) {
      if (!skip(syncer.name, error)) throw error;
      run.pages.delete(syncer.name);
    }
  }
  return run;
}

function newRun(): ProviderRun {
  const pages = new Map<string, SyncPage[]>();
  const nodes = new Map<string, NodeDraft>();
  const links = new Map<string, LinkDraft>();
  return {
    pages,
    nodes,
    links,
    context: (_syncer, cursor, signal) => ({
      signal,
      cursor,
      ids: (name, kind) => [
        ...new Set(
          (pages.get(name) ?? []).flatMap((page) =>
            page.nodes.filter((node) => node.kind === kind).map((node) => node.nativeId),
          ),
        ),
      ],
      async node(kind, nativeId) {
        const node = nodes.get(nodeKeyOf({ kind, nativeId }));
        return node === undefined ? null : { name: node.name, properties: plain(node.properties) };
      },
    }),
  };
}

/** As it comes back from a store: plain JSON. */
function plain(properties: object): JsonObject {
  return JSON.parse(JSON.stringify(properties));
}

/** Native ids of one kind, sorted. */
export function idsOf(run: ProviderRun, kind: NodeKind): string[] {
  return [...run.nodes.values()]
    .filter((node) => node.kind === kind)
    .map((node) => node.nativeId)
    .sort();
}

/** `from → to` native ids of one kind of link, sorted; with qualifiers told apart. */
export function pairsOf(run: ProviderRun, kind: LinkKind, where: (link: LinkDraft) => boolean = () => true): string[] {
  return [...run.links.values()]
    .filter((link) => link.kind === kind && where(link))
    .map((link) => `${link.from.nativeId} → ${link.to.nativeId}`)
    .sort();
}
