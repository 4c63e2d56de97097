import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Kit } from '../kit.ts';
import { inexistent, refuse } from './errors.ts';
import { pickFields } from './paging.ts';
import { userRow } from './rows.ts';

/** How long a download address is good for. */
const ADDRESS_MS = 60_000;
const jobRequest = z.looseObject({
  format: z.enum(['json', 'csv']).default('json'),
  connection_id: z.string().optional(),
  limit: z.number().int().positive().optional(),
  fields: z.array(z.looseObject({ name: z.string() })).optional(),
});

interface Job {
  readonly id: string;
  readonly createdAt: string;
  readonly connectionId: string | undefined;
  readonly file: Buffer;
  polls: number;
}

/** Export jobs: created, polled (`pending`, `processing`, then `completed`), fetched once from an address that carries its own key. */
export function registerJobs(app: FastifyInstance, kit: Kit): void {
  const world = kit.world.auth0;
  const jobs = new Map<string, Job>();
  const addresses = new Map<string, { readonly job: Job; readonly until: number }>();

  app.post('/api/v2/jobs/users-exports', { config: { scopes: ['read:users'] } }, (request, reply) => {
    const parsed = jobRequest.safeParse(request.body ?? {});
    if (!parsed.success) return refuse(reply, 400, 'Payload validation error', 'invalid_body');
    const { connection_id: connectionId, fields, limit, format } = parsed.data;
    if (format !== 'json') return refuse(reply, 400, 'This stand-in exports JSON only', 'invalid_body');
    const connection = connectionId === undefined ? undefined : world.connections.get(connectionId);
    if (connectionId !== undefined && connection === undefined)
      return refuse(reply, 400, 'The connection does not exist.');
    const names = fields?.map((field) => field.name) ?? null;
    const lines: string[] = [];
    for (const user of kit.isEmpty(request) ? [] : world.users.values()) {
      if (lines.length === limit) break;
      if (connection !== undefined && !user.identities.some((one) => one.connection === connection.name)) continue;
      lines.push(`${JSON.stringify(pickFields(userRow(user), names, true))}\n`);
    }
    const job: Job = {
      id: `job_${randomBytes(8).toString('hex')}`,
      createdAt: new Date().toISOString(),
      connectionId,
      file: gzipSync(lines.join(''), { level: 1 }),
      polls: 0,
    };
    jobs.set(job.id, job);
    return kit.json(reply, JSON.stringify(jobRow(job, 'pending')));
  });

  app.get('/api/v2/jobs/:id', { config: { scopes: ['read:users', 'create:users'] } }, (request, reply) => {
    const job = jobs.get(z.object({ id: z.string() }).parse(request.params).id);
    if (job === undefined) return inexistent(reply, 'job');
    job.polls += 1;
    if (job.polls === 1) return kit.json(reply, JSON.stringify({ ...jobRow(job, 'processing'), percentage_done: 50 }));
    const key = randomBytes(16).toString('hex');
    addresses.set(key, { job, until: Date.now() + ADDRESS_MS });
    const location = `${kit.url()}/_storage/${job.id}.json.gz?key=${key}`;
    return kit.json(reply, JSON.stringify({ ...jobRow(job, 'completed'), percentage_done: 100, location }));
  });

  app.get('/_storage/:file', (request, reply) => {
    const { key } = z.looseObject({ key: z.string().optional() }).parse(request.query);
    const address = addresses.get(key ?? '');
    // As the storage service: one way to authenticate, and it is the address.
    if (request.headers.authorization !== undefined) return reply.code(400).type('application/xml').send('<Error/>');
    if (address === undefined || address.until < Date.now()) {
      return reply.code(403).type('application/xml').send('<Error><Code>AccessDenied</Code></Error>');
    }
    return reply.type('application/gzip').send(address.job.file);
  });
}

function jobRow(job: Job, status: string): object {
  return {
    id: job.id,
    type: 'users_export',
    status,
    created_at: job.createdAt,
    format: 'json',
    connection_id: job.connectionId,
  };
}
