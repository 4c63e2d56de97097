/**
 * The one place where the index allocates, so that the backing (shared memory, one arena) can change later.
 * All arrays start zeroed.
 */
export function newUint8(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length);
}

export function newUint16(length: number): Uint16Array<ArrayBuffer> {
  return new Uint16Array(length);
}

export function newUint32(length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(length);
}

/** A longer copy; the tail is zeroed. */
export function grownUint8(array: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const out = newUint8(length);
  out.set(array);
  return out;
}

export function grownUint16(array: Uint16Array, length: number): Uint16Array<ArrayBuffer> {
  const out = newUint16(length);
  out.set(array);
  return out;
}

export function grownUint32(array: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const out = newUint32(length);
  out.set(array);
  return out;
}

/** Room for at least `needed`: grows by an eighth, so that ten million links do not cost a doubled pool. */
export function roomFor(needed: number, present: number): number {
  return Math.max(needed, present + (present >>> 3) + 64);
}
