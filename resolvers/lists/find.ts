import type { NodeKind } from '../../src/domain/node-kinds.ts';
import type { RequestContext } from '../../src/server/context.ts';
import { readBy } from '../args/by.ts';
import { loadNode } from '../loaders/loaders.ts';
import type { NodeView } from '../present/node-view.ts';
import { scopeOf } from './connection-view.ts';

/**
 * A node of one kind by id or native id.
 * @throws AppError `BAD_USER_INPUT`
 */
export async function findNode(context: RequestContext, kind: NodeKind, input: object): Promise<NodeView | null> {
  const { lookup } = context.services;
  const by = readBy(input);
  let id: number | null = null;
  if (by.by === 'id') id = await lookup.byOpaqueId(context.viewer, by.value, kind);
  else if (by.by === 'native') id = await lookup.byNative(context.viewer, kind, by.value);
  const node = id === null ? null : await loadNode(context.loaders, id);
  context.notices.touch(node === null ? null : scopeOf(node));
  return node;
}
