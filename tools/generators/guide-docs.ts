import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratedFile } from './generated-file.ts';
import { code, fillSections, table } from './markdown.ts';

const HOW: Readonly<Record<string, string>> = {
  always: 'yes',
  conditional: 'while the condition holds',
  never: 'no, it explains',
};

/** The register of link kinds and the linking rules, as tables. */
export const accessModelDocFile: GeneratedFile = {
  path: 'docs/guides/access-model.md',
  async content(root) {
    const { LINK_KIND_NAMES, linkKindSpec } = await import('../../src/domain/link-kinds.ts');
    const { LINKING_RULES } = await import('../../src/services/linking/rules.ts');
    return fillSections(root, 'docs/guides/access-model.md', {
      'link-kinds': table(
        ['Link', 'From → to', 'Walked', 'Means', 'Asserted by'],
        LINK_KIND_NAMES.map((kind) => {
          const { from, to, walk, sentence, givenBy } = linkKindSpec(kind);
          const ends = `${from.join(', ')} → ${to.join(', ')}`;
          return [code(kind), ends, HOW[walk] ?? walk, sentence.replace(/[{}]/g, '*'), givenBy.join(', ')];
        }),
      ),
      rules: table(
        ['Rule, strongest first', "Two accounts are one person's because"],
        Object.entries(LINKING_RULES).map(([rule, { sentence }]) => [code(rule), sentence]),
      ),
    });
  },
};

/** Limits and exit codes, with the comments of their sources. */
export const operationsDocFile: GeneratedFile = {
  path: 'docs/guides/operations.md',
  async content(root) {
    const { DEFAULT_LIMITS } = await import('../../src/server/limits.ts');
    const { EXIT } = await import('../../src/cli/io.ts');
    const comments = await commentsIn(join(root, 'src/server/limits.ts'));
    const exits = await commentsIn(join(root, 'src/cli/io.ts'));
    return fillSections(root, 'docs/guides/operations.md', {
      limits: table(
        ['Limit', 'Value', 'Meaning'],
        Object.entries(DEFAULT_LIMITS).map(([name, value]: [string, number]) => [
          code(name),
          value.toLocaleString('en'),
          comments.get(name) ?? '',
        ]),
      ),
      'exit-codes': table(
        ['Exit code', 'Name', 'Meaning'],
        Object.entries(EXIT).map(([name, value]) => [code(String(value)), name, exits.get(name) ?? 'It is done.']),
      ),
    });
  },
};

/** Comments of one line right before a member, by its name. */
async function commentsIn(path: string): Promise<Map<string, string>> {
  const source = await readFile(path, 'utf8');
  const found = source.matchAll(/\/\*\* ([^*]+) \*\/\n\s*(?:readonly )?(\w+):/g);
  return new Map(Array.from(found, ([, comment = '', name = '']) => [name, comment]));
}
