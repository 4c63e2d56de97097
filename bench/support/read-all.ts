import { providers } from '../../datasources/providers/registry.generated.ts';
import { compact } from '../../src/domain/graph.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { silentLogger } from '../../src/ports/logger.ts';
import type { ProviderSession, Syncer } from '../../src/ports/provider.ts';
import { systemClock } from '../../src/server/clock.ts';
import type { ServedCompany } from './company.ts';

/** Listings of one connector that are read at the same time, as in a sync. */
const CONCURRENT = 3;

/**
 * The floor of a sync: every page of every listing, fetched and normalised by the providers, then forgotten. Nothing is
 * compared or written.
 * @returns rows of the providers
 */
export async function readAll(company: ServedCompany): Promise<number> {
  const rows = await Promise.all(company.connectors.map((connector) => readConnector(connector)));
  return rows.reduce((sum, of) => sum + of, 0);
}

async function readConnector({ id, provider, settings }: ServedCompany['connectors'][number]): Promise<number> {
  const definition = await providers[provider]!();
  const { signal } = new AbortController();
  const context = { connector: id, clock: systemClock, logger: silentLogger, signal, allowLoopback: true };
  const session = await definition.connect(definition.settingsSchema.parse(settings), context);
  try {
    return await new Reading(session, signal).run();
  } finally {
    await session.close();
  }
}

/** One connector's listings, parents before children. */
class Reading {
  readonly #session: ProviderSession;
  readonly #signal: AbortSignal;
  readonly #ids = new Map<string, string[]>();
  readonly #nodes = new Map<string, { name: string; properties: ReturnType<typeof compact> }>();
  readonly #parents: ReadonlySet<string>;
  #rows = 0;

  constructor(session: ProviderSession, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
    this.#parents = new Set(session.syncers.flatMap(({ after }) => after ?? []));
  }

  async run(): Promise<number> {
    const waiting = new Set(this.#session.syncers);
    const done = new Set<string>();
    const running = new Set<Promise<void>>();
    while (waiting.size > 0 || running.size > 0) {
      for (const syncer of waiting) {
        if (running.size >= CONCURRENT) break;
        if (!(syncer.after ?? []).every((parent) => done.has(parent))) continue;
        waiting.delete(syncer);
        const reading: Promise<void> = this.#read(syncer).then(() => {
          running.delete(reading);
          done.add(syncer.name);
        });
        running.add(reading);
      }
      await Promise.race(running);
    }
    return this.#rows;
  }

  async #read(syncer: Syncer): Promise<void> {
    const pages = syncer.list({
      signal: this.#signal,
      cursor: null,
      ids: (name, kind) => this.#ids.get(`${name} ${kind}`) ?? [],
      node: async (kind, nativeId) => this.#nodes.get(`${kind} ${nativeId}`) ?? null,
    });
    for await (const page of pages) {
      this.#rows += page.rows;
      if (this.#parents.has(syncer.name)) for (const node of page.nodes) this.#keep(syncer.name, node);
    }
  }

  #keep(listing: string, node: { kind: NodeKind; nativeId: string; name: string; properties: object }): void {
    const place = `${listing} ${node.kind}`;
    const list = this.#ids.get(place);
    if (list === undefined) this.#ids.set(place, [node.nativeId]);
    else list.push(node.nativeId);
    if (node.kind === 'Account') return;
    this.#nodes.set(`${node.kind} ${node.nativeId}`, { name: node.name, properties: compact(node.properties) });
  }
}
