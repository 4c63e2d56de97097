import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeFlag } from '../../../../src/domain/flags.ts';
import type { AccountFacts } from '../../../../src/services/linking/account-facts.ts';
import { type Block, isAmbiguous, partition } from '../../../../src/services/linking/partition.ts';
import { someFacts } from '../../../support/linking.ts';

const keysOf = (accounts: readonly AccountFacts[], blocks: readonly Block[]): string[][] =>
  partition(accounts, blocks).clusters.map((cluster) => cluster.accounts.map((account) => account.key));

describe('the partition of accounts into identities', () => {
  it('joins accounts of different tenants by a verified address', () => {
    const a = someFacts('okta/Account/1');
    const b = someFacts('jumpcloud/Account/1');
    expect(keysOf([a, b], [{ key: 'm:ana@acme.example', accounts: [a, b] }])).toEqual([
      ['jumpcloud/Account/1', 'okta/Account/1'],
    ]);
  });

  it('never puts two human accounts of one slot under one identity', () => {
    const a = someFacts('okta/Account/1');
    const b = someFacts('okta/Account/2');
    const c = someFacts('torq/Account/3');
    const blocks = [
      { key: 'x:a', accounts: [a, c] },
      { key: 'x:b', accounts: [b, c] },
    ];
    const { clusters, refused } = partition([a, b, c], blocks);
    expect(clusters).toHaveLength(2);
    expect(refused).toBe(1);
  });

  it('links nothing by an address that two live accounts of one slot claim', () => {
    const a = someFacts('okta/Account/1');
    const b = someFacts('okta/Account/2');
    const c = someFacts('torq/Account/3');
    expect(isAmbiguous([a, b, c])).toBe(true);
    expect(keysOf([a, b, c], [{ key: 'm:x@acme.example', accounts: [a, b, c] }])).toHaveLength(3);
  });

  it('lets the live account speak for a rehired person', () => {
    const old = someFacts('okta/Account/1', { employeeNumber: '1042' }, { flags: NodeFlag.INACTIVE });
    const now = someFacts('okta/Account/2', { employeeNumber: '1042' });
    const torq = someFacts('torq/Account/3');
    expect(keysOf([old, now, torq], [{ key: 'm:x@acme.example', accounts: [old, now, torq] }])).toEqual([
      ['okta/Account/1'],
      ['okta/Account/2', 'torq/Account/3'],
    ]);
  });

  it('keeps people apart whose employee numbers contradict a recycled address', () => {
    const a = someFacts('okta/Account/1', { employeeNumber: '2000' });
    const b = someFacts('jumpcloud/Account/1', { employeeNumber: '1000' });
    expect(keysOf([a, b], [{ key: 'm:x@acme.example', accounts: [a, b] }])).toHaveLength(2);
  });

  it('needs a part of the name beside an employee number', () => {
    const a = someFacts('okta/Account/1', { employeeNumber: '1042', displayName: 'Ana Díaz' });
    const b = someFacts('jumpcloud/Account/1', { employeeNumber: 'E-1042', displayName: 'Ana Müller-Diaz' });
    const c = someFacts('torq/Account/1', { employeeNumber: '01042', displayName: 'Bo Li' });
    expect([a, b, c].map((account) => account.employeeNumber)).toEqual(['1042', '1042', '1042']);
    expect(keysOf([a, b, c], [{ key: 'e:1042', accounts: [a, b, c] }])).toEqual([
      ['jumpcloud/Account/1', 'okta/Account/1'],
      ['torq/Account/1'],
    ]);
  });

  it('does not depend on the order of accounts and evidence', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            connector: fc.constantFrom('okta', 'auth0', 'jumpcloud', 'torq'),
            number: fc.constantFrom(undefined, '1001', '1002'),
            isLive: fc.boolean(),
          }),
          { minLength: 2, maxLength: 10 },
        ),
        fc.array(
          fc.record({
            prefix: fc.constantFrom('s', 'f', 'x', 'm', 'e'),
            picks: fc.array(fc.nat({ max: 9 }), { minLength: 2, maxLength: 4 }),
          }),
          { maxLength: 8 },
        ),
        fc.infiniteStream(fc.nat()),
        (drafts, evidence, noise) => {
          const accounts = drafts.map((draft, i) =>
            someFacts(
              `${draft.connector}/Account/${i}`,
              { employeeNumber: draft.number, displayName: 'Same Name' },
              { id: i + 1, flags: draft.isLive ? 0 : NodeFlag.INACTIVE },
            ),
          );
          const blocks = evidence.map((entry, i) => ({
            key: `${entry.prefix}:${i}`,
            accounts: [...new Set(entry.picks.map((pick) => accounts[pick % accounts.length]!))],
          }));
          const shuffle = <T>(list: readonly T[]): T[] =>
            list
              .map((item) => ({ item, order: noise.next().value! }))
              .sort((a, b) => a.order - b.order)
              .map(({ item }) => item);
          const shuffled = shuffle(blocks).map((block) => ({ ...block, accounts: shuffle(block.accounts) }));
          expect(keysOf(shuffle(accounts), shuffled)).toEqual(keysOf(accounts, blocks));
        },
      ),
      { numRuns: 500 },
    );
  });
});
