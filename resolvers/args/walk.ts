import { z } from 'zod';
import { NODE_KINDS, type NodeKind } from '../../src/domain/node-kinds.ts';
import type { PathRequest, WalkRequest } from '../../src/services/access-views/access-queries.ts';
import { optional, parseArgs } from './parse.ts';

const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const walkHops = z.int().min(1, 'must be 1–254').max(254, 'must be 1–254');
const pathHops = z.int().min(1, 'must be 1–16').max(16, 'must be 1–16');
const walkSchema = z.object({ maxHops: optional(walkHops), includeNotLive: flag });
const pathSchema = z.object({
  first: z
    .int()
    .min(1, 'must be 1–100')
    .max(100, 'must be 1–100')
    .nullish()
    .transform((value) => value ?? 10),
  maxHops: pathHops.nullish().transform((value) => value ?? 8),
  mode: z
    .enum(['SHORTEST', 'ALL'])
    .nullish()
    .transform((value) => (value === 'ALL' ? 'all' : 'shortest')),
  includeNotLive: flag,
});

interface RawWalkArgs {
  readonly maxHops?: number | null;
  readonly includeNotLive?: boolean | null;
}

/** @throws AppError `BAD_USER_INPUT` */
export function readWalk(args: RawWalkArgs, kinds: readonly NodeKind[] | undefined, signal: AbortSignal): WalkRequest {
  return { ...parseArgs(walkSchema, args), kinds, signal };
}

/** @throws AppError `BAD_USER_INPUT` */
export function readPathRequest(args: object, signal: AbortSignal): PathRequest {
  const { first, ...rest } = parseArgs(pathSchema, args);
  return { ...rest, limit: first, signal };
}

/** Kinds without `UNKNOWN`, which nothing is; `undefined` when none were given. */
export function readKinds(kinds: readonly string[] | null | undefined): readonly NodeKind[] | undefined {
  return kinds == null ? undefined : NODE_KINDS.filter((kind) => kinds.includes(kind));
}
