import type { AccessIndex } from './access-index.ts';
import { newUint8, newUint32 } from './arrays.ts';

/** Working memory of one walk: nodes are marked with the number of the walk, so nothing is cleared between two. */
export class Scratch {
  /** `epoch` where the walk has seen the node. */
  mark: Uint32Array = newUint32(0);
  /** Seen nodes in the order of the walk. */
  queue: Uint32Array = newUint32(0);
  /** By place in the queue: distance from the start. */
  hops: Uint8Array = newUint8(0);
  /** By node: place in the queue, where marked. */
  place: Uint32Array = newUint32(0);
  epoch = 0;

  begin(nodes: number): void {
    if (nodes > this.mark.length) {
      const room = nodes + (nodes >>> 3);
      this.mark = newUint32(room);
      this.queue = newUint32(room);
      this.hops = newUint8(room);
      this.place = newUint32(room);
      this.epoch = 0;
    }
    if (this.epoch === 0xffffffff) {
      this.mark.fill(0);
      this.epoch = 0;
    }
    this.epoch++;
  }
}

const pools = new WeakMap<AccessIndex, Scratch[]>();

/** Working memory for a walk of this index; give it back with {@link giveBack}. */
export function borrow(index: AccessIndex): Scratch {
  const scratch = pools.get(index)?.pop() ?? new Scratch();
  scratch.begin(Math.max(index.nodes.size, index.forward.start.length, index.reverse.start.length));
  return scratch;
}

/** Keeps up to four for the next walks. */
export function giveBack(index: AccessIndex, scratch: Scratch): void {
  const pool = pools.get(index);
  if (!pool) pools.set(index, [scratch]);
  else if (pool.length < 4) pool.push(scratch);
}
