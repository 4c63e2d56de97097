import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Read } from '../../../../datasources/providers/jumpcloud/client.ts';
import { inOrder, sortedPages, wholeList } from '../../../../datasources/providers/jumpcloud/reading.ts';

interface Server {
  readonly ids: string[];
  reads: number;
}

const name = (n: number): string => n.toString().padStart(6, '0');
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => name(i));
const self = (id: string): string => id;

/** Pages of a list as it is at the moment of each read. */
function serving(server: Server, options: { withTotal?: boolean; before?(server: Server): void } = {}): Read<string> {
  return async (skip) => {
    options.before?.(server);
    server.reads += 1;
    const rows = server.ids.slice(skip, skip + 100);
    return { rows, total: options.withTotal === false ? null : server.ids.length };
  };
}

async function drain(read: Read<string>): Promise<{ seen: string[]; incomplete: string | undefined }> {
  const seen: string[] = [];
  let incomplete: string | undefined;
  for await (const page of sortedPages(read, self)) {
    seen.push(...page.rows);
    incomplete = page.incomplete;
  }
  return { seen, incomplete };
}

describe('sorted pages', () => {
  it('gives each row once, in order, with and without a total', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 520 }), fc.boolean(), async (count, withTotal) => {
        const server = { ids: names(count), reads: 0 };
        expect(await drain(serving(server, { withTotal }))).toEqual({ seen: names(count), incomplete: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it('misses no row that was there all the time, whatever is deleted and created meanwhile', async () => {
    const event = fc.record({
      at: fc.integer({ min: 1, max: 12 }),
      remove: fc.array(fc.nat(499), { maxLength: 150 }),
      create: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 500 }), fc.array(event, { maxLength: 4 }), async (count, events) => {
        const server = { ids: names(count), reads: 0 };
        const removed = new Set<string>();
        let next = count;
        const read = serving(server, {
          before() {
            for (const { remove, create } of events.filter(({ at }) => at === server.reads)) {
              for (const n of remove) {
                const at = server.ids.indexOf(name(n));
                if (at >= 0) removed.add(server.ids.splice(at, 1)[0] ?? '');
              }
              for (let i = 0; i < create; i++) server.ids.push(name(next++));
            }
          },
        });
        const { seen } = await drain(read);
        expect(new Set(seen).size).toBe(seen.length);
        const stayed = names(count).filter((id) => !removed.has(id));
        expect(stayed.filter((id) => !seen.includes(id))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('says that it is not whole when the server does not sort, does not skip, or leaves rows out', async () => {
    const unsorted = { ids: [...names(250)].reverse(), reads: 0 };
    const reversed = await drain(serving(unsorted));
    expect([new Set(reversed.seen).size, reversed.incomplete]).toEqual([250, expect.stringContaining('sorted')]);

    const stuck = await drain(async () => ({ rows: names(100), total: 450 }));
    expect(stuck.incomplete).toContain('350 of 450');

    const hollow = await drain(async () => ({ rows: [], total: 450 }));
    expect(hollow.incomplete).toContain('450 of 450');
  });

  it('reads on when the server gives smaller pages than asked for', async () => {
    const ids = names(333);
    const small = await drain(async (skip) => ({ rows: ids.slice(skip, skip + 20), total: ids.length }));
    expect(small).toEqual({ seen: ids, incomplete: undefined });
  });
});

describe('whole lists', () => {
  it('reads a list once when rows and total agree', async () => {
    const server = { ids: names(250), reads: 0 };
    expect(await wholeList(serving(server), self)).toEqual({ rows: names(250) });
    expect(server.reads).toBe(3);
  });

  it.each([0, 100, 250])('reads %i rows without a total twice', async (count) => {
    const server = { ids: names(count), reads: 0 };
    expect(await wholeList(serving(server, { withTotal: false }), self)).toEqual({ rows: names(count) });
    expect(server.reads).toBeGreaterThan(count / 100);
  });

  it('takes rows that never come for orphans when a second read says the same', async () => {
    const isOrphan = (id: string): boolean => Number(id) % 7 === 0;
    const server = { ids: names(350), reads: 0 };
    const inner = serving(server);
    const read: Read<string> = async (skip) => {
      const { rows, total } = await inner(skip);
      return { rows: rows.filter((id) => !isOrphan(id)), total };
    };
    expect(await wholeList(read, self)).toEqual({ rows: names(350).filter((id) => !isOrphan(id)) });
    expect(server.reads).toBe(8);
  });

  it('reads again when a member is removed meanwhile, and gives what is there', async () => {
    const server = { ids: names(250), reads: 0 };
    const read = serving(server, {
      before: () => {
        if (server.reads === 1) server.ids.splice(0, 20);
      },
    });
    expect(await wholeList(read, self)).toEqual({ rows: names(250).slice(20) });
  });

  it('gives all it saw and says so when no two reads agree', async () => {
    let turn = 0;
    const { rows, incomplete } = await wholeList(async () => ({ rows: [name(turn++)], total: 5 }), self);
    expect([rows.length, incomplete]).toEqual([4, expect.any(String)]);
  });

  it('ends for a server that repeats its page, and for a total beyond all sense', async () => {
    expect((await wholeList(async () => ({ rows: names(100), total: null }), self)).rows).toHaveLength(100);
    let reads = 0;
    const absurd: Read<string> = async (skip) => {
      reads += 1;
      return { rows: skip === 0 ? names(100) : [], total: 1e12 };
    };
    expect(await wholeList(absurd, self)).toMatchObject({ incomplete: expect.any(String) });
    expect(reads).toBeLessThan(30);
  });
});

describe('in order', () => {
  it('keeps the order and the limit, and passes the first failure on', async () => {
    let running = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      for (let i = 0; i < (n * 7) % 5; i++) await Promise.resolve();
      running -= 1;
      if (n === 30) throw new Error('thirty');
      return n;
    };
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const n of inOrder(
        Array.from({ length: 50 }, (_, i) => i),
        6,
        work,
      ))
        seen.push(n);
    };
    await expect(all()).rejects.toThrow('thirty');
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(most).toBeLessThanOrEqual(6);
  });
});
