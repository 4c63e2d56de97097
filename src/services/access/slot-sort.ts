import type { Adjacency } from './adjacency.ts';

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Puts every slot into order. A store mostly gives links in order already, so a slot is only sorted when a look finds
 * it unordered: entries are packed into 64 bits and sorted natively.
 */
export function sortSlots(adjacency: Adjacency): void {
  const { start, length, ends, meta, source } = adjacency;
  let scratch = new BigUint64Array(1_024);
  let words = new Uint32Array(scratch.buffer);
  const high = LITTLE_ENDIAN ? 1 : 0;
  const low = 1 - high;
  for (let node = 0; node < start.length; node++) {
    const size = length[node]!;
    if (size < 2) continue;
    const from = start[node]!;
    let ordered = true;
    for (let i = from + 1; i < from + size; i++) {
      const a = ends[i - 1]!;
      const b = ends[i]!;
      if (a < b) continue;
      if (a > b || meta[i - 1]! > meta[i]! || (meta[i - 1] === meta[i] && source && source[i - 1]! > source[i]!)) {
        ordered = false;
        break;
      }
    }
    if (ordered) continue;
    if (size > scratch.length) {
      scratch = new BigUint64Array(size * 2);
      words = new Uint32Array(scratch.buffer);
    }
    for (let i = 0; i < size; i++) {
      words[2 * i + high] = ends[from + i]!;
      words[2 * i + low] = (meta[from + i]! << 16) | (source ? source[from + i]! : 0);
    }
    scratch.subarray(0, size).sort();
    for (let i = 0; i < size; i++) {
      const tail = words[2 * i + low]!;
      ends[from + i] = words[2 * i + high]!;
      meta[from + i] = tail >>> 16;
      if (source) source[from + i] = tail & 0xffff;
    }
  }
}
