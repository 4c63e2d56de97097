import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommittedChange } from '../../../../src/domain/changes.ts';
import { type ChangeFilter, partsOf } from '../../../../src/services/changes/parts.ts';
import { aLink, aNode } from '../../../support/graph-builder.ts';

const EVERYTHING: ChangeFilter = { kinds: null, linkKinds: null, connectors: null };
const connectorOf = (source: number): string => (source === 1 ? 'okta' : 'auth0');

function aRow(kinds: readonly number[]): CommittedChange {
  const nodes = kinds.filter((kind) => kind < 2);
  const links = kinds.filter((kind) => kind >= 2);
  return {
    v: 1,
    storeId: 's',
    seq: 7,
    changeId: 'c',
    at: 0,
    cause: 'SYNC',
    connector: null,
    runId: null,
    actor: null,
    nodes: nodes.map((kind, i) => {
      const {
        id,
        key,
        kind: nodeKind,
        source,
        ...after
      } = aNode(i + 1, kind === 0 ? 'Account' : 'Group', `n${i}`, { source: 1 + (i % 2) });
      return { id, key, kind: nodeKind, source, before: null, after };
    }),
    links: links.map((kind, i) => {
      const { flags, properties, hash, ...key } = aLink(i + 1, kind === 2 ? 'MEMBER_OF' : 'HAS_ROLE', i + 2, {
        source: 1 + (i % 2),
      });
      return { ...key, before: null, after: { flags, properties, hash } };
    }),
  };
}

const someFilter: fc.Arbitrary<ChangeFilter> = fc.record({
  kinds: fc.constantFrom(null, new Set(['Account' as const]), new Set(['Group' as const])),
  linkKinds: fc.constantFrom(null, new Set(['MEMBER_OF' as const])),
  connectors: fc.constantFrom(null, new Set(['okta'])),
});

describe('the parts of a change', () => {
  it('hold everything that the filter lets through, once and in order, whatever the size of a part', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { maxLength: 40 }),
        fc.integer({ min: 1, max: 10 }),
        someFilter,
        (kinds, size, filter) => {
          const row = aRow(kinds);
          const whole = partsOf(row, filter, connectorOf, 1_000, 0);
          const parts = partsOf(row, filter, connectorOf, size, 0);
          expect(parts.flatMap((part) => part.nodes)).toEqual(whole.flatMap((part) => part.nodes));
          expect(parts.flatMap((part) => part.links)).toEqual(whole.flatMap((part) => part.links));
          expect(parts.every((part) => part.nodes.length + part.links.length <= size)).toBe(true);
          expect(parts.map((part) => part.isLast)).toEqual(parts.map((_, i) => i === parts.length - 1));
        },
      ),
    );
  });

  it('are the same after a resume at any of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { maxLength: 40 }),
        fc.integer({ min: 1, max: 10 }),
        someFilter,
        (kinds, size, filter) => {
          const row = aRow(kinds);
          const parts = partsOf(row, filter, connectorOf, size, 0);
          parts.slice(0, -1).forEach((part, i) => {
            expect(partsOf(row, filter, connectorOf, size, part.items)).toEqual(parts.slice(i + 1));
          });
        },
      ),
    );
  });

  it('of another filter go on at the same place without repeating anything', () => {
    const row = aRow([0, 1, 0, 1, 2, 2]);
    const first = partsOf(row, EVERYTHING, connectorOf, 3, 0)[0]!;
    const rest = partsOf(row, { ...EVERYTHING, kinds: new Set(['Group']) }, connectorOf, 3, first.items);
    expect(rest.flatMap((part) => part.nodes).map((node) => node.id)).toEqual([4]);
    expect(rest.at(-1)).toMatchObject({ isLast: true, items: 0 });
  });

  it('are none when nothing gets through', () => {
    expect(partsOf(aRow([0, 2]), { ...EVERYTHING, connectors: new Set(['torq']) }, connectorOf, 3, 0)).toEqual([]);
  });
});
