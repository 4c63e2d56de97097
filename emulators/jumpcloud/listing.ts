import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import { errorBody } from './access.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Something that can be listed: its ids in the provider's own order, and how one looks. */
export interface Collection {
  readonly key: string;
  ids(): readonly string[];
  row(id: string): Row;
}

const whole = (fallback: number, least: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least))
    .default(fallback);
const text = z.union([z.string(), z.array(z.string()).transform((all) => all.at(-1) ?? '')]).default('');
const pagingSchema = z.object({ limit: whole(10, 1), skip: whole(0, 0) });
const listSchema = pagingSchema.extend({
  sort: text,
  fields: text,
  filter: z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]),
});

export interface Paging {
  readonly limit: number;
  readonly skip: number;
}

/** `limit` (10 unless asked, never more than 100) and `skip`; `null` when they are no numbers. */
export function pagingOf(request: FastifyRequest): Paging | null {
  const parsed = pagingSchema.safeParse(request.query);
  return parsed.success ? { limit: Math.min(parsed.data.limit, 100), skip: parsed.data.skip } : null;
}

interface Dialect {
  readonly separator: string;
  readonly operatorPrefix: string;
  readonly idField: string;
}
const V1: Dialect = { separator: ' ', operatorPrefix: '$', idField: '_id' };
const V2: Dialect = { separator: ',', operatorPrefix: '', idField: 'id' };

type Selected = { readonly total: number; readonly rows: readonly Row[] };

/** `GET /api/…`: `{totalCount, results}`, fields and sort by space, filter `field:$op:value`. */
export function listV1(kit: Kit, request: FastifyRequest, reply: FastifyReply, collection: Collection): FastifyReply {
  const selected = select(kit, request, collection, V1);
  if (selected === null) return kit.json(reply, JSON.stringify({ message: 'Bad Request' }), 400);
  return kit.list(reply, request, {
    body: () => JSON.stringify({ totalCount: selected.total, results: selected.rows }),
    emptyBody: '{"totalCount":0,"results":[]}',
  });
}

/** `GET /api/v2/…`: a bare array with `x-total-count`, or the envelope of the newer services. */
export function listV2(
  kit: Kit,
  request: FastifyRequest,
  reply: FastifyReply,
  collection: Collection,
  style: 'array' | 'envelope' = 'array',
): FastifyReply {
  const selected = select(kit, request, collection, V2);
  if (selected === null) return kit.json(reply, errorBody(400), 400);
  const total = kit.isEmpty(request) ? 0 : selected.total;
  reply.header('x-total-count', String(total));
  return style === 'array'
    ? kit.list(reply, request, { body: () => JSON.stringify(selected.rows), emptyBody: '[]' })
    : kit.list(reply, request, {
        body: () => JSON.stringify({ results: selected.rows, totalCount: total }),
        emptyBody: '{"results":[],"totalCount":0}',
      });
}

/** The fields asked for, ids always among them; all without a wish. */
export function project(row: Row, fields: string, separator: string): Row {
  const wanted = fields.split(separator).filter((name) => name !== '');
  if (wanted.length === 0) return row;
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => name === '_id' || name === 'id' || wanted.includes(name)),
  );
}

function select(kit: Kit, request: FastifyRequest, collection: Collection, dialect: Dialect): Selected | null {
  const parsed = listSchema.safeParse(request.query);
  if (!parsed.success) return null;
  const { skip, sort, fields, filter } = parsed.data;
  const limit = Math.min(parsed.data.limit, 100);
  const conditions = filter.map((one) => conditionOf(one, dialect));
  if (conditions.some((condition) => condition === null)) return null;

  const ids = kit.cached(`list:${collection.key}:${sort}:${filter.join('&')}`, () => {
    const kept = collection
      .ids()
      .filter((id) => conditions.length === 0 || conditions.every((holds) => holds?.(collection.row(id)) ?? true));
    return sort === '' ? kept : sorted(kept, sort.split(dialect.separator), collection, dialect);
  });
  const rows = ids.slice(skip, skip + limit).map((id) => project(collection.row(id), fields, dialect.separator));
  return { total: ids.length, rows };
}

function sorted(ids: readonly string[], sort: readonly string[], collection: Collection, dialect: Dialect): string[] {
  if (sort.length === 1 && sort[0] === dialect.idField) return [...ids].sort();
  const rows = ids.map((id) => ({ id, row: collection.row(id) }));
  const keys = sort.map((name) => ({ name: name.replace(/^-/, ''), sign: name.startsWith('-') ? -1 : 1 }));
  rows.sort((a, b) => {
    for (const { name, sign } of keys) {
      const [left, right] = [String(a.row[name] ?? ''), String(b.row[name] ?? '')];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  });
  return rows.map(({ id }) => id);
}

function conditionOf(filter: string, dialect: Dialect): ((row: Row) => boolean) | null {
  const match = /^([\w.]+):([$\w]+):([\s\S]*)$/.exec(filter);
  const [, field = '', operator = '', value = ''] = match ?? [];
  if (match === null || !operator.startsWith(dialect.operatorPrefix)) return null;
  const read = (row: Row): string => {
    const found: unknown = field
      .split('.')
      .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), row);
    return String(found ?? '');
  };
  switch (operator.slice(dialect.operatorPrefix.length)) {
    case 'eq':
      return (row) => read(row) === value;
    case 'ne':
      return (row) => read(row) !== value;
    case 'in':
      return (row) => value.split('|').includes(read(row));
    case 'gt':
      return (row) => read(row) > value;
    case 'sw':
      return (row) => read(row).startsWith(value);
    default:
      return null;
  }
}
