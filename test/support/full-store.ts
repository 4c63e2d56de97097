import type { PendingLink } from '../../src/domain/changes.ts';
import { LinkFlag, NodeFlag } from '../../src/domain/flags.ts';
import { nodeKey } from '../../src/domain/keys.ts';
import { NODE_KINDS } from '../../src/domain/node-kinds.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import type { FakeClock } from './fake-clock.ts';
import type { Questions } from './store-answers.ts';
import { Playground } from './store-playground.ts';

/** Texts that something between two stores might lose. */
const WEIRD = ['', "it's", 'a\u0000b', '\u00010041', '\ud800x', '😀 Ünïcode', '{"a":1}', 'two\nlines', '%_\\'];

/** What {@link fillStore} has written, as far as others need it. */
export interface FullStore extends Questions {
  readonly seq: number;
  /** Ids of change sets: of one in the log, and of one without effect. */
  readonly changeId: string;
  readonly quietId: string;
}

/** Puts something of everything that a store can hold into an empty one. */
export async function fillStore(store: GraphStore, clock: FakeClock): Promise<FullStore> {
  const okta = await Playground.open(store, 'okta');
  const auth0 = await Playground.open(store, 'auth0');
  const other = await store.sourceId({ connector: 'okta', listing: 'groups\u0000' });
  // A source without anything, and ids that nobody has used.
  await store.sourceId({ connector: 'torq', listing: 'users' });
  const ids = await okta.ids(40);
  await store.allocateIds(7);
  const keys = ids.map((id) => okta.keyOf(id));

  await okta.commit({
    nodes: ids.slice(0, 30).map((id, n) =>
      okta.node(NODE_KINDS[n % NODE_KINDS.length]!, id, {
        name: WEIRD[n % WEIRD.length]!,
        flags: n % 5 === 0 ? NodeFlag.INACTIVE : 0,
        hash: n === 3 ? 0xffffffff : n,
        source: n % 7 === 0 ? other : okta.source,
        properties: {
          type: 'T',
          status: n % 2 === 0 ? 'ACTIVE' : 'SUSPENDED',
          createdAt: `2026-0${(n % 9) + 1}-01T00:00:00.000Z`,
          ...(n % 3 === 0 ? {} : { lastLoginAt: `2026-02-0${(n % 9) + 1}T00:00:00.000Z` }),
          emails: [{ value: `User${n}@Example.com`, primary: true }],
          nested: { text: WEIRD[n % WEIRD.length]!, list: [1, null, 1.5, 'x\u0000'] },
        },
      }),
    ),
  });
  keys.splice(0, keys.length, ...ids.slice(0, 30).map((id) => okta.keyOf(id)));
  clock.advance(1_000);
  const links = ids.slice(0, 20).flatMap((from, n) => {
    const to = ids[n + 1]!;
    const via = n % 2 === 0 ? keys[5]! : n % 3 === 0 ? 'okta/Application/never' : undefined;
    return [
      okta.link(from, 'MEMBER_OF', to),
      okta.link(from, 'FEDERATES', to, { hash: n + 1, properties: { n, via, text: WEIRD[n % WEIRD.length]! } }),
      okta.link(from, 'ASSIGNED_TO', to, { qualifier: WEIRD[n % WEIRD.length]!, flags: LinkFlag.EXPIRED }),
      // A hash without properties and properties without a hash.
      okta.link(from, 'HAS_ROLE', to, { hash: 9, source: other }),
      okta.link(from, 'GRANTS', to, { properties: { zero: true }, source: auth0.source }),
    ];
  });
  const changeId = okta.changeId();
  await store.commit({ ...okta.base(), changeId, runId: 'run-1', actor: 'Ada', links });
  clock.advance(1_000);
  // Removed with their links, one of them brought back.
  const gone = new Set([ids[10]!, ids[11]!]);
  await okta.commit({
    removedNodes: [...gone],
    removedLinks: links.filter(({ from, to }) => gone.has(from) || gone.has(to)),
  });
  clock.advance(1_000);
  await okta.commit({ nodes: [okta.node(NODE_KINDS[11 % 8]!, ids[11]!, { name: 'Back again', hash: 77 })] });
  const pending = (n: number): PendingLink => ({
    source: n % 2 === 0 ? okta.source : auth0.source,
    fromKey: keys[n]!,
    kind: 'MEMBER_OF',
    toKey: nodeKey('okta', 'Group', `later ${WEIRD[n % WEIRD.length]}`),
    qualifier: n % 3 === 0 ? 'q' : '',
    flags: n,
    properties: n % 2 === 0 ? null : { n },
  });
  const quietId = okta.changeId();
  await store.commit({
    ...okta.base(),
    changeId: quietId,
    addPending: [0, 1, 2, 3, 4].map(pending),
    redirects: [
      { from: 'okta/Identity/old', to: keys[0]! },
      { from: 'okta/Identity/older', to: 'okta/Identity/old' },
      { from: keys[10]!, to: keys[8]! },
    ],
    checkpoints: [
      { source: okta.ref, state: { page: 3, text: 'a\u0000b' } },
      { source: auth0.ref, state: {} },
    ],
    consumer: { name: 'linker', seq: 2 },
  });
  for (const id of WEIRD) await store.putRecord('setting', `s${id}`, { id });
  await store.putRecord('run', 'r1', { done: true, list: [1, 2] });
  await store.putRecord('connector', 'okta', { provider: 'okta', connector: 'okta' });
  await store.setCursor('expiry', 3);
  await okta.commit({ nodes: [auth0.node('Account', ids[35]!, { name: 'Last', source: auth0.source })] });
  await store.prune(1);
  const lastId = await store.allocateIds(1);
  const { seq } = await store.range();
  return {
    ...{ seq, changeId, quietId, lastId },
    keys: [...keys, auth0.keyOf(ids[35]!), 'okta/Identity/old', 'okta/Identity/older', 'okta/Group/unknown'],
    texts: ['user1', 'example', '😀', 'back again', 'n3', 'two lines'],
    consumers: ['linker', 'expiry', 'nobody'],
  };
}
