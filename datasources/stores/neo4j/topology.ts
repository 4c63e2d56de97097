import type { CommittedChange } from '../../../src/domain/changes.ts';
import { isLinkKind, linkKindCode } from '../../../src/domain/link-kinds.ts';
import { isNodeKind, nodeKindCode } from '../../../src/domain/node-kinds.ts';
import { type TopologyChunk, VIA_UNKNOWN } from '../../../src/ports/graph-store.ts';
import type { Database } from './driver.ts';
import { readChanges, readSettledRange } from './log-reader.ts';

const NODE_CHUNK = 20_000;
/** Nodes whose links are read at once: some 50,000 links. */
const START_NODES = 2_500;

type NodeArrays = NonNullable<TopologyChunk['nodes']>;
type LinkArrays = Omit<NonNullable<TopologyChunk['links']>, 'via'>;

interface LinkPage {
  readonly arrays: LinkArrays;
  /** By row, where there is one. */
  readonly qualifiers: ReadonlyMap<number, string>;
  readonly vias: ReadonlyMap<number, string>;
}

/**
 * The whole topology as of one seq. Neo4j has no snapshot reads: pages that are read while others commit are of
 * different moments. So all pages are read first, then the rows of the log that were written meanwhile are applied
 * to them: a row tells the state after it, so it does not matter which pages had seen it already.
 */
export async function* readTopology(db: Database, storeId: string): AsyncGenerator<TopologyChunk> {
  const { seq: start } = await readSettledRange(db);
  const nodes: NodeArrays[] = [];
  for await (const page of nodePages(db)) nodes.push(page);
  const links: LinkPage[] = [];
  for await (const page of linkPages(db)) links.push(page);
  const { seq } = await readSettledRange(db);
  const redo = new Redo();
  for await (const change of readChanges(db, storeId, start, { limit: seq - start })) redo.take(change);

  for (const page of [...nodes.map((page) => redo.withoutTouchedNodes(page)), redo.nodes()]) {
    if (page.id.length > 0) yield { seq, nodes: page };
  }
  const pages = [...links.map((page) => redo.withoutTouchedLinks(page)), redo.links()];
  const viaIds = await resolveVias(db, pages);
  for (const { arrays, vias } of pages) {
    if (arrays.from.length === 0) continue;
    if (vias.size === 0) {
      yield { seq, links: arrays };
      continue;
    }
    const via = new Uint32Array(arrays.from.length);
    for (const [row, key] of vias) via[row] = viaIds.get(key) ?? VIA_UNKNOWN;
    yield { seq, links: { ...arrays, via } };
  }
  // Also of an empty store the reader must learn the seq.
  yield { seq };
}

async function* nodePages(db: Database): AsyncGenerator<NodeArrays> {
  let after = 0;
  for (;;) {
    // Columns as lists: a row for each node would cost several times as much on the way. What a commit is just
    // rewriting may be missing for a moment; the lists must keep step all the same.
    const [[ids, kinds, flags, sources, hashes] = [[], [], [], [], []]] = await db.read<NodeColumns>(
      `MATCH (n:_Node) WHERE n._id > $after AND n._kind IS NOT NULL
       WITH n ORDER BY n._id LIMIT $limit
       RETURN collect(coalesce(n._id, 0)), collect(coalesce(n._kind, '')), collect(coalesce(n._flags, 0)),
         collect(coalesce(n._source, 0)), collect(coalesce(n._hash, 0))`,
      { after, limit: NODE_CHUNK },
    );
    yield {
      id: Uint32Array.from(ids),
      kind: Uint8Array.from(kinds, (kind) => (isNodeKind(kind) ? nodeKindCode(kind) : 0)),
      flags: Uint8Array.from(flags),
      source: Uint16Array.from(sources),
      hash: Uint32Array.from(hashes),
    };
    if (ids.length < NODE_CHUNK) return;
    after = ids.reduce((largest, id) => Math.max(largest, id), after);
  }
}

type NodeColumns = readonly [
  ids: readonly number[],
  kinds: readonly string[],
  flags: readonly number[],
  sources: readonly number[],
  hashes: readonly number[],
];

/** Links that are alike but for their ends. */
type LinkGroup = readonly [
  kind: string,
  flags: number,
  source: number | null,
  qualifier: string | null,
  via: string | null,
  from: readonly number[],
  to: readonly number[],
];
async function* linkPages(db: Database): AsyncGenerator<LinkPage> {
  let first = 0;
  for (;;) {
    // A page takes whole start nodes, so that it can go on from an id.
    const [next] = await db.read<[number]>(
      'MATCH (n:_Node) WHERE n._id >= $first RETURN n._id AS id ORDER BY id SKIP $skip LIMIT 1',
      { first, skip: START_NODES },
    );
    const end = next?.[0] ?? 2 ** 33;
    const groups = await db.read<LinkGroup>(
      `MATCH (a:_Node) WHERE a._id >= $first AND a._id < $end
       MATCH (a)-[l]->(b:_Node) WHERE l._source IS NOT NULL
       RETURN type(l), coalesce(l._flags, 0), l._source, l._qualifier, CASE type(l) WHEN 'FEDERATES' THEN l.via END,
         collect(coalesce(a._id, 0)), collect(coalesce(b._id, 0))`,
      { first, end },
    );
    yield linkPage(groups);
    if (next === undefined) return;
    first = end;
  }
}

function linkPage(groups: readonly LinkGroup[]): LinkPage {
  const count = groups.reduce((sum, [, , , , , from]) => sum + from.length, 0);
  const arrays = emptyLinks(count);
  const qualifiers = new Map<number, string>();
  const vias = new Map<number, string>();
  let row = 0;
  for (const [kind, flags, source, qualifier, via, from, to] of groups) {
    // Analysts may draw relationships of their own; one without a source goes away at this moment, the log tells.
    if (!isLinkKind(kind) || source === null) continue;
    const code = linkKindCode(kind);
    for (const [n, start] of from.entries()) {
      arrays.from[row] = start;
      arrays.to[row] = to[n]!;
      arrays.kind[row] = code;
      arrays.flags[row] = flags;
      arrays.source[row] = source;
      if (qualifier !== null && qualifier !== '') qualifiers.set(row, qualifier);
      if (via !== null) vias.set(row, via);
      row++;
    }
  }
  return { arrays: row === count ? arrays : firstOf(arrays, row), qualifiers, vias };
}

function emptyLinks(count: number): LinkArrays {
  return {
    from: new Uint32Array(count),
    to: new Uint32Array(count),
    kind: new Uint8Array(count),
    flags: new Uint8Array(count),
    source: new Uint16Array(count),
  };
}

function firstOf({ from, to, kind, flags, source }: LinkArrays, count: number): LinkArrays {
  return {
    from: from.slice(0, count),
    to: to.slice(0, count),
    kind: kind.slice(0, count),
    flags: flags.slice(0, count),
    source: source.slice(0, count),
  };
}

/** What was committed while pages were read: the last state of each node and link. */
class Redo {
  readonly #nodes = new Map<number, readonly [number, number, number, number, number] | null>();
  readonly #links = new Map<string, LinkGroup | null>();

  take(change: CommittedChange): void {
    for (const { id, kind, source, after } of change.nodes) {
      this.#nodes.set(id, after && [id, nodeKindCode(kind), after.flags, source, after.hash]);
    }
    for (const { from, kind, to, source, qualifier, after } of change.links) {
      const via = after?.properties?.['via'];
      const group: LinkGroup | null = after && [
        ...([kind, after.flags, source, qualifier] as const),
        kind === 'FEDERATES' && typeof via === 'string' ? via : null,
        ...([[from], [to]] as const),
      ];
      this.#links.set(linkText(from, linkKindCode(kind), to, source, qualifier), group);
    }
  }

  nodes(): NodeArrays {
    return nodeArrays([...this.#nodes.values()].filter((row) => row !== null));
  }

  links(): LinkPage {
    return linkPage([...this.#links.values()].filter((group) => group !== null));
  }

  withoutTouchedNodes(page: NodeArrays): NodeArrays {
    if (this.#nodes.size === 0) return page;
    const keep = (_: number, row: number): boolean => !this.#nodes.has(page.id[row]!);
    return {
      id: page.id.filter(keep),
      kind: page.kind.filter(keep),
      flags: page.flags.filter(keep),
      source: page.source.filter(keep),
      hash: page.hash.filter(keep),
    };
  }

  withoutTouchedLinks(page: LinkPage): LinkPage {
    if (this.#links.size === 0) return page;
    const { from, to, kind, flags, source } = page.arrays;
    const rows: number[] = [];
    for (let row = 0; row < from.length; row++) {
      const text = linkText(from[row]!, kind[row]!, to[row]!, source[row]!, page.qualifiers.get(row) ?? '');
      if (!this.#links.has(text)) rows.push(row);
    }
    const pick = <A extends Uint8Array | Uint16Array | Uint32Array>(array: A, empty: A): A => {
      for (const [n, row] of rows.entries()) empty[n] = array[row]!;
      return empty;
    };
    const moved = (values: ReadonlyMap<number, string>): Map<number, string> =>
      new Map(rows.flatMap((row, n) => (values.has(row) ? [[n, values.get(row)!] as const] : [])));
    const count = rows.length;
    return {
      arrays: {
        from: pick(from, new Uint32Array(count)),
        to: pick(to, new Uint32Array(count)),
        kind: pick(kind, new Uint8Array(count)),
        flags: pick(flags, new Uint8Array(count)),
        source: pick(source, new Uint16Array(count)),
      },
      qualifiers: moved(page.qualifiers),
      vias: moved(page.vias),
    };
  }
}

function linkText(from: number, kind: number, to: number, source: number, qualifier: string): string {
  return `${from},${kind},${to},${source},${qualifier}`;
}

function nodeArrays(rows: readonly (readonly [number, number, number, number, number])[]): NodeArrays {
  return {
    id: Uint32Array.from(rows, (row) => row[0]),
    kind: Uint8Array.from(rows, (row) => row[1]),
    flags: Uint8Array.from(rows, (row) => row[2]),
    source: Uint16Array.from(rows, (row) => row[3]),
    hash: Uint32Array.from(rows, (row) => row[4]),
  };
}

/** Ids of the applications that federations go through; a removed one keeps its id. */
async function resolveVias(db: Database, pages: readonly LinkPage[]): Promise<Map<string, number>> {
  const keys = [...new Set(pages.flatMap(({ vias }) => [...vias.values()]))];
  if (keys.length === 0) return new Map();
  return new Map(
    await db.read<[string, number]>(
      `UNWIND $keys AS via
       OPTIONAL MATCH (redirect:_Redirect {from: via})
       WITH via, coalesce(redirect.to, via) AS key
       MATCH (n:_Node {key: key}) RETURN via, n._id`,
      { keys },
    ),
  );
}
