import { setTimeout as sleep } from 'node:timers/promises';
import type { Driver } from 'neo4j-driver';
import type { AppError } from '../../../src/domain/errors.ts';
import { isGone, isShutOut, noAnswer, storeError } from './errors.ts';

/** Longest wait for the server's answer to "are you there". */
const PROBE_MS = 5_000;
/** A call that takes longer is no longer taken for granted: the server is asked whether it is there. */
const WATCH_MS = 2_000;
/** How long a call waits for a server that has gone just now; later ones fail at once. */
const GRACE_MS = 1_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/**
 * A password that was changed is not tried often: after three refusals the server locks the user out for five seconds,
 * also for gateways that know the right one.
 */
const REFUSED_PAUSE_MS = 30_000;

export interface LineOptions {
  readonly uri: string;
  readonly database: string;
  /** A driver that has not spoken to anybody yet. */
  readonly open: () => Driver;
}

interface Call {
  readonly startedAt: number;
  readonly fail: (error: AppError) => void;
}

interface Away {
  readonly since: number;
  error: AppError;
  /** Resolves when the server answers again. */
  readonly back: Promise<void>;
}

/**
 * Knows whether the server is there. The driver has no time limit for an answer: a server that stalls, or a network that
 * drops every packet, would hold its callers for minutes. So while a call takes long, the server is asked a trifle over a
 * connection of its own; when that stays without an answer, all calls end. While the server is away, calls fail at once
 * instead of each waiting for itself, and one probe at a time looks whether it is back.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #calls = new Set<Call>();
  readonly #closing = new AbortController();
  #driver: Driver;
  #watch: NodeJS.Timeout | null = null;
  #isAsking = false;
  #away: Away | null = null;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#driver = options.open();
  }

  /** One look, without patience. @throws AppError `STORE_*` */
  async verify(): Promise<void> {
    const error = await this.#probe();
    if (error !== null) throw error;
  }

  /**
   * One attempt at `work`.
   * @throws AppError `STORE_*` while the server is away, or stalls meanwhile; else what `work` throws
   */
  async run<T>(work: (driver: Driver) => Promise<T>): Promise<T> {
    if (this.#away !== null) await this.#wait(this.#away);
    let call: Call | undefined;
    const broken = new Promise<never>((_, fail) => {
      call = { startedAt: Date.now(), fail };
    });
    this.#calls.add(call!);
    this.#watch ??= setInterval(() => void this.#look(), WATCH_MS).unref();
    try {
      return await Promise.race([work(this.#driver), broken]);
    } catch (error) {
      if (isGone(error) || isShutOut(error)) this.#lose(storeError(error, this.#options));
      throw error;
    } finally {
      this.#calls.delete(call!);
      if (this.#calls.size === 0) this.#rest();
    }
  }

  /** Ends everything; a server that does not answer is not waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#rest();
    await Promise.race([this.#driver.close(), sleep(PROBE_MS, undefined, { ref: false })]);
  }

  async #wait(away: Away): Promise<void> {
    const left = away.since + GRACE_MS - Date.now();
    const ended = new AbortController();
    if (left > 0) await Promise.race([away.back, pause(left, ended.signal)]);
    ended.abort();
    if (this.#away !== null) throw this.#away.error;
  }

  #rest(): void {
    if (this.#watch !== null) clearInterval(this.#watch);
    this.#watch = null;
  }

  /** While calls are on their way: does the oldest one take long because it is long, or because nobody is there? */
  async #look(): Promise<void> {
    const [oldest] = this.#calls;
    if (oldest === undefined || Date.now() - oldest.startedAt < WATCH_MS) return;
    if (this.#isAsking || this.#away !== null) return;
    this.#isAsking = true;
    const error = await this.#probe().finally(() => {
      this.#isAsking = false;
    });
    // One that says no is there.
    if (error === null || !isGone(error.cause) || this.#closing.signal.aborted) return;
    this.#lose(error);
    for (const call of this.#calls) call.fail(error);
    // Its connections may never hear of their end.
    const stuck = this.#driver;
    this.#driver = this.#options.open();
    stuck.close().catch(() => {});
  }

  #lose(error: AppError): void {
    if (this.#away !== null) {
      this.#away.error = error;
      return;
    }
    const away: Away = { since: Date.now(), error, back: this.#seek() };
    this.#away = away;
  }

  /** Resolves when the server is back. */
  async #seek(): Promise<void> {
    const { signal } = this.#closing;
    for (let waitMs = FIRST_PAUSE_MS; !signal.aborted; waitMs = Math.min(LONGEST_PAUSE_MS, 2 * waitMs)) {
      const error = await this.#probe();
      if (error === null) {
        this.#away = null;
        return;
      }
      if (this.#away !== null) this.#away.error = error;
      await pause(error.code === 'STORE_UNAUTHORIZED' ? REFUSED_PAUSE_MS : waitMs, signal);
    }
  }

  /**
   * Over a connection of its own: one that lay idle may be dead without anybody knowing.
   * @returns what is wrong, `null` when the database answers
   */
  async #probe(): Promise<AppError | null> {
    const { database, open } = this.#options;
    const prober = open();
    const answered = new AbortController();
    const ask = async (): Promise<void> => {
      const session = prober.session({ database, defaultAccessMode: 'READ' });
      await session.run('RETURN 1', {}, { timeout: PROBE_MS });
    };
    const late = async (): Promise<never> => {
      await pause(PROBE_MS, answered.signal);
      throw noAnswer(PROBE_MS);
    };
    try {
      await Promise.race([ask(), late()]);
      return null;
    } catch (error) {
      return storeError(error, this.#options);
    } finally {
      answered.abort();
      prober.close().catch(() => {});
    }
  }
}

/** A wait that an abort ends early and that keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => {});
}
