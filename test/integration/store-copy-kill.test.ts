import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSqliteStore } from '../../datasources/stores/sqlite/index.ts';
import { compileCli, startCopy } from '../support/copy-child.ts';
import { fillLarge } from '../support/large-store.ts';
import { errorCode } from '../support/store-playground.ts';

describe('crosswalk store copy into a SQLite file', () => {
  let folder: string;
  let path: string;
  let seq: number;
  const words = ['--from', 'sqlite:from.sqlite', '--to', 'sqlite:to.sqlite'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crosswalk-copy-'));
    path = join(folder, 'to.sqlite');
    compileCli(folder);
    const store = createSqliteStore({ path: join(folder, 'from.sqlite') });
    await store.open();
    seq = await fillLarge(store, 8);
    await store.close();
  }, 120_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Waits until the copy has written a good part, and is not at its end. */
  const isInTheMiddle = (): Promise<void> =>
    vi.waitFor(
      () => {
        const size = [path, `${path}-wal`].reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
        expect(size).toBeGreaterThan(statSync(join(folder, 'from.sqlite')).size / 8);
      },
      { timeout: 60_000, interval: 5 },
    );

  const open = async (): Promise<number> => {
    const store = createSqliteStore({ path });
    try {
      return (await store.open()).seq;
    } finally {
      await store.close();
    }
  };

  test.each([
    ['kill -9', 'SIGKILL', { signal: 'SIGKILL' }],
    ['Ctrl-C', 'SIGINT', { code: 130, said: expect.stringContaining('copy again with --replace') }],
  ] as const)(
    '%s in the middle leaves a target that is refused, and a repeated copy works',
    async (_, signal, end) => {
      const first = startCopy(folder, existsSync(path) ? [...words, '--replace'] : words);
      await isInTheMiddle();
      first.child.kill(signal);
      expect(await first.ended).toMatchObject(end);
      expect(await errorCode(open())).toBe('STORE_INCOMPLETE');

      const without = await startCopy(folder, words).ended;
      expect(without).toMatchObject({ code: 1, said: expect.stringContaining('STORE_INCOMPLETE') });
      const again = await startCopy(folder, [...words, '--replace']).ended;
      expect(again).toMatchObject({ code: 0 });
      expect(await open()).toBe(seq);
      await rm(path);
    },
    120_000,
  );

  test('a source that is not there, or in use, is told, and nothing is made', async () => {
    const absent = await startCopy(folder, ['--from', 'sqlite:typo.sqlite', '--to', 'sqlite:other.sqlite']).ended;
    expect(absent).toMatchObject({ code: 1, said: expect.stringContaining('STORE_MISSING') });
    const store = createSqliteStore({ path: join(folder, 'from.sqlite') });
    await store.open();
    const used = await startCopy(folder, ['--from', 'sqlite:from.sqlite', '--to', 'sqlite:other.sqlite']).ended;
    await store.close();
    expect(used).toMatchObject({ code: 1, said: expect.stringContaining('STORE_IN_USE') });
    for (const name of ['typo.sqlite', 'other.sqlite']) expect(existsSync(join(folder, name))).toBe(false);
  }, 60_000);

  test.each([
    [['--from', 'sqlite:from.sqlite'], 'required option'],
    [['--from', 'from.sqlite', '--to', 'sqlite:x'], 'sqlite:from.sqlite'],
    [['--from', 'bolt://127.0.0.1:1', '--to', 'sqlite:x'], 'CROSSWALK_FROM_PASSWORD'],
    [['--from', 'sqlite:from.sqlite', '--to', 'sqlite:x', '--to-user', 'ada'], 'BAD_USER_INPUT'],
    [['--from', 'sqlite:from.sqlite', '--to', 'sqlite:./from.sqlite', '--replace'], 'the same file'],
    [['--from', 'nowhere.yaml', '--to', 'sqlite:x'], 'CONFIG_NOT_FOUND'],
  ])('wrong words end with 2 and say what is meant: %j', async (wrong, text) => {
    const { code, said } = await startCopy(folder, wrong, { CROSSWALK_FROM_PASSWORD: '' }).ended;
    expect(said).toContain(text);
    expect(code).toBe(2);
  });

  test('a password in an address is not repeated', async () => {
    const hidden = 'do-not-tell';
    const { code, said } = await startCopy(folder, ['--from', `bolt://ada:${hidden}@127.0.0.1:1`, '--to', 'sqlite:x'], {
      CROSSWALK_FROM_PASSWORD: 'x',
    }).ended;
    expect(code).toBe(2);
    expect(said).toContain('without a user name in it');
    expect(said).not.toContain(hidden);
  });
});
