import { z } from 'zod';
import { LINK_KIND_NAMES } from '../../domain/link-kinds.ts';
import { NODE_KINDS } from '../../domain/node-kinds.ts';
import { Adjacency, poolRoom } from './adjacency.ts';
import { newUint8 } from './arrays.ts';
import { Federations } from './federations.ts';
import type { IndexParts } from './index-parts.ts';
import { NodeTable } from './node-table.ts';
import { Tally } from './tally.ts';

/** The small part of a snapshot: whose it is, what it counts, where its arrays lie. */
export const headerSchema = z.object({
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
export type Header = z.infer<typeof headerSchema>;

export type Column = Uint8Array | Uint16Array | Uint32Array;

/** Every array of the index by name: bytes of one entry, and the family whose arrays have as many entries. */
const SECTIONS: { readonly [name: string]: { readonly width: 1 | 2 | 4; readonly family: string } } = {
  'node.kind': { width: 1, family: 'node' },
  'node.flags': { width: 1, family: 'node' },
  'node.hash': { width: 4, family: 'node' },
  'node.source': { width: 2, family: 'node' },
  'forward.start': { width: 4, family: 'forward slots' },
  'forward.length': { width: 4, family: 'forward slots' },
  'forward.capacity': { width: 4, family: 'forward slots' },
  'forward.ends': { width: 4, family: 'forward pool' },
  'forward.meta': { width: 1, family: 'forward pool' },
  'forward.source': { width: 2, family: 'forward pool' },
  'reverse.start': { width: 4, family: 'reverse slots' },
  'reverse.length': { width: 4, family: 'reverse slots' },
  'reverse.capacity': { width: 4, family: 'reverse slots' },
  'reverse.ends': { width: 4, family: 'reverse pool' },
  'reverse.meta': { width: 1, family: 'reverse pool' },
  'federation.from': { width: 4, family: 'federation' },
  'federation.to': { width: 4, family: 'federation' },
  'federation.via': { width: 4, family: 'federation' },
  'federation.source': { width: 2, family: 'federation' },
  'federation.flags': { width: 1, family: 'federation' },
};

/** One array as it is read: `buffer` may have room behind the content, for the links to come. */
export interface Section {
  readonly buffer: ArrayBuffer;
  readonly content: Uint8Array;
  readonly entries: number;
}

/** Memory for a section of so many bytes; `null` when there is none of that name or it cannot have that size. */
export function roomForSection(name: string, bytes: number): Section | null {
  const kind = SECTIONS[name];
  if (!kind || bytes % kind.width !== 0) return null;
  const entries = bytes / kind.width;
  const { buffer } = newUint8((kind.family.endsWith('pool') ? poolRoom(entries) : entries) * kind.width);
  return { buffer, content: new Uint8Array(buffer, 0, bytes), entries };
}

/** The arrays of an index, in the order in which they are written. They are its own, not copies. */
export function sectionsOf({ nodes, forward, reverse, federations }: IndexParts): (readonly [string, Column])[] {
  const packed = federations.packed();
  const direction = (name: string, { start, length, capacity, ends, meta, source, used }: Adjacency) => [
    [`${name}.start`, start] as const,
    [`${name}.length`, length] as const,
    [`${name}.capacity`, capacity] as const,
    [`${name}.ends`, ends.subarray(0, used)] as const,
    [`${name}.meta`, meta.subarray(0, used)] as const,
    ...(source ? [[`${name}.source`, source.subarray(0, used)] as const] : []),
  ];
  return [
    ['node.kind', nodes.kind],
    ['node.flags', nodes.flags],
    ['node.hash', nodes.hash],
    ['node.source', nodes.source],
    ...direction('forward', forward),
    ...direction('reverse', reverse),
    ['federation.from', packed.from],
    ['federation.to', packed.to],
    ['federation.via', packed.via],
    ['federation.source', packed.source],
    ['federation.flags', packed.flags],
  ];
}

export function headerOf(parts: IndexParts, lastChangeId: string | null, sections: Header['sections']): Header {
  const { storeId, seq, nodes, forward, tally, federations } = parts;
  return {
    storeId,
    seq,
    lastChangeId,
    nodeKinds: [...NODE_KINDS],
    linkKinds: [...LINK_KIND_NAMES],
    alive: nodes.alive,
    links: forward.links,
    sources: [...tally.bySource()].map(([id, count]) => ({ id, ...count })),
    nodesByKind: tally.nodesByKind,
    linksByKind: tally.linksByKind,
    waiting: federations.packed().waiting,
    sections,
  };
}

/** The index that was written; `null` when a section is missing or has another length than its family. */
export function partsOf(header: Header, read: ReadonlyMap<string, Section>): IndexParts | null {
  const lengths = new Map<string, number>();
  for (const [name, { family }] of Object.entries(SECTIONS)) {
    const entries = read.get(name)?.entries;
    if (entries === undefined || entries !== (lengths.get(family) ?? entries)) return null;
    lengths.set(family, entries);
  }
  const bytes = (name: string) => new Uint8Array(read.get(name)!.buffer);
  const shorts = (name: string) => new Uint16Array(read.get(name)!.buffer);
  const words = (name: string) => new Uint32Array(read.get(name)!.buffer);

  const nodes = new NodeTable();
  nodes.kind = bytes('node.kind');
  nodes.flags = bytes('node.flags');
  nodes.hash = words('node.hash');
  nodes.source = shorts('node.source');
  nodes.alive = header.alive;
  const direction = (name: string, withSource: boolean): Adjacency =>
    Adjacency.restored({
      start: words(`${name}.start`),
      length: words(`${name}.length`),
      capacity: words(`${name}.capacity`),
      ends: words(`${name}.ends`),
      meta: bytes(`${name}.meta`),
      source: withSource ? shorts(`${name}.source`) : null,
      used: lengths.get(`${name} pool`)!,
      links: header.links,
    });
  const tally = new Tally();
  for (const { id, ...count } of header.sources) tally.restore(id, count);
  for (const [kind, count] of header.nodesByKind.entries()) tally.nodesByKind[kind] = count;
  for (const [kind, count] of header.linksByKind.entries()) tally.linksByKind[kind] = count;
  return {
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
}

/** The bytes of an array, shared. */
export function bytesOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
