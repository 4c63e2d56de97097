import { parseArgs } from 'node:util';
import { startAllEmulators } from './all.ts';
import { Random } from './company/random.ts';
import { createCompany } from './company.ts';
import { inventChange } from './drift.ts';

/**
 * The four emulators as a process of their own: prints one line of JSON (`{ connectors, urls, ownedDomains }`) when
 * they listen, and ends when its standard input closes or on SIGTERM.
 */
const { values } = parseArgs({
  options: {
    size: { type: 'string', default: 'S' },
    seed: { type: 'string', default: '1' },
    'rate-limits': { type: 'boolean', default: false },
    /** Invents a change every so many ms; 0 never. */
    drift: { type: 'string', default: '0' },
  },
});
if (values.size !== 'S' && values.size !== 'M' && values.size !== 'L') {
  console.error('--size is S, M or L');
  process.exit(2);
}
const { world } = createCompany({ size: values.size, seed: Number(values.seed) });
const emulators = await startAllEmulators({ world, rateLimits: values['rate-limits'] });
console.log(
  JSON.stringify({
    connectors: emulators.connectors(),
    urls: Object.fromEntries(emulators.list.map(({ name, url }) => [name, url])),
    ownedDomains: world.ownedDomains,
  }),
);
const driftMs = Number(values.drift);
const random = Random.seeded(Number(values.seed), 'drift');
const drifting =
  driftMs > 0
    ? setInterval(() => {
        console.error(inventChange(world, () => random.next()).sentence);
      }, driftMs)
    : null;

let isEnding = false;
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  if (drifting !== null) clearInterval(drifting);
  await emulators.close();
  process.stdin.destroy();
}
process.stdin.on('end', end).on('close', end).resume();
process.on('SIGTERM', end).on('SIGINT', end);
