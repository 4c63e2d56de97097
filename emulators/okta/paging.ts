import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit } from '../kit.ts';
import { refuse } from './errors.ts';

export interface Listing {
  readonly ids: readonly string[];
  /** JSON text of one row. */
  render(id: string): string;
  /** Page size without `limit`, and the most that one gets. */
  readonly usual: number;
  readonly max: number;
}

type Query = Readonly<Record<string, string | undefined>>;

/** Query of a request; repeated parameters count once. */
export function queryOf(request: FastifyRequest): Query {
  const query: Record<string, string> = {};
  for (const [key, value] of new URL(request.url, 'http://x').searchParams) query[key] = value;
  return query;
}

/** One page, with `self` and `next` as two lines of the link header. */
export function servePage(kit: Kit, request: FastifyRequest, reply: FastifyReply, listing: Listing): FastifyReply {
  const page = slice(kit, request, listing);
  if (page === null) return refuse(reply, 400, 'E0000001', 'after: The cursor is not valid.');
  const url = new URL(request.url, kit.url());
  const lines = [`<${url.href}>; rel="self"`];
  if (page.next !== null) {
    url.searchParams.delete('after');
    url.searchParams.set('after', page.next);
    lines.push(`<${url.href}>; rel="next"`);
  }
  reply.header('link', lines);
  return kit.json(reply, `[${page.ids.map((id) => listing.render(id)).join(',')}]`);
}

/** One page of an IAM listing: rows under `key`, the next page in the body. */
export function serveBodyPage(
  kit: Kit,
  request: FastifyRequest,
  reply: FastifyReply,
  key: string,
  listing: Listing,
  links: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const page = slice(kit, request, listing);
  if (page === null) return refuse(reply, 400, 'E0000001', 'after: The cursor is not valid.');
  const url = new URL(request.url, kit.url());
  const all: Record<string, unknown> = { ...links };
  if (page.next !== null) {
    url.searchParams.delete('after');
    url.searchParams.set('after', page.next);
    all['next'] = { href: url.href };
  }
  const rows = page.ids.map((id) => listing.render(id)).join(',');
  return kit.json(reply, `{${JSON.stringify(key)}:[${rows}],"_links":${JSON.stringify(all)}}`);
}

/** Everything in one array, for the calls that do not page. */
export function serveAll(
  kit: Kit,
  request: FastifyRequest,
  reply: FastifyReply,
  rows: readonly string[],
): FastifyReply {
  return kit.list(reply, request, { body: () => `[${rows.join(',')}]`, emptyBody: '[]' });
}

function slice(
  kit: Kit,
  request: FastifyRequest,
  { ids, usual, max }: Listing,
): { ids: readonly string[]; next: string | null } | null {
  if (kit.isEmpty(request)) return { ids: [], next: null };
  const { limit, after } = queryOf(request);
  const asked = limit === undefined ? usual : Number(limit);
  const size = Math.min(max, Number.isInteger(asked) && asked > 0 ? asked : usual);
  let start = 0;
  if (after !== undefined) {
    const cursor = /^(\d+) (.+)$/s.exec(Buffer.from(after, 'base64url').toString('utf8'));
    if (cursor === null) return null;
    // The row may have moved since; the id tells where it is now, the number where it was.
    const [, index = '', id = ''] = cursor;
    const at = ids[Number(index)] === id ? Number(index) : ids.indexOf(id);
    start = at < 0 ? Number(index) : at + 1;
  }
  const end = Math.min(ids.length, start + size);
  const next = end < ids.length && end > start ? Buffer.from(`${end - 1} ${ids[end - 1]}`).toString('base64url') : null;
  return { ids: ids.slice(start, end), next: kit.nextToken(request, next) };
}
