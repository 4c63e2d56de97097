import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import type { RecordType } from '../../src/domain/records.ts';
import { type GraphStore, type ListQuery, SORT_FIELDS } from '../../src/ports/graph-store.ts';
import { collect } from './store-playground.ts';

/** What to ask a store for, beside everything that can be asked for as a whole. */
export interface Questions {
  /** Ids up to here. */
  readonly lastId: number;
  /** Keys of nodes and redirects. */
  readonly keys: readonly string[];
  readonly texts: readonly string[];
  readonly consumers: readonly string[];
}

const RECORD_TYPES: readonly RecordType[] = ['connector', 'run', 'decision', 'history', 'setting'];

/** Every read of the port, in plain values that two stores with the same content answer the same. */
export async function storeAnswers(store: GraphStore, questions: Questions): Promise<Record<string, unknown>> {
  const { lastId, keys, texts, consumers } = questions;
  const ids = Array.from({ length: lastId }, (_, n) => n + 1);
  const range = await store.range();
  const sources = await store.sources();
  const connectors = [...new Set(sources.map(({ source }) => source.connector))];
  const changes = await collect(store.changes(range.horizon));
  const topology = await linesOf(store);
  const lines = topology.links.map((line) => JSON.parse(line) as [number, number]);
  const pairs = [...new Map(lines.map(([from, to]) => [`${from},${to}`, { from, to }])).values()];
  const lists = NODE_KINDS.flatMap((kind) =>
    SORT_FIELDS.map((field): ListQuery => ({ kind, sort: { field }, limit: 1_000, withTotal: true })),
  );
  return {
    range,
    sources,
    changes: changes.map(({ storeId: _, ...change }) => change),
    topology,
    nodes: await store.nodes(ids),
    idsByKey: await store.idsByKey(keys),
    keys: await Promise.all(
      connectors.map(async (connector) => sorted(await rowsOf(store.keys(connector), ['ids', 'keys', 'removed']))),
    ),
    links: await store.links(pairs),
    linkHashes: await Promise.all(
      connectors.map(async (connector) =>
        sorted(await rowsOf(store.linkHashes(connector), ['source', 'from', 'kind', 'to', 'qualifiers', 'hash'])),
      ),
    ),
    lists: await Promise.all(lists.map((query) => store.list(query))),
    searches: await Promise.all(texts.map((text) => store.search({ text, limit: 100 }))),
    checkpoints: await Promise.all(sources.map(({ source }) => store.checkpoint(source))),
    pending: sorted((await store.pendingFor(keys)).map((link) => JSON.stringify(Object.entries(link).sort()))),
    pendingCounts: await Promise.all([undefined, ...connectors].map((connector) => store.pendingCount(connector))),
    pendingKeys: sorted((await collect(store.pendingKeys())).flat()),
    records: await Promise.all(RECORD_TYPES.map((type) => store.listRecords(type))),
    cursors: await Promise.all(consumers.map((name) => store.cursor(name))),
  };
}

/** The topology as sorted lines: chunks may be cut anywhere. */
async function linesOf(store: GraphStore): Promise<{ nodes: string[]; links: string[] }> {
  const nodes: string[] = [];
  const links: string[] = [];
  for await (const chunk of store.topology()) {
    const rows = chunk.nodes;
    rows?.id.forEach((id, n) => {
      nodes.push(JSON.stringify([id, rows.kind[n], rows.flags[n], rows.source[n], rows.hash[n]]));
    });
    const columns = chunk.links;
    columns?.from.forEach((from, n) => {
      const { to, kind, flags, source, via } = columns;
      links.push(JSON.stringify([from, to[n], kind[n], flags[n], source[n], via?.[n] ?? 0]));
    });
  }
  return { nodes: nodes.sort(), links: links.sort() };
}

async function rowsOf<Chunk>(chunks: AsyncIterable<Chunk>, columns: readonly (keyof Chunk)[]): Promise<string[]> {
  const rows: string[] = [];
  for await (const chunk of chunks) {
    const arrays = columns.map((column) => Array.from(chunk[column] as Iterable<unknown>));
    for (let n = 0; n < arrays[0]!.length; n++) rows.push(JSON.stringify(arrays.map((array) => array[n])));
  }
  return rows;
}

const sorted = (values: readonly string[]): string[] => [...values].sort();
