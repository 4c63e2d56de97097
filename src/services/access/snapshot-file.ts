import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { LINK_KIND_NAMES } from '../../domain/link-kinds.ts';
import { NODE_KINDS } from '../../domain/node-kinds.ts';
import { Adjacency } from './adjacency.ts';
import { newUint8 } from './arrays.ts';
import { Federations } from './federations.ts';
import type { IndexParts } from './index-parts.ts';
import { NodeTable } from './node-table.ts';
import { Tally } from './tally.ts';

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

const headerSchema = z.object({
  storeId: z.string(),
  seq: z.int().min(0),
  lastChangeId: z.string().nullable(),
  nodeKinds: z.array(z.string()),
  linkKinds: z.array(z.string()),
  alive: z.int().min(0),
  links: z.int().min(0),
  sources: z.array(
    z.object({ id: z.int().min(0).max(0xffff), nodes: z.int(), links: z.int(), digest: z.int().min(0) }),
  ),
  nodesByKind: z.array(z.int()).max(256),
  linksByKind: z.array(z.int()).max(16),
  /** Rows of the federations whose `via` names no node yet, by that key. */
  waiting: z.array(z.tuple([z.string(), z.array(z.int().min(0))])),
  sections: z.array(z.object({ name: z.string(), bytes: z.int().min(0), crc: z.int().min(0) })),
});
type Header = z.infer<typeof headerSchema>;

type Column = Uint8Array | Uint16Array | Uint32Array;

/** Why a snapshot file is not used. */
class SnapshotUnusable extends Error {}

/**
 * Writes the snapshot so that at any moment either the old or the new file is there, whole: beside it, flushed, renamed.
 * The index must not change until the promise settles.
 */
export async function writeSnapshot(path: string, parts: IndexParts, lastChangeId: string | null): Promise<void> {
  const { columns, waiting } = columnsOf(parts);
  const sections: Header['sections'] = [];
  for (const [name, column] of columns) {
    sections.push({ name, bytes: column.byteLength, crc: await checksum(bytesOf(column)) });
  }
  const { tally, nodes, forward } = parts;
  const header: Header = {
    storeId: parts.storeId,
    seq: parts.seq,
    lastChangeId,
    nodeKinds: [...NODE_KINDS],
    linkKinds: [...LINK_KIND_NAMES],
    alive: nodes.alive,
    links: forward.links,
    sources: [...tally.bySource()].map(([id, count]) => ({ id, ...count })),
    nodesByKind: tally.nodesByKind,
    linksByKind: tally.linksByKind,
    waiting,
    sections,
  };
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
  const columns = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = size - header.sections.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { name, bytes, crc } of header.sections) {
    const column = newUint8(bytes);
    await readAll(file, column, at, size);
    if ((await checksum(column)) !== crc) throw new SnapshotUnusable(`its section ${name} is damaged`);
    columns.set(name, column);
    at += bytes;
  }
  const bytes = (name: string): Uint8Array<ArrayBuffer> => {
    const column = columns.get(name);
    if (!column) throw new SnapshotUnusable(`it has no section ${name}`);
    return column;
  };
  const words = (name: string): Uint32Array<ArrayBuffer> => new Uint32Array(bytes(name).buffer);
  const shorts = (name: string): Uint16Array<ArrayBuffer> => new Uint16Array(bytes(name).buffer);

  const isWhole = (names: readonly string[], width: (name: string) => number): boolean =>
    new Set(names.map((name) => bytes(name).length / width(name))).size === 1;
  const widthOf = (name: string): number => (/source$/.test(name) ? 2 : /(meta|kind|flags)$/.test(name) ? 1 : 4);
  const families = [
    ['kind', 'flags', 'hash', 'source'],
    ['forward.start', 'forward.length', 'forward.capacity'],
    ['forward.ends', 'forward.meta', 'forward.source'],
    ['reverse.start', 'reverse.length', 'reverse.capacity'],
    ['reverse.ends', 'reverse.meta'],
    ['federation.from', 'federation.to', 'federation.via', 'federation.source', 'federation.flags'],
  ];
  if (!families.every((names) => isWhole(names, widthOf)))
    throw new SnapshotUnusable('its sections do not fit together');

  const nodes = new NodeTable();
  nodes.kind = bytes('kind');
  nodes.flags = bytes('flags');
  nodes.hash = words('hash');
  nodes.source = shorts('source');
  nodes.alive = header.alive;
  const direction = (prefix: string, withSource: boolean): Adjacency =>
    Adjacency.restored({
      start: words(`${prefix}.start`),
      length: words(`${prefix}.length`),
      capacity: words(`${prefix}.capacity`),
      ends: words(`${prefix}.ends`),
      meta: bytes(`${prefix}.meta`),
      source: withSource ? shorts(`${prefix}.source`) : null,
      links: header.links,
    });
  const tally = new Tally();
  for (const { id, ...count } of header.sources) tally.restore(id, count);
  for (const [kind, count] of header.nodesByKind.entries()) tally.nodesByKind[kind] = count;
  for (const [kind, count] of header.linksByKind.entries()) tally.linksByKind[kind] = count;
  const parts: IndexParts = {
    storeId: header.storeId,
    seq: header.seq,
    nodes,
    forward: direction('forward', true),
    reverse: direction('reverse', false),
    federations: Federations.restored({
      from: words('federation.from'),
      to: words('federation.to'),
      via: words('federation.via'),
      source: shorts('federation.source'),
      flags: bytes('federation.flags'),
      waiting: header.waiting,
    }),
    tally,
  };
  return { parts, lastChangeId: header.lastChangeId };
}

function columnsOf(parts: IndexParts): { columns: [string, Column][]; waiting: Header['waiting'] } {
  const { nodes, forward, reverse } = parts;
  const federations = parts.federations.packed();
  const direction = (prefix: string, adjacency: Adjacency): [string, Column][] => [
    [`${prefix}.start`, adjacency.start],
    [`${prefix}.length`, adjacency.length],
    [`${prefix}.capacity`, adjacency.capacity],
    [`${prefix}.ends`, adjacency.ends.subarray(0, adjacency.used)],
    [`${prefix}.meta`, adjacency.meta.subarray(0, adjacency.used)],
    ...(adjacency.source
      ? [[`${prefix}.source`, adjacency.source.subarray(0, adjacency.used)] satisfies [string, Column]]
      : []),
  ];
  return {
    columns: [
      ['kind', nodes.kind],
      ['flags', nodes.flags],
      ['hash', nodes.hash],
      ['source', nodes.source],
      ...direction('forward', forward),
      ...direction('reverse', reverse),
      ['federation.from', federations.from],
      ['federation.to', federations.to],
      ['federation.via', federations.via],
      ['federation.source', federations.source],
      ['federation.flags', federations.flags],
    ],
    waiting: federations.waiting,
  };
}

function bytesOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
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
