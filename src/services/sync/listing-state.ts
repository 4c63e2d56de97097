import { z } from 'zod';
import type { Json, JsonObject } from '../../domain/json.ts';
import { linkKindOf } from '../../domain/link-kinds.ts';
import type { NodeKind } from '../../domain/node-kinds.ts';
import { decodeIds, encodeIds, IdSet } from './id-set.ts';
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
  /** Ids in the order of the listing, for the listings that ask for them; see `encodeIds`. */
  ids: z.array(z.number()).nullable(),
  outcome: z.enum(['COMPLETE', 'INCOMPLETE', 'GUARDED', 'SKIPPED', 'FAILED']).nullable(),
});

/** Where a listing of a run stands, durable. */
export type ListingCheckpoint = z.output<typeof checkpointSchema>;

/** @returns the checkpoint if it is one of this run, else `null` */
export function readCheckpoint(state: JsonObject | null, runId: string): ListingCheckpoint | null {
  const parsed = checkpointSchema.safeParse(state);
  return parsed.success && parsed.data.runId === runId ? parsed.data : null;
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

  /**
   * @param keepsOrder whether other listings ask for the ids of this one
   * @param resume where to go on, or `null` at the beginning
   */
  constructor(
    run: RunContext,
    ref: { listing: string; source: number; rank: number },
    keepsOrder: boolean,
    resume: ListingCheckpoint | null,
  ) {
    this.listing = ref.listing;
    this.source = ref.source;
    this.rank = ref.rank;
    this.table = completeTable(run, ref.source);
    this.linksBefore = this.table.countByKind();
    const counts = new Map<number, number>();
    run.graph.index.eachNodeOfSource(ref.source, (id) => {
      const kind = run.graph.index.kindCodeOf(id);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    });
    this.nodesBefore = counts;
    this.#order = keepsOrder ? decodeIds(resume?.ids ?? []) : null;
    if (resume !== null) {
      this.pages = resume.pages;
      this.rows = resume.rows;
      this.ignored = resume.ignored;
      this.cursor = resume.cursor;
      this.incomplete = resume.incomplete;
    }
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

  checkpoint(runId: string, outcome: ListingOutcome | null): JsonObject {
    return {
      v: 1,
      runId,
      cursor: this.cursor,
      pages: this.pages,
      rows: this.rows,
      ignored: this.ignored,
      incomplete: this.incomplete,
      ids: this.#order === null ? null : encodeIds(this.#order),
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

/** Native ids of one kind in the order of these ids. */
export function nativeIdsOf(run: RunContext, kind: NodeKind, ids: readonly number[]): readonly string[] {
  return run.keys.nativeIds(kind, ids);
}

/** The links with a hash are in the table already (from the store); the plain ones come from the index. */
function completeTable(run: RunContext, source: number): LinkTable {
  const hashed = run.tables.get(source) ?? new LinkTable();
  const known = hashed.size;
  const visits = new Map<string, number>();
  run.graph.index.eachLinkOfSource(source, (from, kindCode, to, flags) => {
    if (linkKindOf(kindCode) === null) return;
    const twins = known === 0 ? 0 : hashed.countEnds(from, kindCode, to);
    if (twins > 0) {
      // The index has one entry for each qualifier; one entry more than hashed rows is the plain link beside them.
      const visit = (visits.get(`${from} ${kindCode} ${to}`) ?? 0) + 1;
      visits.set(`${from} ${kindCode} ${to}`, visit);
      if (visit <= twins) return;
    }
    hashed.insert(from, kindCode, to, '', flags, 0);
  });
  run.tables.set(source, hashed);
  return hashed;
}
