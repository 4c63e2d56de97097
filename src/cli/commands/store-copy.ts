import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StoreConfig } from '../../config/load.ts';
import { AppError, asAppError } from '../../domain/errors.ts';
import type { GraphStore } from '../../ports/graph-store.ts';
import { systemClock } from '../../server/clock.ts';
import { createLogger } from '../../server/logger.ts';
import { isProvider, loadProviders } from '../../server/providers.ts';
import { createStore } from '../../server/store.ts';
import { type CopyPhase, type CopyProgress, copyStore } from '../../services/copy/copy-store.ts';
import { EXIT, type Format, type Io, render } from '../io.ts';
import { ProgressLine } from '../progress-line.ts';
import { resolveStore, type StoreAddress } from '../store-address.ts';

export interface StoreCopyOptions {
  readonly from: StoreAddress;
  readonly to: StoreAddress;
  /** Throws away what the target holds. */
  readonly replace: boolean;
  readonly output: Format;
}

const PHASES: { readonly [P in CopyPhase]: string } = {
  indexing: 'Reading the topology of the source …',
  copying: 'Copying …',
  verifying: 'Reading the copy back …',
  comparing: 'Comparing the topologies …',
};

/** `crosswalk store copy`: a whole graph from one store into another, compared before anybody can open it. */
export async function storeCopy(options: StoreCopyOptions, io: Io): Promise<number> {
  const started = performance.now();
  const [source, target] = [await resolveStore(options.from, io.env), await resolveStore(options.to, io.env)];
  refuseSameFile(source, target);
  const logger = createLogger({ level: 'warn' });
  const make = (config: StoreConfig, folder: string, providers: Parameters<typeof createStore>[1]['providers']) =>
    createStore(config, { folder, providers, logger, clock: systemClock });

  const { store: from } = await make(source.config, source.folder, new Map());
  let to: GraphStore | null = null;
  const shown = new Shown(io);
  try {
    const info = await from.open({ create: false });
    const connectors = await connectorsOf(from, source.config, target.config);
    const providers = await loadProviders(connectors);
    const made = await make({ store: target.config.store, connectors }, target.folder, providers);
    to = made.store;
    const { storeId, seq, sections } = await copyStore({
      from: { store: from, info },
      to,
      replace: options.replace,
      signal: io.signal,
      onProgress: (progress) => shown.show(progress),
    });
    shown.end();
    io.out(
      render(
        sections.map((section) => ({ ...section })),
        options.output,
      ),
    );
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    io.err(`Copied and compared in ${seconds} s: change ${seq}, the same node ids, and a new store id (${storeId}).`);
    io.err('Whoever follows changes by a cursor of the old store is told to start over (RESET).');
    if (existsSync(made.snapshotPath)) {
      io.err(`${made.snapshotPath} is of another store; a gateway notices that and writes a new one.`);
    }
    return EXIT.OK;
  } catch (error) {
    shown.end();
    if (shown.hasBegun) {
      const what = asAppError(error).code === 'ABORTED' ? 'Stopped. ' : '';
      io.err(`${what}The target holds a part only and no gateway opens it; copy again with --replace.`);
    }
    throw error;
  } finally {
    await to?.close();
    await from.close();
  }
}

/**
 * Whose nodes get which second label in Neo4j: as the configurations say, the target's first, else as the source
 * remembers it of its connectors.
 */
async function connectorsOf(from: GraphStore, ...configs: readonly StoreConfig[]): Promise<StoreConfig['connectors']> {
  const providers = new Map<string, string>();
  for (const { id, value } of await from.listRecords('connector')) {
    const provider = value['provider'];
    if (typeof provider === 'string' && isProvider(provider)) providers.set(id, provider);
  }
  for (const { connectors } of configs) for (const { id, provider } of connectors) providers.set(id, provider);
  return [...providers].map(([id, provider]) => ({ id, provider }));
}

type Resolved = Awaited<ReturnType<typeof resolveStore>>;

/** The store would say that it is in use, which it is: by this command. */
function refuseSameFile(...[source, target]: readonly [Resolved, Resolved]): void {
  const [a, b] = [source, target].map(({ config: { store }, folder }) => {
    const path = store.type === 'sqlite' ? resolve(folder, store.path) : null;
    return path !== null && existsSync(path) ? realpathSync(path) : path;
  });
  if (a !== null && a === b) {
    throw new AppError('BAD_USER_INPUT', 'Source and target are the same file.', { audience: 'user' });
  }
}

/** How far the copy is: a line for each phase, and one that moves on a terminal. */
class Shown {
  readonly #io: Io;
  readonly #line: ProgressLine;
  #phase: CopyPhase | null = null;
  #section: string | null = null;

  constructor(io: Io) {
    this.#io = io;
    this.#line = new ProgressLine(io);
  }

  /** Whether something was written to the target. */
  get hasBegun(): boolean {
    return this.#phase !== null && this.#phase !== 'indexing';
  }

  show({ phase, section, rows, total }: CopyProgress): void {
    if (section !== this.#section && this.#section !== null) this.#line.drop(this.#section);
    this.#section = section;
    if (phase !== this.#phase) {
      this.#line.end();
      this.#io.err(PHASES[phase]);
      this.#phase = phase;
    }
    if (section !== null) this.#line.show(section, { done: rows, total, etaMs: null });
  }

  end(): void {
    this.#line.end();
  }
}
