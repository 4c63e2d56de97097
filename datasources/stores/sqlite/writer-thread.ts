import { Worker } from 'node:worker_threads';
import { AppError } from '../../../src/domain/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { closedError } from './errors.ts';
import type { Argument, Call, Reply, Request, Result } from './protocol.ts';
import type { OpenAs, Writer, WriterOptions } from './writer.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

/** The main thread's end of the writer: calls are answered in the order in which they were made. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #failure: AppError | null = null;
  #next = 1;

  constructor(options: WriterOptions, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#worker = startWorker(options);
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fail(null);
        resolve();
      });
    });
  }

  open(openAs: OpenAs): Promise<ReturnType<Writer['describe']>> {
    return this.#post('open', openAs) as Promise<ReturnType<Writer['describe']>>;
  }

  call<C extends Call>(call: C, argument: Argument<C>): Promise<Result<C>> {
    return this.#post(call, argument) as Promise<Result<C>>;
  }

  /** Lets the calls before it finish, closes the connection inside the thread and waits for the thread's end. */
  async close(): Promise<void> {
    if (this.#failure === null) await this.#post('close');
    await this.#exited;
  }

  #post(call: Request['call'], argument?: unknown): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const request: Request = { n: this.#next++, call, argument, now: this.#clock.now() };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.n, { resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.n);
    this.#waiting.delete(reply.n);
    if (reply.ok) {
      waiting?.resolve(reply.value);
      return;
    }
    const { code, message, retryable, audience, details, reason } = reply;
    waiting?.reject(
      new AppError(code, message, {
        retryable,
        audience,
        cause: reason,
        ...(details === undefined ? {} : { details }),
      }),
    );
  }

  #fail(cause: unknown): void {
    this.#failure ??=
      cause === null
        ? closedError()
        : new AppError('STORE_UNAVAILABLE', 'The thread that writes the store has died; restart Crosswalk.', { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}

function startWorker(workerData: WriterOptions): Worker {
  const options = { workerData, execArgv: [], name: 'crosswalk-store-writer' };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./writer.worker.js', import.meta.url), options);
  // From sources (tests, development) the thread must load TypeScript too. `--import tsx` does nothing in a thread of
  // Node 20, so the loader is registered by hand; it is never part of a built program.
  const loader = import.meta.resolve('tsx/esm/api');
  const worker = new URL('./writer.worker.ts', import.meta.url).href;
  const start = `import('${loader}').then(({ register }) => { register(); return import('${worker}'); })`;
  return new Worker(start, { ...options, eval: true });
}
