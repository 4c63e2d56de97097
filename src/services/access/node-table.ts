import { TOMBSTONE_CODE } from '../../domain/node-kinds.ts';
import { grownUint8, grownUint16, grownUint32, newUint8, newUint16, newUint32, roomFor } from './arrays.ts';

/** What the index keeps of every node, by id. Kind 0 was never there, {@link TOMBSTONE_CODE} is gone. */
export class NodeTable {
  kind: Uint8Array = newUint8(1);
  flags: Uint8Array = newUint8(1);
  hash: Uint32Array = newUint32(1);
  source: Uint16Array = newUint16(1);
  alive = 0;

  /** Ids below this have a place. */
  get size(): number {
    return this.kind.length;
  }

  get bytes(): number {
    return this.kind.byteLength + this.flags.byteLength + this.hash.byteLength + this.source.byteLength;
  }

  isAlive(id: number): boolean {
    const kind = this.kind[id];
    return kind !== undefined && kind !== 0 && kind !== TOMBSTONE_CODE;
  }

  set(id: number, kind: number, flags: number, hash: number, source: number): void {
    if (id >= this.kind.length) this.#grow(id + 1);
    if (!this.isAlive(id)) this.alive++;
    this.kind[id] = kind;
    this.flags[id] = flags;
    this.hash[id] = hash;
    this.source[id] = source;
  }

  bury(id: number): void {
    this.kind[id] = TOMBSTONE_CODE;
    this.flags[id] = 0;
    this.hash[id] = 0;
    this.alive--;
  }

  /** Exactly this many places: gives back room that only growth had asked for. */
  resize(size: number): void {
    if (size > this.kind.length) this.#grow(size);
    this.kind = this.kind.slice(0, size);
    this.flags = this.flags.slice(0, size);
    this.hash = this.hash.slice(0, size);
    this.source = this.source.slice(0, size);
  }

  #grow(needed: number): void {
    const room = roomFor(needed, this.kind.length);
    this.kind = grownUint8(this.kind, room);
    this.flags = grownUint8(this.flags, room);
    this.hash = grownUint32(this.hash, room);
    this.source = grownUint16(this.source, room);
  }
}
