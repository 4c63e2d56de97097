import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/cli/commands/check-config.ts';
import { listConnectors } from '../../src/cli/commands/connectors.ts';
import { removal } from '../../src/cli/commands/removal.ts';
import { sync } from '../../src/cli/commands/sync.ts';
import { EXIT, type Io } from '../../src/cli/io.ts';
import { type CompanyGateway, openTestGateway, startCompanyGateway } from '../support/company-gateway.ts';

interface Ran {
  readonly io: Io;
  readonly out: string[];
  readonly err: string[];
}

function run(env: NodeJS.ProcessEnv = {}): Ran {
  const out: string[] = [];
  const err: string[] = [];
  return {
    out,
    err,
    io: {
      env,
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      isTerminal: false,
      signal: new AbortController().signal,
    },
  };
}

describe('the commands that ask a running gateway', () => {
  let company: CompanyGateway;
  const options = () => ({
    url: company.gateway.url,
    output: 'json' as const,
    signal: new AbortController().signal,
  });

  beforeAll(async () => {
    company = await startCompanyGateway();
  });

  afterAll(() => company[Symbol.asyncDispose]());

  it('read connectors, wait for the end and list their state', async () => {
    const { io, out } = run();
    expect(await sync({ ...options(), connectors: ['torq'], wait: true }, io)).toBe(EXIT.OK);
    expect(JSON.parse(out[0]!)).toMatchObject([{ connector: 'torq', state: 'SUCCEEDED', connectorState: 'CONNECTED' }]);
    const list = run();
    expect(await listConnectors(options(), list.io)).toBe(EXIT.OK);
    expect(JSON.parse(list.out[0]!)).toMatchObject([
      { connector: 'auth0', state: 'NOT_CONNECTED' },
      { connector: 'jumpcloud' },
      { connector: 'okta' },
      { connector: 'torq', state: 'CONNECTED', reason: null },
    ]);
  });

  it('show what a guarded run would remove, keep it, and remove it', async () => {
    await company.sync('torq');
    const nobody = run();
    expect(await removal({ ...options(), connector: 'torq', decision: null }, nobody.io)).toBe(EXIT.OK);
    expect(nobody.err[0]).toContain('Nothing of torq waits');

    const users = company.world.torq.users;
    const before = users.size;
    for (const id of [...users.keys()].slice(0, before - 1)) users.delete(id);
    const guarded = run();
    expect(await sync({ ...options(), connectors: ['torq'], wait: true }, guarded.io)).toBe(EXIT.ATTENTION);

    const preview = run();
    expect(await removal({ ...options(), connector: 'torq', decision: null }, preview.io)).toBe(EXIT.ATTENTION);
    expect(JSON.parse(preview.out[0]!)).toContainEqual(
      expect.objectContaining({
        listing: 'users',
        cause: 'MASS_REMOVAL',
        kind: 'Account',
        removed: before - 1,
        before,
      }),
    );
    const kept = run();
    expect(await removal({ ...options(), connector: 'torq', decision: 'reject' }, kept.io)).toBe(EXIT.OK);

    await company.sync('torq');
    const gone = run();
    expect(await removal({ ...options(), connector: 'torq', decision: 'confirm' }, gone.io)).toBe(EXIT.OK);
    expect(gone.err).toEqual(['torq is now CONNECTED.']);
  });

  it('leave out what is no longer in the configuration, unless it is named', async () => {
    await using former = await startCompanyGateway();
    await former.sync('torq');
    await former.gateway.close();
    const gateway = await openTestGateway(former.folder, former.emulators, { config: { connectors: [] } });
    const { io, out, err } = run();
    const there = { ...options(), url: gateway.url, wait: true };
    expect(await sync({ ...there, connectors: [] }, io)).toBe(EXIT.OK);
    expect([out, err]).toEqual([['[]'], ['torq is left out: it is no longer in the configuration.']]);
    await expect(sync({ ...there, connectors: ['torq'] }, io)).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_CONFIGURED',
    });
    await gateway.close();
  });

  it('say what is missing when there is no such connector or no gateway', async () => {
    const { io } = run();
    await expect(sync({ ...options(), connectors: ['nobody'], wait: true }, io)).rejects.toMatchObject({
      code: 'CONNECTOR_NOT_FOUND',
    });
    await expect(listConnectors({ ...options(), url: 'http://127.0.0.1:1' }, io)).rejects.toMatchObject({
      code: 'GATEWAY_UNREACHABLE',
    });
  });
});

describe('crosswalk config check', () => {
  it('finds mistakes in settings, schedules and the address, not in the shape of the file alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crosswalk-config-'));
    try {
      const config = join(folder, 'crosswalk.config.yaml');
      await writeFile(config, 'connectors: [{ id: torq, provider: torq, settings: { clientID: x, clientSecret: y } }]');
      const { io } = run();
      await expect(checkConfig({ config }, io)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('did you mean "clientId"?'),
      });
      const torq = 'id: torq, provider: torq, settings: { clientId: x, clientSecret: y }';
      await writeFile(config, `connectors: [{ ${torq}, schedule: { cron: whenever } }]`);
      await expect(checkConfig({ config }, io)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('schedule of the connector torq is no cron expression'),
      });
      await writeFile(config, `listen: { host: 0.0.0.0 }\nconnectors: [{ ${torq} }]`);
      await expect(checkConfig({ config }, io)).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
      await writeFile(config, `connectors: [{ ${torq} }]`);
      const fine = run();
      expect(await checkConfig({ config }, fine.io)).toBe(EXIT.OK);
      expect(fine.err[0]).toContain('torq (torq)');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
