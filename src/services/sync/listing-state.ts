import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { z } from 'zod';
import type { Json, JsonObject } from '../../domain/json.ts';
import { encodeIds, IdSet } from './id-set.ts';
import { LinkTable } from './link-table.ts';
import type { RunContext } from './run-context.ts';
import type { ListingOutcome } from './types.ts';

const json: z.ZodType<Json> = z.json();

const checkpointSchema = z.object({
  v: z.literal(1),
  runId: z.string(),
  /** `null` with `pages` > 0: read to the end. */
  cursor: z.record(z.string(), json).nullable(),
  pages: z.number(),
  rows: z.number(),
  ignored: z.number(),
  incomplete: z.string().nullable(),
  /** With an outcome: the ids that children ask for, in their order; see `encodeIds`. */
  ids: z.array(z.number()),
  outcome: z.enum(['COMPLETE', 'INCOMPLETE', 'GUARDED', 'SKIPPED', 'FAILED']).nullable(),
});

/** Where a listing of a run stands, durable. */
export type ListingCheckpoint = z.output<typeof checkpointSchema>;

/** @returns the checkpoint if it is one of this run, else `null` */
export function readCheckpoint(state: JsonObject | null, runId: string): ListingCheckpoint | null {
  const parsed = checkpointSchema.safeParse(state);
  return parsed.success && parsed.data.runId === runId ? parsed.data : null;
}

/** Nodes whose links are looked through before others get the event loop. */
const NODES_PER_SLICE = 5_000;

export interface ListingPlace {
  readonly listing: string;
  readonly source: number;
  /** Position in the provider's order. */
  readonly rank: number;
}

/** What a listing knows while it runs. */
export class ListingState {
  readonly listing: string;
  readonly source: number;
  readonly rank: number;
  /** Every node named so far, also those another listing owns. */
  readonly seen = new IdSet();
  readonly table: LinkTable;
  /** How many of each kind there were before; link kinds by code. */
  readonly nodesBefore: ReadonlyMap<number, number>;
  readonly linksBefore: Uint32Array;
  readonly #order: number[] | null;
  pendingSeen = 0;
  /** Nodes and links that the run had not named before. */
  news = 0;
  pages = 0;
  rows = 0;
  ignored = 0;
  total: number | null = null;
  cursor: JsonObject | null = null;
  incomplete: string | null = null;

  private constructor(
    run: RunContext,
    place: ListingPlace,
    table: LinkTable,
    keepsOrder: boolean,
    resume: ListingCheckpoint | null,
  ) {
    this.listing = place.listing;
    this.source = place.source;
    this.rank = place.rank;
    this.table = table;
    this.linksBefore = this.table.countByKind();
    const counts = new Map<number, number>();
    run.graph.index.eachNodeOfSource(place.source, (id) => {
      const kind = run.graph.index.kindCodeOf(id);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    });
    this.nodesBefore = counts;
    this.#order = keepsOrder ? [] : null;
    if (resume !== null) {
      this.pages = resume.pages;
      this.rows = resume.rows;
      this.ignored = resume.ignored;
      this.cursor = resume.cursor;
      this.incomplete = resume.incomplete;
    }
  }

  /**
   * @param keepsOrder whether other listings ask for the ids of this one
   * @param resume where to go on, or `null` at the beginning
   */
  static async begin(
    run: RunContext,
    place: ListingPlace,
    keepsOrder: boolean,
    resume: ListingCheckpoint | null,
  ): Promise<ListingState> {
    return new ListingState(run, place, await completeTable(run, place.source), keepsOrder, resume);
  }

  /** @returns false when this run has named it before */
  name(id: number): boolean {
    if (!this.seen.add(id)) return false;
    this.#order?.push(id);
    return true;
  }

  /** Whether the listing has said nothing at all. */
  get isEmpty(): boolean {
    return this.seen.size === 0 && this.table.seenCount === 0 && this.pendingSeen === 0;
  }

  get order(): readonly number[] {
    return this.#order ?? [];
  }

  /** @param ids what children will be told, once there is an outcome: a resumed child must count them alike */
  checkpoint(runId: string, outcome: ListingOutcome | null, ids: readonly number[] = []): JsonObject {
    return {
      v: 1,
      runId,
      cursor: this.cursor,
      pages: this.pages,
      rows: this.rows,
      ignored: this.ignored,
      incomplete: this.incomplete,
      ids: encodeIds(ids),
      outcome,
    };
  }
}

/** Parent ids of a listing that did not run: what the graph has of it, in the order of their ids. */
export function idsInGraph(run: RunContext, source: number): number[] {
  const ids: number[] = [];
  run.graph.index.eachNodeOfSource(source, (id) => {
    ids.push(id);
  });
  return ids.sort((a, b) => a - b);
}

/**
 * The links with a hash are in the table already (from the store); the plain ones come from the index, in slices, so
 * that a million of them does not hold the event loop.
 */
async function completeTable(run: RunContext, source: number): Promise<LinkTable> {
  const { index } = run.graph;
  const table = run.tables.get(source) ?? new LinkTable();
  // From now on links that stop waiting are entered by whoever brings their end.
  run.tables.set(source, table);
  table.reserve(index.countsBySource().get(source)?.links ?? 0);
  for (let start = 1; start < index.nodes.size; start += NODES_PER_SLICE) {
    if (start > 1) await turnOfLoop();
    const end = Math.min(index.nodes.size, start + NODES_PER_SLICE);
    for (let from = start; from < end; from++) copyLinksFrom(run, table, source, from);
  }
  return table;
}

function copyLinksFrom(run: RunContext, table: LinkTable, source: number, from: number): void {
  let lastTo = 0;
  let lastKind = 0;
  let visits = 0;
  run.graph.index.eachLinkFrom(from, (to, kindCode, flags, by) => {
    if (by !== source) return;
    // Links between the same ends follow each other, one for each qualifier.
    visits = to === lastTo && kindCode === lastKind ? visits + 1 : 1;
    lastTo = to;
    lastKind = kindCode;
    // One more than there are rows with a hash is the plain link beside them.
    if (visits <= table.countHashed(from, kindCode, to)) return;
    if (table.find(from, kindCode, to, '') < 0) table.insert(from, kindCode, to, '', flags, 0);
  });
}
