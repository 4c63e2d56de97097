import { fork, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BENCHES } from './benches.ts';
import { type Figure, meets } from './support/figures.ts';

const USAGE = `npm run bench -- [name …] [--size S|M|L] [--keep folder] [--profile]

Compiles what is there and runs the benches one after the other, each in a process of its own.
Without a name: all of them.

  --size     size of the invented company, instead of each bench's own
  --keep     where filled stores are kept for another run; default: a temporary folder that goes at the end
  --profile  writes a CPU profile of every process to reports/profiles

${Object.entries(BENCHES)
  .map(([name, { title, size }]) => `  ${name.padEnd(12)} ${title}${size === null ? '' : ` (${size})`}`)
  .join('\n')}
`;

interface BenchReport {
  readonly bench: string;
  readonly size: string | null;
  readonly ok: boolean;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** What it printed. */
  readonly lines: readonly string[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string' },
    keep: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const unknown = positionals.filter((name) => BENCHES[name] === undefined);
if (options.help || unknown.length > 0 || !/^[SML]$/.test(options.size ?? 'S')) {
  if (unknown.length > 0) console.error(`There is no bench ${unknown.join(', ')}.\n`);
  console.error(USAGE);
  process.exit(options.help ? 0 : 2);
}
compile();
const folder = options.keep === undefined ? mkdtempSync(join(tmpdir(), 'crosswalk-bench-')) : resolve(options.keep);
mkdirSync(folder, { recursive: true });
const reports: BenchReport[] = [];
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) reports.push(await runBench(name));
} finally {
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
writeReport(reports);
process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1;

/** Measured is what runs in production: the compiled program, not sources under a loader. */
function compile(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.bench.json')];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) console.error('The types have errors; running what the compiler wrote all the same.');
}

async function runBench(bench: string): Promise<BenchReport> {
  const size = options.size ?? BENCHES[bench]!.size;
  console.log(`\n${bench}: ${BENCHES[bench]!.title}${size === null ? '' : `, size ${size}`}`);
  const started = performance.now();
  const figures: Figure[] = [];
  let output = '';
  const child = fork(join(root, 'dist', 'bench', 'run-one.js'), [bench], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: options.profile ? ['--cpu-prof', `--cpu-prof-dir=${join(root, 'reports', 'profiles')}`] : [],
    env: {
      NODE_ENV: 'production',
      ...process.env,
      BENCH_FOLDER: folder,
      BENCH_SIZE: size ?? '',
      ACCESS_BENCH: size ?? '',
    },
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  });
  child.on('message', (message: { figure: Figure }) => figures.push(message.figure));
  const code = await new Promise((done) => child.once('close', done));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (code !== 0) console.log(`${bench} failed`);
  return { bench, size, ok: code === 0, seconds, figures, lines: output.split('\n').filter((line) => line !== '') };
}

function writeReport(benches: readonly BenchReport[]): void {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
  mkdirSync(join(root, 'reports'), { recursive: true });
  const report = join(root, 'reports', 'bench.json');
  writeFileSync(report, `${JSON.stringify({ at: new Date().toISOString(), machine, benches }, null, 2)}\n`);
  const judged = benches.flatMap(({ figures }) => figures.map(meets)).filter((met) => met !== null);
  const met = judged.filter(Boolean).length;
  console.log(`\n${met} of ${judged.length} targets met; all figures in reports/bench.json`);
}
