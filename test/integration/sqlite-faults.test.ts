import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../datasources/stores/sqlite/driver.ts';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { checkEngine, MIGRATIONS, migrate } from '../../datasources/stores/sqlite/schema.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import { compile } from '../support/compile.ts';
import { collect, errorCode, Playground } from '../support/store-playground.ts';

describe('a SQLite store in trouble', () => {
  let folder: string;
  let path: string;
  const stores: GraphStore[] = [];
  const make = (options: { path?: string; maxSizeBytes?: number } = {}): GraphStore => {
    const store = createSqliteStore({ path, ...options });
    stores.push(store);
    return store;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crosswalk-faults-'));
    path = join(folder, 'graph.db');
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('makes the folders it needs, and a file that only its owner can read', async () => {
    path = join(folder, 'a/b/graph.db');
    await make().open();
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test.each([
    ['text', 'rubbish\n'.repeat(2_000)],
    ['a cut header', 'SQLite format 3\u0000'],
  ])('calls a file of %s corrupt and leaves it as it is', async (_, content) => {
    writeFileSync(path, content);
    expect(await errorCode(make().open())).toBe('STORE_CORRUPT');
    expect(statSync(path).size).toBe(content.length);
  });

  test("does not touch another program's database", async () => {
    const other = new Connection(path, { busyTimeoutMs: 0 });
    other.exec('create table theirs (x); insert into theirs values (1)');
    other.close();
    expect(await errorCode(make().open())).toBe('STORE_CORRUPT');
    const again = new Connection(path, { busyTimeoutMs: 0 });
    expect(again.all('select name from sqlite_schema')).toEqual([['theirs']]);
    again.close();
  });

  test('tells damage inside the file instead of answering wrongly', async () => {
    const store = make();
    await store.open();
    const play = await Playground.open(store, 'okta');
    for (let n = 0; n < 5; n++) await play.nodes('Account', 200);
    await store.close();
    const file = openSync(path, 'r+');
    const { size } = statSync(path);
    for (let page = 4; page < size / 4096; page++) writeSync(file, Buffer.alloc(4_096, 0xaa), 0, 4_096, page * 4_096);
    const broken = make();
    const read = (async () => {
      await broken.open();
      await broken.nodes([1, 500, 900]);
      await collect(broken.topology());
    })();
    expect(await errorCode(read)).toBe('STORE_CORRUPT');
  });

  test('refuses a schema that is newer than it knows', async () => {
    await make().open();
    await stores[0]!.close();
    const db = new Connection(path, { busyTimeoutMs: 0 });
    db.exec(`pragma user_version = ${MIGRATIONS.length + 1}`);
    db.close();
    expect(await errorCode(make().open())).toBe('STORE_SCHEMA_NEWER');
  });

  test('an older schema is brought up step by step, and a failing step changes nothing', () => {
    const db = new Connection(path, { busyTimeoutMs: 0 });
    const steps = [MIGRATIONS[0]!, 'create table second (x)', 'create table third (x); nonsense'];
    expect(migrate(db, path, steps.slice(0, 2))).toBe(2);
    expect(() => migrate(db, path, steps)).toThrow();
    expect(db.get('pragma user_version')).toEqual([2]);
    expect(db.get("select count(*) from sqlite_schema where name in ('second', 'third')")).toEqual([1]);
    db.close();
  });

  test.each([
    ['3.51.2', true],
    ['3.7.0', true],
    ['2.99.99', true],
    ['nonsense', true],
    ['3.51.3', false],
    ['3.53.0', false],
    ['4.0.0', false],
  ])('SQLite %s is refused: %s', (version, refused) => {
    const check = (): void => checkEngine(version);
    if (refused) expect(check).toThrow(/too old/);
    else expect(check).not.toThrow();
  });

  test('a path that cannot be written is named', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const impossible of [join(folder, 'file/graph.db'), folder]) {
      const failure = make({ path: impossible }).open();
      await expect(failure).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
      await expect(failure).rejects.toThrow(impossible);
    }
  });

  test('a second store on the same file is refused, in this process or another, until the first is gone', async () => {
    const first = make();
    await first.open();
    expect(await errorCode(make().open())).toBe('STORE_IN_USE');
    const built = join(folder, 'built');
    const child = 'test/support/ingest-child.ts';
    compile(built, [
      'src/domain',
      'src/ports',
      'datasources/stores/shared',
      'datasources/stores/sqlite',
      'test/support/ingest-plan.ts',
      child,
    ]);
    const run = () => spawn(process.execPath, [join(built, child.replace('.ts', '.js')), path], { stdio: 'pipe' });
    const refused = run();
    let output = '';
    refused.stderr.on('data', (text) => {
      output += text;
    });
    expect((await once(refused, 'close'))[0]).not.toBe(0);
    expect(output).toContain('STORE_IN_USE');
    await first.close();

    const holder = run();
    await once(holder.stdout, 'data');
    expect(await errorCode(make().open())).toBe('STORE_IN_USE');
    holder.kill('SIGKILL');
    await once(holder, 'close');
    expect((await make().open()).seq).toBeGreaterThan(0);
  });

  test('a full disk fails the commit whole; smaller ones and reads go on', async () => {
    const store = make({ maxSizeBytes: 1_000_000 });
    await store.open();
    const play = await Playground.open(store, 'okta');
    const [small] = await play.nodes('Group', 1);
    const ids = await play.ids(2_000);
    const big = { nodes: ids.map((id) => play.node('Account', id, { properties: { text: 'x'.repeat(1_000) } })) };
    const failure = play.commit(big);
    await expect(failure).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    expect(await store.nodes([ids[0]!, small!])).toMatchObject([null, { id: small }]);
    const next = await play.commit({ nodes: [play.node('Account', ids[1]!)] });
    expect(next!.seq).toBe(2);
    await store.close();
    const roomier = make();
    await roomier.open();
    expect((await roomier.commit({ ...play.base(), ...big }))!.nodes.length).toBe(1_999);
    expect((await roomier.range()).seq).toBe(3);
  });

  test('a store that failed to open can be closed, and says that it is closed', async () => {
    writeFileSync(path, 'rubbish'.repeat(1_000));
    const store = make();
    await errorCode(store.open());
    await store.close();
    expect(await errorCode(store.range())).toBe('STORE_CLOSED');
    expect(await errorCode(store.open())).toBe('STORE_CLOSED');
  });
});
