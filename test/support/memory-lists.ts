import { z } from 'zod';
import { AppError } from '../../src/domain/errors.ts';
import { NOT_LIVE_NODE } from '../../src/domain/flags.ts';
import { contentHash } from '../../src/domain/graph.ts';
import type { Json } from '../../src/domain/json.ts';
import { fold } from '../../src/domain/text.ts';
import type { ListFilter, ListQuery, Page, SearchQuery, StoredNode } from '../../src/ports/graph-store.ts';

/** Lists and searches of the memory store: every node is looked at, which is slow and plain. */
export function listNodes(nodes: Iterable<StoredNode>, query: ListQuery): Page {
  checkLimit(query.limit);
  const filter = query.filter ?? {};
  checkFilter(filter);
  const matches = [...nodes].filter((node) => !node.removed && node.kind === query.kind && matchesFilter(node, filter));
  const field = query.sort?.field ?? 'id';
  const sign = query.sort?.descending ? -1 : 1;
  const sorted = matches
    .map((node): Place => [sortValue(node, field), node.id])
    .sort((a, b) => absentLast(a, b) || sign * comparePlaces(a, b));
  const page = pageOf(sorted, query, contentHash([query.kind, filter, field, sign]));
  return query.withTotal ? { ...page, total: sorted.length } : page;
}

export function searchNodes(nodes: Iterable<StoredNode>, query: SearchQuery): Page {
  checkLimit(query.limit);
  const text = fold(query.text).trim();
  const hits: Place[] = [];
  for (const node of nodes) {
    if (text === '' || node.removed || (query.kinds && !query.kinds.includes(node.kind))) continue;
    if (!matchesFilter(node, { connectors: query.connectors })) continue;
    const rank = Math.min(...textsOf(node).map((candidate) => rankOf(fold(candidate), text)));
    if (rank <= 2) hits.push([`${rank}${fold(node.name)}`, node.id]);
  }
  hits.sort(comparePlaces);
  return pageOf(hits, { limit: query.limit, cursor: query.cursor }, contentHash([query.kinds, query.connectors, text]));
}

function rankOf(candidate: string, text: string): number {
  if (candidate === text) return 0;
  if (candidate.startsWith(text)) return 1;
  return [...text].length >= 3 && candidate.includes(text) ? 2 : 3;
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
    (filter.email === undefined ||
      (filter.email !== '' && emailsOf(node).some((email) => fold(email) === fold(filter.email!)))) &&
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

/** Where something stands in a list: what it is sorted by, then its id. */
type Place = [value: SortValue, id: number];

/** Absent values come last in both directions. */
function absentLast([a]: Place, [b]: Place): number {
  return Number(a === null) - Number(b === null);
}

/** Texts as in every store: by code point. */
function comparePlaces([a, aId]: Place, [b, bId]: Place): number {
  const byValue =
    typeof a === 'string' && typeof b === 'string'
      ? Buffer.compare(Buffer.from(a), Buffer.from(b))
      : Number(a) - Number(b);
  return byValue || aId - bId;
}

function pageOf(
  sorted: readonly Place[],
  query: Pick<ListQuery, 'limit' | 'cursor' | 'direction' | 'sort'>,
  fingerprint: number,
): Page {
  const backward = query.direction === 'backward';
  const sign = query.sort?.descending ? -1 : 1;
  const cursor = query.cursor === undefined ? null : placeOfCursor(query.cursor, fingerprint);
  const isBeyond = (place: Place): boolean => {
    if (cursor === null) return true;
    const order = absentLast(place, cursor) || sign * comparePlaces(place, cursor);
    return backward ? order < 0 : order > 0;
  };
  const range = sorted.filter(isBeyond);
  const items = backward ? range.slice(Math.max(0, range.length - query.limit)) : range.slice(0, query.limit);
  return {
    items: items.map((place) => ({
      id: place[1],
      cursor: Buffer.from(JSON.stringify([fingerprint, place])).toString('base64url'),
    })),
    hasMore: range.length > items.length,
  };
}

function placeOfCursor(cursor: string, fingerprint: number): Place {
  const value = z.union([z.string(), z.number(), z.null()]);
  const shape = z.tuple([z.literal(fingerprint), z.tuple([value, z.int().min(1)])]);
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))[1];
  } catch {
    throw new AppError('INVALID_CURSOR', 'The cursor does not belong to this list.', { audience: 'user' });
  }
}

function checkFilter({ nameContains, createdAfter, lastLoginBefore }: ListFilter): void {
  const isShort = nameContains !== undefined && [...nameContains].length < 3;
  const isNoTime = [createdAfter, lastLoginBefore].some((time) => time !== undefined && timeOf(time) === null);
  if (isShort || isNoTime) {
    throw new AppError('UNSUPPORTED_QUERY', 'A part of a name has 3 characters or more, a time is ISO 8601.', {
      audience: 'user',
    });
  }
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new AppError('UNSUPPORTED_QUERY', 'A page has 1 to 1,000 items.', { audience: 'user' });
  }
}
