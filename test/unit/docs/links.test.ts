import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

async function brokenLinks(page: string): Promise<string[]> {
  const text = (await readFile(page, 'utf8')).replace(/```[\s\S]*?```/g, '');
  const broken: string[] = [];
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', fragment] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    const headings = isThere && fragment ? (await readFile(file, 'utf8')).matchAll(/^#+ (.+)$/gm) : [];
    const isNamed = !fragment || Array.from(headings, ([, heading = '']) => anchor(heading)).includes(fragment);
    if (!isThere || !isNamed) broken.push(`${page.slice(ROOT.length)}: ${target}`);
  }
  return broken;
}

it('every link of the README and the docs leads somewhere', async () => {
  const entries = await readdir(`${ROOT}docs`, { recursive: true });
  const pages = ['README.md', ...entries.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  expect(pages.length).toBeGreaterThan(15);
  expect((await Promise.all(pages.map((page) => brokenLinks(join(ROOT, page))))).flat()).toEqual([]);
});
