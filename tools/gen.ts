/**
 * Writes the generated files: `npm run gen`. With `--check` nothing is written, and a file that is out of date fails
 * the run with its name. A new generated file is one more entry in the list.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { configDocFile } from './generators/config-docs.ts';
import { configSchemaFile } from './generators/config-schema.ts';
import { graphqlSchemaFile } from './generators/graphql-schema.ts';
import { accessModelDocFile, operationsDocFile } from './generators/guide-docs.ts';
import { providerDocFiles } from './generators/provider-docs.ts';
import { providerRegistryFile } from './generators/provider-registry.ts';

const ROOT = join(import.meta.dirname, '..');

// The registry comes first: the others may import what imports it.
const files = [
  providerRegistryFile,
  graphqlSchemaFile,
  configSchemaFile,
  ...providerDocFiles,
  configDocFile,
  accessModelDocFile,
  operationsDocFile,
];

const isCheck = process.argv.includes('--check');
const outdated: string[] = [];
for (const file of files) {
  const path = join(ROOT, file.path);
  const before = await readFile(path, 'utf8').catch(() => null);
  const content = await file.content(ROOT);
  if (before === content) continue;
  outdated.push(file.path);
  if (isCheck) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
if (outdated.length > 0) console.error(`${isCheck ? 'out of date' : 'written'}: ${outdated.join(', ')}`);
if (isCheck && outdated.length > 0) {
  console.error('Run `npm run gen` and commit the result.');
  process.exitCode = 1;
}
