import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import { refuse } from './errors.ts';

/** Records that offset paging reaches; behind it only checkpoints (or narrower searches) help. */
const CEILING = 1000;
const DEFAULT_SIZE = 50;
const MAX_SIZE = 100;

export interface Listing<T> {
  /** Name of the array in the envelope. */
  readonly key: string;
  readonly rows: readonly T[];
  id(row: T): string;
  render(row: T): object;
  /** `both`: checkpoint when `from` or `take` is there. Default `offset`. */
  readonly paging?: 'offset' | 'checkpoint' | 'both';
  /** Largest `take`; default 100. */
  readonly maxTake?: number;
  /** Users also get `length`, and another error at the ceiling. */
  readonly isUserSearch?: boolean;
  /** What the envelope says as `total`; default the number of rows. */
  readonly total?: number;
}

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const querySchema = z.looseObject({
  page: z.coerce.number().int().min(0).optional(),
  per_page: z.coerce.number().int().min(0).optional(),
  take: z.coerce.number().int().min(1).optional(),
  from: z.string().min(1).optional(),
  include_totals: flag.optional(),
});
const cursorSchema = z.object({ i: z.number().int(), id: z.string() });

/** Serves one page of a listing by offset or checkpoint, with the real API's ceilings and complaints. */
export function servePage<T>(kit: Kit, request: FastifyRequest, reply: FastifyReply, list: Listing<T>): FastifyReply {
  const parsed = querySchema.safeParse(request.query);
  if (!parsed.success) {
    return refuse(reply, 400, `Query validation error: '${parsed.error.issues[0]?.message}'`, 'invalid_query_string');
  }
  const query = parsed.data;
  const paging = list.paging ?? 'offset';
  const wantsCheckpoint = query.from !== undefined || query.take !== undefined;
  if (wantsCheckpoint && paging === 'offset') {
    return refuse(
      reply,
      400,
      "Query validation error: 'Additional properties not allowed: take'",
      'invalid_query_string',
    );
  }
  if (paging === 'checkpoint' || wantsCheckpoint) return serveCheckpoint(kit, request, reply, list, query);
  return serveOffset(kit, request, reply, list, query);
}

function tooLarge(reply: FastifyReply, value: number, maximum: number, property: string): FastifyReply {
  return refuse(
    reply,
    400,
    `Query validation error: 'Value ${value} is greater than maximum ${maximum}' on property ${property}`,
    'invalid_query_string',
  );
}

function serveOffset<T>(
  kit: Kit,
  request: FastifyRequest,
  reply: FastifyReply,
  list: Listing<T>,
  query: z.output<typeof querySchema>,
): FastifyReply {
  const size = query.per_page ?? DEFAULT_SIZE;
  const page = query.page ?? 0;
  if (size > MAX_SIZE) return tooLarge(reply, size, MAX_SIZE, 'per_page');
  if ((page + 1) * size > CEILING) {
    return list.isUserSearch
      ? refuse(reply, 400, 'You can only page through the first 1000 records.', 'invalid_paging')
      : refuse(reply, 400, `Requesting page ${page} exceeds the allowed maximum of 1000 records.`);
  }
  const isEmpty = kit.isEmpty(request);
  const start = page * size;
  const rows = isEmpty ? [] : list.rows.slice(start, start + size).map(list.render);
  if (query.include_totals !== true) return kit.json(reply, JSON.stringify(rows));
  return kit.json(
    reply,
    JSON.stringify({
      start,
      limit: size,
      length: list.isUserSearch ? rows.length : undefined,
      total: isEmpty ? 0 : (list.total ?? list.rows.length),
      [list.key]: rows,
    }),
  );
}

function serveCheckpoint<T>(
  kit: Kit,
  request: FastifyRequest,
  reply: FastifyReply,
  list: Listing<T>,
  query: z.output<typeof querySchema>,
): FastifyReply {
  const take = query.take ?? DEFAULT_SIZE;
  const maxTake = list.maxTake ?? MAX_SIZE;
  if (take > maxTake) return tooLarge(reply, take, maxTake, 'take');
  if (query.page !== undefined || query.per_page !== undefined) {
    return refuse(reply, 400, 'Checkpoint paging cannot be combined with page or per_page.', 'invalid_query_string');
  }
  let start = 0;
  if (query.from !== undefined) {
    const after = positionAfter(list, query.from);
    if (after === null) return refuse(reply, 400, 'The "from" parameter is not valid.', 'invalid_query_string');
    start = after;
  }
  const page = kit.isEmpty(request) ? [] : list.rows.slice(start, start + take);
  const last = page.at(-1);
  const end = start + page.length;
  const next = last !== undefined && end < list.rows.length ? encode({ i: end - 1, id: list.id(last) }) : null;
  return kit.json(
    reply,
    JSON.stringify({ [list.key]: page.map(list.render), next: kit.nextToken(request, next) ?? undefined }),
  );
}

const encode = (cursor: z.output<typeof cursorSchema>): string =>
  Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64url');

/** Index of the first row after the cursor's, also when rows came or went meanwhile; `null` for a forged cursor. */
function positionAfter<T>(list: Listing<T>, from: string): number | null {
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(from, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  const cursor = cursorSchema.safeParse(raw);
  if (!cursor.success) return null;
  const { i, id } = cursor.data;
  const there = list.rows[i];
  if (there !== undefined && list.id(there) === id) return i + 1;
  const found = list.rows.findIndex((row) => list.id(row) === id);
  return found >= 0 ? found + 1 : Math.min(i, list.rows.length);
}

/** Keeps (or drops) the named root members, as `fields` and `include_fields` ask. */
export function pickFields(row: object, fields: readonly string[] | null, include: boolean): object {
  if (fields === null) return row;
  const wanted = new Set(fields);
  return Object.fromEntries(Object.entries(row).filter(([key]) => wanted.has(key) === include));
}

const fieldsSchema = z.looseObject({ fields: z.string().optional(), include_fields: flag.optional() });

/** The row renderer that a request's `fields` and `include_fields` ask for. */
export function projection(request: FastifyRequest): { fields: readonly string[] | null; apply(row: object): object } {
  const query = fieldsSchema.safeParse(request.query);
  const fields = query.success && query.data.fields ? query.data.fields.split(',') : null;
  const include = query.success ? (query.data.include_fields ?? true) : true;
  return { fields, apply: (row) => pickFields(row, fields, include) };
}
