import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '../../src/domain/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { memoryStores } from './memory-store.ts';

const STREAMS: ReadonlySet<unknown> = new Set(['changes', 'topology', 'dump', 'keys', 'linkHashes', 'pendingKeys']);

/** One line of a gateway to the database in memory. */
export interface SharedLine {
  readonly store: GraphStore;
  /** Every call fails with `STORE_UNAVAILABLE` until it is put up again. */
  isDown: boolean;
  /** Every call fails with this, while it is set. */
  fails: Error | null;
  /** What `range()` answers while it is set. */
  range: { readonly seq: number; readonly horizon: number } | null;
  /** Calls by name. */
  readonly calls: Map<string, number>;
}

/**
 * A database in memory that several gateways share, each over a line of its own. Every call takes a few turns of the
 * event loop on its way there and back, so that gateways overtake each other as they would over a network.
 */
export function sharedDatabase(options: { readonly clock?: Clock; readonly random?: () => number } = {}): {
  line(): SharedLine;
} {
  const connect = memoryStores({ ...options, isShared: true });
  const random = options.random ?? (() => 0);
  const travel = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 4); turns >= 0; turns--) await turn();
  };
  return {
    line() {
      const inner = connect();
      const calls = new Map<string, number>();
      const check = (): void => {
        if (line.fails !== null) throw line.fails;
        if (line.isDown) throw new AppError('STORE_UNAVAILABLE', 'The database is gone.', { retryable: true });
      };
      const store = new Proxy(inner, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function' || name === 'close') return value;
          const call = (args: unknown[]): unknown => {
            calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
            return Reflect.apply(value, target, args);
          };
          if (STREAMS.has(name)) {
            return async function* stream(...args: unknown[]) {
              check();
              await travel();
              for await (const item of call(args) as AsyncIterable<unknown>) {
                check();
                yield item;
                await travel();
              }
            };
          }
          return async (...args: unknown[]) => {
            await travel();
            check();
            const answer = name === 'range' && line.range !== null ? line.range : await call(args);
            await travel();
            return answer;
          };
        },
      });
      const line: SharedLine = { store, isDown: false, fails: null, range: null, calls };
      return line;
    },
  };
}
