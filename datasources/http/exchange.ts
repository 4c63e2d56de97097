import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Dispatcher, request } from 'undici';
import { withAnySignal } from './any-signal.ts';

/** One answer, body read to the end and decoded. */
export interface Exchange {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface ExchangeRequest {
  readonly dispatcher: Dispatcher;
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  /** For the whole attempt, body included. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly signals: readonly AbortSignal[];
}

/** Why an attempt gave no answer. `aborted` is the caller's wish, the rest is the network's doing. */
export class ExchangeFailure extends Error {
  readonly reason: 'aborted' | 'timeout' | 'network' | 'cut' | 'too-large';

  constructor(reason: ExchangeFailure['reason'], cause?: unknown) {
    super(`exchange failed: ${reason}`, { cause });
    this.reason = reason;
  }
}

const DECODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: promisify(inflate),
} as const;

const isEncoding = (name: string): name is keyof typeof DECODERS => Object.hasOwn(DECODERS, name);

/**
 * Sends once and reads the whole answer. Follows no redirect.
 * @throws ExchangeFailure
 */
export async function exchange(options: ExchangeRequest): Promise<Exchange> {
  let timedOut = false;
  let answered = false;
  try {
    return await withAnySignal(options.signals, async (controller) => {
      const timer = setTimeout(() => {
        timedOut = true;
        controller.abort();
      }, options.timeoutMs);
      try {
        const answer = await request(options.url, {
          dispatcher: options.dispatcher,
          method: options.method,
          headers: { 'accept-encoding': 'gzip, br, deflate', ...options.headers },
          body: options.body ?? null,
          signal: controller.signal,
        });
        answered = true;
        const headers = webHeaders(answer.headers);
        const raw = await readAll(answer.body, options.maxBodyBytes);
        const text = (await decode(raw, headers.get('content-encoding'), options.maxBodyBytes)).toString('utf8');
        return { status: answer.statusCode, headers, text };
      } finally {
        clearTimeout(timer);
      }
    });
  } catch (error) {
    if (error instanceof ExchangeFailure) throw error;
    if (timedOut) throw new ExchangeFailure('timeout', error);
    if (options.signals.some((signal) => signal.aborted)) throw new ExchangeFailure('aborted', error);
    throw new ExchangeFailure(answered ? 'cut' : 'network', error);
  }
}

function webHeaders(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  return headers;
}

async function readAll(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Leaving the loop destroys the body and with it the connection: nothing more is read.
    if (size > maxBytes) throw new ExchangeFailure('too-large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function decode(raw: Buffer, encoding: string | null, maxBytes: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  if (raw.length === 0 || !isEncoding(name)) return raw;
  try {
    return await DECODERS[name](raw, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    throw new ExchangeFailure(tooLarge ? 'too-large' : 'cut', error);
  }
}
