import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { providers } from '../../datasources/providers/registry.generated.ts';
import { parseConfig } from '../../src/config/load.ts';
import { type CompanyGateway, startCompanyGateway } from '../support/company-gateway.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

class Example {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(name: string, args: readonly string[], url: string) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], CROSSWALK_URL: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout += text;
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    this.ended = once(this.#child, 'close');
    // A test that fails leaves nobody behind.
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  get code(): number | null {
    return this.#child.exitCode;
  }

  async says(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      if (this.code !== null) throw new Error(`it ended without "${text}":\n${this.stdout}${this.stderr}`);
      await Promise.race([once(this.#child.stdout, 'data'), this.ended]);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGINT');
    await this.ended;
  }
}

describe('the examples', () => {
  let company: CompanyGateway;

  beforeAll(async () => {
    company = await startCompanyGateway();
    await company.sync();
  });

  afterAll(() => company[Symbol.asyncDispose]());

  it('list who can access an application, and by which way', async () => {
    const { path, person } = company.highlights;
    const api = company.world.auth0.resourceServers.get(path.apiId)!;
    const example = new Example('who-can-access', [api.name], company.gateway.url);
    await example.ended;
    expect(example.code, example.stderr).toBe(0);
    const [head, ...rows] = example.stdout.trim().split('\n');
    expect(head).toBe('name,email,department,way');
    const mine = rows.find((row) => row.includes(person.email));
    expect(mine).toContain('a log-in as');
    expect(rows.every((row) => row.includes(' is one on '))).toBe(true);
  });

  it('hear of changes over WebSocket and server-sent events, and say where to go on', async () => {
    const { okta } = company.world;
    const { oktaGroupId } = company.highlights.path;
    const { graph } = await company.query<{ graph: { cursor: string } }>('{ graph { cursor } }');
    const ws = new Example('subscribe-ws', [graph.cursor], company.gateway.url);
    const sse = new Example('subscribe-sse', [graph.cursor], company.gateway.url);

    const group = okta.groups.get(oktaGroupId)!;
    const [member] = group.members;
    const suspended = [...okta.users.values()].find((user) => user.status === 'ACTIVE' && user.id !== member)!;
    company.emulators.okta.change('removeUserFromGroup', { userId: member, groupId: group.id });
    company.emulators.okta.change('suspendUser', { userId: suspended.id });
    await company.sync('okta');

    await Promise.all([ws.says(`→ ${group.name}`), sse.says('ACTIVE → SUSPENDED')]);
    expect(ws.stdout).toContain('REMOVED MEMBER_OF');
    await Promise.all([ws.stop(), sse.stop()]);
    expect(ws.stderr).toMatch(/Go on with: npx tsx examples\/subscribe-ws\.ts \S+/);
    expect(sse.stderr).toMatch(/Go on with: npx tsx examples\/subscribe-sse\.ts \S+/);
  });
});

describe('examples/crosswalk.config.yaml', () => {
  it('is a whole configuration that can be used once the environment is set', async () => {
    const text = await readFile(`${ROOT}examples/crosswalk.config.yaml`, 'utf8');
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].flatMap(([, name]) => (name === 'NAME' ? [] : [name ?? '']));
    const env = Object.fromEntries(names.map((name) => [name, `value of ${name.toLowerCase()}, long enough`]));
    const config = parseConfig(text, env, 'the example');
    expect(config.connectors.map(({ provider }) => provider).sort()).toEqual(Object.keys(providers).sort());
    for (const { id, provider, settings } of config.connectors) {
      const { settingsSchema } = await providers[provider]!();
      expect(settingsSchema.safeParse(settings).error?.message, id).toBeUndefined();
    }
    expect(() => parseConfig(text, {}, 'the example')).toThrow('OKTA_PRIVATE_KEY');
  });
});
