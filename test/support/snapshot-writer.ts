import { writeSnapshot } from '../../src/services/access/snapshot-file.ts';
import { indexOf } from './plain-topology.ts';

/** A process that does nothing but write snapshots to the path given, until it is killed. */
const path = process.argv[2]!;
const index = await indexOf({
  nodes: Array.from({ length: 3_000 }, (_, i) => ({ id: i + 1, kind: 'Group', flags: 0 })),
  links: Array.from({ length: 60_000 }, (_, i) => ({
    from: (i % 3_000) + 1,
    kind: 'MEMBER_OF',
    to: ((i * 17) % 3_000) + 1,
    flags: 0,
    source: 1,
  })),
});
process.stdout.write('writing\n');
for (;;) await writeSnapshot(path, index.parts(), null);
