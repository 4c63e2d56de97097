import { AppError } from '../../src/domain/errors.ts';
import { NOT_LIVE_NODE } from '../../src/domain/flags.ts';
import type { Json } from '../../src/domain/json.ts';
import { fold } from '../../src/domain/text.ts';
import type { ListFilter, ListQuery, Page, SearchQuery, StoredNode } from '../../src/ports/graph-store.ts';

/** Lists and searches of the memory store: every node is looked at, which is slow and plain. */
export function listNodes(nodes: Iterable<StoredNode>, query: ListQuery): Page {
  checkLimit(query.limit);
  const filter = query.filter ?? {};
  if (filter.nameContains !== undefined && filter.nameContains.length < 3) {
    throw new AppError('UNSUPPORTED_QUERY', 'A part of a name needs three characters or more.', { audience: 'user' });
  }
  const matches = [...nodes].filter((node) => !node.removed && node.kind === query.kind && matchesFilter(node, filter));
  const field = query.sort?.field ?? 'id';
  const sign = query.sort?.descending ? -1 : 1;
  const sorted = matches
    .map((node) => ({ id: node.id, value: sortValue(node, field) }))
    .sort((a, b) => compareAbsentLast(a.value, b.value, sign) || a.id - b.id);
  const page = pageOf(sorted, query, `${query.kind}:${field}:${sign}`);
  return query.withTotal ? { ...page, total: sorted.length } : page;
}

export function searchNodes(nodes: Iterable<StoredNode>, query: SearchQuery): Page {
  checkLimit(query.limit);
  const text = fold(query.text.trim());
  if (text === '') return { items: [], hasMore: false };
  const hits: { id: number; value: string }[] = [];
  for (const node of nodes) {
    if (node.removed || (query.kinds && !query.kinds.includes(node.kind))) continue;
    if (query.connectors && !query.connectors.includes(node.connector)) continue;
    const rank = Math.min(...textsOf(node).map((candidate) => rankOf(fold(candidate), text)));
    if (rank <= 2) hits.push({ id: node.id, value: `${rank}${fold(node.name)}` });
  }
  hits.sort((a, b) => compareAbsentLast(a.value, b.value, 1) || a.id - b.id);
  return pageOf(hits, { limit: query.limit, cursor: query.cursor }, `search:${text}`);
}

function rankOf(candidate: string, text: string): number {
  if (candidate === text) return 0;
  if (candidate.startsWith(text)) return 1;
  return text.length >= 3 && candidate.includes(text) ? 2 : 3;
}

function textsOf(node: StoredNode): string[] {
  const { userName, employeeNumber } = node.properties;
  const plain = [userName, employeeNumber].filter((value) => typeof value === 'string');
  return [node.name, node.nativeId, ...plain, ...emailsOf(node)];
}

function emailsOf(node: StoredNode): string[] {
  const { emails } = node.properties;
  if (!Array.isArray(emails)) return [];
  return emails.flatMap((email: Json) =>
    typeof email === 'object' && email !== null && 'value' in email && typeof email['value'] === 'string'
      ? [email['value']]
      : [],
  );
}

function matchesFilter(node: StoredNode, filter: ListFilter): boolean {
  const { properties } = node;
  const oneOf = (wanted: readonly string[] | undefined, value: Json | undefined): boolean =>
    !wanted || (typeof value === 'string' && wanted.some((item) => fold(item) === fold(value)));
  const equal = (wanted: string | undefined, value: Json | undefined): boolean =>
    wanted === undefined || (typeof value === 'string' && fold(value) === fold(wanted));
  const name = fold(node.name);
  const login = timeOf(properties['lastLoginAt']);
  const created = timeOf(properties['createdAt']);
  const of = properties['connectors'];
  return (
    (!filter.connectors ||
      filter.connectors.some((id) => node.connector === id || (Array.isArray(of) && of.includes(id)))) &&
    oneOf(filter.types, properties['type']) &&
    oneOf(filter.statuses, properties['status']) &&
    oneOf(filter.entries, properties['entry']) &&
    (filter.live === undefined || filter.live === ((node.flags & NOT_LIVE_NODE) === 0)) &&
    (filter.email === undefined || emailsOf(node).some((email) => fold(email) === fold(filter.email!))) &&
    equal(filter.userName, properties['userName']) &&
    equal(filter.employeeNumber, properties['employeeNumber']) &&
    equal(filter.department, properties['department']) &&
    (filter.namePrefix === undefined || name.startsWith(fold(filter.namePrefix))) &&
    (filter.nameContains === undefined || name.includes(fold(filter.nameContains))) &&
    (filter.createdAfter === undefined || (created !== null && created > Date.parse(filter.createdAfter))) &&
    (filter.lastLoginBefore === undefined || (login !== null && login < Date.parse(filter.lastLoginBefore))) &&
    (filter.neverLoggedIn === undefined || filter.neverLoggedIn === (login === null)) &&
    (filter.mfaEnrolled === undefined || properties['mfaEnrolled'] === filter.mfaEnrolled)
  );
}

type SortValue = string | number | null;

function sortValue(node: StoredNode, field: string): SortValue {
  if (field === 'id') return node.id;
  if (field === 'name') return fold(node.name);
  if (field === 'changedAt') return node.changedAt;
  return timeOf(node.properties[field]);
}

function timeOf(value: Json | undefined): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Absent values come last in both directions; `sign` turns only the others. */
function compareAbsentLast(a: SortValue, b: SortValue, sign: number): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return (a < b ? -1 : 1) * sign;
}

function pageOf(
  sorted: readonly { readonly id: number; readonly value: SortValue }[],
  query: Pick<ListQuery, 'limit' | 'cursor' | 'direction'>,
  shape: string,
): Page {
  const backward = query.direction === 'backward';
  let from = 0;
  let to = sorted.length;
  if (query.cursor !== undefined) {
    const id = idOfCursor(query.cursor, shape);
    // A node that has left the list leaves its cursor without a place; good enough for a stand-in.
    const at = sorted.findIndex((item) => item.id === id);
    if (backward) to = at < 0 ? sorted.length : at;
    else from = at + 1;
  }
  const range = sorted.slice(from, to);
  const items = backward ? range.slice(Math.max(0, range.length - query.limit)) : range.slice(0, query.limit);
  return {
    items: items.map(({ id }) => ({ id, cursor: Buffer.from(`${shape}|${id}`).toString('base64url') })),
    hasMore: range.length > items.length,
  };
}

function idOfCursor(cursor: string, shape: string): number {
  const text = Buffer.from(cursor, 'base64url').toString();
  const bar = text.lastIndexOf('|');
  const id = Number(text.slice(bar + 1));
  if (bar < 0 || text.slice(0, bar) !== shape || !Number.isInteger(id)) {
    throw new AppError('INVALID_CURSOR', 'The cursor does not belong to this list.', { audience: 'user' });
  }
  return id;
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new AppError('UNSUPPORTED_QUERY', 'A page has 1 to 1,000 items.', { audience: 'user' });
  }
}
