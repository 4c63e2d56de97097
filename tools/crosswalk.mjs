#!/usr/bin/env node
// The command, from a clone: compiles when that is needed, then runs. Without sources, as in an image, it just runs.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

if (existsSync(fileURLToPath(new URL('../src', import.meta.url)))) await import('./build-if-stale.mjs');
await import('../dist/src/cli/index.js');
