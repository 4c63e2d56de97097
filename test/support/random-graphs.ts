import fc from 'fast-check';
import { LINK_KIND_NAMES, type LinkKind } from '../../src/domain/link-kinds.ts';
import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import type { PlainGraph, PlainLink } from './naive-access.ts';

/** Mostly nothing, sometimes every combination. */
const someFlags = (most: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(most) });

const PLAIN_KINDS = LINK_KIND_NAMES.filter((kind) => kind !== 'FEDERATES');

/**
 * Small graphs of every shape: cycles, self loops, parallel links, flags, conditions that hold, do not, or are lost.
 * The index does not ask whether the ends of a link have the right kinds, so neither do these.
 */
export function randomGraphs(
  options: { readonly maxNodes?: number; readonly maxLinks?: number } = {},
): fc.Arbitrary<PlainGraph> {
  const { maxNodes = 12, maxLinks = 30 } = options;
  return fc
    .array(fc.record({ kind: fc.constantFrom(...NODE_KINDS, 'Account', 'Account', 'Account'), flags: someFlags(7) }), {
      minLength: 2,
      maxLength: maxNodes,
    })
    .chain((made) => {
      const nodes = made.map((node, i) => ({ id: i + 1, ...node }));
      const anyId = fc.integer({ min: 1, max: nodes.length });
      const accounts: readonly number[] = nodes.filter(({ kind }) => kind === 'Account').map(({ id }) => id);
      const plain: fc.Arbitrary<PlainLink> = fc.record({
        from: anyId,
        kind: fc.constantFrom<LinkKind>(...PLAIN_KINDS),
        to: anyId,
        flags: someFlags(15),
        source: fc.integer({ min: 1, max: 3 }),
      });
      const federates = (): fc.Arbitrary<PlainLink> =>
        fc.record({
          from: fc.constantFrom(...accounts),
          kind: fc.constant<LinkKind>('FEDERATES'),
          to: fc.constantFrom(...accounts),
          flags: someFlags(15),
          source: fc.integer({ min: 1, max: 3 }),
          via: fc.oneof(
            { weight: 6, arbitrary: anyId },
            { weight: 1, arbitrary: fc.constant(undefined) },
            { weight: 1, arbitrary: fc.constant('lost' as const) },
          ),
        });
      const link =
        accounts.length === 0
          ? plain
          : fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: federates() });
      return fc.array(link, { maxLength: maxLinks }).map((links) => ({ nodes, links }));
    });
}
