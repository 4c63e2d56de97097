import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAllEmulators } from '../../emulators/all.ts';
import { createCompany } from '../../emulators/company.ts';
import type { Gateway } from '../../src/server/compose.ts';
import { openTestGateway } from '../support/company-gateway.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
if (!isThere) console.warn(`no browser at ${CHROMIUM}: the GraphiQL test is left out (set CHROMIUM_PATH)`);

describe.skipIf(!isThere && process.env['CI'] !== 'true')('GraphiQL in a browser', () => {
  let browser: Browser;
  let gateway: Gateway;
  let folder: string;
  let closeAll: () => Promise<void>;

  beforeAll(async () => {
    const { world } = createCompany({ size: 'S' });
    const emulators = await startAllEmulators({ world });
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-graphiql-'));
    gateway = await openTestGateway(folder, emulators);
    await gateway.sync.start('torq');
    await gateway.sync.finished('torq');
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    closeAll = async () => {
      await browser.close();
      await gateway.close();
      await emulators.close();
      await rm(folder, { recursive: true, force: true });
    };
  });

  afterAll(() => closeAll?.());

  async function open(query: string): Promise<{ page: Page; foreign: string[]; problems: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const foreign: string[] = [];
    const problems: string[] = [];
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(gateway.url) && !/^(data|blob|ws):/.test(url)) foreign.push(url);
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${gateway.url}/graphiql?query=${encodeURIComponent(query)}`);
    await page.waitForSelector('.graphiql-container', { timeout: 30_000 });
    return { page, foreign, problems };
  }

  it('opens a question from its address, asks it, and loads nothing from elsewhere', async () => {
    const { page, foreign, problems } = await open('{ accounts(first: 1) { totalCount } }');
    await page.waitForFunction(() => document.body.textContent?.includes('totalCount'), undefined, { timeout: 20_000 });
    await page.click('.graphiql-execute-button');
    const expected = `"totalCount": ${gateway.graph.index.nodeCount > 0 ? await accountsInGraph() : 0}`;
    await page.waitForFunction(
      (text) => document.querySelector('.result-window')?.textContent?.replaceAll('\u00a0', ' ').includes(text),
      expected,
      { timeout: 20_000 },
    );
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
    await page.screenshot({ path: join(folder, 'graphiql.png') });
    if (process.env['CROSSWALK_SCREENSHOTS']) {
      await page.screenshot({ path: join(process.env['CROSSWALK_SCREENSHOTS'], 'graphiql.png') });
    }
  });

  async function accountsInGraph(): Promise<number> {
    const { total } = await gateway.graph.store.list({ kind: 'Account', limit: 1, withTotal: true });
    return total!;
  }
});
