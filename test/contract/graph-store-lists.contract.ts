import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NOT_LIVE_NODE } from '../../src/domain/flags.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { NodeKind } from '../../src/domain/node-kinds.ts';
import { fold } from '../../src/domain/text.ts';
import {
  type GraphStore,
  type ListFilter,
  type ListQuery,
  type Page,
  type SearchQuery,
  SORT_FIELDS,
  type StoredNode,
} from '../../src/ports/graph-store.ts';
import { errorCode, Playground, type StoreUnderTest } from '../support/store-playground.ts';

const NAMES = [
  'Ada',
  'ada',
  'ADA LOVELACE',
  'Zoë',
  'ZOE\u0308',
  'Ωmega',
  'ΟΔΟΣ',
  'Οδοσα',
  'a_b',
  'a%b',
  "O'Hara",
  '日本語',
  '😀 Smiley',
  'x"y',
  'back\\slash',
  'Adam Ada',
  'İstanbul',
  'ﬁre',
];
const DAYS = ['2025-01-01T00:00:00Z', '2025-06-01T00:00:00.000Z', '2026-01-01T12:00:00+02:00'];
const CONNECTORS = ['okta', 'auth0', 'okta2'];

const accountProperties = fc.record(
  {
    userName: fc.constantFrom('ada', 'Ada@Acme.io', 'zoe', 'x"y', "' or 1=1 --"),
    emails: fc.array(
      fc.record({
        value: fc.constantFrom('ada@acme.io', 'ADA@acme.io', 'zoë@acme.io', 'b@x'),
        verified: fc.constant(null),
      }),
      { maxLength: 3 },
    ),
    type: fc.constantFrom('HUMAN', 'Service'),
    status: fc.constantFrom('ACTIVE', 'SUSPENDED'),
    entry: fc.constantFrom('DIRECT', 'FEDERATED'),
    employeeNumber: fc.constantFrom('0042', '42', 'E-1'),
    department: fc.constantFrom('Sales', 'SALES', 'R&D'),
    mfaEnrolled: fc.constantFrom(true, false, null),
    createdAt: fc.constantFrom(...DAYS, 'not a date'),
    lastLoginAt: fc.constantFrom(...DAYS),
    connectors: fc.subarray(CONNECTORS),
  },
  { requiredKeys: [] },
);

const filters: fc.Arbitrary<ListFilter> = fc.record(
  {
    connectors: fc.subarray([...CONNECTORS, 'nobody']),
    types: fc.subarray(['human', 'SERVICE', 'X']),
    statuses: fc.subarray(['ACTIVE', 'suspended']),
    live: fc.boolean(),
    entries: fc.subarray(['DIRECT', 'federated']),
    email: fc.constantFrom('ada@ACME.io', 'zoë@acme.io', 'ZOE\u0308@ACME.IO', 'nobody@acme.io', ''),
    userName: fc.constantFrom('ADA', "' OR 1=1 --", 'ada@acme.io'),
    employeeNumber: fc.constantFrom('42', '0042', 'e-1'),
    department: fc.constantFrom('sales', 'r&d'),
    namePrefix: fc.constantFrom('a', 'AD', 'zoë', 'ΟΔΟΣ', 'a_', 'a%', '', '😀', 'İ'),
    nameContains: fc.constantFrom('ada', 'LOVE', '日本語', 'a%b', 'δοσ', '"y"', 'ara'),
    createdAfter: fc.constantFrom(...DAYS),
    lastLoginBefore: fc.constantFrom(...DAYS),
    neverLoggedIn: fc.boolean(),
    mfaEnrolled: fc.boolean(),
  },
  { requiredKeys: [] },
);

// Most random filters with many conditions match nothing: few at a time say more.
const fewConditions = fc
  .tuple(
    filters,
    fc.subarray(['connectors', 'types', 'live', 'namePrefix', 'email', 'nameContains', 'createdAfter'], {
      maxLength: 2,
    }),
  )
  .chain(([filter, kept]) =>
    fc.constantFrom(filter, Object.fromEntries(Object.entries(filter).filter(([name]) => kept.includes(name)))),
  );

/** Lists and search against a naive look at every node. */
export function listContract(create: () => Promise<StoreUnderTest>): void {
  describe('lists and search', () => {
    let subject: StoreUnderTest;
    let store: GraphStore;
    /** For tests that write, so that the others know every node. */
    let scratch: StoreUnderTest;
    let nodes: readonly StoredNode[];

    beforeAll(async () => {
      subject = await create();
      store = subject.store;
      await store.open();
      scratch = await create();
      await scratch.store.open();
      const ids: number[] = [];
      const sample = fc.sample(fc.tuple(fc.constantFrom(...NAMES), accountProperties, fc.nat({ max: 7 })), {
        numRuns: 150,
        seed: 42,
      });
      for (const connector of CONNECTORS) {
        const play = await Playground.open(store, connector);
        const mine = sample.filter((_, n) => CONNECTORS[n % CONNECTORS.length] === connector);
        const first = await store.allocateIds(mine.length);
        ids.push(...mine.map((_, n) => first + n));
        // Two commits, so that changedAt has ties and differences.
        for (const half of [0, 1]) {
          await play.commit({
            nodes: mine.flatMap(([name, properties, flags], n) => {
              const kind: NodeKind = n % 5 === 0 ? 'Identity' : 'Account';
              const state = { name, properties: plain(properties), flags, hash: n + 1 };
              return n % 2 === half ? [play.node(kind, first + n, state)] : [];
            }),
          });
        }
        const removed = [first + 1, first + 2];
        await play.commit({ removedNodes: removed });
      }
      nodes = (await store.nodes(ids)).flatMap((node) => (node === null || node.removed ? [] : [node]));
    });
    afterAll(async () => {
      await subject.cleanup();
      await scratch.cleanup();
    });

    test('every filter, sort and direction gives what a look at every node gives, page by page', async () => {
      await fc.assert(
        fc.asyncProperty(
          fewConditions,
          fc.constantFrom(...SORT_FIELDS),
          fc.boolean(),
          fc.constantFrom('Account' as const, 'Identity' as const, 'Group' as const),
          fc.constantFrom(1, 2, 7, 1_000),
          async (filter, field, descending, kind, size) => {
            const sort = { field, descending };
            const expected = expectedList(nodes, { kind, filter, sort, limit: size });
            // A hundred pages of one say no more than ten of ten, and take a remote store ten times as long.
            const limit = Math.max(size, Math.ceil(expected.length / 10));
            const query: ListQuery = { kind, filter, sort, limit, withTotal: true };
            const forward = await walk((cursor) => store.list({ ...query, cursor }), expected.length);
            expect(forward).toEqual(expected);
            const backward = await walk(
              (cursor) => store.list({ ...query, direction: 'backward', cursor }),
              expected.length,
              true,
            );
            expect(backward).toEqual(expected);
          },
        ),
        { numRuns: 250 },
      );
    });

    test('a long list gives the few that meet a filter, and a search the many that match, without loss or repeat', async () => {
      const { store } = scratch;
      const play = await Playground.open(store, 'long');
      const ids = await play.ids(2_500);
      await play.commit({
        nodes: ids.map((id, n) => {
          const status = n % 400 === 0 ? 'RARE' : 'COMMON';
          const properties = { status, ...(n % 3 === 0 ? { createdAt: DAYS[n % 2]! } : {}) };
          return play.node('Credential', id, { name: `Long list ${n % 7}`, properties });
        }),
      });
      const long = (await store.nodes(ids)).filter((node) => node !== null);
      for (const field of SORT_FIELDS) {
        for (const [descending, direction] of [
          [false, 'forward'],
          [true, 'forward'],
          [true, 'backward'],
        ] as const) {
          for (const filter of [{ statuses: ['rare'] }, { statuses: ['common'], nameContains: 'list 3' }, {}]) {
            const query: ListQuery = {
              kind: 'Credential',
              sort: { field, descending },
              filter,
              limit: 300,
              direction,
              withTotal: true,
            };
            const expected = expectedList(long, query);
            const found = await walk(
              (cursor) => store.list({ ...query, cursor }),
              expected.length,
              direction === 'backward',
            );
            expect(found).toEqual(expected);
          }
        }
      }
      const hits: number[] = [];
      for (const text of ['long list', 'g list', 'long list 5']) {
        const expected = [...expectedHits(long, { text, limit: 1 }).keys()];
        hits.length = 0;
        let page: Page = { items: [], hasMore: true };
        while (page.hasMore) {
          page = await store.search({ text, limit: 700, cursor: page.items.at(-1)?.cursor });
          hits.push(...page.items.map(({ id }) => id));
        }
        expect(hits.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
      }
      expect((await store.search({ text: 'long list', connectors: ['okta'], limit: 10 })).items).toEqual([]);
    });

    test('a page goes on from its cursor in either direction, also when that node is gone', async () => {
      const { store } = scratch;
      const play = await Playground.open(store, 'pager');
      const ids = await play.nodes('Role', 5);
      const query: ListQuery = { kind: 'Role', sort: { field: 'name' }, limit: 2 };
      const first = await store.list(query);
      const cursor = first.items[1]!.cursor;
      await play.commit({ removedNodes: [ids[1]!] });
      expect(await store.list({ ...query, cursor })).toMatchObject({
        items: [{ id: ids[2] }, { id: ids[3] }],
        hasMore: true,
      });
      expect(await store.list({ ...query, cursor, direction: 'backward' })).toMatchObject({
        items: [{ id: ids[0] }],
        hasMore: false,
      });
      expect(await store.list({ ...query, direction: 'backward' })).toMatchObject({
        items: [{ id: ids[3] }, { id: ids[4] }],
        hasMore: true,
      });
    });

    test('what changes moves in the lists, what is removed leaves them', async () => {
      const { store } = scratch;
      const play = await Playground.open(store, 'mover');
      const [a, b] = await play.nodes('Permission', 2);
      const emails = [{ value: 'Someone@Acme.io', verified: true }];
      await play.commit({ nodes: [play.node('Permission', a!, { name: 'zzz', properties: { emails }, hash: 2 })] });
      const list = async (filter: ListFilter = {}) =>
        (await store.list({ kind: 'Permission', limit: 10, sort: { field: 'name' }, filter })).items.map(
          ({ id }) => id,
        );
      expect(await list()).toEqual([b, a]);
      expect(await list({ email: 'someone@acme.IO' })).toEqual([a]);
      await play.commit({ nodes: [play.node('Permission', a!, { name: 'aaa', hash: 3 })] });
      expect(await list()).toEqual([a, b]);
      expect(await list({ email: 'someone@acme.io' })).toEqual([]);
      expect((await store.search({ text: 'zzz', limit: 10 })).items).toEqual([]);
      await play.commit({ removedNodes: [a!] });
      expect(await list()).toEqual([b]);
      expect((await store.search({ text: 'aaa', limit: 10 })).items).toEqual([]);
      await play.commit({ nodes: [play.node('Permission', a!, { name: 'aaa' })] });
      expect(await list()).toEqual([a, b]);
      expect((await store.search({ text: 'aaa', limit: 10 })).items).toMatchObject([{ id: a }]);
    });

    test('an emoji in a name is one character: found whole, by no part of its number, and sorted by it', async () => {
      const { store } = scratch;
      const play = await Playground.open(store, 'emoji');
      // By code point, which is not how JavaScript compares them.
      const names = ['Team', 'Team 01', 'Team \uff5a', 'Team \u{1d400}', 'Team 😀', 'Team 😀 2', 'Team 😁'];
      const [first, ...ids] = await play.ids(names.length);
      const nodes = [first!, ...ids].map((id, n) => play.node('Group', id, { name: names[n]! }));
      await play.commit({ nodes: [...nodes].reverse() });
      const named = (id: number): string => names[id - first!]!;
      const ofEmoji = { connectors: [play.connector] };
      const listed = async (filter: ListFilter, descending = false): Promise<string[]> => {
        const sort = { field: 'name', descending } as const;
        const { items } = await store.list({ kind: 'Group', limit: 50, sort, filter: { ...ofEmoji, ...filter } });
        return items.map(({ id }) => named(id));
      };
      const hits = async (text: string): Promise<string[]> =>
        (await store.search({ text, limit: 50, ...ofEmoji })).items.map(({ id }) => named(id)).sort();
      expect(await listed({})).toEqual(names);
      expect(await listed({}, true)).toEqual([...names].reverse());
      for (const part of ['01f', '1f6', '01f600', 'f600', '\uffff01']) {
        expect(await listed({ nameContains: part })).toEqual([]);
        expect(await hits(part)).toEqual([]);
      }
      expect(await listed({ nameContains: 'm 😀' })).toEqual(['Team 😀', 'Team 😀 2']);
      expect(await listed({ namePrefix: 'TEAM 😀' })).toEqual(['Team 😀', 'Team 😀 2']);
      expect(await hits('am 😀')).toEqual(['Team 😀', 'Team 😀 2']);
      expect(await hits('team 😁')).toEqual(['Team 😁']);
      expect(await hits('😀')).toEqual([]);
      // Neo4j's own digits.
      expect(await hits('\u000c\u001a\u0011')).toEqual([]);
      expect(await listed({ namePrefix: 'team \uffff\u000b' })).toEqual([]);
    });

    test('a cursor of another query, or of no query, is refused', async () => {
      const query: ListQuery = { kind: 'Account', sort: { field: 'name' }, limit: 2, filter: { live: true } };
      const { cursor } = (await store.list(query)).items[0]!;
      const refused = async (other: Partial<ListQuery>) => errorCode(store.list({ ...query, cursor, ...other }));
      expect(await refused({ kind: 'Identity' })).toBe('INVALID_CURSOR');
      expect(await refused({ sort: { field: 'id' } })).toBe('INVALID_CURSOR');
      expect(await refused({ sort: { field: 'name', descending: true } })).toBe('INVALID_CURSOR');
      expect(await refused({ filter: { live: false } })).toBe('INVALID_CURSOR');
      expect(await refused({ filter: {} })).toBe('INVALID_CURSOR');
      for (const text of [
        '',
        '!',
        'null',
        cursor.slice(1),
        cursor.slice(0, -2),
        `${cursor}AAAA`,
        'A'.repeat(100_000),
      ]) {
        expect(await refused({ cursor: text })).toBe('INVALID_CURSOR');
      }
      const json = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const value of [null, [], {}, [1], [1, 1, [null, -1]], [1, 2, ['x', 'y']]]) {
        expect(await refused({ cursor: json(value) })).toBe('INVALID_CURSOR');
      }
      expect(
        (await store.list({ ...query, cursor, limit: 3, filter: { live: true, types: undefined } })).items,
      ).toHaveLength(3);
      const hit = (await store.search({ text: 'ada', limit: 1 })).items[0]!;
      expect(await errorCode(store.search({ text: 'zoe', limit: 1, cursor: hit.cursor }))).toBe('INVALID_CURSOR');
      expect(await errorCode(store.search({ text: 'ada', limit: 1, cursor }))).toBe('INVALID_CURSOR');
      expect(await refused({ cursor: hit.cursor })).toBe('INVALID_CURSOR');
    });

    test('queries that cannot be answered say so', async () => {
      for (const limit of [0, -1, 1.5, 1_001, Number.NaN]) {
        expect(await errorCode(store.list({ kind: 'Account', limit }))).toBe('UNSUPPORTED_QUERY');
        expect(await errorCode(store.search({ text: 'ada', limit }))).toBe('UNSUPPORTED_QUERY');
      }
      for (const filter of [{ nameContains: 'ab' }, { createdAfter: 'yesterday' }, { lastLoginBefore: '' }]) {
        expect(await errorCode(store.list({ kind: 'Account', limit: 1, filter }))).toBe('UNSUPPORTED_QUERY');
      }
    });

    test('search finds what a look at every node finds: exact, then prefix, then inside', async () => {
      const texts = fc.oneof(
        fc.constantFrom(
          'ada',
          'ADA',
          'a',
          'Zo',
          'zoë',
          'acme',
          '@acme.io',
          '42',
          '日本',
          '本',
          'x"y',
          "o'h",
          'a%b',
          '_b',
          'οσα',
          '😀',
          'n1',
        ),
        fc.constantFrom(...NAMES),
        fc.string({ unit: 'grapheme', maxLength: 5 }),
      );
      await fc.assert(
        fc.asyncProperty(
          texts,
          fc.option(fc.subarray(['Account', 'Identity'] as const), { nil: undefined }),
          fc.option(fc.subarray(CONNECTORS), { nil: undefined }),
          fc.constantFrom(1, 3, 1_000),
          async (text, kinds, connectors, limit) => {
            const query: SearchQuery = { text, kinds, connectors, limit };
            const expected = expectedHits(nodes, query);
            const found: number[] = [];
            let page: Page = { items: [], hasMore: true };
            while (page.hasMore) {
              page = await store.search({ ...query, cursor: page.items.at(-1)?.cursor });
              expect(page.items.length).toBeLessThanOrEqual(limit);
              found.push(...page.items.map(({ id }) => id));
            }
            expect(found.slice().sort((a, b) => a - b)).toEqual([...expected.keys()].sort((a, b) => a - b));
            const ranks = found.map((id) => expected.get(id)!);
            expect(ranks).toEqual(ranks.slice().sort());
          },
        ),
        { numRuns: 250 },
      );
    });

    test.each(
      [
        '',
        ' ',
        '\u0000',
        '"',
        '""',
        "'''",
        '%%%',
        '___',
        '***',
        'AND OR NOT',
        'NEAR(a b)',
        '\ud800\ud800\ud800',
        'a\u0000b\u0000c',
        '(((',
        '{name}: x',
        '^ada',
        'ada*',
        '-ada',
        'x'.repeat(10_000),
        '😀'.repeat(3_000),
        '; drop table node; --',
      ].map((text) => [JSON.stringify(text.slice(0, 20)), text]),
    )('hostile text %s finds nothing and harms nothing', async (_, text) => {
      expect((await store.search({ text, limit: 5 })).items).toEqual([]);
      if ([...text].length >= 3) {
        expect((await store.list({ kind: 'Account', limit: 5, filter: { nameContains: text } })).items).toEqual([]);
      }
      const exact = { email: text, userName: text, employeeNumber: text, department: text, connectors: [text] };
      expect((await store.list({ kind: 'Account', limit: 5, filter: exact })).items).toEqual([]);
    });
  });
}

/** All pages one after the other; the items in list order. */
async function walk(
  read: (cursor: string | undefined) => Promise<Page>,
  total: number,
  backward = false,
): Promise<number[]> {
  const ids: number[] = [];
  let page: Page = { items: [], hasMore: true };
  while (page.hasMore) {
    page = await read(backward ? page.items[0]?.cursor : page.items.at(-1)?.cursor);
    expect(page.total).toBe(total);
    const found = page.items.map(({ id }) => id);
    if (backward) ids.unshift(...found);
    else ids.push(...found);
    if (page.hasMore) expect(found.length).toBeGreaterThan(0);
  }
  return ids;
}

function expectedList(nodes: readonly StoredNode[], query: ListQuery): number[] {
  const { field, descending = false } = query.sort!;
  const sign = descending ? -1 : 1;
  return nodes
    .filter((node) => node.kind === query.kind && matches(node, query.filter ?? {}))
    .map(({ id, ...node }) => ({ id, value: sortValue({ id, ...node }, field) }))
    .sort((a, b) => {
      if ((a.value === null) !== (b.value === null)) return a.value === null ? 1 : -1;
      return sign * (compare(a.value, b.value) || a.id - b.id);
    })
    .map(({ id }) => id);
}

function sortValue(node: StoredNode, field: string): string | number | null {
  if (field === 'id') return node.id;
  if (field === 'name') return fold(node.name);
  if (field === 'changedAt') return node.changedAt;
  return timeOf(node.properties[field]);
}

function compare(a: string | number | null, b: string | number | null): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function matches(node: StoredNode, filter: ListFilter): boolean {
  const { properties } = node;
  const is = (wanted: string | undefined, value: unknown): boolean =>
    wanted === undefined || (typeof value === 'string' && fold(value) === fold(wanted));
  const among = (wanted: readonly string[] | undefined, value: unknown): boolean =>
    wanted === undefined || wanted.some((text) => is(text, value));
  const created = timeOf(properties['createdAt']);
  const login = timeOf(properties['lastLoginAt']);
  const of = properties['connectors'];
  return (
    (among(filter.connectors, node.connector) ||
      (Array.isArray(of) && filter.connectors!.some((connector) => of.includes(connector)))) &&
    among(filter.types, properties['type']) &&
    among(filter.statuses, properties['status']) &&
    among(filter.entries, properties['entry']) &&
    (filter.live === undefined || filter.live === ((node.flags & NOT_LIVE_NODE) === 0)) &&
    (filter.email === undefined ||
      (filter.email !== '' && emailsOf(properties).some((email) => is(filter.email, email)))) &&
    is(filter.userName, properties['userName']) &&
    is(filter.employeeNumber, properties['employeeNumber']) &&
    is(filter.department, properties['department']) &&
    fold(node.name).startsWith(fold(filter.namePrefix ?? '')) &&
    fold(node.name).includes(fold(filter.nameContains ?? '')) &&
    (filter.createdAfter === undefined || (created !== null && created > Date.parse(filter.createdAfter))) &&
    (filter.lastLoginBefore === undefined || (login !== null && login < Date.parse(filter.lastLoginBefore))) &&
    (filter.neverLoggedIn === undefined || filter.neverLoggedIn === (login === null)) &&
    (filter.mfaEnrolled === undefined || properties['mfaEnrolled'] === filter.mfaEnrolled)
  );
}

/** Id → 0 exact, 1 prefix, 2 inside. */
function expectedHits(nodes: readonly StoredNode[], query: SearchQuery): Map<number, number> {
  const text = fold(query.text).trim();
  const hits = new Map<number, number>();
  if (text === '') return hits;
  for (const node of nodes) {
    if (query.kinds !== undefined && !query.kinds.includes(node.kind)) continue;
    if (query.connectors !== undefined && !matches(node, { connectors: query.connectors })) continue;
    const { userName, employeeNumber } = node.properties;
    const fields = [node.name, userName, employeeNumber, node.nativeId, ...emailsOf(node.properties)];
    const texts = fields.filter((value) => typeof value === 'string').map(fold);
    if (texts.includes(text)) hits.set(node.id, 0);
    else if (texts.some((value) => value.startsWith(text))) hits.set(node.id, 1);
    else if ([...text].length >= 3 && texts.some((value) => value.includes(text))) hits.set(node.id, 2);
  }
  return hits;
}

function emailsOf(properties: JsonObject): string[] {
  const { emails } = properties;
  if (!Array.isArray(emails)) return [];
  return emails.flatMap((email) => {
    const value: unknown = email !== null && typeof email === 'object' && 'value' in email ? email['value'] : null;
    return typeof value === 'string' ? [value] : [];
  });
}

function timeOf(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

function plain(value: object): JsonObject {
  const copy: JsonObject = JSON.parse(JSON.stringify(value));
  return copy;
}
