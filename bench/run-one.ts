import { BENCHES } from './benches.ts';

// The process of one bench; `bench/index.ts` starts it.
const bench = BENCHES[process.argv[2] ?? ''];
if (bench === undefined) throw new Error(`There is no bench "${process.argv[2]}".`);
await (await bench.load()).run();
