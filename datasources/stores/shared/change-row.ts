import type { ChangeCause, CommittedChange } from '../../../src/domain/changes.ts';
import type { LinkState, NodeState } from '../../../src/domain/graph.ts';
import { linkKindCode } from '../../../src/domain/link-kinds.ts';
import { nodeKindCode } from '../../../src/domain/node-kinds.ts';
import type { DumpedChange } from '../../../src/ports/store-dump.ts';
import { ABSENT, BodyWriter, decodeBody, linkStateText, nodeStateText, packBody } from './change-body.ts';

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
  return { v: 1, storeId, ...dumpedChange(row) };
}

/** The row without what belongs to its store. */
export function dumpedChange(row: ChangeRow): DumpedChange {
  const [seq, changeId, at, cause, connector, runId, actor, body] = row;
  return { seq, changeId, at, cause: cause as ChangeCause, connector, runId, actor, ...decodeBody(body) };
}

/** Reverses {@link dumpedChange}. */
export function encodeChange(change: DumpedChange): ChangeRow {
  const { seq, changeId, at, cause, connector, runId, actor } = change;
  const body = new BodyWriter();
  for (const { id, key, kind, source, before, after } of change.nodes) {
    body.node(id, key, nodeKindCode(kind), source, nodeText(before), nodeText(after));
  }
  for (const { source, from, kind, to, qualifier, before, after } of change.links) {
    body.link(source, from, linkKindCode(kind), to, qualifier, linkText(before), linkText(after));
  }
  return [seq, changeId, at, cause, connector, runId, actor, packBody(body.toString())];
}

function nodeText(state: NodeState | null): string {
  return state === null ? ABSENT : nodeStateText(state.name, state.flags, state.hash, JSON.stringify(state.properties));
}

function linkText(state: LinkState | null): string {
  return state === null
    ? ABSENT
    : linkStateText(state.flags, state.hash, state.properties && JSON.stringify(state.properties));
}
