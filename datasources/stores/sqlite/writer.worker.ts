import { parentPort, workerData } from 'node:worker_threads';
import { storeError } from './errors.ts';
import type { Reply, Request } from './protocol.ts';
import { type OpenAs, Writer, type WriterOptions } from './writer.ts';

/**
 * Thread of the writing connection. It ends by itself after `close`: ending it from outside while SQLite is inside a
 * call aborts the whole process.
 */
const port = parentPort!;
const options: WriterOptions = workerData;
let writer: Writer | null = null;

port.on('message', (request: Request) => {
  let reply: Reply;
  try {
    reply = { n: request.n, ok: true, value: perform(request) };
  } catch (error) {
    const { code, message, retryable, audience, details, cause } = storeError(error, options.path);
    // Errors lose their own properties on the way between threads, and some causes cannot make it at all.
    reply = { n: request.n, ok: false, code, message, retryable, audience, details, reason: String(cause) };
  }
  port.postMessage(reply);
  if (request.call === 'close') port.close();
});

function perform(request: Request): unknown {
  if (request.call === 'open') {
    writer ??= new Writer(options, request.argument as OpenAs);
    return writer.describe();
  }
  if (request.call === 'close') {
    writer?.close();
    return null;
  }
  // The one place where the union of calls meets the union of methods; `Calls` ties the two together.
  const method = writer![request.call] as (this: Writer, argument: unknown, now: number) => unknown;
  return method.call(writer!, request.argument, request.now);
}
