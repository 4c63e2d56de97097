import type { CommittedChange, LinkUpsert, NodeUpsert } from '../../domain/changes.ts';
import { compact } from '../../domain/graph.ts';
import { CROSSWALK } from '../../domain/keys.ts';
import type { Logger } from '../../ports/logger.ts';
import type { AccessIndex } from '../access/access-index.ts';
import type { ChangeDraft } from '../graph/graph.ts';
import type { LeasedGraph } from '../leases/fenced.ts';
import type { AccountFacts } from './account-facts.ts';
import { identityRecord, ownershipRecord } from './identity-record.ts';
import { LinkerState } from './linker-state.ts';
import type { LinkingStats } from './linking-stats.ts';
import { type Cluster, partition } from './partition.ts';
import { retainIdentities } from './retention.ts';

export interface LinkerOptions {
  readonly graph: LeasedGraph<AccessIndex>;
  readonly logger: Logger;
  /** Mail domains in which an address set by a directory's administrator counts as verified; lower-case. */
  readonly ownedDomains: readonly string[];
  /** Gives the random part of a new identity's key. */
  readonly newId: () => string;
  /** Quiet time after a change before linking begins, in ms; default 150. */
  readonly quietMs?: number;
}

/** Identities written in one commit. */
const BATCH = 2_000;
/** Wait after a failure, when nothing happens meanwhile. */
const RETRY_MS = 5_000;

/**
 * Puts every account under the one Identity behind it, and finds which tenants are entered through which. Follows the
 * change log; the result depends on the data only, not on the order in which it arrived. Starts by reading all accounts,
 * so it needs no cursor: what it finds is compared with what the graph already says.
 */
export class Linker {
  private state: LinkerState;
  private isStale = false;
  private readonly graph: LeasedGraph<AccessIndex>;
  private readonly logger: Logger;
  private readonly quietMs: number;
  private source = 0;
  private queue: CommittedChange[] = [];
  private holds = 0;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();
  /** Reads or links right now; changes wait in the queue until it has come to a point where it takes them. */
  private isBusy = false;
  private unsubscribe: () => void = () => {};
  private isClosed = false;

  constructor(private readonly options: LinkerOptions) {
    this.graph = options.graph;
    this.logger = options.logger;
    this.quietMs = options.quietMs ?? 150;
    this.state = new LinkerState(options.graph, options.ownedDomains);
  }

  /**
   * Begins to follow the graph, reads it as it is and links what is not linked. Does not wait for that: after a restart
   * nearly everything is linked already, and a gateway should answer before all of it has been judged again.
   * {@link flush} waits.
   */
  async start(): Promise<void> {
    this.source = await this.graph.sourceId({ connector: CROSSWALK, listing: 'linking' });
    this.isStale = true;
    const endChanges = this.graph.onChange((change) => {
      // It will be read anew with everything else.
      if (this.isStale && !this.isBusy) return this.schedule();
      this.queue.push(change);
      // A first sync brings a million changes: kept whole until its end they would fill the memory.
      if (this.holds > 0 && !this.isBusy) this.drain();
      else this.schedule();
    });
    const endResets = this.graph.onReset(() => {
      this.isStale = true;
      this.schedule();
    });
    this.unsubscribe = () => {
      endChanges();
      endResets();
    };
    // Held: a gateway that takes over while a connector is read for the first time waits like the one before.
    if (this.holds > 0) return;
    // A failure is logged there and tried again.
    void this.flush().catch(() => {});
  }

  /** Waits with linking (a first sync is running); call the answer to go on. Holds add up. */
  hold(): () => void {
    this.holds++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.holds--;
      this.schedule();
    };
  }

  /** Links everything committed until now; resolves when that is in the graph, also while held. */
  flush(): Promise<void> {
    const run = this.running.then(() => this.work());
    this.running = run.catch((error: unknown) => {
      if (this.isClosed) return;
      this.logger.error({ err: error }, 'linking failed; it is tried again soon');
      this.schedule(RETRY_MS);
    });
    return run;
  }

  stats(): LinkingStats {
    return this.state.stats();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.unsubscribe();
    if (this.timer !== null) clearTimeout(this.timer);
    await this.running;
  }

  private schedule(afterMs = this.quietMs): void {
    if (this.isClosed || this.holds > 0 || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.holds === 0 && !this.isClosed) void this.flush().catch(() => {});
    }, afterMs);
    this.timer.unref();
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    try {
      await this.linkAll();
    } finally {
      this.isBusy = false;
    }
  }

  private async linkAll(): Promise<void> {
    for (;;) {
      if (this.isClosed) return;
      if (this.isStale) {
        await this.reload();
      }
      this.drain();
      await this.state.settleTrust();
      if (this.state.isClean && this.queue.length === 0) return;
      try {
        await this.graph.commit(async () => {
          this.drain();
          // Trust that changed in this very moment is settled in the next round.
          return this.state.needsTrust ? null : this.draft();
        });
      } catch (error) {
        // The memory is ahead of the graph now: read it anew before the next attempt.
        this.isStale = true;
        throw error;
      }
    }
  }

  private async reload(): Promise<void> {
    this.queue = [];
    this.isStale = false;
    this.state = new LinkerState(this.graph, this.options.ownedDomains);
    try {
      await this.state.load(this.source);
    } catch (error) {
      this.isStale = true;
      throw error;
    }
  }

  private drain(): void {
    const queue = this.queue;
    this.queue = [];
    for (const change of queue) if (change.cause !== 'LINKING') this.state.observe(change, this.source);
  }

  /** One batch of everything that is due. Runs alone: nobody commits meanwhile. */
  private async draft(): Promise<ChangeDraft | null> {
    const { state, source } = this;
    const nodes: NodeUpsert[] = [];
    const links: LinkUpsert[] = [];
    const removedLinks: NonNullable<ChangeDraft['removedLinks']>[number][] = [];
    const removedNodes: number[] = [];
    const redirects: { from: string; to: string }[] = [];
    const { accounts, clusters } = this.nextClusters();

    const before = new Map<AccountFacts, number>();
    for (const account of accounts) {
      const identity = state.identityOf(account.id);
      if (identity !== undefined) before.set(account, identity);
    }
    const retention = retainIdentities(clusters, before);
    const fresh = retention.identities.filter((identity) => identity === null).length;
    let nextId = fresh > 0 ? await this.graph.store.allocateIds(fresh) : 0;

    clusters.forEach((cluster, i) => {
      let identity = retention.identities[i]!;
      const record = identityRecord(cluster.accounts, (account) => state.countingEmails(account));
      let key: string;
      if (identity === null) {
        identity = nextId++;
        key = `${CROSSWALK}/Identity/${this.options.newId()}`;
      } else {
        key = state.identityKey(identity);
      }
      if (state.identityHash(identity) !== record.hash) {
        nodes.push({ id: identity, key, kind: 'Identity', source, ...record });
        state.rememberIdentity(identity, key, record.hash);
      }
      const together = new Set(cluster.accounts.map((account) => account.id));
      for (const account of cluster.accounts) {
        const owned = ownershipRecord(account, together, state.evidence, state.entranceOf(account));
        const known = state.ownership(account.id);
        if (known !== undefined && known.identity !== identity) {
          removedLinks.push({ source, from: known.identity, kind: 'HAS_ACCOUNT', to: account.id, qualifier: '' });
        }
        if (known?.identity !== identity || known.hash !== owned.hash) {
          links.push({ source, from: identity, kind: 'HAS_ACCOUNT', to: account.id, qualifier: '', ...owned });
          state.rememberOwnership(account.id, identity, owned.hash, owned.properties['rule'] as string);
        }
      }
    });

    for (const identity of state.takeOrphans()) {
      if (!retention.retired.has(identity)) retireInto(identity, null);
    }
    for (const [identity, into] of retention.retired) retireInto(identity, into);

    for (const account of accounts) {
      for (const change of state.federationChanges(account)) {
        const { from, properties } = change;
        const key = { source, from, kind: 'FEDERATES', to: account.id, qualifier: '' } as const;
        if (properties === null) removedLinks.push(key);
        else links.push({ ...key, flags: 0, properties: compact(properties), hash: change.hash });
      }
    }
    for (const { application, organization, isThere } of state.signsIntoChanges()) {
      const key = { source, from: application, kind: 'SIGNS_INTO', to: organization, qualifier: '' } as const;
      if (isThere) links.push({ ...key, flags: 0, properties: null, hash: 0 });
      else removedLinks.push(key);
    }
    if (nodes.length + links.length + removedLinks.length + removedNodes.length === 0) return null;
    this.logger.debug({ identities: nodes.length, links: links.length, retired: removedNodes.length }, 'linked');
    return { cause: 'LINKING', connector: CROSSWALK, nodes, links, removedLinks, removedNodes, redirects };

    function retireInto(identity: number, into: number | null): void {
      removedNodes.push(identity);
      if (into !== null) redirects.push({ from: state.identityKey(identity), to: state.identityKey(into) });
      state.forgetIdentity(identity);
    }
  }

  /** Closed sets of accounts that are due, until a batch is full: whole components with all that shared an identity. */
  private nextClusters(): { accounts: AccountFacts[]; clusters: Cluster[] } {
    const { state } = this;
    const accounts: AccountFacts[] = [];
    const clusters: Cluster[] = [];
    const taken = new Set<number>();
    while (accounts.length < BATCH) {
      const seed = state.nextDue();
      if (seed === undefined) break;
      const queue = [seed];
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        if (taken.has(id) || state.evidence.facts(id) === undefined) continue;
        const component = state.evidence.component(id);
        const parts = partition(component.accounts, component.blocks);
        clusters.push(...parts.clusters);
        for (const account of component.accounts) {
          taken.add(account.id);
          accounts.push(account);
          state.done(account.id);
          const identity = state.identityOf(account.id);
          if (identity !== undefined) queue.push(...state.accountsOf(identity));
        }
      }
    }
    return { accounts, clusters };
  }
}
