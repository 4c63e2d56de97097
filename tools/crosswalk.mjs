#!/usr/bin/env node
// The command, from a clone: compiles when that is needed, then runs. Without sources, as in an image, it just runs.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = (path) => new URL(path, import.meta.url);
if (existsSync(fileURLToPath(from('../src')))) await import('./build-if-stale.mjs');
await import(from('../dist/src/cli/index.js').href);
