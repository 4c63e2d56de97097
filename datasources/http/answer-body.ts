import type { z } from 'zod';
import type { AppError } from '../../src/domain/errors.ts';
import { type RequestLabel, schemaProblem, shapeError } from './answer-errors.ts';

const MAX_REFUSED_BODY = 65_536;

/** The body of a 2xx answer as its schema wants it, or the error that says where it is not. An empty body is `null`. */
export function parseBody<T>(
  schema: z.ZodType<T>,
  text: string,
  label: RequestLabel,
): { readonly ok: true; readonly body: T } | { readonly ok: false; readonly error: AppError } {
  let json: unknown = null;
  if (text.trim() !== '') {
    try {
      json = JSON.parse(text);
    } catch {
      const what = /^\s*</.test(text) ? 'with a web page instead of JSON' : 'with broken JSON';
      return { ok: false, error: shapeError(label, what) };
    }
  }
  const parsed = schema.safeParse(json);
  return parsed.success
    ? { ok: true, body: parsed.data }
    : { ok: false, error: shapeError(label, schemaProblem(parsed.error)) };
}

/** The body of any other answer, for `classify`: JSON where it is JSON, else text, `null` when empty; 64 KiB at most. */
export function refusedBody(text: string): unknown {
  if (text === '') return null;
  const capped = text.slice(0, MAX_REFUSED_BODY);
  try {
    return JSON.parse(capped);
  } catch {
    return capped;
  }
}
