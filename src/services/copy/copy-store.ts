import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { GraphStore, StoreInfo } from '../../ports/graph-store.ts';
import type { StoreChunk, StoreSection } from '../../ports/store-dump.ts';
import type { AccessIndex } from '../access/access-index.ts';
import { compareIndexes } from '../access/verify.ts';
import { fromTopology } from '../graph/open-index.ts';
import { ahead } from './ahead.ts';
import { type SectionDigest, SectionDigests } from './section-digests.ts';

/** What a copy does at the moment: reads the source's topology, copies, reads the target back, reads its topology. */
export type CopyPhase = 'indexing' | 'copying' | 'verifying' | 'comparing';

export interface CopyOptions {
  /** Opened. Stays open. */
  readonly from: { readonly store: GraphStore; readonly info: StoreInfo };
  /** Not opened. Stays open, also after an error: close it. */
  readonly to: GraphStore;
  /** Throws away what the target holds. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  /** Called after each chunk. */
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyProgress {
  readonly phase: CopyPhase;
  readonly section: StoreSection | null;
  /** Rows of the section so far. */
  readonly rows: number;
  /** Roughly how many there will be; `null`: not known. */
  readonly total: number | null;
}

export interface CopyResult {
  readonly storeId: string;
  readonly seq: number;
  /** Equal in both stores. */
  readonly sections: readonly SectionDigest[];
}

/** Long enough to see whether source and target are the same store. */
const HANDSHAKE_MS = 30_000;
const HANDSHAKE = 'copy';

/**
 * Copies everything from one store to another: same node ids, same seq, a new store id. The target is read back and
 * compared section by section, and so are the topologies, before it can be opened by anybody.
 * @throws AppError `STORE_EMPTY`, `STORE_CHANGED` (somebody wrote to the source), `COPY_DIFFERS`, `ABORTED`, and what
 * {@link GraphStore.restore} throws; once the restore has begun the target is left with its mark
 */
export async function copyStore(options: CopyOptions): Promise<CopyResult> {
  const { from, to, signal } = options;
  check(signal);
  await refuseEmpty(from.store);
  report(options, { phase: 'indexing', section: null, rows: 0, total: null });
  const index = (await fromTopology(from.store, from.info)).index;
  check(signal);

  // Who looks at the target and finds this lease there looks at the source.
  const handshake = await from.store.acquireLease(HANDSHAKE, randomUUID(), HANDSHAKE_MS);
  if (handshake === null) {
    throw new AppError('STORE_IN_USE', 'Another copy begins to read the source at this moment; try again.', {
      retryable: true,
    });
  }
  const restore = await to.restore({ replace: options.replace }).finally(() => from.store.releaseLease(handshake));

  report(options, { phase: 'copying', section: null, rows: 0, total: null });
  const source = await pour(options, {
    phase: 'copying',
    store: from.store,
    index,
    write: (chunk) => restore.write(chunk),
  });
  if (source.seq !== index.seq) {
    throw new AppError(
      'STORE_CHANGED',
      'The source was written to while it was read. Try again when no sync is running, or stop its gateways first.',
      { retryable: true },
    );
  }
  const target = await pour(options, { phase: 'verifying', store: to, index });
  const problems = differences(source.sections, target.sections);
  if (problems.length > 0) throw differs(problems);

  report(options, { phase: 'comparing', section: null, rows: 0, total: null });
  const info = { ...restore.info, seq: index.seq, sources: await to.sources() };
  const names = new Map(info.sources.map(({ id, source: { connector, listing } }) => [id, `${connector}/${listing}`]));
  const copied = (await fromTopology(to, info)).index;
  const wrong = compareIndexes(copied, index, (id) => names.get(id) ?? `source ${id}`);
  if (wrong.length > 0) throw differs(wrong);
  check(signal);
  await restore.finish();
  return { storeId: info.storeId, seq: index.seq, sections: source.sections };
}

interface Pouring {
  readonly phase: CopyPhase;
  readonly store: GraphStore;
  /** Tells how many nodes and links there will be. */
  readonly index: Pick<AccessIndex, 'nodeCount' | 'linkCount'>;
  readonly write?: (chunk: StoreChunk) => Promise<void>;
}

/** Reads a whole store, perhaps into another one, and adds up what it sees. */
async function pour(
  options: CopyOptions,
  { phase, store, index, write }: Pouring,
): Promise<{ readonly seq: number; readonly sections: readonly SectionDigest[] }> {
  const digests = new SectionDigests();
  const totals: { readonly [S in StoreSection]?: number } = { nodes: index.nodeCount, links: index.linkCount };
  let seq = 0;
  let shown: StoreSection | null = null;
  let rows = 0;
  for await (const chunk of ahead(store.dump())) {
    check(options.signal);
    const { section } = chunk;
    if (section === 'meta') seq = chunk.rows[0]!.seq;
    const written = write?.(chunk);
    digests.take(chunk);
    await written;
    rows = (section === shown ? rows : 0) + chunk.rows.length;
    shown = section;
    report(options, { phase, section, rows, total: totals[section] ?? null });
  }
  return { seq, sections: digests.all() };
}

async function refuseEmpty(store: GraphStore): Promise<void> {
  const { seq } = await store.range();
  if (seq > 0 || (await store.sources()).length > 0) return;
  throw new AppError('STORE_EMPTY', 'The source holds no graph: there is nothing to copy. Check its address.');
}

function differences(source: readonly SectionDigest[], target: readonly SectionDigest[]): string[] {
  return source.flatMap(({ section, rows, digest }, n) => {
    const other = target[n]!;
    if (other.rows !== rows) return [`${section}: ${rows} rows in the source, ${other.rows} in the target`];
    return other.digest === digest ? [] : [`${section}: ${rows} rows in both, but not the same`];
  });
}

function differs(problems: readonly string[]): AppError {
  return new AppError(
    'COPY_DIFFERS',
    `The target does not hold what the source holds, and is not to be used:\n${problems
      .slice(0, 20)
      .map((line) => `  - ${line}`)
      .join('\n')}\nCopy again with --replace; if it happens again, keep the source and report it.`,
    { details: { problems: problems.slice(0, 20) } },
  );
}

function check(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('ABORTED', 'The copy was stopped.', { retryable: true });
}

function report({ onProgress }: CopyOptions, progress: CopyProgress): void {
  onProgress?.(progress);
}
