import { describe, expect, test } from 'vitest';
import { childListings } from '../../../../datasources/providers/okta/children.ts';
import type { OktaClient, OktaPage, OktaStart } from '../../../../datasources/providers/okta/client.ts';
import { AppError } from '../../../../src/domain/errors.ts';
import type { JsonObject } from '../../../../src/domain/json.ts';

/** Just the walk along `next`; the real one also refuses a page that repeats. */
const pages: OktaClient['pages'] = async function* <T>(
  read: (start: OktaStart) => Promise<OktaPage<T>>,
  start: OktaStart,
): AsyncGenerator<OktaPage<T>> {
  for (let at: OktaStart | null = start; at !== null; ) {
    const page: OktaPage<T> = await read(at);
    yield page;
    at = page.next === null ? null : { next: page.next };
  }
};

/** Parents a, b, c … with so many rows each, two on a page. `null`: the parent is gone. */
function aTree(sizes: readonly (number | null)[], options: { batchRows?: number; fail?: string } = {}) {
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const read = async (start: OktaStart): Promise<OktaPage<string>> => {
    const path = 'next' in start ? start.next : start.path;
    asked.push(path);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    const [, index = '', from = '0'] = /^\/(\d+)(?:\?(\d+))?/.exec(path) ?? [];
    const size = sizes[Number(index)] ?? null;
    if (path === options.fail) throw new AppError('UPSTREAM_UNAVAILABLE', 'down');
    if (size === null) throw new AppError('UPSTREAM_NOT_FOUND', 'gone');
    const at = Number(from);
    const rows = Array.from({ length: Math.min(2, size - at) }, (_, i) => `${index}-${at + i}`);
    return { rows, next: at + 2 < size ? `/${index}?${at + 2}` : null };
  };
  const run = async (cursor: JsonObject | null = null) => {
    const batches: { rows: string[]; cursor: JsonObject | null }[] = [];
    const listing = childListings<string>({
      client: { pages },
      parents: sizes.map((_, i) => String(i)),
      cursor,
      start: (parent) => ({ path: `/${parent}` }),
      read,
      ahead: 3,
      batchRows: options.batchRows ?? 3,
    });
    for await (const batch of listing) {
      batches.push({ rows: batch.parts.flatMap((part) => part.rows), cursor: batch.cursor });
    }
    return batches;
  };
  return { run, asked, most: () => most };
}

describe('listings below many parents', () => {
  test('come in the order of the parents, small ones together, and end with the only empty cursor', async () => {
    const tree = aTree([1, 1, 5, 0, null, 2]);
    const batches = await tree.run();
    expect(batches.flatMap((batch) => batch.rows)).toEqual([
      '0-0',
      '1-0',
      '2-0',
      '2-1',
      '2-2',
      '2-3',
      '2-4',
      '5-0',
      '5-1',
    ]);
    expect(batches.map((batch) => batch.cursor === null)).toEqual([...batches.slice(1).map(() => false), true]);
    expect(tree.most()).toBe(3);
  });

  test.each([1, 2, 3, 100])('go on after any batch with exactly the rest (batches of %i)', async (batchRows) => {
    const sizes = [3, 0, 1, 4, null, 1];
    const whole = await aTree(sizes, { batchRows }).run();
    for (const [i, batch] of whole.entries()) {
      if (batch.cursor === null) continue;
      const rest = await aTree(sizes, { batchRows }).run(batch.cursor);
      expect(rest.flatMap((one) => one.rows)).toEqual(whole.slice(i + 1).flatMap((one) => one.rows));
      expect(rest.at(-1)?.cursor).toBeNull();
    }
  });

  test('start over when the parent of the checkpoint is gone', async () => {
    const tree = aTree([1, 1]);
    const batches = await tree.run({ parent: 'gone', next: null });
    expect(batches.flatMap((batch) => batch.rows)).toEqual(['0-0', '1-0']);
  });

  test('end at once without parents', async () => {
    expect(await aTree([]).run()).toEqual([{ rows: [], cursor: null }]);
  });

  test('fail with the parent that fails, after everything before it', async () => {
    const tree = aTree([1, 1, 1], { fail: '/1', batchRows: 1 });
    await expect(tree.run()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(tree.asked).toContain('/0');
  });
});
