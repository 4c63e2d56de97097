import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../../src/config/load.ts';

const read = (name: string): Promise<string> => readFile(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8');

const service = z.looseObject({
  image: z.string(),
  user: z.string(),
  restart: z.literal('unless-stopped'),
  cap_drop: z.tuple([z.literal('ALL')]),
  environment: z.record(z.string(), z.string()),
  volumes: z.array(z.string()),
});
const gateway = service.extend({ stop_grace_period: z.string().regex(/^\d+s$/) });
const compose = z.object({
  services: z.object({
    neo4j: service.extend({ healthcheck: z.looseObject({ test: z.array(z.string()) }) }),
    'gateway-a': gateway,
    'gateway-b': gateway,
  }),
  volumes: z.record(z.string(), z.null()),
  configs: z.object({ gateway: z.object({ file: z.string() }) }),
});

describe('the compose file', async () => {
  const text = await read('compose.yaml');
  const { services, volumes, configs } = compose.parse(parse(text, { merge: true }));

  it('runs two gateways on one Neo4j, each with a folder of its own, nobody as root', () => {
    const all = Object.values(services);
    expect(all.map(({ user }) => user)).not.toContain('root');
    const used = all.flatMap((one) => one.volumes.map((volume) => volume.split(':')[0]));
    expect(new Set(used).size).toBe(3);
    expect(Object.keys(volumes).sort()).toEqual([...used].sort());
  });

  it('leaves a gateway more time to stop than it gives to requests', () => {
    for (const name of ['gateway-a', 'gateway-b'] as const) {
      expect(Number.parseInt(services[name].stop_grace_period, 10)).toBeGreaterThan(10);
    }
  });

  it('takes every secret from the environment', () => {
    for (const { environment } of Object.values(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/password|key|auth|secret|token/i.test(name)) expect(value).toMatch(/^(neo4j\/)?\$\{[A-Z0-9_]+:\?/);
      }
    }
  });

  it('gives the gateways a configuration that they take, with what their environment has', async () => {
    const config = await read(configs.gateway.file);
    const names = Object.keys(services['gateway-a'].environment);
    const env = Object.fromEntries(names.map((name) => [name, 'x'.repeat(32)]));
    expect(parseConfig(config, env, 'deploy')).toMatchObject({
      listen: { host: '0.0.0.0', port: 4000 },
      store: { type: 'neo4j', uri: 'bolt://neo4j:7687', snapshot: expect.stringMatching(/^\/data\//) },
    });
    expect(services['gateway-a'].volumes).toEqual(['gateway-a:/data']);
  });
});

describe('the Dockerfile', () => {
  it('runs the program as an ordinary user, with a health check', async () => {
    const last = (await read('Dockerfile')).split(/^FROM /m).at(-1)!;
    const lines = last.split('\n').map((line) => line.trim());
    expect(lines).toContain('USER node');
    expect(last).toMatch(/^HEALTHCHECK /m);
    expect(lines.indexOf('USER node')).toBeLessThan(lines.findIndex((line) => line.startsWith('ENTRYPOINT')));
    expect(last).not.toMatch(/^(ENV|ARG) .*(PASSWORD|KEY|SECRET|TOKEN)/m);
  });
});
