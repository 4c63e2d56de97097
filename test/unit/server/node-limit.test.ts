import { getOperationAST, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { countNodes } from '../../../src/plugins/node-limit.ts';
import { buildApiSchema } from '../../../src/server/schema.ts';

function count(source: string, variables: Record<string, unknown> = {}): number {
  const document = parse(source);
  return countNodes(buildApiSchema(), document, getOperationAST(document)!, variables);
}

describe('the count of possible nodes', () => {
  it('multiplies page sizes along the nesting', () => {
    expect(count('{ accounts(first: 10) { nodes { id } } }')).toBe(20);
    expect(count('{ accounts(first: 10) { nodes { groups(first: 5) { nodes { id } } } } }')).toBe(10 * (1 + 1 + 5 * 2));
  });

  it('takes 50 for a list that does not say', () => {
    expect(count('{ accounts { nodes { id } } }')).toBe(count('{ accounts(first: 50) { nodes { id } } }'));
  });

  it('reads variables, and follows fragments at every place', () => {
    const written = count('{ a: accounts(last: 7) { nodes { id } } b: accounts(last: 7) { nodes { id } } }');
    const spread =
      'query ($n: Int) { a: accounts(last: $n) { ...page } b: accounts(last: $n) { ...page } } fragment page on AccountConnection { nodes { id } }';
    expect(count(spread, { n: 7 })).toBe(written);
    expect(count('{ accounts(first: 3) { ... on AccountConnection { nodes { id } } } }')).toBe(6);
  });

  it('is quick on fragments that double at each step', () => {
    const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
    const fragments = names.map((name, i) => {
      const next = names[i + 1];
      return `fragment ${name} on Query { ${next ? `...${next} ...${next}` : 'accounts(first: 1) { nodes { id } }'} }`;
    });
    expect(count(`{ ...f0 } ${fragments.join(' ')}`)).toBe(2 ** 40);
  });

  it('ends on cycles, which validation refuses anyway', () => {
    expect(count('{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }')).toBe(0);
  });
});
