import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCursor, pageOf, parseNodeCursor } from '../../../../src/services/lists/page.ts';

const ids = fc
  .uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 30 })
  .map((list) => Uint32Array.from(list).sort());
const maybe = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });

describe('a page of ids', () => {
  it('is what slicing the filtered list gives', () => {
    fc.assert(
      fc.property(
        ids,
        fc.integer({ min: 1, max: 10 }),
        fc.boolean(),
        maybe,
        maybe,
        (all, size, backward, after, before) => {
          const within = [...all].filter((id) => id > (after ?? 0) && id < (before ?? 100));
          const expected = backward ? within.slice(Math.max(0, within.length - size)) : within.slice(0, size);
          const page = pageOf(all, { size, backward, after, before });
          expect(page.ids).toEqual(expected);
          expect(page.total).toBe(all.length);
          if (expected.length > 0) {
            expect(page.hasNextPage).toBe(expected.at(-1) !== all.at(-1));
            expect(page.hasPreviousPage).toBe(expected[0] !== all[0]);
          }
        },
      ),
    );
  });
});

describe('the cursor of a node', () => {
  it('gives the id back, in the same store only', () => {
    const cursor = nodeCursor('store-one', 4_294_967_295);
    expect(parseNodeCursor('store-one', cursor)).toBe(4_294_967_295);
    expect(() => parseNodeCursor('another-store', cursor)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  });

  it('is refused when it was not made here', () => {
    const made = (text: string): string => Buffer.from(text).toString('base64url');
    for (const text of ['', 'i:store-on:0', 'i:store-on:-1', 'i:store-on:4294967296', 'i:store-on:1 ', 'x']) {
      expect(() => parseNodeCursor('store-one', made(text))).toThrow(
        expect.objectContaining({ code: 'INVALID_CURSOR' }),
      );
    }
  });
});
