// Compiles when a source is newer than the last build, so `npm start` and `npm run demo` need no thought.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stamp = join(root, 'dist', '.tsbuildinfo');

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

const sources = ['schema', 'src', 'resolvers', 'datasources', 'emulators'].map((name) => join(root, name));
const files = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map(
  (name) => statSync(join(root, name)).mtimeMs,
);
if (!existsSync(stamp) || Math.max(...files, ...sources.map(newest)) > statSync(stamp).mtimeMs) {
  console.error('Compiling …');
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
