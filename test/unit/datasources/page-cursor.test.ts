import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inBasicPlane } from '../../../datasources/stores/neo4j/plane.ts';
import { listedOf } from '../../../datasources/stores/shared/extract.ts';
import { CursorCodec } from '../../../datasources/stores/shared/page-cursor.ts';
import { readStorePage } from '../../../resolvers/args/page.ts';

describe('the cursor of a list sorted by name', () => {
  test.each([
    ['long', 'x'.repeat(50_000)],
    ['of emoji', '😀'.repeat(5_000)],
    ['of quotation marks', '"'.repeat(5_000)],
    ['of Chinese characters', '名'.repeat(5_000)],
  ])('is taken back when the name is %s, whichever store gave it', (_, name) => {
    const codec = new CursorCodec({ sort: 'NAME' }, z.tuple([z.string(), z.number()]));
    const { name: listed } = listedOf('okta/Account/1', name, {});
    expect(listed.length).toBeLessThanOrEqual(1_000);
    for (const stored of [listed, inBasicPlane(listed)]) {
      const { cursor } = readStorePage({ first: 10, after: codec.encode([stored, 1]) });
      expect(codec.decode(cursor!)).toEqual([stored, 1]);
    }
  });
});
