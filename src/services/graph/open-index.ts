import { AppError, asAppError } from '../../domain/errors.ts';
import type { GraphStore, StoreInfo } from '../../ports/graph-store.ts';
import type { Logger } from '../../ports/logger.ts';
import { AccessIndex } from '../access/access-index.ts';
import { readSnapshot } from '../access/snapshot-file.ts';
import { namesVia, resolveVias, resolveWaiting } from './vias.ts';

export interface OpenOptions {
  readonly store: GraphStore;
  readonly snapshotPath: string | null;
  readonly logger: Logger;
}

/** An index that is ready, and where it came from. */
export interface Opened {
  readonly index: AccessIndex;
  readonly lastChangeId: string | null;
  /** Seq of the snapshot file; -1 when there is none to keep. */
  readonly savedSeq: number;
}

/** From the snapshot file and the changes since; `null` when there is no file or it cannot be used. */
export async function fromSnapshot(options: OpenOptions, info: StoreInfo): Promise<Opened | null> {
  const { store, snapshotPath, logger } = options;
  if (snapshotPath === null) return null;
  const snapshot = await readSnapshot(snapshotPath, info.storeId);
  if (snapshot === null) return null;
  if (typeof snapshot === 'string') {
    logger.warn({ reason: snapshot }, 'topology snapshot not used');
    return null;
  }
  const index = new AccessIndex(snapshot.parts);
  const savedSeq = index.seq;
  try {
    const lastChangeId = await replay(store, index, snapshot.lastChangeId);
    return { index, lastChangeId, savedSeq };
  } catch (error) {
    logger.warn({ reason: asAppError(error).message }, 'topology snapshot not used');
    return null;
  }
}

/** Brings the index to the store's seq. @returns the id of the newest change, if known */
async function replay(store: GraphStore, index: AccessIndex, lastChangeId: string | null): Promise<string | null> {
  const { seq, horizon } = await store.range();
  if (seq < index.seq) throw new AppError('SNAPSHOT_UNUSABLE', 'The store is older than the snapshot.');
  // One row back, to see that the log went on from here and not from a backup.
  const from = index.seq > 0 && index.seq - 1 >= horizon ? index.seq - 1 : index.seq;
  let newest = lastChangeId;
  for await (const row of store.changes(from)) {
    if (row.seq === index.seq) {
      if (lastChangeId !== null && row.changeId !== lastChangeId) {
        throw new AppError('SNAPSHOT_UNUSABLE', 'The store has another history than the snapshot.');
      }
      continue;
    }
    index.apply(row, namesVia(row) ? await resolveVias(store, row) : undefined);
    newest = row.changeId;
  }
  return newest;
}

/** From the store alone. */
export async function fromTopology(store: GraphStore, info: StoreInfo): Promise<Opened> {
  const index = await AccessIndex.build(info.storeId, store.topology(), info.seq);
  await resolveWaiting(store, index);
  return { index, lastChangeId: await changeIdAt(store, index.seq), savedSeq: -1 };
}

async function changeIdAt(store: GraphStore, seq: number): Promise<string | null> {
  if (seq === 0 || (await store.range()).horizon > seq - 1) return null;
  for await (const row of store.changes(seq - 1, { limit: 1 })) return row.changeId;
  return null;
}
