import type { GeneratedFile } from './generated-file.ts';
import { type Described, defaultOf, describeSchema, typeOf } from './json-schema.ts';
import { code, fillSections, table } from './markdown.ts';

/** The reference of `crosswalk.config.yaml`: every key, from the zod schema. */
export const configDocFile: GeneratedFile = {
  path: 'docs/reference/configuration.md',
  async content(root) {
    const { configSchema } = await import('../../src/config/schema.ts');
    const keys = table(['Key', 'Value', 'Default', 'Meaning'], [...rows(describeSchema(configSchema), '')]);
    return fillSections(root, 'docs/reference/configuration.md', { keys });
  },
};

function* rows(section: Described, prefix: string): Generator<string[]> {
  for (const [name, field] of Object.entries(section.properties ?? {})) {
    const isRequired = section.required?.includes(name) === true && field.const === undefined;
    const path = `${prefix}${name}`;
    yield [code(path), typeOf(field), isRequired ? 'required' : defaultOf(field), field.description ?? ''];
    if (field.items?.properties !== undefined) yield* rows(field.items, `${path}[].`);
    else yield* rows(field, `${path}.`);
    for (const branch of field.oneOf ?? []) yield* rows(branch, `${path}.`);
  }
}
