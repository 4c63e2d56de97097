import type { Clock } from '../../ports/clock.ts';
import { fenced } from '../leases/fenced.ts';
import type { HeldLease, Leases } from '../leases/leases.ts';
import { Singleton } from '../leases/singleton.ts';
import { Linker, type LinkerOptions } from './linker.ts';
import type { LinkingStats } from './linking-stats.ts';

export interface LinkingOptions extends LinkerOptions {
  readonly leases: Leases;
  readonly clock: Clock;
}

interface Hold {
  release: (() => void) | null;
}

/** The one {@link Linker} among all gateways: here while this gateway has the lease `linker`. */
export class Linking {
  readonly #options: LinkingOptions;
  readonly #singleton: Singleton<Linker>;
  readonly #holds = new Set<Hold>();
  #linker: Linker | null = null;

  constructor(options: LinkingOptions) {
    this.#options = options;
    const { leases, clock, logger } = options;
    this.#singleton = new Singleton({
      name: 'linker',
      leases,
      clock,
      logger,
      begin: (lease) => this.#begin(lease),
      end: (linker) => this.#end(linker),
    });
  }

  /** Begins to link, or to wait until the gateway that links is gone. */
  start(): Promise<void> {
    return this.#singleton.start();
  }

  /** Waits with linking (a first sync is running somewhere); call the answer to go on. Holds add up. */
  hold(): () => void {
    const hold: Hold = { release: this.#linker?.hold() ?? null };
    this.#holds.add(hold);
    return () => {
      this.#holds.delete(hold);
      hold.release?.();
    };
  }

  /** Links everything committed until now, on whatever gateway; resolves at once where linking runs elsewhere. */
  async flush(): Promise<void> {
    if (this.#linker === null) return;
    if (this.#options.graph.store.isShared) await this.#options.graph.catchUp();
    await this.#linker?.flush();
  }

  /** `null` while another gateway links. */
  stats(): LinkingStats | null {
    return this.#linker?.stats() ?? null;
  }

  close(): Promise<void> {
    return this.#singleton.close();
  }

  async #begin(lease: HeldLease): Promise<Linker> {
    const graph = fenced(this.#options.graph, lease);
    // What the one before has written must not be written again.
    if (graph.store.isShared) await graph.catchUp();
    const linker = new Linker({ ...this.#options, graph });
    this.#linker = linker;
    for (const hold of this.#holds) hold.release = linker.hold();
    try {
      await linker.start();
    } catch (error) {
      await this.#end(linker);
      throw error;
    }
    return linker;
  }

  async #end(linker: Linker): Promise<void> {
    this.#linker = null;
    for (const hold of this.#holds) hold.release = null;
    await linker.close();
  }
}
