import type { ChangeCause, CommittedChange } from '../../../src/domain/changes.ts';
import { decodeBody } from './change-body.ts';

/** A row of the log as it is stored; the body is that of {@link decodeBody}. */
export type ChangeRow = readonly [
  seq: number,
  changeId: string,
  at: number,
  cause: string,
  connector: string | null,
  runId: string | null,
  actor: string | null,
  body: string | Uint8Array,
];

export function decodeChange(row: ChangeRow, storeId: string): CommittedChange {
  const [seq, changeId, at, cause, connector, runId, actor, body] = row;
  return {
    v: 1,
    storeId,
    seq,
    changeId,
    at,
    cause: cause as ChangeCause,
    connector,
    runId,
    actor,
    ...decodeBody(body),
  };
}
