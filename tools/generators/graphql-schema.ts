import type { GeneratedFile } from './generated-file.ts';

/** The API as SDL, from the classes in `schema/` and `resolvers/`. */
export const graphqlSchemaFile: GeneratedFile = {
  path: 'schema/schema.graphql',
  async content() {
    const { printApiSchema } = await import('../../src/server/schema.ts');
    return printApiSchema();
  },
};
