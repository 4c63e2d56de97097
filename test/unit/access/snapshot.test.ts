import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessIndex } from '../../../src/services/access/access-index.ts';
import { reach } from '../../../src/services/access/queries.ts';
import { readSnapshot, writeSnapshot } from '../../../src/services/access/snapshot-file.ts';
import { contentOf } from '../../support/index-content.ts';
import type { PlainGraph } from '../../support/naive-access.ts';
import { indexOf } from '../../support/plain-topology.ts';
import { randomGraphs } from '../../support/random-graphs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const company: PlainGraph = {
  nodes: Array.from({ length: 60 }, (_, i) => ({ id: i + 1, kind: i % 3 ? 'Account' : 'Group', flags: i % 4 })),
  links: Array.from({ length: 300 }, (_, i) => ({
    from: (i % 60) + 1,
    kind: i % 5 ? 'MEMBER_OF' : 'FEDERATES',
    to: ((i * 17) % 60) + 1,
    flags: i % 7 ? 0 : 1,
    source: (i % 3) + 1,
    via: i % 5 ? undefined : i % 10 ? 7 : 'lost',
  })),
};

async function written(graph: PlainGraph, path = join(folder, 'topology.snap')) {
  const index = await indexOf(graph);
  await writeSnapshot(path, index.parts(), 'last');
  return { index, path };
}

describe('a snapshot', () => {
  it('gives back the index it was written from', async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs(), async (graph) => {
        const { index, path } = await written(graph);
        const snapshot = await readSnapshot(path, 'plain');
        if (snapshot === null || typeof snapshot === 'string') throw new Error(`not read: ${snapshot}`);
        expect(snapshot.lastChangeId).toBe('last');
        const again = new AccessIndex(snapshot.parts);
        expect(contentOf(again)).toEqual(contentOf(index));
        expect(again.countsBySource()).toEqual(index.countsBySource());
        expect(again.countByKind()).toEqual(index.countByKind());
        expect([again.nodeCount, again.linkCount, again.seq]).toEqual([index.nodeCount, index.linkCount, index.seq]);
        for (const { id } of graph.nodes) expect(reach(again, id)).toEqual(reach(index, id));
      }),
      { numRuns: 60 },
    );
  });

  it('that is not there is null', async () => {
    expect(await readSnapshot(join(folder, 'nowhere.snap'), 'plain')).toBeNull();
  });

  it('of another store is refused', async () => {
    const { path } = await written(company);
    expect(await readSnapshot(path, 'another')).toBe('it belongs to another store');
  });

  it('is refused when any of its bytes was altered', async () => {
    const { path } = await written(company);
    const whole = await readFile(path);
    const damaged = join(folder, 'damaged.snap');
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(whole);
        bytes[at] = bytes[at]! ^ change;
        await writeFile(damaged, bytes);
        expect(await readSnapshot(damaged, 'plain')).toBeTypeOf('string');
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it was cut or has a tail', async () => {
    const { path } = await written(company);
    const whole = await readFile(path);
    const torn = join(folder, 'torn.snap');
    for (const size of [0, 1, 8, 23, 24, 100, 500, 4_000, whole.length - 1]) {
      await writeFile(torn, whole.subarray(0, size));
      expect(await readSnapshot(torn, 'plain')).toBeTypeOf('string');
    }
    await writeFile(torn, Buffer.concat([whole, Buffer.alloc(4)]));
    expect(await readSnapshot(torn, 'plain')).toBeTypeOf('string');
  });

  it('is readable by its owner only, and leaves nothing beside it', async () => {
    const { path } = await written(company);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('stays whole when the process is killed while it writes the next one', async () => {
    const path = join(folder, 'killed.snap');
    await written(company, path);
    const writer = fileURLToPath(new URL('../../support/snapshot-writer.ts', import.meta.url));
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', writer, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      // It writes one snapshot after the other; each round lands elsewhere in one.
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 5));
      child.kill('SIGKILL');
      await exited;
      const snapshot = await readSnapshot(path, 'plain');
      if (snapshot === null || typeof snapshot === 'string') throw new Error(`not read: ${snapshot}`);
      expect(snapshot.parts.forward.links).toBeGreaterThanOrEqual(300);
    }
  });
});
