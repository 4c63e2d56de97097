import { z } from 'zod';

/** What the docs read of a JSON Schema made by zod. */
const described = z.looseObject({
  description: z.string().optional(),
  default: z.unknown().optional(),
  type: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get items() {
    return described.optional();
  },
  get properties() {
    return z.record(z.string(), described).optional();
  },
  required: z.array(z.string()).optional(),
  get anyOf() {
    return z.array(described).optional();
  },
  get oneOf() {
    return z.array(described).optional();
  },
});

export type Described = z.output<typeof described>;

/** A zod schema as people write values for it. */
export function describeSchema(schema: z.ZodType): Described {
  return described.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

/** What a value looks like, in a few words. */
export function typeOf(field: Described): string {
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  if (field.enum !== undefined) return field.enum.map((value) => `\`${String(value)}\``).join(' \\| ');
  const branches = field.anyOf ?? field.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(typeOf))].join(' or ');
  if (field.type === 'array') return `list of ${typeOf(field.items ?? {})}`;
  if (field.type === 'integer' || field.type === 'number') return numberType(field);
  if (field.type === 'boolean') return 'true or false';
  if (field.type === 'string') return 'text';
  return field.type === 'object' ? 'section' : 'any';
}

export function defaultOf(field: Described): string {
  const { default: value } = field;
  if (value === undefined || typeof value === 'object') return '';
  return `\`${JSON.stringify(value)}\``;
}

function numberType({ type, minimum, maximum }: Described): string {
  const name = type === 'integer' ? 'whole number' : 'number';
  // zod bounds every integer by what a double holds; that is no limit of ours.
  const top = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && top !== undefined) return `${name}, ${minimum}–${top}`;
  return minimum !== undefined ? `${name}, at least ${minimum}` : name;
}
