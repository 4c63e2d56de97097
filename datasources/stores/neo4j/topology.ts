import type { CommittedChange } from '../../../src/domain/changes.ts';
import type { LinkKind } from '../../../src/domain/link-kinds.ts';
import { isLinkKind, linkKindCode } from '../../../src/domain/link-kinds.ts';
import { isNodeKind, nodeKindCode } from '../../../src/domain/node-kinds.ts';
import { type TopologyChunk, VIA_UNKNOWN } from '../../../src/ports/graph-store.ts';
import type { Database } from './driver.ts';
import { readChanges, readSettledRange } from './log-reader.ts';

const NODE_CHUNK = 20_000;
/** Nodes whose links are read at once: about as many links as nodes above. */
const START_NODES = 4_000;

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
    const rows = await db.read<[number, string, number, number, number]>(
      `MATCH (n:_Node) WHERE n._id > $after AND n._kind IS NOT NULL
       RETURN n._id, n._kind, n._flags, n._source, n._hash ORDER BY n._id LIMIT $limit`,
      { after, limit: NODE_CHUNK },
    );
    yield nodeArrays(
      rows.map(([id, kind, flags, source, hash]) => [
        id,
        isNodeKind(kind) ? nodeKindCode(kind) : 0,
        flags,
        source,
        hash,
      ]),
    );
    if (rows.length < NODE_CHUNK) return;
    after = rows[rows.length - 1]![0];
  }
}

type LinkRow = readonly [from: number, kind: string, to: number, number, number, string | null, string | null];

async function* linkPages(db: Database): AsyncGenerator<LinkPage> {
  let first = 0;
  for (;;) {
    // A page takes whole start nodes, so that it can go on from an id.
    const [next] = await db.read<[number]>(
      'MATCH (n:_Node) WHERE n._id >= $first RETURN n._id AS id ORDER BY id SKIP $skip LIMIT 1',
      { first, skip: START_NODES },
    );
    const end = next?.[0] ?? 2 ** 33;
    const rows = await db.read<LinkRow>(
      `MATCH (a:_Node) WHERE a._id >= $first AND a._id < $end
       MATCH (a)-[l]->(b:_Node) WHERE l._source IS NOT NULL
       RETURN a._id, type(l), b._id, coalesce(l._flags, 0), l._source, l._qualifier, CASE type(l) WHEN 'FEDERATES' THEN l.via END`,
      { first, end },
    );
    yield linkPage(rows.filter((row) => isLinkKind(row[1])));
    if (next === undefined) return;
    first = end;
  }
}

/** What was committed while pages were read: the last state of each node and link. */
class Redo {
  readonly #nodes = new Map<number, readonly [number, number, number, number, number] | null>();
  readonly #links = new Map<string, LinkRow | null>();

  take(change: CommittedChange): void {
    for (const { id, kind, source, after } of change.nodes) {
      this.#nodes.set(id, after && [id, nodeKindCode(kind), after.flags, source, after.hash]);
    }
    for (const { from, kind, to, source, qualifier, after } of change.links) {
      const via = after?.properties?.['via'];
      const row: LinkRow | null = after && [
        ...([from, kind, to, after.flags, source, qualifier] as const),
        kind === 'FEDERATES' && typeof via === 'string' ? via : null,
      ];
      this.#links.set(linkText(from, linkKindCode(kind), to, source, qualifier), row);
    }
  }

  nodes(): NodeArrays {
    return nodeArrays([...this.#nodes.values()].filter((row) => row !== null));
  }

  links(): LinkPage {
    return linkPage([...this.#links.values()].filter((row) => row !== null));
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

function linkPage(rows: readonly LinkRow[]): LinkPage {
  const qualifiers = new Map<number, string>();
  const vias = new Map<number, string>();
  for (const [row, [, , , , , qualifier, via]] of rows.entries()) {
    if (qualifier !== null && qualifier !== '') qualifiers.set(row, qualifier);
    if (via !== null) vias.set(row, via);
  }
  return {
    arrays: {
      from: Uint32Array.from(rows, (row) => row[0]),
      to: Uint32Array.from(rows, (row) => row[2]),
      kind: Uint8Array.from(rows, (row) => linkKindCode(row[1] as LinkKind)),
      flags: Uint8Array.from(rows, (row) => row[3]),
      source: Uint16Array.from(rows, (row) => row[4]),
    },
    qualifiers,
    vias,
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
