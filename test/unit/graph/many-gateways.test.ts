import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChangeSet, CommittedChange, LinkUpsert } from '../../../src/domain/changes.ts';
import type { AppError } from '../../../src/domain/errors.ts';
import { nodeKey } from '../../../src/domain/keys.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { GraphStore } from '../../../src/ports/graph-store.ts';
import { type ChangeDraft, Graph } from '../../../src/services/graph/graph.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { aLink, aNode } from '../../support/graph-builder.ts';
import { graphDigest } from '../../support/graph-digest.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { sharedDatabase } from '../../support/shared-store.ts';

const graphs: Graph[] = [];
afterEach(async () => {
  await Promise.all(graphs.splice(0).map((graph) => graph.close()));
});

async function open(store: GraphStore, clock: Clock, logger = memoryLogger()): Promise<Graph> {
  const graph = await Graph.open({ store, snapshotPath: null, logger, clock });
  graphs.push(graph);
  return graph;
}

const draft = (more: Partial<ChangeDraft>): ChangeDraft => ({ cause: 'SYNC', connector: 'okta', ...more });

async function twoGateways() {
  const clock = manualClock();
  const database = sharedDatabase({ clock });
  const [lineA, lineB] = [database.line(), database.line()];
  const a = await open(lineA.store, clock);
  await a.sourceId({ connector: 'okta', listing: 'users' });
  await a.store.allocateIds(20);
  const logger = memoryLogger();
  const b = await open(lineB.store, clock, logger);
  const heard: number[] = [];
  b.onChange(({ seq }) => heard.push(seq));
  return { clock, a, b, lineA, lineB, heard, logger };
}

describe('a gateway beside another one', () => {
  it('takes what the other commits within a quarter of a second, in order, each once', async () => {
    const { clock, a, b, heard } = await twoGateways();
    await a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna'), aNode(2, 'Group', 'staff')] }));
    await a.commit(() => draft({ links: [aLink(1, 'MEMBER_OF', 2)] }));
    expect(b.seq).toBe(0);
    await clock.advance(280);
    expect(heard).toEqual([1, 2]);
    expect(graphDigest(b)).toEqual(graphDigest(a));
    await clock.advance(2_000);
    expect(heard).toEqual([1, 2]);
  });

  it('tells its listeners in order when it commits while it is behind', async () => {
    const { a, b, heard } = await twoGateways();
    await a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }));
    await b.commit(() => draft({ nodes: [aNode(2, 'Account', 'bert')] }));
    expect(heard).toEqual([1, 2]);
    expect(b.index.isAlive(1)).toBe(true);
  });

  it('knows the sources that the other has made before its listeners ask', async () => {
    const { clock, a, b } = await twoGateways();
    const names: string[] = [];
    b.onChange(({ nodes }) => names.push(...nodes.map(({ source }) => b.sourceOf(source).listing)));
    const source = await a.sourceId({ connector: 'okta', listing: 'groups' });
    await a.commit(() => draft({ nodes: [aNode(1, 'Group', 'staff', { source })] }));
    await clock.advance(300);
    expect(names).toEqual(['groups']);
  });

  it('asks less often after half a minute without changes, but at least once a second', async () => {
    const { clock, lineB, a, heard } = await twoGateways();
    await clock.advance(29_000);
    const busy = lineB.calls.get('range') ?? 0;
    expect(busy).toBeGreaterThan(100);
    await clock.advance(30_000);
    lineB.calls.clear();
    await clock.advance(10_000);
    expect(lineB.calls.get('range')).toBeLessThan(14);
    await a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }));
    await clock.advance(1_100);
    expect(heard).toEqual([1]);
  });

  it('reads the graph anew when the changes between are no longer kept, and says so', async () => {
    const { clock, a, b, lineB, heard } = await twoGateways();
    let resets = 0;
    b.onReset(() => resets++);
    lineB.isDown = true;
    for (let id = 1; id <= 5; id++) await a.commit(() => draft({ nodes: [aNode(id, 'Account', `account ${id}`)] }));
    await a.store.prune(4);
    await clock.advance(5_000);
    expect(b.trouble?.error.code).toBe('STORE_UNAVAILABLE');
    lineB.isDown = false;
    await clock.advance(10_000);
    expect([b.trouble, resets, heard]).toEqual([null, 1, []]);
    expect(graphDigest(b)).toEqual(graphDigest(a));
    await a.commit(() => draft({ nodes: [aNode(6, 'Account', 'account 6')] }));
    await clock.advance(1_100);
    expect(heard).toEqual([6]);
  });

  it('stops when the store is put back to an older state under it: what it remembers no longer holds', async () => {
    const { clock, b, lineB, heard, logger } = await twoGateways();
    for (let id = 1; id <= 5; id++) await b.commit(() => draft({ nodes: [aNode(id, 'Account', `account ${id}`)] }));
    lineB.range = { seq: 3, horizon: 0 };
    await clock.advance(1_200);
    expect(await b.replaced).toMatchObject({ code: 'STORE_REPLACED' });
    expect(b.trouble).toMatchObject({ error: { code: 'STORE_REPLACED' } });
    // Also when the log has grown past it again.
    lineB.range = null;
    await clock.advance(10_000);
    expect(b.trouble).toMatchObject({ error: { code: 'STORE_REPLACED' } });
    const late = b.commit(() => draft({ nodes: [aNode(6, 'Account', 'late')] }));
    await expect(late).rejects.toMatchObject({ code: 'STORE_REPLACED' });
    expect(heard).toEqual([1, 2, 3, 4, 5]);
    expect(logger.lines.filter(({ message }) => message.includes('put back'))).toHaveLength(1);
  });

  it('says once that the store does not answer, and once that it does again', async () => {
    const { clock, b, lineB, logger } = await twoGateways();
    lineB.isDown = true;
    await clock.advance(60_000);
    expect(b.trouble).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' } });
    lineB.isDown = false;
    await clock.advance(6_000);
    const said = logger.lines.map(({ message }) => message).filter((message) => message.includes('the store'));
    expect(said).toEqual(['the store cannot be followed', 'the store answers again']);
  });

  it('waits with a commit until the store is back, and does it once', async () => {
    const { clock, a, lineA } = await twoGateways();
    lineA.isDown = true;
    const commit = a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }));
    await clock.advance(3_000);
    lineA.isDown = false;
    await clock.advance(3_000);
    expect(await commit).toMatchObject({ seq: 1 });
    expect(await a.store.range()).toMatchObject({ seq: 1 });
  });

  it('gives a commit up after ten seconds without a store', async () => {
    const { clock, a, lineA } = await twoGateways();
    lineA.isDown = true;
    const commit = a
      .commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }))
      .catch((error: AppError) => error.code);
    await clock.advance(11_000);
    expect(await commit).toBe('STORE_UNAVAILABLE');
  });

  it('lets work in the background wait for the store, but not what has to know soon', async () => {
    const { clock, a, lineA } = await twoGateways();
    lineA.isDown = true;
    const source = a.patientStore.sourceId({ connector: 'okta', listing: 'groups' });
    const lease = a.patientStore.acquireLease('sync:okta', 'a', 1_000).catch((error: AppError) => error.code);
    const late = a.patientStore.range().catch((error: AppError) => error.code);
    await clock.advance(0);
    expect(await lease).toBe('STORE_UNAVAILABLE');
    await clock.advance(5_000);
    lineA.isDown = false;
    await clock.advance(5_000);
    expect(await source).toBe(await a.store.sourceId({ connector: 'okta', listing: 'groups' }));
    expect(await late).toMatchObject({ seq: a.seq });
    lineA.isDown = true;
    const never = a.patientStore.range().catch((error: AppError) => error.code);
    await clock.advance(12_000);
    expect(await never).toBe('STORE_UNAVAILABLE');
  });

  it('builds an exact change again when the other was quicker', async () => {
    const { a, b } = await twoGateways();
    await a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna')] }));
    const seen: (boolean | string)[] = [];
    let isDisturbed = false;
    await b.commit(
      async () => {
        const [anna] = await b.store.nodes([1]);
        seen.push(anna!.name);
        if (!isDisturbed) {
          isDisturbed = true;
          await a.commit(() => draft({ nodes: [aNode(1, 'Account', 'anna', { name: 'Anna Maria' })] }));
        }
        return draft({ nodes: [aNode(1, 'Account', 'anna', { name: anna!.name, flags: 1 })] });
      },
      { isExact: true },
    );
    expect(seen).toEqual(['anna', 'Anna Maria']);
    expect((await b.store.nodes([1]))[0]).toMatchObject({ name: 'Anna Maria', flags: 1 });
  });
});

const CONNECTORS = ['okta', 'torq', 'auth0'] as const;
const PER_CONNECTOR = 6;

/** What one writer does in one step; ids are places in its connector's pool. */
interface Step {
  readonly put: readonly number[];
  readonly drop: readonly number[];
  readonly link: readonly (readonly [number, number])[];
  readonly pause: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    put: fc.array(fc.nat({ max: PER_CONNECTOR - 1 }), { maxLength: 3 }),
    drop: fc.array(fc.nat({ max: PER_CONNECTOR - 1 }), { maxLength: 2 }),
    link: fc.array(fc.tuple(fc.nat({ max: 17 }), fc.nat({ max: 17 })), { maxLength: 3 }),
    pause: fc.nat({ max: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('writers on several gateways', () => {
  it('leave the same graph on each, without a link to nowhere, whatever they do at the same time', async () => {
    let overtaken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(steps, { minLength: 4, maxLength: 4 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.99, noNaN: true })),
        async (plans, randoms) => {
          const clock = fakeClock();
          const database = sharedDatabase({ clock, random: () => randoms.next().value });
          const own: Graph[] = [];
          // The clock of the followers stands still: only commits and the end bring them forward.
          const quiet: Clock = { now: clock.now, sleep: (_, signal) => untilAborted(signal) };
          for (let i = 0; i < 4; i++) own.push(await open(database.line().store, quiet));
          const told = own.map((graph) => {
            const seqs: number[] = [];
            graph.onChange((change: CommittedChange) => {
              seqs.push(change.seq);
            });
            return seqs;
          });
          const sources: number[] = [];
          for (const connector of [...CONNECTORS, 'crosswalk']) {
            sources.push(await own[0]!.sourceId({ connector, listing: 'all' }));
          }
          const first = await own[0]!.store.allocateIds(CONNECTORS.length * PER_CONNECTOR);
          // Three connectors' nodes, each written by its own gateway; the fourth ties any of them to any other.
          const writers = plans.map(async (plan, at) => {
            const graph = own[at]!;
            for (const step of plan) {
              for (let i = 0; i < step.pause; i++) await new Promise((resolve) => setImmediate(resolve));
              const before = graph.seq;
              const row = await graph.commit(async () =>
                at < CONNECTORS.length
                  ? connectorStep(graph, step, { at, first, source: sources[at]! })
                  : tieStep(graph, step, { first, source: sources[at]! }),
              );
              if (row !== null && row.seq > before + 1) overtaken++;
            }
          });
          await Promise.all(writers);
          await Promise.all(own.map((graph) => graph.catchUp()));
          const [one, ...others] = own.map(graphDigest);
          for (const other of others) expect(other).toEqual(one);
          for (const seqs of told) expect(seqs).toEqual(Array.from({ length: one!.seq }, (_, n) => n + 1));
          for (const graph of own) expect(await graph.verify()).toEqual({ ok: true, problems: [] });
          await Promise.all(graphs.splice(0).map((graph) => graph.close()));
        },
      ),
      { numRuns: 60 },
    );
    // Else the writers had not met.
    expect(overtaken).toBeGreaterThan(50);
  });
});

async function connectorStep(
  graph: Graph,
  step: Step,
  { at, first, source }: { at: number; first: number; source: number },
): Promise<ChangeDraft> {
  const idOf = (place: number): number => first + at * PER_CONNECTOR + place;
  const connector = CONNECTORS[at]!;
  const nodes = step.put.map((place) => ({
    ...aNode(idOf(place), 'Account', `n${place}`, { source, name: `Name ${step.pause}` }),
    key: nodeKey(connector, 'Account', `n${place}`),
  }));
  const gone = step.drop.map(idOf).filter((id) => graph.index.isAlive(id));
  const links = step.link
    .map(([from, to]) => tie(source, idOf(from % PER_CONNECTOR), idOf(to % PER_CONNECTOR)))
    .filter(({ from, to }) => from !== to);
  const pairs: { from: number; to: number }[] = [];
  for (const id of gone) {
    graph.index.eachLinkFrom(id, (to) => pairs.push({ from: id, to }));
    graph.index.eachLinkTo(id, (from) => pairs.push({ from, to: id }));
  }
  const removedLinks = (await graph.store.links(pairs)).flat();
  return { cause: 'SYNC', connector, nodes, links, removedLinks, removedNodes: gone };
}

async function tieStep(
  graph: Graph,
  step: Step,
  { first, source }: { first: number; source: number },
): Promise<ChangeDraft> {
  const links = step.link
    .map(([from, to]) => tie(source, first + from, first + to))
    .filter(({ from, to }) => from !== to && graph.index.isAlive(from) && graph.index.isAlive(to));
  const removedLinks: ChangeSet['removedLinks'] = step.drop.map((place) =>
    tie(source, first + place, first + place + 1),
  );
  return { cause: 'LINKING', connector: 'crosswalk', links, removedLinks };
}

function tie(source: number, from: number, to: number): LinkUpsert {
  return { ...aLink(from, 'FEDERATES', to), source };
}

function untilAborted(signal?: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new DOMException('aborted', 'AbortError'));
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
