import { z } from 'zod';
import { AppError } from '../../src/domain/errors.ts';

/**
 * Arguments after zod.
 * @throws AppError `BAD_USER_INPUT` that names each wrong argument and what it must be
 */
export function parseArgs<T>(schema: z.ZodType<T>, args: unknown): T {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  const said = result.error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
  throw new AppError('BAD_USER_INPUT', said.join('; '), {
    audience: 'user',
    details: { arguments: result.error.issues.map((issue) => issue.path.join('.')) },
  });
}

/** GraphQL's null and absence mean the same here. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** A short text as people type it. */
export const shortText = z.string().min(1, 'must not be empty').max(256, 'must have at most 256 characters');

/** A list in an argument. */
export function shortList<T extends z.ZodType>(item: T) {
  return z.array(item).max(100, 'must have at most 100 members');
}
