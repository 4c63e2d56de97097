import type {
  ChangeEvent,
  LinkChange as LinkChangeType,
  LinkState,
  NodeChange as NodeChangeType,
} from '../../schema/types/change-event.ts';
import { CHANGE_CAUSES, known } from '../../schema/types/enums.ts';
import type { LinkChange, NodeChange } from '../../src/domain/changes.ts';
import type { NodeState, LinkState as StoredLinkState } from '../../src/domain/graph.ts';
import { opaqueId, parseKey } from '../../src/domain/keys.ts';
import type { FeedEvent } from '../../src/services/changes/change-feed.ts';
import type { Graph } from '../../src/services/graph/graph.ts';
import { type Loaders, loadNodes } from '../loaders/loaders.ts';
import { presentFlags } from './link-view.ts';
import { type NodeView, presentNode } from './node-view.ts';

/** An event with its nodes and links as the API gives them; the ends of all links are read in one go. */
export async function presentEvent(graph: Graph, loaders: Loaders, event: FeedEvent): Promise<ChangeEvent> {
  const ids = new Set(event.links.flatMap((link) => [link.from, link.to]));
  const ends = ids.size === 0 ? [] : await loadNodes(loaders, [...ids]);
  const byId = new Map(ends.map((node) => [node.nodeId, node]));
  const { row } = event;
  return {
    type: event.type,
    cursor: event.cursor,
    seq: event.seq,
    part: event.part,
    isLastPart: event.isLastPart,
    at: row && new Date(row.at),
    cause: row && known(CHANGE_CAUSES, row.cause),
    connectorId: row?.connector ?? null,
    runId: row?.runId ?? null,
    actor: row?.actor ?? null,
    nodes: event.nodes.map((change) => presentNodeChange(graph, event, change)),
    links: event.links.flatMap((change) => presentLinkChange(graph, byId, change)),
    resetReason: event.resetReason,
  };
}

/** One for each change object: with many subscribers it is presented once. */
const nodeChanges = new WeakMap<NodeChange, NodeChangeType>();

function presentNodeChange(graph: Graph, event: FeedEvent, change: NodeChange): NodeChangeType {
  const done = nodeChanges.get(change);
  if (done) return done;
  const { before, after } = change;
  const view: NodeChangeType = {
    action: actionOf(before, after),
    kind: change.kind,
    id: opaqueId(change.key),
    key: change.key,
    name: (after ?? before)?.name ?? change.key,
    changedFields: before !== null && after !== null ? changedFields(before, after) : [],
    before: before && stateView(graph, event, change, before),
    after: after && stateView(graph, event, change, after),
  };
  nodeChanges.set(change, view);
  return view;
}

/** A past state looks like a node; when it was first seen, the log does not tell. */
function stateView(graph: Graph, event: FeedEvent, change: NodeChange, state: NodeState): NodeView {
  const key = parseKey(change.key);
  const view = presentNode({
    id: change.id,
    key: change.key,
    kind: change.kind,
    connector: key?.connector ?? '',
    nativeId: key?.nativeId ?? '',
    listing: graph.sourceOf(change.source).listing,
    seq: event.seq,
    firstSeenAt: Number.NaN,
    changedAt: event.row?.at ?? Number.NaN,
    removed: false,
    ...state,
  });
  return view;
}

function presentLinkChange(graph: Graph, ends: ReadonlyMap<number, NodeView>, change: LinkChange): LinkChangeType[] {
  const from = ends.get(change.from);
  const to = ends.get(change.to);
  if (!from || !to) return [];
  return [
    {
      action: actionOf(change.before, change.after),
      kind: change.kind,
      from,
      to,
      connectorId: graph.sourceOf(change.source).connector,
      qualifier: change.qualifier,
      before: change.before && presentState(change.before),
      after: change.after && presentState(change.after),
    },
  ];
}

function presentState(state: StoredLinkState): LinkState {
  return { ...presentFlags(state.flags), properties: state.properties };
}

function actionOf(before: object | null, after: object | null): 'ADDED' | 'CHANGED' | 'REMOVED' {
  if (before === null) return 'ADDED';
  return after === null ? 'REMOVED' : 'CHANGED';
}

function changedFields(before: NodeState, after: NodeState): string[] {
  const names = new Set([...Object.keys(before.properties), ...Object.keys(after.properties)]);
  const differing = [...names].filter(
    (name) => JSON.stringify(before.properties[name]) !== JSON.stringify(after.properties[name]),
  );
  if (before.name !== after.name) differing.push('name');
  if (before.flags !== after.flags) differing.push('flags');
  return [...new Set(differing)].sort();
}
