import type { AccountFacts } from './account-facts.ts';
import { type Block, isAmbiguous } from './partition.ts';

/**
 * Which account carries which evidence, both ways, kept up to date account by account. Follows evidence to the
 * closed set of accounts that a change can touch.
 */
export class EvidenceIndex {
  private readonly accounts = new Map<number, AccountFacts>();
  private readonly blocksOf = new Map<number, readonly string[]>();
  private readonly members = new Map<string, Set<number>>();

  get size(): number {
    return this.accounts.size;
  }

  facts(id: number): AccountFacts | undefined {
    return this.accounts.get(id);
  }

  all(): IterableIterator<AccountFacts> {
    return this.accounts.values();
  }

  blockKeys(id: number): readonly string[] {
    return this.blocksOf.get(id) ?? [];
  }

  /** Everyone who carries a block. */
  block(key: string): Block {
    const accounts: AccountFacts[] = [];
    for (const id of this.members.get(key) ?? []) accounts.push(this.accounts.get(id)!);
    return { key, accounts };
  }

  /** Sets what an account carries. @returns the accounts that shared or share evidence with it, itself included */
  set(facts: AccountFacts, blocks: readonly string[]): Set<number> {
    const touched = this.remove(facts.id);
    this.accounts.set(facts.id, facts);
    this.blocksOf.set(facts.id, blocks);
    touched.add(facts.id);
    for (const key of blocks) {
      let set = this.members.get(key);
      if (set === undefined) {
        set = new Set();
        this.members.set(key, set);
      }
      for (const id of set) touched.add(id);
      set.add(facts.id);
    }
    return touched;
  }

  /** @returns the accounts that shared evidence with it */
  remove(id: number): Set<number> {
    const touched = new Set<number>();
    for (const key of this.blocksOf.get(id) ?? []) {
      const set = this.members.get(key);
      if (set === undefined) continue;
      set.delete(id);
      if (set.size === 0) this.members.delete(key);
      for (const other of set) touched.add(other);
    }
    this.blocksOf.delete(id);
    this.accounts.delete(id);
    return touched;
  }

  /**
   * Everything that hangs together with an account by evidence that counts. Ambiguous blocks do not lead on: they
   * join nobody, and whoever enters or leaves one is told by {@link set} and {@link remove}.
   */
  component(start: number): { accounts: AccountFacts[]; blocks: Block[] } {
    const seen = new Set<number>([start]);
    const blocks = new Map<string, Block>();
    const queue = [start];
    for (let i = 0; i < queue.length; i++) {
      for (const key of this.blockKeys(queue[i]!)) {
        if (blocks.has(key)) continue;
        const block = this.block(key);
        if (block.accounts.length < 2 || isAmbiguous(block.accounts)) continue;
        blocks.set(key, block);
        for (const { id } of block.accounts) {
          if (seen.has(id)) continue;
          seen.add(id);
          queue.push(id);
        }
      }
    }
    return { accounts: queue.map((id) => this.accounts.get(id)!), blocks: [...blocks.values()] };
  }

  /** Blocks that prove nothing because one slot has two claims to them: for the review queue's count. */
  countAmbiguous(): number {
    let count = 0;
    for (const [key, ids] of this.members) if (ids.size > 1 && isAmbiguous(this.block(key).accounts)) count++;
    return count;
  }
}
