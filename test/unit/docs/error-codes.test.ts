import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UPSTREAM_CODES } from '../../../src/domain/errors.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Every source of the product, as one text. */
async function sources(): Promise<string> {
  const folders = ['src', 'resolvers', 'datasources', 'schema'];
  const files = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(`${ROOT}${folder}`, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
    }),
  );
  const texts = files.flat().map((file) => readFile(`${file.parentPath}/${file.name}`, 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

async function codesInGuide(): Promise<Set<string>> {
  const guide = await readFile(`${ROOT}docs/guides/operations.md`, 'utf8');
  const section = guide.split('## Error codes')[1]?.split('\n## ')[0] ?? '';
  const cells = section.split('\n').flatMap((line) => (line.startsWith('| `') ? (line.split('|')[1] ?? []) : []));
  return new Set(all(/`([A-Z_]+)`/g, cells.join()));
}

const all = (pattern: RegExp, text: string): string[] => Array.from(text.matchAll(pattern), ([, found = '']) => found);

describe('docs/guides/operations.md', () => {
  it('explains every code that an error can have', async () => {
    const text = await sources();
    const codes = [
      ...Object.values(UPSTREAM_CODES),
      ...all(/new AppError\(\s*'([A-Z_]+)'/g, text),
      ...all(/extensions: \{ code: '([A-Z_]+)'/g, text),
    ];
    const explained = await codesInGuide();
    expect([...new Set(codes)].filter((code) => !explained.has(code)).sort()).toEqual([]);
  });

  it('explains no code that is not there any more', async () => {
    const text = await sources();
    const explained = [...(await codesInGuide())];
    expect(explained.length).toBeGreaterThan(40);
    expect(explained.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
