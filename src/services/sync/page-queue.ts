import { AppError } from '../../domain/errors.ts';
import type { PreparedPage } from './prepare.ts';

/** The page at the head and how far it is written. */
export interface QueuedPage {
  readonly page: PreparedPage;
  nodeAt: number;
  linkAt: number;
}

/**
 * Pages between the reader, which may run ahead by `maxRows` rows, and the writer: the next page is fetched while the
 * one before is committed, and when commits are the slower side, several pages share one.
 */
export class PageQueue {
  readonly #maxRows: number;
  readonly #items: QueuedPage[] = [];
  #rows = 0;
  #ended = false;
  #failed: { readonly error: unknown } | null = null;
  #wakeWriter: () => void = () => {};
  #wakeReader: () => void = () => {};

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  /** Resolves when another page may be fetched. */
  async room(): Promise<void> {
    while (this.#rows >= this.#maxRows && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  push(page: PreparedPage): void {
    if (this.#ended) return;
    this.#items.push({ page, nodeAt: 0, linkAt: 0 });
    this.#rows += weight(page);
    this.#wakeWriter();
  }

  end(): void {
    this.#ended = true;
    this.#wakeWriter();
    this.#wakeReader();
  }

  /** Ends it with an error, which the writer meets after the pages that came before. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failed = { error };
    this.end();
  }

  head(): QueuedPage | null {
    return this.#items[0] ?? null;
  }

  /** True when the reader has come to a good end and everything is taken. */
  get isDrained(): boolean {
    return this.#ended && this.#failed === null && this.#items.length === 0;
  }

  shift(): void {
    const gone = this.#items.shift();
    if (gone !== undefined) this.#rows -= weight(gone.page);
    this.#wakeReader();
  }

  /**
   * True once there is a page, false at the end.
   * @throws what the reader failed with; AppError `ABORTED` as soon as the signal says so
   */
  async ready(signal: AbortSignal): Promise<boolean> {
    const stop = (): void => this.#wakeWriter();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (;;) {
        if (signal.aborted) throw new AppError('ABORTED', 'The run was stopped.', { retryable: true });
        if (this.#items.length > 0) return true;
        if (this.#failed !== null) throw this.#failed.error;
        if (this.#ended) return false;
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}

function weight(page: PreparedPage): number {
  return page.nodes.length + page.links.length + 1;
}
