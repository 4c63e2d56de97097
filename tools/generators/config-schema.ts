import { z } from 'zod';
import type { GeneratedFile } from './generated-file.ts';

/** What `crosswalk.config.yaml` may hold, as JSON Schema for editors, from the zod schema. */
export const configSchemaFile: GeneratedFile = {
  path: 'schema/config.schema.json',
  async content() {
    const { configSchema } = await import('../../src/config/schema.ts');
    return `${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`;
  },
};
