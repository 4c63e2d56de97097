import type { Audience } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { Writer } from './writer.ts';

/** Methods of the writer that the main thread may call. */
export type Call = Exclude<keyof Writer, 'describe' | 'close'>;
export type Argument<C extends Call> = Parameters<Writer[C]>[0];
export type Result<C extends Call> = ReturnType<Writer[C]>;

/** One message to the writer's thread; answered in order by a {@link Reply} with the same number. */
export interface Request {
  readonly n: number;
  readonly call: Call | 'open' | 'close';
  readonly argument?: unknown;
  /** The clock of the caller, epoch ms. */
  readonly now: number;
}

export type Reply =
  | { readonly n: number; readonly ok: true; readonly value: unknown }
  | {
      readonly n: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
      readonly audience: Audience;
      readonly details: JsonObject | undefined;
      /** The cause, as text. */
      readonly reason: string;
    };
