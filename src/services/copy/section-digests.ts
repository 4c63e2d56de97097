import { hash } from 'node:crypto';
import { STORE_SECTIONS, type StoreChunk, type StoreRows, type StoreSection } from '../../ports/store-dump.ts';

export interface SectionDigest {
  readonly section: StoreSection;
  readonly rows: number;
  /** Hexadecimal, 256 bits; that of no rows is all zeros. */
  readonly digest: string;
}

const LANES = 8;

/**
 * Count and digest of each section of a dump. A row's digest is the SHA-256 of its fields in one fixed order; a
 * section's is the sum of its rows', lane by lane modulo 2³², so that stores may give their rows in any order.
 */
export class SectionDigests {
  readonly #sums = new Map(STORE_SECTIONS.map((section) => [section, { rows: 0, lanes: new Uint32Array(LANES) }]));

  take<S extends StoreSection>({ section, rows }: { section: S; rows: readonly StoreRows[S][] } & StoreChunk): void {
    const sum = this.#sums.get(section)!;
    const fieldsOf: (row: StoreRows[S]) => readonly unknown[] = FIELDS[section];
    sum.rows += rows.length;
    for (const row of rows) {
      const digest = hash('sha256', JSON.stringify(fieldsOf(row)), 'buffer');
      // An element of a Uint32Array keeps the low 32 bits.
      for (let lane = 0; lane < LANES; lane++) sum.lanes[lane]! += digest.readUInt32LE(4 * lane);
    }
  }

  /** In the order of a dump. */
  all(): readonly SectionDigest[] {
    return [...this.#sums].map(([section, { rows, lanes }]) => ({
      section,
      rows,
      digest: Buffer.from(lanes.buffer).toString('hex'),
    }));
  }
}

/** Every field of a row. A new field that is missing here would be copied without being compared. */
const FIELDS: { readonly [S in StoreSection]: (row: StoreRows[S]) => readonly unknown[] } = {
  meta: ({ seq, horizon, at, nextId }) => [seq, horizon, at, nextId],
  sources: ({ id, source }) => [id, source.connector, source.listing],
  nodes: ({ id, key, source, name, flags, properties, hash, removed, seq, firstSeenAt, changedAt }) => [
    ...[id, key, source, name, flags, properties, hash],
    ...[removed, seq, firstSeenAt, changedAt],
  ],
  redirects: ({ from, to }) => [from, to],
  links: ({ source, from, kind, to, qualifier, flags, properties, hash }) => [
    ...[source, from, kind, to, qualifier, flags, properties, hash],
  ],
  changes: ({ seq, changeId, at, cause, connector, runId, actor, nodes, links }) => [
    ...[seq, changeId, at, cause, connector, runId, actor],
    nodes.map(({ id, key, kind, source, before, after }) => [id, key, kind, source, state(before), state(after)]),
    links.map(({ source, from, kind, to, qualifier, before, after }) => [
      ...[source, from, kind, to, qualifier],
      ...[state(before), state(after)],
    ]),
  ],
  quietChanges: ({ changeId }) => [changeId],
  pending: ({ source, fromKey, kind, toKey, qualifier, flags, properties }) => [
    ...[source, fromKey, kind, toKey, qualifier, flags, properties],
  ],
  checkpoints: ({ source, state: checkpoint }) => [source.connector, source.listing, checkpoint],
  records: ({ type, id, value }) => [type, id, value],
  cursors: ({ consumer, seq }) => [consumer, seq],
};

function state(
  of: { readonly name?: string; readonly flags: number; readonly hash: number; readonly properties: unknown } | null,
): readonly unknown[] | null {
  return of && [of.name, of.flags, of.hash, of.properties];
}
