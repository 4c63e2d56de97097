import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratedFile } from './generated-file.ts';

const FOLDER = 'datasources/providers';

/** The map of providers, from the folders: each is loaded when a connector names it. */
export const providerRegistryFile: GeneratedFile = {
  path: `${FOLDER}/registry.generated.ts`,
  async content(root) {
    const entries = await readdir(join(root, FOLDER), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const lines = await Promise.all(names.sort().map((name) => line(root, name)));
    return [
      '// Generated from the folders beside it: `npm run gen`. Do not edit.',
      "import type { ProviderDefinition } from '../../src/ports/provider.ts';",
      '',
      '/** Every provider by its name, loaded when it is asked for. */',
      'export const providers: Readonly<Record<string, () => Promise<ProviderDefinition>>> = {',
      ...lines,
      '};',
      '',
    ].join('\n');
  },
};

async function line(root: string, folder: string): Promise<string> {
  const source = await readFile(join(root, FOLDER, folder, 'index.ts'), 'utf8');
  const found = [...source.matchAll(/^export const (\w+) = defineProvider\(/gm)].map((match) => match[1]);
  if (found.length !== 1) {
    throw new Error(`${FOLDER}/${folder}/index.ts must export exactly one provider made with defineProvider.`);
  }
  const key = /^[a-z]\w*$/.test(folder) ? folder : `'${folder}'`;
  return `  ${key}: async () => (await import('./${folder}/index.ts')).${found[0]},`;
}
