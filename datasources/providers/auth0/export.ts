import { PassThrough, pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { Agent, request } from 'undici';
import { AppError, UPSTREAM_CODES } from '../../../src/domain/errors.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { baseUrl } from '../../http/base-url.ts';
import type { Auth0Client } from './client.ts';
import { jobPayload, USER_FIELDS, type UserPayload, userPayload } from './payloads.ts';

export interface ExportOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly allowLoopback: boolean;
  /** A job of an earlier attempt, if it still exists; `null` starts one. */
  readonly jobId: string | null;
  /** Users to leave out at the start: those of an earlier attempt. */
  readonly skip: number;
  /** Called once when the file is asked for. */
  onRequest(): void;
}

const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 10_000;
/** A job that takes longer than this is given up; 200,000 users take minutes. */
const MAX_JOB_MS = 60 * 60_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;
/**
 * Compressed bytes that are fetched ahead of the reader, who waits for the store. The storage service does not wait, and
 * undici throws past its callers when a server ends the connection under a reader that pauses.
 */
const AHEAD_BYTES = 256 * 1024 * 1024;
/** Characters of one user; metadata is limited to far less. */
const MAX_LINE = 8 * 1024 * 1024;

type ExportClient = Pick<Auth0Client, 'connector' | 'find' | 'postExport' | 'checkAborted'>;

/** One export of all users, from a job that Auth0 runs. */
export interface UserExport {
  readonly jobId: string;
  /** False when the job of the earlier attempt was gone: rows start from the beginning again. */
  readonly isResumed: boolean;
  users(): AsyncGenerator<UserPayload, void, void>;
}

/** Starts (or finds) the job and waits until its file is there. */
export async function openExport(client: ExportClient, options: ExportOptions): Promise<UserExport> {
  const found = options.jobId === null ? null : await readJob(client, options.jobId, options.signal);
  const isResumed = found !== null && found.status !== 'failed';
  const jobId = isResumed
    ? found.id
    : (
        await client.postExport(
          { format: 'json', fields: USER_FIELDS.map((name) => ({ name })) },
          jobPayload,
          options.signal,
        )
      ).id;
  const location = await waitForFile(client, jobId, options);
  return {
    jobId,
    isResumed,
    users: () => readUsers(client, location, isResumed ? options.skip : 0, options),
  };
}

const readJob = (client: ExportClient, jobId: string, signal: AbortSignal) =>
  client.find(`/jobs/${encodeURIComponent(jobId)}`, jobPayload, signal);

async function waitForFile(client: ExportClient, jobId: string, options: ExportOptions): Promise<URL> {
  const { clock, signal } = options;
  const endMs = clock.now() + MAX_JOB_MS;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(LONGEST_POLL_MS, pollMs * 2)) {
    const job = await readJob(client, jobId, signal);
    // Its status is a free word; the address is what counts.
    if (job?.location) return fileUrl(client, job.location, options.allowLoopback);
    if (job === null || /fail|error|cancel/i.test(job.status) || clock.now() + pollMs > endMs) {
      throw new AppError(
        UPSTREAM_CODES.UNAVAILABLE,
        `${client.connector}: the export of users did not finish at Auth0. It is tried again with the next run.`,
        { connector: client.connector, retryable: true },
      );
    }
    try {
      await clock.sleep(pollMs, signal);
    } catch (error) {
      client.checkAborted(signal);
      throw error;
    }
  }
}

/** The file lies at a storage service, not at the tenant: any public host, but https and never inside this network. */
function fileUrl(client: ExportClient, location: string, allowLoopback: boolean): URL {
  try {
    baseUrl(location, { allowLoopback, keepPath: true });
    return new URL(location);
  } catch {
    throw invalid(client, 'gave no usable address of the exported file');
  }
}

async function* readUsers(
  client: ExportClient,
  location: URL,
  skip: number,
  options: ExportOptions,
): AsyncGenerator<UserPayload, void, void> {
  const agent = new Agent({ connections: 1, bodyTimeout: DOWNLOAD_TIMEOUT_MS, headersTimeout: DOWNLOAD_TIMEOUT_MS });
  try {
    options.onRequest();
    // No token goes there: the address itself is the key.
    const answer = await request(location, { dispatcher: agent, signal: options.signal });
    if (answer.statusCode !== 200) {
      throw new AppError(
        UPSTREAM_CODES.UNAVAILABLE,
        `${client.connector}: the exported file could not be fetched (${answer.statusCode}). It is tried again with the next run.`,
        { connector: client.connector, retryable: true },
      );
    }
    const plain = pipeline(answer.body, new PassThrough({ highWaterMark: AHEAD_BYTES }), createGunzip(), () => {});
    const decoder = new StringDecoder('utf8');
    let line = 0;
    let rest = '';
    for await (const chunk of plain) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw invalid(client, 'exported a user that is too large');
      for (const text of lines) {
        if (text.trim() === '') continue;
        line += 1;
        if (line > skip) yield parseLine(client, text);
      }
    }
    if (rest.trim() !== '' && line + 1 > skip) yield parseLine(client, rest);
  } catch (error) {
    client.checkAborted(options.signal);
    if (error instanceof AppError) throw error;
    throw new AppError(
      UPSTREAM_CODES.INVALID,
      `${client.connector}: the exported file of users was cut off or cannot be read. It is tried again with the next run.`,
      { connector: client.connector, retryable: true },
    );
  } finally {
    await agent.destroy();
  }
}

function parseLine(client: ExportClient, text: string): UserPayload {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(client, 'exported a line that is no JSON');
  }
  const parsed = userPayload.safeParse(json);
  if (!parsed.success) throw invalid(client, 'exported a user in another shape than documented');
  return parsed.data;
}

function invalid(client: ExportClient, what: string): AppError {
  return new AppError(UPSTREAM_CODES.INVALID, `${client.connector}: Auth0 ${what}.`, {
    connector: client.connector,
    retryable: true,
  });
}
