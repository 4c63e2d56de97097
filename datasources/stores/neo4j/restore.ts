import { randomUUID } from 'node:crypto';
import { AppError } from '../../../src/domain/errors.ts';
import type { SourceRef } from '../../../src/domain/graph.ts';
import { parseKey } from '../../../src/domain/keys.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import type { DumpedNode, StoreChunk, StoreRows } from '../../../src/ports/store-dump.ts';
import { encodeChange } from '../shared/change-row.ts';
import { storeIncomplete, storeNotEmpty } from '../shared/errors.ts';
import { createLinks } from './commit.ts';
import { checkKey } from './commit-plan.ts';
import { type Database, LONG_WRITE_MS, type Parameters, type Transaction } from './driver.ts';
import { linkProperties, nodeProperties, tombstoneProperties } from './model.ts';
import { pendingId } from './side-rows.ts';

/** Labels of all that a restore writes; leases stay, because their tokens must grow for ever. */
const CONTENT = [
  ...['_Node', '_Source', '_Change', '_QuietChange', '_Pending', '_Redirect', '_Checkpoint', '_Record', '_Consumer'],
];
/** Deleted in one transaction. */
const CLEAR_BATCH = 10_000;

const LOCK = "MATCH (m:_Meta {name: 'graph'}) SET m.lock = true";

/**
 * Whether the database holds a store that is whole: false when it holds none.
 * @throws AppError `STORE_INCOMPLETE`
 */
export async function checkWhole(db: Database, where: string): Promise<boolean> {
  const [row] = await db.read<[boolean]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.restoring IS NOT NULL");
  if (row?.[0] === true) throw storeIncomplete(where);
  return row !== undefined;
}

/**
 * Fills a database with the rows of a dump. Its mark names this restore, so that two of them at once cannot mix, and
 * counts the chunks that were written, so that the driver may try one again.
 */
export class Restoring {
  readonly storeId = randomUUID();
  readonly #db: Database;
  readonly #where: string;
  readonly #labelOf: (connector: string) => string | undefined;
  readonly #sources = new Map<number, SourceRef>();
  readonly #ids = new Set<number>();
  #chunks = 0;
  #quiet = 0;

  constructor(db: Database, where: string, labelOf: (connector: string) => string | undefined) {
    this.#db = db;
    this.#where = where;
    this.#labelOf = labelOf;
  }

  /**
   * Marks the store, gives it a new id and empties it.
   * @throws AppError `STORE_INCOMPLETE`, `STORE_NOT_EMPTY` without `replace`, `STORE_IN_USE` while somebody holds a lease
   */
  async begin({ replace, now }: { readonly replace: boolean; readonly now: number }): Promise<void> {
    await this.#write(async (tx) => {
      await tx.run(LOCK);
      const there = CONTENT.map((label) => `EXISTS { (:${label}) }`).join(' OR ');
      const [row] = await tx.run<[string | null, boolean, string | null]>(
        `MATCH (m:_Meta {name: 'graph'}) RETURN m.restoring, ${there},
           head(COLLECT { MATCH (l:_Lease) WHERE l.expiresAt > $now RETURN l.name })`,
        { now },
      );
      const [restoring, isFilled, lease] = row!;
      // Tried again by the driver after an answer that was lost.
      if (restoring === this.storeId) return;
      if (lease !== null) throw this.#inUse(lease);
      if (!replace && restoring !== null) throw storeIncomplete(this.#where);
      if (!replace && isFilled) throw storeNotEmpty(this.#where);
      await tx.run(
        `MATCH (m:_Meta {name: 'graph'}) SET m.restoring = $storeId, m.restored = 0, m.storeId = $storeId,
           m.seq = 0, m.at = 0, m.horizon = 0, m.quiet = 0
         WITH m MATCH (i:_Meta {name: 'ids'}) SET i.nextId = 1, i.nextSource = 1`,
        { storeId: this.storeId },
      );
    });
    await this.#clear('MATCH (:_Node)-[x]->() WITH x LIMIT $batch DELETE x RETURN count(*)');
    for (const label of CONTENT) {
      await this.#clear(`MATCH (x:${label}) WITH x LIMIT $batch DETACH DELETE x RETURN count(*)`);
    }
  }

  async write(chunk: StoreChunk): Promise<void> {
    const n = ++this.#chunks;
    await this.#mine(async (tx, restored) => {
      if (restored >= n) return;
      await Promise.all([
        tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.restored = $n", { n }),
        ...this.#statements(tx, chunk),
      ]);
    });
    if (chunk.section === 'quietChanges') this.#quiet += chunk.rows.length;
    if (chunk.section === 'nodes') for (const { id } of chunk.rows) this.#ids.add(id);
    if (chunk.section === 'sources') for (const { id, source } of chunk.rows) this.#sources.set(id, source);
  }

  async finish(): Promise<void> {
    await this.#write(async (tx) => {
      await tx.run(LOCK);
      const [row] = await tx.run<[string | null, string]>(
        "MATCH (m:_Meta {name: 'graph'}) RETURN m.restoring, m.storeId",
      );
      const [restoring, storeId] = row!;
      if (restoring === null && storeId === this.storeId) return;
      if (restoring !== this.storeId) throw this.#overtaken();
      await tx.run("MATCH (m:_Meta {name: 'graph'}) REMOVE m.restoring, m.restored");
    });
  }

  /** `work` in a transaction while the store is this restore's. */
  #mine<T>(work: (tx: Transaction, restored: number) => Promise<T>): Promise<T> {
    return this.#write(async (tx) => {
      const [, [row]] = await Promise.all([
        tx.run(LOCK),
        tx.run<[string | null, number]>("MATCH (m:_Meta {name: 'graph'}) RETURN m.restoring, m.restored"),
      ]);
      const [restoring, restored] = row!;
      if (restoring !== this.storeId) throw this.#overtaken();
      return work(tx, restored);
    });
  }

  #write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#db.write(work, { timeoutMs: LONG_WRITE_MS });
  }

  async #clear(cypher: string): Promise<void> {
    for (;;) {
      const [row] = await this.#mine((tx) => tx.run<[number]>(cypher, { batch: CLEAR_BATCH }));
      if ((row?.[0] ?? 0) < CLEAR_BATCH) return;
    }
  }

  #statements(tx: Transaction, chunk: StoreChunk): Promise<unknown>[] {
    const { section, rows } = chunk;
    if (rows.length === 0) return [];
    switch (section) {
      case 'meta':
        return [
          tx.run(
            `MATCH (m:_Meta {name: 'graph'}) MATCH (i:_Meta {name: 'ids'})
             SET m.seq = $seq, m.horizon = $horizon, m.at = $at, i.nextId = $nextId`,
            { ...rows[0]! },
          ),
        ];
      case 'sources':
        return [
          tx.run(
            `UNWIND $rows AS r CREATE (s:_Source) SET s = r WITH max(s.id) AS last
             MATCH (i:_Meta {name: 'ids'}) WHERE i.nextSource <= last SET i.nextSource = last + 1`,
            { rows: rows.map(({ id, source: { connector, listing } }) => ({ id, connector, listing })) },
          ),
        ];
      case 'nodes':
        return [this.#nodes(tx, rows)];
      case 'links':
        return this.#links(tx, rows);
      case 'redirects':
        for (const { from, to } of rows) for (const key of [from, to]) checkKey(key);
        return [create(tx, '_Redirect', rows)];
      case 'changes':
        return [
          create(
            tx,
            '_Change',
            rows.map((change) => {
              const [seq, changeId, at, cause, connector, runId, actor, body] = encodeChange(change);
              return { seq, changeId, at, cause, connector, runId, actor, body };
            }),
          ),
        ];
      case 'quietChanges':
        return [
          create(
            tx,
            '_QuietChange',
            rows.map(({ changeId }, n) => ({ changeId, n: this.#quiet + n + 1 })),
          ),
          tx.run("MATCH (m:_Meta {name: 'graph'}) SET m.quiet = $quiet", { quiet: this.#quiet + rows.length }),
        ];
      case 'pending':
        return [create(tx, '_Pending', rows.map(pendingRow))];
      case 'checkpoints':
        return [
          create(
            tx,
            '_Checkpoint',
            rows.map(({ source: { connector, listing }, state }) => ({
              connector,
              listing,
              state: JSON.stringify(state),
            })),
          ),
        ];
      case 'records':
        return [
          create(
            tx,
            '_Record',
            rows.map(({ type, id, value }) => ({ type, id, value: JSON.stringify(value) })),
          ),
        ];
      case 'cursors':
        return [
          create(
            tx,
            '_Consumer',
            rows.map(({ consumer, seq }) => ({ name: consumer, seq })),
          ),
        ];
    }
  }

  #nodes(tx: Transaction, nodes: readonly DumpedNode[]): Promise<unknown> {
    const rows = nodes.map((node) => {
      const { id, key, seq, firstSeenAt, changedAt: at } = node;
      checkKey(key);
      const { kind, connector } = parseKey(key)!;
      const provider = this.#labelOf(connector);
      const written = { seq, at, firstSeenAt };
      if (node.removed) return [['_Node', '_Removed'], tombstoneProperties(id, node, written)];
      const labels = ['_Node', kind, ...(provider === undefined ? [] : [provider])];
      return [labels, nodeProperties(id, { ...node, kind }, written)];
    });
    return tx.run('UNWIND $rows AS r CREATE (n:$(r[0])) SET n = r[1]', { rows });
  }

  #links(tx: Transaction, links: readonly StoreRows['links'][]): Promise<unknown>[] {
    const lost = links.find(({ from, to }) => !this.#ids.has(from) || !this.#ids.has(to));
    if (lost !== undefined) {
      throw new AppError(
        'STORE_CORRUPT',
        `The source has a link from node ${lost.from} to node ${lost.to}, and one of them was never there; Neo4j cannot hold that. Delete the connector of the link and sync it again, then copy.`,
      );
    }
    const writes: Promise<unknown>[] = [];
    createLinks(tx, links, (link) => linkProperties(link, this.#sources.get(link.source)!.connector), writes);
    return writes;
  }

  #inUse(lease: string): AppError {
    return new AppError(
      'STORE_IN_USE',
      `Gateways work with the store ${this.#where} (the lease ${lease} is held), or it is the one that is being copied. Stop them, wait until their leases have run out, and try again.`,
    );
  }

  #overtaken(): AppError {
    return new AppError('STORE_IN_USE', `Another copy writes into the store ${this.#where}; this one has stopped.`);
  }
}

function create(tx: Transaction, labels: string, rows: readonly Parameters[]): Promise<unknown> {
  return tx.run(`UNWIND $rows AS r CREATE (x:${labels}) SET x = r`, { rows });
}

function pendingRow({ kind, properties, ...link }: StoreRows['pending']): Parameters {
  for (const key of [link.fromKey, link.toKey]) checkKey(key);
  return {
    ...{ id: pendingId({ kind, ...link }), ...link, kind: linkKindCode(kind) },
    properties: properties && JSON.stringify(properties),
  };
}
