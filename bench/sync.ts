import { PerformanceObserver } from 'node:perf_hooks';
import type { Gateway } from '../src/server/compose.ts';
import type { LinkingStats } from '../src/services/linking/linking-stats.ts';
import type { SyncRun } from '../src/services/sync/types.ts';
import type { Child } from './support/children.ts';
import { openCompanyGateway, SIZE, sizeOf, startEmulators, storeName, syncAll } from './support/company.ts';
import { figure, median } from './support/figures.ts';
import { readAll } from './support/read-all.ts';

/**
 * A whole company through four providers: the emulators run in a process of their own, the gateway in this one.
 * First sync, linking from nothing, the floor (reading alone), a sync in which nothing has changed, and one new account.
 * Leaves the filled store to the benches that come after.
 */
export async function run(): Promise<void> {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) garbageMs += duration;
  }).observe({ entryTypes: ['gc'] });
  const emulators = await startEmulators();
  const gateway = await openCompanyGateway(storeName(), emulators.said);
  try {
    const first = await timed(emulators, () => syncAll(gateway, emulators.said));
    const linking = await timed(emulators, () => gateway.linker.flush());
    const floor = await timed(emulators, () => readAll(emulators.said));
    printFirst(gateway, first, floor);
    printLinking(gateway, linking);
    printCalls(first.result);

    const again = await timed(emulators, () => syncAll(gateway, emulators.said));
    printAgain(gateway, again);
    await oneNewAccount(gateway);
    figure({ name: 'memory of the gateway at the end', value: process.memoryUsage().rss / 1e6, unit: 'MB' });
    figure({ name: 'memory of the emulators', value: emulators.residentMegabytes(), unit: 'MB' });
  } finally {
    await gateway.close();
    await emulators.stop();
  }
}

interface Timed<T> {
  readonly result: T;
  readonly seconds: number;
  /** Processor seconds of this process, all its threads. */
  readonly cpu: number;
  /** Seconds in which the main thread stood still to collect garbage. */
  readonly garbage: number;
  readonly emulatorCpu: number;
}

let garbageMs = 0;

async function timed<T>(emulators: Child<unknown>, work: () => Promise<T>): Promise<Timed<T>> {
  const cpu = process.cpuUsage();
  const emulatorCpu = emulators.cpuSeconds();
  const garbage = garbageMs;
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    result,
    seconds,
    cpu: (user + system) / 1e6,
    garbage: (garbageMs - garbage) / 1_000,
    emulatorCpu: emulators.cpuSeconds() - emulatorCpu,
  };
}

function printFirst(gateway: Gateway, first: Timed<SyncRun[]>, floor: Timed<number>): void {
  const data = sizeOf(gateway);
  const target = SIZE === 'M' ? { target: '< 60' } : {};
  const peer = { name: 'reading alone, same run', value: floor.seconds };
  figure({ name: 'first sync of all four', value: first.seconds, unit: 's', ...target, peer, data });
  figure({
    name: '  processor time of the gateway',
    value: first.cpu,
    unit: 's',
    peer: { name: 'reading alone', value: floor.cpu },
  });
  figure({
    name: '  collecting garbage, main thread',
    value: first.garbage,
    unit: 's',
    peer: { name: 'reading alone', value: floor.garbage },
  });
  figure({
    name: '  processor time of the emulators',
    value: first.emulatorCpu,
    unit: 's',
    peer: { name: 'reading alone', value: floor.emulatorCpu },
  });
  const rows = sum(first.result, ({ metrics }) => metrics.rows);
  figure({ name: '  provider rows', value: rows / first.seconds, unit: 'rows/s', data: `${rows} rows` });
  for (const { connector, metrics } of first.result) {
    const slowest = `${metrics.rows} rows, ${metrics.commits} commits`;
    figure({ name: `  ${connector}`, value: metrics.durationMs / 1_000, unit: 's', data: slowest });
  }
}

function printLinking(gateway: Gateway, linking: Timed<void>): void {
  const stats: LinkingStats = gateway.linker.stats()!;
  const data = `${SIZE}: ${stats.accounts} accounts, ${stats.identities} identities`;
  figure({
    name: 'linking everything from nothing',
    value: linking.seconds,
    unit: 's',
    ...(SIZE === 'M' ? { target: '< 10' } : {}),
    data,
  });
  figure({ name: '  processor time', value: linking.cpu, unit: 's' });
}

/** Calls of the first sync beside what JupiterOne publishes for its own Okta integration. */
function printCalls(runs: readonly SyncRun[]): void {
  for (const { connector, metrics } of runs) {
    const { Account: users = 0, Group: groups = 0, Application: apps = 0 } = metrics.added;
    const formula = users / 200 + users * 2 + apps * (groups + users);
    const perUser = users / 200 + users * 2;
    figure({
      name: `  calls of the first sync, ${connector}`,
      value: metrics.requests,
      unit: 'calls',
      peer: { name: 'formula users/200 + users×2 + apps×(groups+users)', value: Math.round(formula) },
      target: '<= 0.5',
      of: 'ratio',
      data: `${users} users, ${groups} groups, ${apps} applications; without its applications ${Math.round(perUser)}`,
    });
  }
}

function printAgain(gateway: Gateway, again: Timed<SyncRun[]>): void {
  const data = sizeOf(gateway);
  // There is no delta reading yet: the target is what it will have to meet.
  figure({ name: 'sync in which nothing has changed', value: again.seconds, unit: 's', target: '< 2', data });
  figure({ name: '  processor time of the gateway', value: again.cpu, unit: 's' });
  for (const { connector, metrics } of again.result) {
    figure({ name: `  calls, ${connector}`, value: metrics.requests, unit: 'calls', target: '< 20' });
  }
  const changes = (counts: Readonly<Record<string, number>>): number => sum(Object.values(counts), (count) => count);
  const changed = sum(
    again.result,
    ({ metrics }) => changes(metrics.added) + changes(metrics.changed) + changes(metrics.removed),
  );
  figure({ name: '  changes', value: changed, unit: 'nodes and links', target: '= 0' });
  figure({
    name: '  commits with changes',
    value: sum(again.result, ({ metrics }) => metrics.commits),
    unit: 'commits',
    target: '= 0',
  });
}

/** A person gets one more account: from the commit that brings it to the commit that links it. */
async function oneNewAccount(gateway: Gateway): Promise<void> {
  const { graph, linker } = gateway;
  const source = await graph.sourceId({ connector: 'bench', listing: 'users' });
  const { items } = await graph.store.list({ kind: 'Account', filter: { connectors: ['okta'] }, limit: 60 });
  const people = await graph.store.nodes(items.map(({ id }) => id));
  const times: number[] = [];
  for (const person of people) {
    const properties = person?.properties;
    if (properties === undefined || properties['employeeNumber'] === undefined) continue;
    const id = await graph.store.allocateIds(1);
    await graph.commit(() => ({
      cause: 'SYNC',
      connector: 'bench',
      nodes: [
        {
          ...{ id, key: `bench/Account/${id}`, kind: 'Account', source, name: person!.name, flags: 0, hash: id },
          properties: { ...properties, federatedSubjects: [], sameAs: [], accountClass: 'USER' },
        },
      ],
    }));
    const started = performance.now();
    await linker.flush();
    times.push(performance.now() - started);
  }
  const data = `${times.length} accounts, one after the other`;
  figure({ name: 'linking one new account', value: median(times), unit: 'ms p50', target: '< 20', data });
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0);
}
