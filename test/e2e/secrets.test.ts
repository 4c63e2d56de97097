import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AllEmulators, startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { createLogger } from '../../src/server/logger.ts';
import { openTestGateway } from '../support/company-gateway.ts';
import { keptTexts } from '../support/kept-texts.ts';
import { thinOut } from '../support/thin-out.ts';

const made = (what: string): string => [what, randomBytes(18).toString('hex')].join('-');

/** Everything that a thing could be written as. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    // Without the last bytes, which depend on what follows.
    bytes.toString('base64').slice(0, -4),
    bytes.toString('base64url').slice(0, -4),
  ];
}

describe('secrets of the credentials and of what providers say', () => {
  let folder: string;
  let emulators: AllEmulators;
  const secrets = new Map<string, string>();
  let log = '';
  let answers = '';
  let history = '';
  const apiKey = made('api');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-secrets-'));
    emulators = await startAllEmulators({ world: createCompany({ size: 'S', seed: 1 }).world });
    thinOut(emulators);
    const { okta, auth0, jumpcloud, torq } = emulators;
    const userId = [...auth0.world.auth0.users.keys()][0]!;
    const inMetadata = made('metadata');
    auth0.change('updateUser', { userId, set: { appMetadata: { apiToken: inMetadata, accountType: 'Employee' } } });
    plant('a user’s metadata', inMetadata);
    plant('a key of the API', apiKey);
    for (const [n, secret] of [...okta.planted, ...auth0.planted, ...jumpcloud.plantedSecrets].entries()) {
      plant(`a provider’s answer ${n}`, secret);
    }

    // First with keys and tokens as most tenants have them, through every kind of trouble …
    let gateway = await open(settings());
    await ask(gateway, NODES);
    await syncAll(gateway);
    await ask(gateway, NODES);
    for (const rule of [
      { match: '/', kind: 'status', status: 401 } as const,
      { match: '/', kind: 'status', status: 403 } as const,
      { match: '/', kind: 'status', status: 400 } as const,
      { match: '/', kind: 'html', status: 502, times: 12 } as const,
      { match: 'users', kind: 'cut' } as const,
    ]) {
      for (const emulator of emulators.list) emulator.faults.add(rule);
      await syncAll(gateway);
      await ask(gateway, CONNECTORS);
      for (const emulator of emulators.list) emulator.faults.clear();
    }
    await misuse(gateway);
    await gateway.close();

    // … then with service apps, client secrets and key pairs, and with credentials that are wrong.
    gateway = await open({
      okta: { ...okta.appCredentials() },
      auth0: { ...auth0.keyCredentials() },
      jumpcloud: { ...jumpcloud.oauthCredentials },
      torq: { ...torq.credentials },
    });
    await syncAll(gateway);
    await ask(gateway, CONNECTORS);
    await gateway.close();
    gateway = await open({
      okta: { ...okta.credentials, apiToken: made('wrong') },
      auth0: { ...auth0.credentials, clientSecret: made('wrong') },
      jumpcloud: { ...jumpcloud.credentials, apiKey: made('wrong') },
      torq: { ...torq.credentials, clientSecret: made('wrong') },
    });
    await syncAll(gateway);
    await ask(gateway, CONNECTORS);
    for await (const change of gateway.graph.store.changes(0)) history += JSON.stringify(change);
    await gateway.close();
  });

  afterAll(async () => {
    await emulators?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function plant(what: string, secret: string): void {
    expect(secret.length).toBeGreaterThan(11);
    secrets.set(what, secret);
  }

  const settings = (): Record<string, Record<string, unknown>> =>
    Object.fromEntries(emulators.connectors().map((connector) => [connector.id, connector.settings]));

  /** Opens a gateway with these settings, and remembers their secrets. */
  function open(byConnector: Record<string, Record<string, unknown>>): Promise<Gateway> {
    for (const [connector, values] of Object.entries(byConnector)) {
      for (const field of ['apiToken', 'apiKey', 'clientSecret', 'privateKey']) {
        const secret = values[field];
        if (typeof secret !== 'string') continue;
        // The lines of a key one by one: a text that holds one of them holds too much.
        const lines = secret.split('\n').filter((line) => line.length > 20 && !line.startsWith('--'));
        for (const line of lines) plant(`${connector} ${field} ${secrets.size}`, line);
      }
      if (typeof values['clientSecret'] !== 'string') continue;
      const basic = Buffer.from(`${values['clientId']}:${values['clientSecret']}`).toString('base64');
      plant(`${connector} basic credentials ${secrets.size}`, basic.slice(0, -4));
    }
    const connectors = emulators.connectors().map((one) => ({ ...one, settings: byConnector[one.id] }));
    return openTestGateway(folder, emulators, {
      logger: createLogger({
        level: 'debug',
        stream: {
          write(line: string): void {
            log += line;
          },
        },
      }),
      config: { connectors, apiKeys: [{ name: 'tester', key: apiKey, role: 'admin' }] },
    });
  }

  async function syncAll(gateway: Gateway): Promise<void> {
    await Promise.all(
      emulators.list.map(async ({ name }) => {
        await gateway.sync.start(name);
        await gateway.sync.finished(name);
      }),
    );
    await gateway.linker.flush();
  }

  async function ask(gateway: Gateway, query: string, headers: Record<string, string> = {}): Promise<void> {
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}`, ...headers },
      body: JSON.stringify({ query }),
    });
    answers += `${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}\n`;
  }

  /** What goes wrong on this side. */
  async function misuse(gateway: Gateway): Promise<void> {
    const wrong = made('wrong');
    plant('a wrong key of the API', wrong);
    await ask(gateway, '{ graph { seq } }', { authorization: `Bearer ${wrong}` });
    await ask(gateway, '{ graph { seq } }', { authorization: `Basic ${wrong}` });
    await ask(gateway, '{ nothing }');
    await ask(gateway, '{ identity(by: {}) { id } }');
    await ask(gateway, 'mutation { startSync(connector: "nobody") { id } }');
    await ask(gateway, 'mutation { confirmRemoval(connector: "okta") { state } }');
  }

  function found(text: string): string[] {
    return [...secrets].flatMap(([what, secret]) =>
      spellings(secret).some((one) => text.includes(one)) ? [what] : [],
    );
  }

  it('are many, and the search for them works', () => {
    expect(secrets.size).toBeGreaterThan(20);
    for (const [what, secret] of secrets) {
      const said = Buffer.from(`{"text":${JSON.stringify(secret)}}`).toString();
      expect(found(said)).toContain(what);
    }
  });

  it('are in no log line, not even at debug level', () => {
    expect(log.match(/"upstream request"/g)!.length).toBeGreaterThan(1_000);
    expect(log).toContain('UPSTREAM_UNAUTHORIZED');
    expect(log).toContain('UPSTREAM_INVALID');
    expect(found(log)).toEqual([]);
    // No token, assertion or proof either.
    expect(log).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
    expect(log).not.toMatch(/Bearer [\w-]{8}|SSWS [\w-]{8}|DPoP [\w-]{8}/);
  });

  it('are in no answer of the API', () => {
    expect(answers).toContain('UPSTREAM_UNAUTHORIZED');
    expect(answers).toContain('UNAUTHENTICATED');
    expect(answers).toContain('"properties"');
    expect(found(answers)).toEqual([]);
    expect(answers).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
  });

  it('are in nothing that the store keeps and in no row of the change log', async () => {
    const texts = await keptTexts(folder);
    expect(texts.length).toBeGreaterThan(1);
    const email = [...emulators.okta.world.okta.users.values()][0]!.email;
    expect(history).toContain(email);
    expect(found(history)).toEqual([]);
    expect(texts.some(({ text }) => text.includes(email))).toBe(true);
    expect(texts.flatMap(({ where, text }) => found(text).map((what) => [where, what]))).toEqual([]);
  });
});

const CONNECTORS =
  '{ connectors { connectorId state reasonCode message missingScopes history: runs(first: 20) { nodes { message reasonCode listings { message reasonCode } } } removalPreview { listings { names } } } }';
const NODES = `{
  accounts(first: 500) { nodes { key properties } }
  applications(first: 500) { nodes { key properties } }
  groups(first: 500) { nodes { key properties } }
}`;
