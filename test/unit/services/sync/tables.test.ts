import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeIds, encodeIds, IdSet } from '../../../../src/services/sync/id-set.ts';
import { LinkTable } from '../../../../src/services/sync/link-table.ts';

const link = fc.record({
  from: fc.integer({ min: 1, max: 40 }),
  kind: fc.integer({ min: 1, max: 3 }),
  to: fc.integer({ min: 1, max: 40 }),
  qualifier: fc.constantFrom('', '', 'a', 'b'),
});

describe('the link table', () => {
  test('finds, counts and leaves unseen what a plain map would', () => {
    fc.assert(
      fc.property(fc.array(link, { maxLength: 1500 }), fc.array(link, { maxLength: 300 }), (links, asked) => {
        const table = new LinkTable();
        const plain = new Map<string, number>();
        const text = (l: (typeof links)[number]): string => `${l.from} ${l.kind} ${l.to} ${l.qualifier}`;
        for (const [i, l] of links.entries()) {
          if (table.find(l.from, l.kind, l.to, l.qualifier) >= 0) continue;
          table.insert(l.from, l.kind, l.to, l.qualifier, 0, i + 1);
          plain.set(text(l), i + 1);
        }
        const seen = new Set<string>();
        for (const l of asked) {
          const row = table.find(l.from, l.kind, l.to, l.qualifier);
          expect(row < 0 ? undefined : table.hash(row)).toBe(plain.get(text(l)));
          if (row >= 0) expect(table.see(row)).toBe(!seen.has(text(l)));
          if (row >= 0) seen.add(text(l));
        }
        const unseen: string[] = [];
        table.eachUnseen((row, from, kind, to) => unseen.push(`${from} ${kind} ${to} ${table.qualifier(row)}`));
        expect(unseen.sort()).toEqual([...plain.keys()].filter((key) => !seen.has(key)).sort());
        expect(table.size).toBe(plain.size);
      }),
      { numRuns: 40 },
    );
  });

  test('keeps what it has when room is made for more', () => {
    const table = new LinkTable();
    for (let i = 1; i <= 200; i++) table.insert(i, 1, i + 1, '', 0, i);
    table.reserve(100_000);
    for (let i = 1; i <= 200; i++) expect(table.hash(table.find(i, 1, i + 1, ''))).toBe(i);
    expect(table.find(201, 1, 1, '')).toBe(-1);
  });
});

describe('ids of a listing', () => {
  test('keep their order when they are written down', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 })), (ids) => {
        expect(decodeIds(encodeIds(ids))).toEqual(ids);
      }),
    );
    expect(encodeIds([7, 8, 9, 3, 4])).toEqual([7, 3, 3, 2]);
  });

  test('are a set however big they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 })), (ids) => {
        const set = new IdSet();
        const plain = new Set<number>();
        for (const id of ids) {
          expect(set.add(id)).toBe(!plain.has(id));
          plain.add(id);
        }
        expect(set.size).toBe(plain.size);
        for (const id of [...ids, 5, 100_001]) expect(set.has(id)).toBe(plain.has(id));
      }),
    );
  });
});
