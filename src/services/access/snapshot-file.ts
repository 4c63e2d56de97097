import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { LINK_KIND_NAMES } from '../../domain/link-kinds.ts';
import { NODE_KINDS } from '../../domain/node-kinds.ts';
import type { IndexParts } from './index-parts.ts';
import {
  bytesOf,
  type Header,
  headerOf,
  headerSchema,
  partsOf,
  roomForSection,
  type Section,
  sectionsOf,
} from './snapshot-parts.ts';

/** A snapshot of the index: a cache beside the store, never the truth. */
export interface Snapshot {
  readonly parts: IndexParts;
  /** Id of the change at `parts.seq`, if known: a store set back from a backup has another one there. */
  readonly lastChangeId: string | null;
}

const MAGIC = Buffer.from('CWTOPOL\n', 'latin1');
const FORMAT = 1;
/** Tells the byte order of the machine that wrote the file. */
const ORDER_MARK = 0x01020304;
/** Magic, format, order mark, length of the header, its checksum. */
const PREAMBLE = MAGIC.length + 4 * 4;
const MAX_HEADER = 64 * 1024 * 1024;
/** Bytes checked or moved at once: about 2 ms, then others may run. */
const SLICE = 4 * 1024 * 1024;

/** Why a snapshot file is not used. */
class SnapshotUnusable extends Error {}

/**
 * Writes the snapshot so that at any moment either the old or the new file is there, whole: beside it, flushed, renamed.
 * The index must not change until the promise settles.
 */
export async function writeSnapshot(path: string, parts: IndexParts, lastChangeId: string | null): Promise<void> {
  const columns = sectionsOf(parts);
  const sections: Header['sections'] = [];
  for (const [name, column] of columns) {
    sections.push({ name, bytes: column.byteLength, crc: await checksum(bytesOf(column)) });
  }
  const header = headerOf(parts, lastChangeId, sections);
  const head = Buffer.from(JSON.stringify(header), 'utf8');
  const preamble = Buffer.alloc(PREAMBLE);
  MAGIC.copy(preamble);
  new Uint32Array(preamble.buffer, preamble.byteOffset + MAGIC.length, 4).set([
    FORMAT,
    ORDER_MARK,
    head.length,
    crc32(head),
  ]);
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await writeAll(file, preamble);
    await writeAll(file, head);
    for (const [, column] of columns) await writeAll(file, bytesOf(column));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * @returns the snapshot; `null` when there is no file; a text when there is one that cannot be used: torn, altered,
 *   written by another version or kind of machine, or for another store
 */
export async function readSnapshot(path: string, storeId: string): Promise<Snapshot | string | null> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? null : String(error);
  }
  try {
    const { size } = await file.stat();
    const header = await readHeader(file, size);
    if (header.storeId !== storeId) throw new SnapshotUnusable('it belongs to another store');
    return await readParts(file, header, size);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, size: number): Promise<Header> {
  const preamble = new Uint8Array(PREAMBLE);
  await readAll(file, preamble, 0, size);
  if (!MAGIC.equals(preamble.subarray(0, MAGIC.length))) throw new SnapshotUnusable('it is no snapshot');
  const [format, order, length, crc] = new Uint32Array(preamble.buffer, MAGIC.length, 4);
  if (order !== ORDER_MARK) throw new SnapshotUnusable('its byte order is not that of this machine');
  if (format !== FORMAT) throw new SnapshotUnusable(`its format is ${format}, not ${FORMAT}`);
  if (length! > MAX_HEADER) throw new SnapshotUnusable('its header is damaged');
  const bytes = new Uint8Array(length!);
  await readAll(file, bytes, PREAMBLE, size);
  if (crc32(bytes) !== crc) throw new SnapshotUnusable('its header is damaged');
  const header = headerSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!header.success) throw new SnapshotUnusable('its header has another shape');
  const { nodeKinds, linkKinds, sections } = header.data;
  const grown = (old: readonly string[], now: readonly string[]): boolean => old.every((kind, i) => now[i] === kind);
  if (!grown(nodeKinds, NODE_KINDS) || !grown(linkKinds, LINK_KIND_NAMES)) {
    throw new SnapshotUnusable('its kinds are not those of this version');
  }
  const whole = sections.reduce((sum, { bytes: part }) => sum + part, PREAMBLE + length!);
  if (whole !== size) throw new SnapshotUnusable(`it has ${size} bytes, not ${whole}`);
  return header.data;
}

async function readParts(file: FileHandle, header: Header, size: number): Promise<Snapshot> {
  const read = new Map<string, Section>();
  let at = size - header.sections.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes, crc } of header.sections) {
    const section = roomForSection(name, bytes);
    if (!section) throw new SnapshotUnusable(`its section ${name} is not known or of a wrong size`);
    await readAll(file, section.content, at, size);
    if ((await checksum(section.content)) !== crc) throw new SnapshotUnusable(`its section ${name} is damaged`);
    read.set(name, section);
    at += bytes;
  }
  const parts = partsOf(header, read);
  if (parts === null) throw new SnapshotUnusable('its sections do not fit together');
  return { parts, lastChangeId: header.lastChangeId };
}

async function checksum(bytes: Uint8Array): Promise<number> {
  let crc = 0;
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    crc = crc32(bytes.subarray(at, at + SLICE), crc);
  }
  return crc;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(SLICE, bytes.length - at));
    at += bytesWritten;
  }
}

async function readAll(file: FileHandle, into: Uint8Array, from: number, size: number): Promise<void> {
  if (from + into.length > size) throw new SnapshotUnusable('it is cut short');
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, from + at);
    if (bytesRead === 0) throw new SnapshotUnusable('it is cut short');
    at += bytesRead;
  }
}
