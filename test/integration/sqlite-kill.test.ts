import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { compile } from '../support/compile.ts';
import { NODES_EACH, nodeId, plannedChange, REF } from '../support/ingest-plan.ts';
import { linkName, StoreModel } from '../support/store-model.ts';
import { collect } from '../support/store-playground.ts';

const ROUNDS = Number(process.env['CROSSWALK_KILL_ROUNDS'] ?? 100);
/** Every fourth kill counts from the start and mostly hits the opening; the others count from the first commit. */
const OPENING_MS = 300;
const INGEST_MS = 120;

let folder: string;
let openStore: typeof createSqliteStore;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'crosswalk-kill-'));
  const built = join(folder, 'built');
  compile(built, [
    'src/domain',
    'src/ports',
    'datasources/stores/shared',
    'datasources/stores/sqlite',
    'test/support/ingest-plan.ts',
    'test/support/ingest-child.ts',
  ]);
  const module: { createSqliteStore: typeof createSqliteStore } = await import(
    /* @vite-ignore */ pathToFileURL(join(built, 'datasources/stores/sqlite/index.js')).href
  );
  openStore = module.createSqliteStore;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ingest {
  readonly process: ChildProcess;
  readonly lines: () => string[];
  readonly exit: Promise<unknown[]>;
}

function startIngest(path: string): Ingest {
  const child = spawn(process.execPath, [join(folder, 'built/test/support/ingest-child.js'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  // What stands behind the last line break was cut by the kill.
  return { process: child, lines: () => output.split('\n').slice(0, -1), exit: once(child, 'close') };
}

describe('a process killed at a random moment', () => {
  test(
    `loses nothing acknowledged, doubles nothing and leaves nothing half-written (${ROUNDS} rounds)`,
    async () => {
      const path = join(folder, 'killed.db');
      let acknowledged = 0;
      let checked = 0;
      let unheard = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const ingest = startIngest(path);
        if (round % 4 !== 0) await Promise.race([once(ingest.process.stdout!, 'data'), ingest.exit]);
        await sleep(Math.random() * (round % 4 === 0 ? OPENING_MS : INGEST_MS));
        ingest.process.kill('SIGKILL');
        expect((await ingest.exit)[1]).toBe('SIGKILL');
        const seqs = ingest.lines().map(Number);
        const first = seqs[0] ?? checked + 1;
        expect(first).toBe(checked + 1);
        expect(seqs).toEqual(seqs.map((_, n) => first + n));
        acknowledged = seqs.at(-1) ?? acknowledged;

        const store = openStore({ path });
        const { seq } = await store.open();
        expect(seq).toBeGreaterThanOrEqual(acknowledged);
        unheard += seq - acknowledged;
        acknowledged = seq;
        await expectSteps(store, Math.max(1, checked - 1), seq);
        await store.close();
        checked = seq;
      }
      expect(checked).toBeGreaterThan(ROUNDS);
      console.info(`${ROUNDS} kills: ${checked} commits, ${unheard} of them done but not acknowledged`);
      await expectWhole(path, checked);
    },
    ROUNDS * 5_000 + 60_000,
  );
});

describe('a process that stops while commits are running', () => {
  test('settles them all, keeps what it acknowledged and ends with exit code 0', async () => {
    const path = join(folder, 'stopped.db');
    for (let round = 0; round < 5; round++) {
      const ingest = startIngest(path);
      await once(ingest.process.stdout!, 'data');
      await sleep(Math.random() * 100);
      ingest.process.stdin!.end('stop\n');
      expect(await ingest.exit).toEqual([0, null]);
      const lines = ingest.lines();
      const commits = lines.length - 1;
      expect(lines.at(-1)).toBe(`end ${commits} 0`);
      const store = openStore({ path });
      expect((await store.open()).seq).toBe(Number(lines.at(-2)));
      await store.close();
    }
  });
});

/** Rows, nodes, links and side rows of these steps are whole. */
async function expectSteps(store: GraphStore, from: number, seq: number): Promise<void> {
  expect(await store.range()).toEqual({ seq, horizon: 0 });
  if (seq === 0) return;
  expect(await store.checkpoint(REF)).toEqual({ step: seq });
  expect(await store.cursor('ingest')).toBe(seq);
  expect((await store.pendingFor(['okta/Group/late'])).map(({ fromKey }) => fromKey)).toEqual([`okta/Account/${seq}`]);
  const rows = await collect(store.changes(from - 1));
  expect(rows.map((row) => [row.seq, row.changeId])).toEqual(rows.map((_, n) => [from + n, `step-${from + n}`]));
  expect(rows.length).toBe(seq - from + 1);
  const model = new StoreModel();
  for (let step = Math.max(1, from - 1); step <= seq; step++) model.apply(plannedChange(step, 1));
  const ids = Array.from({ length: (seq - from + 1) * NODES_EACH }, (_, n) => nodeId(from, 0) + n);
  const expected = new Map([...model.nodes.values()].map((node) => [node.id, node]));
  for (const node of await store.nodes(ids)) {
    const { removed, state } = expected.get(node!.id)!;
    expect(node).toMatchObject({ removed, ...state });
  }
  const last = ids.slice(-NODES_EACH);
  const found = await store.links(last.map((id, n) => ({ from: id, to: last[(n + 1) % NODES_EACH]! })));
  expect(found.map((links) => links.length)).toEqual(last.map(() => 1));
  expect((await store.search({ text: `user.${seq}.0@acme.example`, limit: 5 })).items).toMatchObject([{ id: last[0] }]);
  // The half-done next step would show here.
  expect(await store.nodes([nodeId(seq + 1, 0)])).toEqual([null]);
}

/** The whole store equals the plan, link by link. */
async function expectWhole(path: string, seq: number): Promise<void> {
  const model = new StoreModel();
  const steps = Array.from({ length: seq }, (_, n) => plannedChange(n + 1, 1));
  for (const step of steps) replay(model, step);
  const store = openStore({ path });
  await store.open();
  const nodes: number[] = [];
  const links: string[] = [];
  for await (const chunk of store.topology()) {
    nodes.push(...(chunk.nodes?.id ?? []));
    for (const [n, from] of chunk.links?.from.entries() ?? []) links.push(`${from}>${chunk.links!.to[n]}`);
  }
  const living = [...model.nodes.values()].filter(({ removed }) => !removed).map(({ id }) => id);
  expect(nodes.sort((a, b) => a - b)).toEqual(living.sort((a, b) => a - b));
  expect(links.sort()).toEqual([...model.links.values()].map(({ from, to }) => `${from}>${to}`).sort());
  const listed = await store.list({ kind: 'Account', limit: 1, withTotal: true });
  expect(listed.total).toBe(living.length);
  await store.close();
}

/** As {@link StoreModel.apply}, without copying the model at each of thousands of steps. */
function replay(model: StoreModel, step: ReturnType<typeof plannedChange>): void {
  for (const { id, key, source, name, flags, properties, hash } of step.nodes!) {
    model.nodes.set(key, { id, source, removed: false, state: { name, flags, properties, hash } });
  }
  for (const link of step.links!) model.links.set(linkName(link), link);
  for (const link of step.removedLinks!) model.links.delete(linkName(link));
  for (const [key, node] of model.nodes) {
    if (step.removedNodes!.includes(node.id)) model.nodes.set(key, { ...node, removed: true });
  }
}
