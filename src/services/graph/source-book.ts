import type { CommittedChange } from '../../domain/changes.ts';
import { AppError } from '../../domain/errors.ts';
import type { SourceRef } from '../../domain/graph.ts';
import type { GraphStore, StoreInfo } from '../../ports/graph-store.ts';

/** Sources by id and by what they are, as far as the store has told them. */
export class SourceBook {
  readonly #store: Pick<GraphStore, 'sourceId' | 'sources'>;
  readonly #ids = new Map<string, number>();
  readonly #sources = new Map<number, SourceRef>();

  constructor(store: Pick<GraphStore, 'sourceId' | 'sources'>, known: StoreInfo['sources']) {
    this.#store = store;
    this.#remember(known);
  }

  /** Made at first use. */
  async idOf(source: SourceRef): Promise<number> {
    const known = this.#ids.get(textOf(source));
    if (known !== undefined) return known;
    const id = await this.#store.sourceId(source);
    this.#remember([{ id, source }]);
    return id;
  }

  /** @throws AppError `SOURCE_UNKNOWN` */
  get(id: number): SourceRef {
    const source = this.#sources.get(id);
    if (source) return source;
    throw new AppError('SOURCE_UNKNOWN', `There is no source ${id}.`, { audience: 'developer' });
  }

  /** For people, also of an unknown one. */
  nameOf(id: number): string {
    const source = this.#sources.get(id);
    return source ? textOf(source) : `source ${id}`;
  }

  /** Whether every source that a change names is known. */
  covers({ nodes, links }: CommittedChange): boolean {
    return [nodes, links].every((items) => items.every(({ source }) => this.#sources.has(source)));
  }

  /** Learns what other gateways have made. */
  async refresh(): Promise<void> {
    this.#remember(await this.#store.sources());
  }

  #remember(known: StoreInfo['sources']): void {
    for (const { id, source } of known) {
      this.#ids.set(textOf(source), id);
      this.#sources.set(id, source);
    }
  }
}

function textOf(source: SourceRef): string {
  return `${source.connector}/${source.listing}`;
}
