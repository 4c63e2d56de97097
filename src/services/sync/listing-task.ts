import { type AppError, UPSTREAM_CODES } from '../../domain/errors.ts';
import type { Syncer } from '../../ports/provider.ts';
import type { ListingCheckpoint, ListingState } from './listing-state.ts';
import type { ListingOutcome, ListingProgress, ListingRun } from './types.ts';

/** One listing of a run, from waiting to its outcome. */
export class ListingTask {
  readonly syncer: Syncer;
  readonly source: number;
  readonly rank: number;
  readonly checkpoint: ListingCheckpoint | null;
  outcome: ListingOutcome = 'WAITING';
  reasonCode: string | null = null;
  message: string | null = null;
  missingScopes: readonly string[] = [];
  retryable = false;
  startedAt: number | null = null;
  endedAt: number | null = null;
  /** While it runs. */
  state: ListingState | null = null;
  /** Ids in listing order for the listings that ask for them; `null`: it has not been read in this run. */
  ids: readonly number[] | null = null;
  pages = 0;
  rows = 0;
  ignored = 0;
  total: number | null = null;
  readonly #lastRows: number | null;
  readonly #rowsBefore: number;

  constructor(
    syncer: Syncer,
    place: { source: number; rank: number },
    checkpoint: ListingCheckpoint | null,
    lastRows: number | null,
  ) {
    this.syncer = syncer;
    this.source = place.source;
    this.rank = place.rank;
    this.checkpoint = checkpoint;
    this.#lastRows = lastRows;
    this.#rowsBefore = checkpoint?.rows ?? 0;
    if (checkpoint !== null) {
      this.pages = checkpoint.pages;
      this.rows = checkpoint.rows;
      this.ignored = checkpoint.ignored;
    }
  }

  get isDone(): boolean {
    return this.outcome !== 'WAITING' && this.outcome !== 'RUNNING';
  }

  /** Whether a listing that builds on this one may still count as complete. */
  get isSoundParent(): boolean {
    // Skipped for a scope: its old nodes are all still there, and the children asked about each of them.
    return this.outcome === 'COMPLETE' || this.outcome === 'SKIPPED';
  }

  /** Takes the counts over from the running listing. */
  follow(): void {
    if (this.state === null) return;
    this.pages = this.state.pages;
    this.rows = this.state.rows;
    this.ignored = this.state.ignored;
    this.total = this.state.total;
  }

  end(outcome: ListingOutcome, at: number, reasonCode: string | null = null, message: string | null = null): void {
    this.follow();
    this.state = null;
    this.outcome = outcome;
    this.reasonCode = reasonCode;
    this.message = message;
    this.endedAt = at;
  }

  /** What the error means for this listing. */
  endWith(error: AppError, at: number): void {
    const isMandatory = this.syncer.mandatory === true;
    this.retryable = error.retryable;
    if (error.code === UPSTREAM_CODES.FORBIDDEN) {
      this.missingScopes = missingScopes(error, this.syncer);
      const scopes = this.missingScopes.length > 0 ? ` It needs ${this.missingScopes.join(', ')}.` : '';
      const text = `The listing "${this.syncer.title}" may not be read.${scopes} Grant it and sync again; until then its last data stays.`;
      this.end(isMandatory ? 'FAILED' : 'SKIPPED', at, 'SCOPE_MISSING', text);
    } else if (error.code === UPSTREAM_CODES.NOT_AVAILABLE && !isMandatory) {
      this.end('SKIPPED', at, 'NOT_AVAILABLE', error.message);
    } else {
      this.end('FAILED', at, error.code, error.message);
    }
  }

  run(): ListingRun {
    this.follow();
    return {
      listing: this.syncer.name,
      title: this.syncer.title,
      outcome: this.outcome,
      reasonCode: this.reasonCode,
      message: this.message,
      missingScopes: this.missingScopes,
      pages: this.pages,
      rows: this.rows,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      ignored: this.ignored,
    };
  }

  progress(now: number): ListingProgress {
    this.follow();
    const told = this.total;
    const total = this.isDone ? this.rows : (told ?? this.#lastRows);
    const ms = this.startedAt === null ? 0 : Math.max(1, (this.endedAt ?? now) - this.startedAt);
    const rate = ms === 0 ? 0 : ((this.rows - this.#rowsBefore) / ms) * 1000;
    const left = total === null ? null : Math.max(0, total - this.rows);
    return {
      listing: this.syncer.name,
      title: this.syncer.title,
      outcome: this.outcome,
      done: this.rows,
      total: total === null ? null : Math.max(total, this.rows),
      totalIsEstimate: !this.isDone && told === null,
      ratePerSecond: rate,
      etaMs: this.isDone ? 0 : left === null || rate === 0 ? null : Math.round((left / rate) * 1000),
    };
  }
}

function missingScopes(error: AppError, syncer: Syncer): readonly string[] {
  const named = error.details?.['missing'];
  const scopes = Array.isArray(named) ? named.filter((scope): scope is string => typeof scope === 'string') : [];
  return scopes.length > 0 ? scopes : syncer.requires;
}
