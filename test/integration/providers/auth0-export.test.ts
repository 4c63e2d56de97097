import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import type { z } from 'zod';
import { openExport } from '../../../datasources/providers/auth0/export.ts';
import { jobPayload } from '../../../datasources/providers/auth0/payloads.ts';
import { systemClock } from '../../../src/server/clock.ts';

const USERS = 3_000;

let storage: Server | undefined;
afterEach(() => {
  storage?.closeAllConnections();
  storage?.close();
});

/** About 3 MB that compress to half: more than the buffers of a reader that pauses, less than those of the sockets. */
function exportedFile(): Buffer {
  const lines = Array.from({ length: USERS }, (_, i) =>
    JSON.stringify({ user_id: `auth0|${i}`, app_metadata: { noise: randomBytes(500).toString('hex') } }),
  );
  return gzipSync(`${lines.join('\n')}\n`, { level: 1 });
}

it('an exported file is read whole although the reader pauses and the storage service does not wait', async () => {
  const served: ServerResponse[] = [];
  storage = createServer((_, response) => {
    response.setHeader('connection', 'close');
    response.end(exportedFile());
    served.push(response);
  }).listen(0, '127.0.0.1');
  await once(storage, 'listening');
  const { port } = storage.address() as AddressInfo;
  const location = `http://127.0.0.1:${port}/file`;
  const job = jobPayload.parse({ id: 'job_1', status: 'completed', location });
  const answer = async <T>(_: unknown, schema: z.ZodType<T>): Promise<T> => schema.parse(job);
  const client = { connector: 'auth0', find: answer, postExport: answer, checkAborted: () => {} };
  const { signal } = new AbortController();
  const options = { clock: systemClock, signal, allowLoopback: true, jobId: null, skip: 0, onRequest: () => {} };
  const users = (await openExport(client, options)).users();
  const ids = [(await users.next()).value?.user_id];
  // The store takes its time: long enough for the connection to be gone.
  const [response] = served;
  if (!response!.closed) await once(response!, 'close');
  for await (const user of users) ids.push(user.user_id);
  expect(ids).toEqual(Array.from({ length: USERS }, (_, i) => `auth0|${i}`));
});
