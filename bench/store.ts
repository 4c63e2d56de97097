import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '../datasources/stores/sqlite/driver.ts';
import { createSqliteStore } from '../datasources/stores/sqlite/index.ts';
import type { LinkUpsert, NodeUpsert } from '../src/domain/changes.ts';
import type { GraphStore, SearchQuery } from '../src/ports/graph-store.ts';

const NODES = 40_000;
const GROUPS = 1_000;
const LINKS = 1_000_000;
const NODES_EACH = 500;
const LINKS_EACH = 5_000;
const FIRST_NAMES = [
  'Anna',
  'Bert',
  'Carla',
  'Dieter',
  'Emil',
  'Frida',
  'Gustav',
  'Helga',
  'Ivan',
  'Jana',
  'Karl',
  'Lena',
];
const LAST_NAMES = ['Abel', 'Berg', 'Conrad', 'Dorn', 'Ebert', 'Frank', 'Gross', 'Huber', 'Ivers', 'Jung', 'Koch'];

/** Commit rates, look-ups and searches of the embedded store, each beside the floor that SQLite itself sets. */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crosswalk-bench-'));
  try {
    const bare = bareInserts(join(folder, 'bare.db'));
    const store = createSqliteStore({ path: join(folder, 'graph.db') });
    await store.open();
    await benchCommits(store, bare);
    await benchReads(store);
    await store.close();
    benchBareReads(join(folder, 'graph.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The floor of a commit: the same rows by a prepared statement in the same SQLite, no change rows, no second thread. */
function bareInserts(path: string): number {
  const db = new Connection(path, { busyTimeoutMs: 0 });
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536');
  db.exec(
    'create table link (a integer, b integer, kind integer, source integer, q text, flags integer, primary key (a, b, kind, source, q)) without rowid',
  );
  const start = performance.now();
  for (let at = 0; at < LINKS; at += LINKS_EACH) {
    db.transaction(() => {
      for (const link of linksFrom(at, 1, 1))
        db.run('insert into link values (?, ?, 2, 1, ?, 0)', link.from, link.to, '');
    });
  }
  const rate = LINKS / seconds(start);
  db.close();
  return rate;
}

async function benchCommits(store: GraphStore, bare: number): Promise<void> {
  const source = await store.sourceId({ connector: 'okta', listing: 'users' });
  const first = await store.allocateIds(NODES + GROUPS);
  let start = performance.now();
  for (let at = 0; at < NODES + GROUPS; at += NODES_EACH) {
    const nodes = Array.from({ length: NODES_EACH }, (_, n) => anAccount(at + n, first, source));
    await store.commit({ changeId: `nodes-${at}`, cause: 'SYNC', connector: 'okta', nodes });
  }
  print('commit accounts, 500 a change set', `${rate((NODES + GROUPS) / seconds(start))} with search and lists`);

  start = performance.now();
  // Two under way, as a sync does it: one is prepared while the other is written.
  let before: Promise<unknown> = Promise.resolve();
  for (let at = 0; at < LINKS; at += LINKS_EACH) {
    const links = linksFrom(at, first, source);
    const commit = store.commit({ changeId: `links-${at}`, cause: 'SYNC', connector: 'okta', links });
    await before;
    before = commit;
  }
  await before;
  const elapsed = seconds(start);
  const share = `${(LINKS / elapsed / bare).toFixed(2)} of bare inserts (${rate(bare)})`;
  print('commit 1 M links, 5,000 a change set', `${elapsed.toFixed(1)} s, ${rate(LINKS / elapsed)}, ${share}`);

  const again = linksFrom(0, first, source);
  const times = await timesOf(20, (n) =>
    store.commit({ changeId: `again-${n}`, cause: 'SYNC', connector: 'okta', links: again }),
  );
  print('5,000 unchanged links', `p50 ${median(times)} ms`);
  const ones = await timesOf(200, (n) =>
    store.commit({
      ...{ changeId: `one-${n}`, cause: 'SYNC' as const, connector: 'okta' },
      nodes: [{ ...anAccount(n, first, source), name: `Renamed ${n}`, hash: n + 2 }],
    }),
  );
  print('commit of one renamed account', `p50 ${median(ones)} ms, durable`);
}

async function benchReads(store: GraphStore): Promise<void> {
  const ids = (n: number): number[] => Array.from({ length: 100 }, (_, i) => 1 + ((n * 977 + i * 331) % NODES));
  print('nodes() of 100 ids', `p50 ${median(await timesOf(300, (n) => store.nodes(ids(n))))} ms`);
  const asked: [string, SearchQuery][] = [
    ['a name', { text: 'Frida Huber 1234', limit: 20 }],
    ['part of an e-mail', { text: 'huber.123', limit: 20 }],
    ['two letters', { text: 'an', limit: 20 }],
    ['what is in every e-mail', { text: 'acme', limit: 20 }],
  ];
  for (const [what, query] of asked) {
    print(`search, ${what}`, `p50 ${median(await timesOf(50, () => store.search(query)))} ms`);
  }
  const page = { kind: 'Account', limit: 50, sort: { field: 'name' } } as const;
  let cursor: string | undefined;
  const pages = await timesOf(100, async () => {
    cursor = (await store.list({ ...page, cursor })).items.at(-1)?.cursor;
  });
  print('list by name, 50 a page', `p50 ${median(pages)} ms`);
  const rare = await timesOf(20, () => store.list({ ...page, filter: { nameContains: '39999' } }));
  print('list, part of a name that one has', `p50 ${median(rare)} ms`);

  let start = performance.now();
  let links = 0;
  for await (const chunk of store.topology()) links += chunk.links?.from.length ?? 0;
  print('topology', `${links} links in ${(seconds(start) * 1_000).toFixed(0)} ms`);
  start = performance.now();
  let rows = 0;
  for await (const change of store.changes(0)) rows += change.links.length + change.nodes.length;
  print('the whole log', `${rows} changes in ${(seconds(start) * 1_000).toFixed(0)} ms`);
}

/** The floor of nodes(): the rows by their primary key, nothing parsed. */
function benchBareReads(path: string): void {
  const db = new Connection(path, { busyTimeoutMs: 0, readOnly: true });
  const times: number[] = [];
  for (let n = 0; n < 300; n++) {
    const start = performance.now();
    for (let i = 0; i < 100; i++) db.get('select * from node where id = ?', 1 + ((n * 977 + i * 331) % NODES));
    times.push(performance.now() - start);
  }
  db.close();
  print('  floor: 100 rows by id, not parsed', `p50 ${median(times)} ms`);
}

function anAccount(n: number, first: number, source: number): NodeUpsert {
  const name = `${FIRST_NAMES[n % FIRST_NAMES.length]} ${LAST_NAMES[(n * 7) % LAST_NAMES.length]} ${n}`;
  const email = `${name.toLowerCase().replaceAll(' ', '.')}@acme.example`;
  const nativeId = `00u${((n + 1) * 7_919).toString(36).padStart(17, '0')}`;
  return {
    ...{ id: first + n, key: `okta/Account/${nativeId}`, kind: 'Account', source, name, flags: 0, hash: n + 1 },
    properties: {
      ...{ userName: email, displayName: name, status: 'ACTIVE', active: true, type: 'HUMAN', accountClass: 'USER' },
      ...{ entry: 'DIRECT', department: 'Sales', title: 'Account Manager', employeeNumber: `E${n}` },
      createdAt: new Date(1.6e12 + n * 1e6).toISOString(),
      ...(n % 3 === 0 ? {} : { lastLoginAt: new Date(1.7e12 + n * 1e5).toISOString() }),
      emails: [{ value: email, verified: null, primary: true }],
    },
  };
}

/** Memberships in the order of a group listing: every account comes up again and again. */
function linksFrom(at: number, first: number, source: number): LinkUpsert[] {
  return Array.from({ length: LINKS_EACH }, (_, i) => {
    const from = first + ((at + i) % NODES);
    const to = first + NODES + Math.floor((at + i) / (LINKS / GROUPS));
    return { source, from, to, kind: 'MEMBER_OF', qualifier: '', flags: 0, properties: null, hash: 0 };
  });
}

async function timesOf(count: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    await work(n);
    times.push(performance.now() - start);
  }
  return times;
}

function median(times: readonly number[]): string {
  return [...times].sort((a, b) => a - b)[times.length >> 1]!.toFixed(2);
}

function seconds(start: number): number {
  return (performance.now() - start) / 1_000;
}

function rate(perSecond: number): string {
  return `${Math.round(perSecond / 1_000)}k/s`;
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(40)} ${figure}`);
}
