import assert from 'node:assert/strict';
import type { LinkKind } from '../../src/domain/link-kinds.ts';
import { type NodeKind, nodeKindCode } from '../../src/domain/node-kinds.ts';
import type { AccessIndex } from '../../src/services/access/access-index.ts';
import { type PathsOptions, paths, reach, whoCanReach, whoCanReachAsync } from '../../src/services/access/queries.ts';
import { seeded } from '../access/topology.ts';
import { ALL_SHORTEST, type Form, REACH, TEN_PATHS, WHO_CAN_REACH } from './cypher.ts';

export type Parameters = Readonly<Record<string, number>>;
export type Row = Readonly<Record<string, unknown>>;

/** A question about access that the index and Cypher both answer. */
export interface Question {
  readonly name: string;
  readonly forms: readonly Form[];
  /** Parameters of each time it is asked. */
  readonly asked: readonly Parameters[];
  /** What it was about, for the figure. */
  readonly data: string;
  /** Through the index, as the gateway does. */
  ours(parameters: Parameters): unknown;
  /** @throws AssertionError when the rows of Cypher are not what the index says */
  check(parameters: Parameters, rows: readonly Row[], form: Form): void;
}

const APPLICATIONS = { kinds: ['Application'] } as const;
const TEN: PathsOptions = { mode: 'all', limit: 10 };
const SHORTEST: PathsOptions = { mode: 'shortest', limit: 100 };
const MOST_PATHS = 100;

/**
 * The biggest application, others picked at random, identities, and pairs of which one reaches the other.
 * @param count how many of each; the same ones for the same graph
 */
export function questionsAbout(index: AccessIndex, count: number): readonly Question[] {
  const random = seeded(17);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = <T>(make: () => T): T[] => Array.from({ length: count }, make);
  const applications = nodesOf(index, 'Application');
  const identities = nodesOf(index, 'Identity');
  const found = (id: number): number => whoCanReach(index, id).ids.length;
  const biggest = applications.reduce((best, id) => (found(id) > found(best) ? id : best));
  const people = some(() => ({ id: pick(identities) }));
  const targets = some(() => ({ id: pick(applications) }));
  const pairs = people.flatMap(({ id }) => {
    const { ids } = reach(index, id, APPLICATIONS);
    return ids.length === 0 ? [] : [{ from: id, to: pick([...ids]) }];
  });
  const who = {
    forms: WHO_CAN_REACH,
    ours: ({ id }: Parameters) => whoCanReachAsync(index, id!),
    check: ({ id }: Parameters, rows: readonly Row[]) => sameSet(idsOf(rows), whoCanReach(index, id!).ids),
  };
  return [
    {
      ...who,
      name: 'who can reach the biggest application',
      asked: [{ id: biggest }],
      data: `${found(biggest).toLocaleString('en')} identities`,
    },
    { ...who, name: 'who can reach a random application', asked: targets, data: `${targets.length} applications` },
    {
      name: 'applications that an identity can reach',
      forms: REACH,
      asked: people,
      data: `${people.length} identities`,
      ours: ({ id }) => reach(index, id!, APPLICATIONS),
      check: ({ id }, rows) => sameSet(idsOf(rows), reach(index, id!, APPLICATIONS).ids),
    },
    {
      name: '10 paths of a pair',
      forms: TEN_PATHS,
      asked: pairs,
      data: `${pairs.length} pairs`,
      ours: ({ from, to }) => paths(index, from!, to!, TEN),
      check: (pair, rows, form) => checkTenPaths(index, pair, rows, form),
    },
    {
      name: 'all shortest paths of a pair',
      forms: ALL_SHORTEST,
      asked: pairs,
      data: `${pairs.length} pairs`,
      ours: ({ from, to }) => paths(index, from!, to!, SHORTEST),
      check: ({ from, to }, rows) => {
        const ours = ourPaths(index, { from: from!, to: to! }, SHORTEST);
        const theirs = pathsOf(rows);
        if (ours.length < MOST_PATHS) assert.deepEqual(theirs.sort(), ours.sort());
        else assert.ok(theirs.length >= MOST_PATHS && ours.every((path) => theirs.includes(path)));
      },
    },
  ];
}

/**
 * The very same paths; from a form without an order as many of the same lengths, and none that the index does not know: of those that are equally long, SHORTEST
 * may take others than the gateway, which goes by node ids.
 */
function checkTenPaths(index: AccessIndex, pair: Parameters, rows: readonly Row[], { isOrdered = false }: Form): void {
  const { from, to } = pair as { from: number; to: number };
  const ours = ourPaths(index, { from, to }, TEN);
  const theirs = pathsOf(rows);
  if (isOrdered) assert.deepEqual(theirs, ours);
  assert.deepEqual(lengths(theirs), lengths(ours));
  const all = ourPaths(index, { from, to }, { ...TEN, limit: MOST_PATHS });
  if (all.length < MOST_PATHS) for (const path of theirs) assert.ok(all.includes(path), `${path} is none of ours`);
}

/** `12 HAS_ACCOUNT 7 MEMBER_OF 9`. */
function ourPaths(index: AccessIndex, { from, to }: { from: number; to: number }, options: PathsOptions): string[] {
  return paths(index, from, to, options).paths.map(({ hops }) =>
    hops.reduce((text, hop) => `${text} ${hop.kind} ${hop.to}`, String(from)),
  );
}

function pathsOf(rows: readonly Row[]): string[] {
  return rows.map(({ ids, kinds }) => {
    const nodes = ids as readonly number[];
    return (kinds as readonly LinkKind[]).reduce((text, kind, i) => `${text} ${kind} ${nodes[i + 1]}`, `${nodes[0]}`);
  });
}

function lengths(list: readonly string[]): number[] {
  return list.map((path) => path.split(' ').length >> 1).sort((a, b) => a - b);
}

function idsOf(rows: readonly Row[]): number[] {
  return rows.map(({ id }) => id as number);
}

function sameSet(theirs: readonly number[], ours: Uint32Array): void {
  assert.deepEqual(new Set(theirs), new Set(ours));
  assert.equal(theirs.length, ours.length);
}

function nodesOf(index: AccessIndex, kind: NodeKind): number[] {
  const found: number[] = [];
  const code = nodeKindCode(kind);
  for (let id = 1; id < index.nodes.size; id++) {
    if (index.isAlive(id) && index.kindCodeOf(id) === code) found.push(id);
  }
  return found;
}
